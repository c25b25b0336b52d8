"""Keys as they are pressed, without Enter: the terminal is set so for a while, and always set back."""

import os
import select
import sys
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, Literal

Key = Literal["pause", "faster", "slower", "symbol", "help", "quit"]
Wait = Callable[[float], Key | None]
"""Waits so many seconds at most, and tells the key that was pressed meanwhile."""

_KEYS: Final[dict[bytes, Key]] = {
    b" ": "pause",
    b"+": "faster",
    b"=": "faster",
    b"-": "slower",
    b"s": "symbol",
    b"\t": "symbol",
    b"?": "help",
    b"h": "help",
    b"q": "quit",
    b"Q": "quit",
    b"\x1b": "quit",
    b"\x04": "quit",
    b"\x1b[A": "faster",
    b"\x1b[C": "faster",
    b"\x1b[B": "slower",
    b"\x1b[D": "slower",
    b"\x1bOA": "faster",
    b"\x1bOC": "faster",
    b"\x1bOB": "slower",
    b"\x1bOD": "slower",
}
_ARROW_BYTES: Final = 3
_READ_BYTES: Final = 64


def keys_of(pressed: bytes) -> Iterator[Key]:
    """What bytes of the terminal mean; keys that mean nothing are left out."""
    while pressed:
        # An arrow is three bytes, and begins like Escape alone.
        length = (
            _ARROW_BYTES if pressed[:_ARROW_BYTES] in _KEYS or pressed[1:2] in {b"[", b"O"} else 1
        )
        key = _KEYS.get(pressed[:length])
        if key is not None:
            yield key
        pressed = pressed[length:]


@contextmanager
def keyboard() -> Iterator[Wait | None]:
    """Reads keys of standard input; None where that is no terminal, or not of a kind that can."""
    try:
        import termios
        import tty
    except ModuleNotFoundError:  # on Windows
        yield None
        return
    if not sys.stdin.isatty():
        yield None
        return
    device = sys.stdin.fileno()
    before = termios.tcgetattr(device)
    try:
        tty.setcbreak(device)  # Ctrl-C still interrupts
        waiting: deque[Key] = deque()
        yield lambda seconds: _pressed(device, waiting, seconds)
    finally:
        termios.tcsetattr(device, termios.TCSADRAIN, before)


def _pressed(device: int, waiting: deque[Key], seconds: float) -> Key | None:
    if not waiting and select.select([device], [], [], max(0.0, seconds))[0]:
        pressed = os.read(device, _READ_BYTES)
        waiting.extend(keys_of(pressed) if pressed else ["quit"])  # else the terminal has gone
    return waiting.popleft() if waiting else None
