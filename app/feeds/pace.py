"""An even pace that does not drift: late ticks are caught up, not waited for twice."""

import asyncio
import time
from collections.abc import Callable
from typing import Final

from app.feeds.base import Sleep

LEAST_SLEEP_S: Final = 0.002
"""Event loops do not sleep shorter in earnest; what is owed is added up instead."""


class Pace:
    """Lets `per_s` steps a second pass; None lets them all pass, giving way to others at each.

    Raises:
        ValueError: when `per_s` is not greater than 0.
    """

    def __init__(
        self,
        per_s: float | None,
        *,
        sleep: Sleep = asyncio.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        if per_s is not None and not per_s > 0:
            raise ValueError(f"a pace must be greater than 0, not {per_s}")
        self._step_s = None if per_s is None else 1 / per_s
        self._sleep = sleep
        self._monotonic = monotonic
        self._due_s: float | None = None

    async def wait(self) -> None:
        """Return when the next step is due; the first is due at once."""
        now = self._monotonic()
        if self._step_s is None or self._due_s is None:
            self._due_s = now
            await self._sleep(0)
            return
        # A sleeper that fell far behind (a suspended machine) starts afresh, without a burst.
        self._due_s = max(self._due_s + self._step_s, now - 1)
        owed = self._due_s - now
        await self._sleep(owed if owed >= LEAST_SLEEP_S else 0)
