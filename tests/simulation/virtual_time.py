"""An event loop whose time jumps: a simulated day takes as long as its work, and runs the same each time.

When nothing is ready and nothing is scheduled, nobody will ever be woken: that is a lost wake-up, and raised.
"""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")

TICK_S = 1e-6


class Stuck(BaseException):
    """Everybody waits for somebody else."""


class _JumpingSelector(selectors.SelectSelector):
    """Never waits: moves the clock to the next thing that is scheduled."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise Stuck("nothing is scheduled: a wake-up was lost")
        # Never less than a tick: who waits for a clock that stands still would spin for ever.
        self.now += max(timeout, TICK_S)
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop over virtual time."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        """Seconds of virtual time."""
        return self._jumping.now


def run(main: Coroutine[Any, Any, Result]) -> Result:
    """Run a simulation to its end."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)
