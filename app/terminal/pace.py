"""How fast a replay goes, and which of its events are due: on a clock that is handed in. Pure."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

WAIT_S_MAX: Final = 5.0
"""A longer time without an event, in seconds of the viewer, is left out: the clock jumps to the next one."""

STRIDE_S_MAX: Final = 2.0
"""What the clock moves at most between two looks at it: who was stopped goes on where that was."""

MARKET_S_PER_S_MAX: Final = 10 * 365 * 86_400.0
"""The fastest by market time: ten years a second."""

EVENTS_PER_S_MAX: Final = 1_000_000.0
"""The fastest by events."""

FASTER: Final = 2.0
"""How much one press of a key changes the speed."""

_NUMBER: Final = r"([0-9]{1,9}(?:\.[0-9]{1,6})?)"
_MARKET: Final = re.compile(rf"{_NUMBER}?(s|m|h|d|w)/s")
_TIMES: Final = re.compile(rf"{_NUMBER}x")
_EVENTS: Final = re.compile(rf"{_NUMBER}?e/s")
_UNITS: Final = {"w": 604_800.0, "d": 86_400.0, "h": 3_600.0, "m": 60.0, "s": 1.0}


@dataclass(frozen=True, slots=True)
class Speed:
    """A speed.

    Attributes:
        kind: market seconds a second, events a second, or as fast as it goes.
        per_s: how many; of no meaning for `max`.
    """

    kind: Literal["market", "events", "max"]
    per_s: float = 0.0

    def __str__(self) -> str:
        """As it may be given."""
        if self.kind == "max":
            return "max"
        if self.kind == "events":
            return f"{self.per_s:g}e/s"
        unit = next((name for name in "dhm" if self.per_s >= _UNITS[name]), "s")
        return f"{self.per_s / _UNITS[unit]:g}{unit}/s"

    def times(self, factor: float) -> "Speed":
        """A faster or slower one, within the limits."""
        most = EVENTS_PER_S_MAX if self.kind == "events" else MARKET_S_PER_S_MAX
        return self if self.kind == "max" else Speed(self.kind, min(self.per_s * factor, most))


MAX: Final = Speed("max")


def parse_speed(text: str) -> Speed:
    """Read `1d/s`, `6h/s`, `60x` (times as fast as it was), `10e/s` (events a second) or `max`.

    Raises:
        ValueError: it is none of them, or beyond the limits.
    """
    if text == "max":
        return MAX
    if found := _EVENTS.fullmatch(text):
        speed, most = Speed("events", float(found[1] or 1)), EVENTS_PER_S_MAX
    elif found := _TIMES.fullmatch(text):
        speed, most = Speed("market", float(found[1])), MARKET_S_PER_S_MAX
    elif found := _MARKET.fullmatch(text):
        speed, most = Speed("market", float(found[1] or 1) * _UNITS[found[2]]), MARKET_S_PER_S_MAX
    else:
        raise ValueError(f"{text!r} is no speed: use 1d/s (s, m, h, d or w), 60x, 10e/s or max")
    if not 0 < speed.per_s <= most:
        raise ValueError(
            f"{text!r} is no speed: it must be greater than 0, and at most ten years or"
            f" {EVENTS_PER_S_MAX:,.0f} events a second; or max"
        )
    return speed


class Pace:
    """Market time that runs while it is told to, and never backwards.

    Attributes:
        speed: how fast; may be changed at any time.
        market_time: where it stands; None before the first event.
    """

    def __init__(self, speed: Speed, now: float) -> None:
        """`now`: seconds of any steady clock, as in `look`."""
        self.speed = speed
        self.market_time: datetime | None = None
        self._looked_at = now
        self._owed = 0.0

    def look(self, now: float, *, running: bool) -> None:
        """Let the time since the last look pass, or only note that it has."""
        passed = min(max(now - self._looked_at, 0.0), STRIDE_S_MAX)
        self._looked_at = now
        if not running:
            return
        if self.speed.kind == "events":
            self._owed += passed * self.speed.per_s
        elif self.speed.kind == "market" and self.market_time is not None:
            self.market_time = _later(self.market_time, passed * self.speed.per_s)

    def wait_s(self, at: datetime) -> float:
        """Seconds until an event of this market time is due, if it is the next; 0 if it is now."""
        if self.speed.kind == "max":
            return 0.0
        if self.speed.kind == "events":
            return max(0.0, 1 - self._owed - 1e-9) / self.speed.per_s
        if self.market_time is None:
            return 0.0
        left = max(0.0, (at - self.market_time).total_seconds()) / self.speed.per_s
        if left > WAIT_S_MAX:
            self.market_time = at - timedelta(seconds=WAIT_S_MAX * self.speed.per_s)
            return WAIT_S_MAX
        return left

    def shown(self, at: datetime) -> None:
        """Follow an event that was shown: the clock is not before it."""
        self._owed = max(0.0, self._owed - 1)
        if self.market_time is None or self.market_time < at:
            self.market_time = at


def _later(at: datetime, seconds: float) -> datetime:
    try:
        return at + timedelta(seconds=seconds)
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)
