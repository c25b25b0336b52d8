"""What a log line may hold, in both styles; and that a flood of warnings is one line."""

import logging
import sys
from collections.abc import Iterator
from io import StringIO

import pytest
import structlog

from app import serving
from app.log_text import LOGGED_TEXT_MAX, WARNED_EVERY_S, OneAMinute, PlainFormatter, plain

HARMFUL = "\x00\x1b\x07\r\n\t\x7f\x85\x9b\u2028\u2029\u202e\u2066\u200f"


@pytest.fixture(params=["console", "json"])
def written(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[StringIO]:
    """Where the program's log goes, in one of its styles; afterwards it is as it was."""
    before, found = structlog.get_config(), StringIO()
    monkeypatch.setattr(sys, "stderr", found)
    monkeypatch.setattr(logging.getLogger("uvicorn.error"), "filters", [])
    levels = {name: logging.getLogger(name).level for name in serving.WIRE_LOGGERS}
    serving.configure_logs(request.param)
    yield found
    structlog.configure(**before)
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


def test_no_value_of_a_line_holds_what_a_terminal_obeys(written: StringIO) -> None:
    log = structlog.get_logger("test")
    log.warning("opened", client=f"a{HARMFUL}b", names=[HARMFUL], by={"x": {HARMFUL}}, count=3)
    line = written.getvalue()
    assert line.count("\n") == 1
    assert not set(line.rstrip("\n")) & set(HARMFUL)
    assert r"\x9b" in line
    assert "3" in line


def test_a_traceback_keeps_its_lines_and_nothing_else_of_it(written: StringIO) -> None:
    try:
        raise ValueError("\x1b[31m\u202e")
    except ValueError:
        structlog.get_logger("test").exception("failed")
    assert "ValueError" in written.getvalue()
    assert not set(written.getvalue()) & {"\x1b", "\u202e"}


def test_a_long_text_is_cut_and_says_how_much_is_left_out() -> None:
    assert plain("x" * LOGGED_TEXT_MAX) == "x" * LOGGED_TEXT_MAX
    assert plain("x" * (LOGGED_TEXT_MAX + 7)) == "x" * LOGGED_TEXT_MAX + "... (7 more)"
    assert plain("Zürich ₿") == "Zürich ₿"


def record(text: str, level: int = logging.WARNING) -> logging.LogRecord:
    return logging.LogRecord("uvicorn.error", level, "", 0, text, (), None)


def test_a_librarys_line_is_plain_too() -> None:
    assert PlainFormatter("%(message)s").format(record("a\x1bb\nc")) == "a\\x1bb\nc"


def test_the_same_warning_is_written_once_a_minute_with_the_count_of_the_others() -> None:
    now = 0.0
    calm = OneAMinute(lambda: now)
    first = [record("Invalid HTTP request received.") for _ in range(10_000)]
    assert [calm.filter(one) for one in first] == [True] + [False] * 9_999
    assert calm.filter(record("another"))
    assert calm.filter(record("Invalid HTTP request received.", logging.ERROR))
    now = WARNED_EVERY_S
    again = record("Invalid HTTP request received.")
    assert calm.filter(again)
    told = "Invalid HTTP request received (9,999 more since the last such line)"
    assert again.getMessage() == told
