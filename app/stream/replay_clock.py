"""The clock of one replay: where it stands in market time, and how many events are due. Pure."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from app.stream.replay_protocol import EventRate, Speed
from events.messages import EventText
from events.scalars import from_micros, to_micros

STRIDE_S_MAX: Final = 2.0
"""What the clock moves at most between two looks at it, in seconds: it waits for a client that stalls."""

_SECOND_US: Final = 1_000_000
_LATEST_US: Final = to_micros(datetime.max.replace(tzinfo=UTC))
_OCCURRED_AT: Final = '"occurred_at":"'
_TIME_LENGTH: Final = len("2026-01-16T12:00:00.000000Z")


def occurred_at_us(event: EventText) -> int:
    """The market time of an event, from its message: the envelope's, which stands behind the payload."""
    start = event.text.rindex(_OCCURRED_AT) + len(_OCCURRED_AT)
    return to_micros(datetime.fromisoformat(event.text[start : start + _TIME_LENGTH]))


class ReplayClock:
    """Market time that runs while it is told to, and never backwards unless it is moved.

    Attributes:
        speed: how fast.
    """

    def __init__(self, speed: Speed, now: float) -> None:
        """`now`: seconds of any steady clock."""
        self.speed = speed
        self._market_us: float | None = None
        self._looked_at = now
        self._owed = 0.0

    @property
    def market_time(self) -> datetime | None:
        """Where it stands; None until the first event is known."""
        if self._market_us is None:
            return None
        return from_micros(min(int(self._market_us), _LATEST_US))

    def move(self, market_us: int | None) -> None:
        """Set it, forwards or back."""
        self._market_us = market_us
        self._owed = 0.0

    def set_speed(self, speed: Speed) -> None:
        """Run at another speed from where it stands."""
        self.speed = speed
        self._owed = 0.0

    def look(self, now: float, *, running: bool) -> None:
        """Let the time since the last look pass, or only note that it has."""
        passed = min(max(now - self._looked_at, 0.0), STRIDE_S_MAX)
        self._looked_at = now
        if not running:
            return
        if isinstance(self.speed, EventRate):
            self._owed += passed * self.speed.events_per_s
        elif self.speed != "max" and self._market_us is not None:
            self._market_us += passed * self.speed * _SECOND_US

    def due(self, waiting: Sequence[EventText]) -> int:
        """How many of the events that come next are to be sent now."""
        if self.speed == "max":
            return len(waiting)
        if isinstance(self.speed, EventRate):
            return min(int(self._owed + 1e-6), len(waiting))
        for count, event in enumerate(waiting):
            if self._us_until(event) > 0:
                return count
        return len(waiting)

    def due_at(self, event: EventText) -> float:
        """When an event is to be sent, if it is the next."""
        if self.speed == "max":
            return self._looked_at
        if isinstance(self.speed, EventRate):
            return self._looked_at + max(0.0, 1 - self._owed) / self.speed.events_per_s
        return self._looked_at + self._us_until(event) / self.speed / _SECOND_US

    def sent(self, events: Sequence[EventText]) -> None:
        """Follow what was sent: the clock is not before the last of it."""
        last_us = occurred_at_us(events[-1])
        self._market_us = max(self._market_us if self._market_us is not None else last_us, last_us)
        self._owed = max(0.0, self._owed - len(events))

    def _us_until(self, event: EventText) -> float:
        """Microseconds of market time until an event; less than one is none."""
        if self._market_us is None:
            return 0.0
        left = occurred_at_us(event) - self._market_us
        return left if left >= 1 else 0.0
