"""An even pace that does not drift: late ticks are caught up, not waited for twice."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from app.feeds.base import Sleep

LEAST_SLEEP_S: Final = 0.002
"""Event loops do not sleep shorter in earnest; what is owed is added up instead."""

BEHIND_S_MAX: Final = 1.0
"""Who fell further behind than this (a suspended machine) starts afresh, without a burst."""


@dataclass(frozen=True, slots=True)
class Speed:
    """How fast recorded prices are played; with neither, as fast as they are taken.

    Attributes:
        per_s: prices a second, whatever their times.
        market_s_per_s: seconds of market time a second: what lay apart stays apart.

    Raises:
        ValueError: both are given, or one is not greater than 0.
    """

    per_s: float | None = None
    market_s_per_s: float | None = None

    def __post_init__(self) -> None:
        if self.per_s is not None and self.market_s_per_s is not None:
            raise ValueError("a speed is in prices a second or in market time, not in both")
        for number in (self.per_s, self.market_s_per_s):
            if number is not None and not number > 0:
                raise ValueError(f"a pace must be greater than 0, not {number}")


FASTEST: Final = Speed()


class Pace:
    """Lets steps pass at a speed; without one it lets them all pass, giving way to others at each.

    Raises:
        ValueError: when the speed is a number that is not greater than 0.
    """

    def __init__(
        self,
        speed: Speed | float | None,
        *,
        sleep: Sleep = asyncio.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`speed`: a plain number is steps a second."""
        self._speed = speed if isinstance(speed, Speed) else Speed(speed)
        self._sleep = sleep
        self._monotonic = monotonic
        self._due_s: float | None = None
        self._last_at: datetime | None = None

    async def wait(self, at: datetime | None = None) -> None:
        """Return when the next step is due; the first is due at once.

        `at`: the step's market time, for a speed in market time.
        """
        now = self._monotonic()
        step_s = self._step_s(at)
        if step_s is None or self._due_s is None:
            self._due_s = now
            await self._sleep(0)
            return
        self._due_s = max(self._due_s + step_s, now - BEHIND_S_MAX)
        owed = self._due_s - now
        await self._sleep(owed if owed >= LEAST_SLEEP_S else 0)

    def _step_s(self, at: datetime | None) -> float | None:
        """Seconds between the step before and this one; None for no waiting."""
        speed = self._speed
        if speed.per_s is not None:
            return 1 / speed.per_s
        if speed.market_s_per_s is None or at is None:
            return None
        last, self._last_at = self._last_at, at
        return 0.0 if last is None else max(0.0, (at - last).total_seconds()) / speed.market_s_per_s
