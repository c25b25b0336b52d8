import os
import pty
import sys
import termios
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.terminal.keys import keyboard, keys_of


@pytest.fixture
def typist(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Standard input is a terminal; what is written here is typed there."""
    ours, theirs = pty.openpty()
    with os.fdopen(theirs) as terminal:
        monkeypatch.setattr(sys, "stdin", terminal)
        yield ours
        monkeypatch.undo()
    os.close(ours)


@pytest.mark.parametrize(
    ("pressed", "meant"),
    [
        (b" ", "pause"),
        (b"+", "faster"),
        (b"\x1b[C", "faster"),
        (b"\x1bOA", "faster"),
        (b"-", "slower"),
        (b"\x1b[B", "slower"),
        (b"s", "symbol"),
        (b"?", "help"),
        (b"q", "quit"),
        (b"\x1b", "quit"),
        (b"z", None),
        (b"\x1b[Z", None),
    ],
)
def test_keys(pressed: bytes, meant: str | None) -> None:
    assert list(keys_of(pressed)) == ([] if meant is None else [meant])


def test_keys_that_come_together_are_all_meant() -> None:
    assert list(keys_of(b" +\x1b[Bz\x1bOC+q")) == [
        "pause",
        "faster",
        "slower",
        "faster",
        "faster",
        "quit",
    ]


def test_a_key_needs_no_enter(typist: int) -> None:
    with keyboard() as wait:
        assert wait is not None
        assert wait(0) is None
        os.write(typist, b" +")
        assert [wait(20), wait(20), wait(0)] == ["pause", "faster", None]


def test_the_terminal_is_set_back_also_after_an_error(typist: int) -> None:
    before = termios.tcgetattr(sys.stdin.fileno())
    during = before

    def interrupted() -> None:
        nonlocal during
        with keyboard():
            during = termios.tcgetattr(sys.stdin.fileno())
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert not during[tty.LFLAG] & termios.ICANON
    assert during[tty.LFLAG] & termios.ISIG, "Ctrl-C still interrupts"
    assert termios.tcgetattr(sys.stdin.fileno()) == before


def test_without_a_terminal_there_are_no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    with Path(os.devnull).open(encoding="utf-8") as nothing:
        monkeypatch.setattr(sys, "stdin", nothing)
        with keyboard() as wait:
            assert wait is None
