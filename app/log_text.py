"""What a log line may hold: nothing that a terminal obeys, nothing without end, and no line for each of a flood."""

import logging
import re
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Final

LOGGED_TEXT_MAX: Final = 500
"""Characters of one text in a log line; what is behind them is left out, and counted."""

LOGGED_DEPTH_MAX: Final = 4
"""Lists within one another whose texts are looked at one by one; what is deeper is one text."""

WARNED_EVERY_S: Final = 60.0
"""The same warning of a library is written once in so long, with how often it was left out before."""

_HARMFUL: Final = r"\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069"
_CONTROLS: Final = re.compile(f"[{_HARMFUL}]")
_BUT_LINES: Final = re.compile(f"(?![\n\t])[{_HARMFUL}]")
_TRACEBACK: Final = "exception"


def _escaped(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode()


def plain(text: str) -> str:
    """A text as one line can show it: control characters, line ends and marks of direction escaped, and cut."""
    left_out = len(text) - LOGGED_TEXT_MAX
    if left_out > 0:
        text = text[:LOGGED_TEXT_MAX]
    shown = _CONTROLS.sub(_escaped, text)
    return f"{shown}... ({left_out} more)" if left_out > 0 else shown


def plain_lines(text: str) -> str:
    """A traceback: as it is, but for what a terminal would obey."""
    return _BUT_LINES.sub(_escaped, text)


def _plain_value(value: Any, depth: int) -> Any:
    if isinstance(value, str):
        return plain(value)
    if value is None or isinstance(value, bool | int | float):
        return value
    if depth < LOGGED_DEPTH_MAX:
        if isinstance(value, Mapping):
            return {plain(str(key)): _plain_value(one, depth + 1) for key, one in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [_plain_value(one, depth + 1) for one in value]
    return plain(repr(value))


def plain_values(_logger: Any, _method: str, line: Any) -> Any:
    """A processor of structlog for it; after the one that writes the traceback out."""
    for key, value in line.items():
        if key == _TRACEBACK and isinstance(value, str):
            line[key] = plain_lines(value)
        else:
            line[key] = _plain_value(value, 0)
    return line


class PlainFormatter(logging.Formatter):
    """The same for the lines of libraries."""

    def format(self, record: logging.LogRecord) -> str:
        """One record as it is written."""
        return plain_lines(super().format(record))


class OneAMinute(logging.Filter):
    """Lets the same warning through once in a while: clients can cause thousands a second."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._now = now
        self._written_at: dict[str, float] = {}
        self._left_out: Counter[str] = Counter()

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a record is written. Errors always are; warnings are told apart by their template."""
        if record.levelno > logging.WARNING or record.exc_info:
            return True
        template, now = str(record.msg), self._now()
        written_at = self._written_at.get(template)
        if written_at is not None and now - written_at < WARNED_EVERY_S:
            self._left_out[template] += 1
            return False
        self._written_at[template] = now
        if left_out := self._left_out.pop(template, 0):
            record.msg = f"{template.rstrip('.')} ({left_out:,} more since the last such line)"
        return True
