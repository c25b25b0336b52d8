"""The wall clock of this process, as a test sets it: all of the program asks `events.clock`, which asks `time`."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from events import clock

DAY_S = 86_400


class WallClock:
    """The machine's clock and what it was set forward by; monotonic clocks go on as they are."""

    def __init__(self) -> None:
        self.ahead_s = 0.0

    def time_ns(self) -> int:
        """What `time.time_ns` says on this machine."""
        return time.time_ns() + round(self.ahead_s * 1e9)

    def set_by(self, seconds: float) -> None:
        """Somebody sets it, forward or back."""
        self.ahead_s += seconds


@contextmanager
def wall_clock() -> Iterator[WallClock]:
    """The clock of every store, session, feed and message of this process, until the end."""
    shown = WallClock()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "time", SimpleNamespace(time_ns=shown.time_ns))
        yield shown
