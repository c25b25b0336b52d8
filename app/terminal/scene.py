"""What a replay shows at a moment: a fold of the events that have been shown so far. Pure."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Final

from app.client.messages import Event
from app.terminal.chart import Point
from app.terminal.lines import begins_regime
from events.catalog import (
    AlertKind,
    PortfolioUpdate,
    PriceAlert,
    PriceUpdate,
    RegimeUpdate,
    TradeExecution,
)

POINTS_KEPT: Final = 1_000
"""Prices of a symbol that are kept: more than the widest terminal shows."""

RECENT_KEPT: Final = 40
"""Shifts, alerts and trades that are kept: more than the highest one shows."""


@dataclass(slots=True)
class Track:
    """A symbol so far; `regime` is its newest final update, `change` of the price against the one before."""

    points: deque[Point] = field(default_factory=lambda: deque(maxlen=POINTS_KEPT))
    price: Decimal | None = None
    change: float | None = None
    regime: RegimeUpdate | None = None
    since: datetime | None = None


@dataclass(slots=True)
class Scene:
    """Everything so far.

    Attributes:
        tracks: by symbol, in the order in which they appeared.
        portfolios: the newest update of each.
        recent: shifts, alerts and trades, oldest first.
        market_time: the newest so far.
        position: of the event that was added last; 0 before the first.
        shifts: how many there were.
    """

    tracks: dict[str, Track] = field(default_factory=dict)
    portfolios: dict[str, PortfolioUpdate] = field(default_factory=dict)
    recent: deque[Event] = field(default_factory=lambda: deque(maxlen=RECENT_KEPT))
    market_time: datetime | None = None
    position: int = 0
    shifts: int = 0

    def begin(self, before: Iterable[Event]) -> None:
        """Fold what was before the beginning: it is seen, and not counted."""
        for event in before:
            self.add(event)
        self.shifts = self.position = 0

    def add(self, event: Event) -> None:
        """Fold one more event."""
        self.position = event.position
        if self.market_time is None or self.market_time < event.occurred_at:
            self.market_time = event.occurred_at
        match event.payload:
            case PriceUpdate() as update:
                _add_price(self._track(update.symbol), update)
            case RegimeUpdate(provisional=False) as update:
                self.shifts += begins_regime(event) and update.previous_regime is not None
                _add_regime(self._track(update.symbol), update)
            case PortfolioUpdate() as update:
                self.portfolios[update.portfolio_id] = update
        if begins_regime(event) or _is_told(event):
            self.recent.append(event)

    def _track(self, symbol: str) -> Track:
        return self.tracks.setdefault(symbol, Track())


def _is_told(event: Event) -> bool:
    """Trades, and alerts but those of a shift, which is told itself."""
    if isinstance(event.payload, PriceAlert):
        return event.payload.kind is not AlertKind.REGIME_SHIFT
    return isinstance(event.payload, TradeExecution)


def _add_price(track: Track, update: PriceUpdate) -> None:
    if track.points and update.timestamp <= track.points[-1].at:
        return  # late, or a correction: the line shows what was known then
    if track.price is not None:
        track.change = float(update.price / track.price) - 1
    track.price = update.price
    held = None if track.regime is None else track.regime.regime
    track.points.append(Point(update.timestamp, float(update.price), held))


def _add_regime(track: Track, update: RegimeUpdate) -> None:
    before = track.regime
    if before is None or before.regime is not update.regime:
        track.since = update.timestamp
    track.regime = update
    if track.points:
        # A regime is of the bar that has just closed.
        track.points[-1].regime = update.regime
