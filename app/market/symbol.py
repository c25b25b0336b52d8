"""One symbol: what its recorded prices left behind, and what one more price does to it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final, NamedTuple
from uuid import UUID

from app.market.alerts.rules import AlertRule
from app.market.alerts.watch import UNWATCHED, Firing, Watch, observe
from app.market.bars import bar_end, bar_number
from app.market.detector.base import Reading
from app.market.setup import MarketSetup
from events.catalog import Regime
from events.ids import tick_event_id
from events.scalars import to_micros

REGIME_RULE: Final = "regime"


class SymbolState(NamedTuple):
    """One symbol, as its recorded prices left it. A tuple: every price makes a new one.

    Attributes:
        detector: the detector's own state after the last closed bar.
        reading: the detector's reading of that bar; None before the first one.
        shift_id: the regime update that began the episode of that reading; None before the first one.
        shown: the regime of the last update, final or provisional.
        last_at: market time of the newest price, UTC; None before the first one.
        last_price: that price.
        bar_open: True when that price was a bare tick: its bar has not closed yet.
        prices_version: how many prices were recorded, late ones too; the version of `prices:SYMBOL`.
        watch: what the alert rules remember.
    """

    detector: Any
    reading: Reading | None = None
    shift_id: UUID | None = None
    shown: Regime | None = None
    last_at: datetime | None = None
    last_price: Decimal | None = None
    bar_open: bool = False
    prices_version: int = 0
    watch: Watch = UNWATCHED


@dataclass(frozen=True, slots=True)
class PriceStep:
    """A price newer than the last one of its symbol, and where it came from.

    Attributes:
        bar_s: the length of a ready bar in seconds; None for a bare tick.
    """

    symbol: str
    price: Decimal
    at: datetime
    bar_s: int | None
    source: str

    def id_at(self, close_at: datetime, rule: str) -> UUID:
        """The id of what the close of a bar leads to: of the tick that closed it, for two may close alike."""
        if close_at != self.at:
            rule = f"{rule}@{to_micros(close_at)}"
        return tick_event_id(self.source, self.symbol, self.at, self.price, rule)


class Close(NamedTuple):
    """A bar that closed.

    Attributes:
        at: when, UTC.
        price: at what.
        reading: what the detector says of it.
        before: the reading of the bar before; None at the first.
        cause: the regime update that began the episode of `before`.
    """

    at: datetime
    price: Decimal
    reading: Reading
    before: Reading | None
    cause: UUID | None


class Advance(NamedTuple):
    """What a new price did.

    Attributes:
        after: the symbol after it.
        closes: the bars that closed before it or with it, oldest first.
        open: the reading if the open bar closed at this price; None when no bar is open.
        firings: the alert rules that fire at it.
    """

    after: SymbolState
    closes: tuple[Close, ...]
    open: Reading | None
    firings: tuple[Firing, ...]


def is_late(state: SymbolState, at: datetime) -> bool:
    """True for a price that is not newer than the newest one: recorded, but never fed back."""
    return state.last_at is not None and at <= state.last_at


def late(state: SymbolState) -> SymbolState:
    """The symbol after one more late price: it is counted, and nothing else."""
    return state._replace(prices_version=state.prices_version + 1)


def advance(
    setup: MarketSetup, rules: tuple[AlertRule, ...], state: SymbolState, step: PriceStep
) -> Advance:
    """Take in a price newer than the last.

    A bare tick opens or extends the bar that its time lies in; the first price beyond a bar closes it. A
    ready bar closes at once, and stands for the open one if that one's last tick lies within it.
    """
    detector, reading, shift_id = state.detector, state.reading, state.shift_id
    bars: list[tuple[datetime, Decimal]] = []
    ends = _open_bar_ends(setup.bar_s, state, step)
    if ends is not None and state.last_price is not None:
        bars.append((ends, state.last_price))
    if step.bar_s is not None:
        bars.append((step.at, step.price))
    closes: list[Close] = []
    for at, price in bars:
        detector, closed = setup.detector.step(detector, float(price))
        closes.append(Close(at, price, closed, reading, shift_id))
        if reading is None or closed.regime is not reading.regime:
            shift_id = step.id_at(at, REGIME_RULE)
        reading = closed
    opened = None
    if step.bar_s is None:
        opened = setup.detector.step(detector, float(step.price))[1]
    watch, firings = observe(
        rules,
        state.watch,
        step.symbol,
        step.price,
        step.at,
        tuple(float(close.price) for close in closes),
        ready=step.bar_s is not None,
    )
    after = SymbolState(
        detector,
        reading,
        shift_id,
        (opened or reading or closes[-1].reading).regime,
        step.at,
        step.price,
        step.bar_s is None,
        state.prices_version + 1,
        watch,
    )
    return Advance(after, tuple(closes), opened, firings)


def _open_bar_ends(bar_s: int, state: SymbolState, step: PriceStep) -> datetime | None:
    """When the open bar closes, if a price closes it."""
    if not state.bar_open or state.last_at is None:
        return None
    starts = step.at
    if step.bar_s is not None:
        length = timedelta(seconds=step.bar_s)
        if step.at - state.last_at < length:
            return None
        starts = step.at - length
    number = bar_number(state.last_at, bar_s)
    if bar_number(starts, bar_s) > number:
        return bar_end(number, bar_s)
    return None if step.bar_s is None else starts


def open_reading(setup: MarketSetup, state: SymbolState) -> Reading | None:
    """The reading if the open bar closed at the last price; None when no bar is open."""
    if not state.bar_open or state.last_price is None:
        return None
    return setup.detector.step(state.detector, float(state.last_price))[1]
