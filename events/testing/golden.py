"""Golden logs: a whole log as a text file that a change of it is read in, line by line.

A line is an event, with sorted keys. Ids are labels by first appearance (`id-1`), in payloads as well; the
commit time is left out. Market times are kept, or told from the first one on.
"""

import difflib
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal
from uuid import UUID

import orjson

from events.scalars import RFC3339_PATTERN, format_time, parse_time
from events.testing.errors import BadExpectation, GoldenMismatch
from events.testing.files import write_lines
from events.testing.promise import Promise, Promising
from events.testing.seen import Seen, events_of
from events.testing.values import shown

DIFFERENCE_LINES_MAX: Final = 60
"""Lines of a difference that a failure shows."""

Times = Literal["kept", "relative"]

_ID: Final = re.compile(
    r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b|\b[0-9a-f]{32}\b",
    re.IGNORECASE,
)
_TIME: Final = re.compile(RFC3339_PATTERN)


class Golden(Promising):
    """One golden file.

    Attributes:
        wrote: lines that `check` wrote; 0 where it only compared, or the file was right.
    """

    def __init__(
        self,
        path: str | Path,
        update: bool = False,  # a flag of the test run is handed through
        *,
        times: Times = "kept",
        how: str = "Golden(path, update=True) writes it",
    ) -> None:
        """Of a path.

        Args:
            path: the file; commit it beside the test.
            update: write it instead of comparing.
            times: `relative` tells market times from the first one on.
            how: how it is updated, for the message.

        Raises:
            BadExpectation: `times` or `update` is something else.
        """
        if not isinstance(update, bool):
            raise BadExpectation(f"update={update!r}: True or False")
        if times not in {"kept", "relative"}:
            raise BadExpectation(f'times={times!r}: "kept" or "relative"')
        self.path, self._update, self._times, self._how = Path(path), update, times, how
        self.wrote = 0
        self._promise: Promise = Promise(f"Golden({str(path)!r})")

    def check(self, log: Any) -> None:
        """Compare a log with the file, or write the file.

        Raises:
            GoldenMismatch: they differ, or there is no file.
            BadExpectation: the log is empty.
        """
        __tracebackhide__ = True
        self._promise.kept = True
        lines = golden_lines(events_of(log), self._times)
        if not lines:
            raise BadExpectation(
                "the log is empty; if it should be, say assert_log(log).absent(event())"
            )
        if self._update:
            if self._read() != lines:
                write_lines(self.path, lines)
                self.wrote = len(lines)
            return
        known = self._read()
        if known is None:
            raise GoldenMismatch(
                f"there is no golden file {self.path} for this log of {len(lines)} events: {self._how}"
            )
        if known != lines:
            raise GoldenMismatch(
                f"the log is not that of {self.path}: if it is right now, {self._how}\n"
                f"{_difference(known, lines)}"
            )

    def _read(self) -> list[str] | None:
        try:
            return self.path.read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return None


def golden_lines(events: Sequence[Seen], times: Times = "kept") -> list[str]:
    """A log as lines that are the same whenever the same happens."""
    labels, first = _Labels(), next((e.occurred_at for e in events if e.occurred_at), None)
    timed = _relative(first) if times == "relative" and first is not None else _kept
    return [_line(event, labels, timed) for event in events]


class _Labels:
    """Ids by first appearance."""

    def __init__(self) -> None:
        self._known: dict[UUID, str] = {}

    def of(self, id_: UUID) -> str:
        return self._known.setdefault(id_, f"id-{len(self._known) + 1}")

    def within(self, text: str) -> str:
        return _ID.sub(lambda found: self.of(UUID(found[0])), text)


Timed = Callable[[str], str]


def _kept(text: str) -> str:
    return text


def _relative(first: datetime) -> Timed:
    def told(text: str) -> str:
        if not _TIME.fullmatch(text):
            return text
        return f"{(parse_time(text) - first).total_seconds():+.6f}".rstrip("0").rstrip(".") + " s"

    return told


def _line(event: Seen, labels: _Labels, timed: Timed) -> str:
    ids = {
        "id": event.event_id,
        "caused_by": event.causation_id,
        "chain": event.correlation_id,
    }
    parts: dict[str, Any] = {
        name: None if id_ is None else labels.of(id_) for name, id_ in ids.items()
    }
    at = None if event.occurred_at is None else timed(format_time(event.occurred_at))
    parts |= {
        "position": event.position,
        "stream": event.stream,
        "version": event.version,
        "type": event.type,
        "source": event.source,
        "occurred_at": at,
        "payload": _plain(event, labels, timed),
    }
    return orjson.dumps(parts, option=orjson.OPT_SORT_KEYS).decode()


def _plain(event: Seen, labels: _Labels, timed: Timed) -> Any:
    payload = event.payload
    text = (
        payload.model_dump_json() if hasattr(payload, "model_dump_json") else orjson.dumps(payload)
    )
    return _mapped(orjson.loads(text), lambda each: timed(labels.within(each)))


def _mapped(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [_mapped(each, change) for each in value]
    if isinstance(value, dict):
        return {change(key): _mapped(each, change) for key, each in sorted(value.items())}
    return value


def _difference(known: Sequence[str], lines: Sequence[str]) -> str:
    """What changed field by field, where as many events are there as before; and line by line."""
    fields = [
        f"  line {number}: {path}: {before} -> {after}"
        for number, pair in enumerate(zip(known, lines, strict=False), start=1)
        if len(known) == len(lines)
        for path, before, after in _changes("", *map(orjson.loads, pair))
    ]
    found = list(difflib.unified_diff(known, lines, "golden", "this log", lineterm="", n=1))
    return "\n".join([*_cut(fields, "changed fields"), *_cut(found, "lines of difference")])


def _changes(path: str, before: Any, after: Any) -> Iterator[tuple[str, str, str]]:
    if isinstance(before, dict) and isinstance(after, dict):
        for name in sorted(before.keys() | after.keys()):
            inner = f"{path}.{name}" if path else name
            yield from _changes(inner, before.get(name), after.get(name))
    elif before != after:
        yield path, shown(before), shown(after)


def _cut(lines: list[str], what: str) -> list[str]:
    rest = len(lines) - DIFFERENCE_LINES_MAX
    cut = [f"… {rest} more {what} not shown"] if rest > 0 else []
    return [*lines[:DIFFERENCE_LINES_MAX], *cut]
