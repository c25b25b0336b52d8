"""What `decide` knows: one detector state for each symbol, and `evolve`, which folds events into it.

The detector runs inside `evolve`, so a fold of the log restores the state bit for bit.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Final

from app.market.detector.anchored import ANCHORED, AnchoredState
from app.market.detector.base import Reading
from events.catalog import Payload, PriceUpdate

_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class SymbolState:
    """One symbol, as its recorded prices left it.

    Attributes:
        detector: after the last closed bar.
        reading: the detector's reading of that bar; None before the first one.
        last_at: market time of the newest price, UTC; None before the first one.
        last_price: that price.
        bar_open: True when that price was a bare tick: its UTC day's bar has not closed yet.
        prices_version: how many prices were recorded, late ones too; the version of `prices:SYMBOL`.
    """

    detector: AnchoredState
    reading: Reading | None = None
    last_at: datetime | None = None
    last_price: Decimal | None = None
    bar_open: bool = False
    prices_version: int = 0


@dataclass(frozen=True, slots=True)
class MarketState:
    """All symbols that have a recorded price."""

    symbols: Mapping[str, SymbolState] = field(default_factory=dict)

    def of(self, symbol: str) -> SymbolState:
        """The symbol's state, or the one before its first price."""
        return self.symbols.get(symbol) or UNSEEN


@dataclass(frozen=True, slots=True)
class Close:
    """A bar that closed.

    Attributes:
        at: when, UTC.
        price: at what.
        reading: what the detector says of it.
        before: the reading of the bar before; None at the first.
    """

    at: datetime
    price: Decimal
    reading: Reading
    before: Reading | None


UNSEEN: Final = SymbolState(ANCHORED.initial())


def initial() -> MarketState:
    """The state before the first event."""
    return MarketState()


def is_late(state: SymbolState, at: datetime) -> bool:
    """True for a price that is not newer than the newest one: recorded, but never fed back."""
    return state.last_at is not None and at <= state.last_at


def advance(
    state: SymbolState, price: Decimal, at: datetime, bar_s: int | None
) -> tuple[SymbolState, tuple[Close, ...]]:
    """Take in a price newer than the last: the state after it, and the bars that it closed.

    A bare tick opens or extends the bar of its UTC day; the first price beyond a bar closes it. A
    ready bar closes at once, and stands for the open one if that one's last tick lies within it.
    """
    detector, reading, closes = state.detector, state.reading, []
    ends = _open_bar_ends(state, at, bar_s)
    if ends is not None and state.last_price is not None:
        detector, closed = ANCHORED.step(detector, float(state.last_price))
        closes.append(Close(ends, state.last_price, closed, reading))
        reading = closed
    if bar_s is not None:
        detector, closed = ANCHORED.step(detector, float(price))
        closes.append(Close(at, price, closed, reading))
        reading = closed
    after = SymbolState(detector, reading, at, price, bar_s is None, state.prices_version + 1)
    return after, tuple(closes)


def _open_bar_ends(state: SymbolState, at: datetime, bar_s: int | None) -> datetime | None:
    """When the open bar closes, if a price at `at` closes it."""
    if not state.bar_open or state.last_at is None:
        return None
    starts = at
    if bar_s is not None:
        length = timedelta(seconds=bar_s)
        if at - state.last_at < length:
            return None
        starts = at - length
    if starts.toordinal() > state.last_at.toordinal():
        return datetime.combine(state.last_at.date(), time(), UTC) + _DAY
    return None if bar_s is None else starts


def provisional(state: SymbolState) -> Reading | None:
    """The reading if the open bar closed at the last price; None when no bar is open."""
    if not state.bar_open or state.last_price is None:
        return None
    return ANCHORED.step(state.detector, float(state.last_price))[1]


def evolve(state: MarketState, payload: Payload) -> MarketState:
    """The state after a recorded event. Only prices change it, and late ones only their count."""
    if not isinstance(payload, PriceUpdate):
        return state
    before = state.of(payload.symbol)
    if payload.corrects is not None or is_late(before, payload.timestamp):
        after = SymbolState(
            before.detector,
            before.reading,
            before.last_at,
            before.last_price,
            before.bar_open,
            before.prices_version + 1,
        )
    else:
        after, _ = advance(before, payload.price, payload.timestamp, payload.bar_s)
    return MarketState({**state.symbols, payload.symbol: after})
