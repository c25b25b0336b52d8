"""Prices for charts: the answer of `GET /api/bars`."""

from events.catalog import Record, Regime
from events.scalars import Price, Quantity, Symbol, UtcTime


class Bar(Record):
    """A bar, or a single tick, which has no range; `regime` is the final one at its close."""

    timestamp: UtcTime
    open: Price | None
    high: Price | None
    low: Price | None
    close: Price
    volume: Quantity | None
    bar_s: int | None
    regime: Regime | None


class Bars(Record):
    """Bars as of a position, oldest first."""

    symbol: Symbol
    epoch: str
    head: int
    position: int
    bars: tuple[Bar, ...]
