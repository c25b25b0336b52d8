"""`decide(state, command) -> events`: pure, so the same state and command give the same bytes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final, TypeAlias
from uuid import UUID

from app.market.alerts import REGIME_SHIFT_RULE, is_shift, regime_shift_alert
from app.market.detector.anchored import ANCHORED
from app.market.detector.base import REGIMES, Reading
from app.market.state import Close, MarketState, SymbolState, advance, is_late, provisional
from app.market.strategy import RECOMMENDATIONS
from app.market.ticks import PriceTick
from events.catalog import Channel, DetectorStamp, PriceUpdate, Regime, RegimeUpdate
from events.envelope import NewEvent
from events.ids import tick_event_id
from events.scalars import to_micros

PRICE_RULE: Final = "price"
REGIME_RULE: Final = "regime"
PROVISIONAL_RULE: Final = "regime:provisional"
ALERT_RULE: Final = f"alert:{REGIME_SHIFT_RULE}"
_STAMP: Final = DetectorStamp(
    name=ANCHORED.name, version=ANCHORED.version, constants_hash=ANCHORED.constants_hash
)


@dataclass(frozen=True, slots=True)
class RecordedPrice:
    """The newest recorded price of a symbol at one very moment."""

    event_id: UUID
    price: Decimal


@dataclass(frozen=True, slots=True)
class RecordPrice:
    """Record a price and what follows from it.

    Attributes:
        tick: the price.
        source: `feed:NAME`, `import`, `simulated` or `api`; part of the events' ids.
        recorded: what the log holds at the tick's very time. Callers look it up when the tick is not
            newer than the symbol's last one; for a newer one there is nothing to find.
    """

    tick: PriceTick
    source: str
    recorded: RecordedPrice | None = None


@dataclass(frozen=True, slots=True)
class RepeatRegime:
    """Say the last final reading of a symbol again, for those who wait for a regular sign of life.

    Attributes:
        event_id: the caller's choice, since no tick causes it.
    """

    symbol: str
    event_id: UUID
    source: str


Command: TypeAlias = RecordPrice | RepeatRegime


def expected_versions(state: MarketState, command: Command) -> Mapping[str, int]:
    """The version of every stream that `decide` looks at, for the append to check."""
    symbol = command.tick.symbol if isinstance(command, RecordPrice) else command.symbol
    return {f"{Channel.PRICES.value}:{symbol}": state.of(symbol).prices_version}


def price_event_id(tick: PriceTick, source: str) -> UUID:
    """The id of the tick's price: a log that holds it has recorded this very tick before."""
    return tick_event_id(source, tick.symbol, tick.timestamp, tick.price, PRICE_RULE)


def decide(state: MarketState, command: Command) -> tuple[NewEvent, ...]:
    """The events that a command leads to, in the order in which they stand in the log.

    A new price gives, first, the final regime (and the alert of a shift) of a bar that ended before
    it; then the price; then the regime of the ready bar (and its alert), or a provisional one if a bare
    tick made it differ from the one shown. A duplicate gives nothing, a late price only itself.
    """
    if isinstance(command, RepeatRegime):
        return _repeat(state.of(command.symbol), command)
    before = state.of(command.tick.symbol)
    if is_late(before, command.tick.timestamp):
        return _late(before, command)
    return _new(before, command)


def _repeat(state: SymbolState, command: RepeatRegime) -> tuple[NewEvent, ...]:
    if state.reading is None or state.last_at is None:
        return ()
    update = _regime_update(
        command.symbol, state.last_at, state.reading, previous=state.reading.regime
    )
    return (NewEvent(payload=update, event_id=command.event_id, source=command.source),)


def _late(state: SymbolState, command: RecordPrice) -> tuple[NewEvent, ...]:
    tick, recorded = command.tick, command.recorded
    if recorded is not None and recorded.price == tick.price:
        return ()
    if recorded is None and (tick.timestamp, tick.price) == (state.last_at, state.last_price):
        return ()
    return (_price_event(command, corrects=None if recorded is None else str(recorded.event_id)),)


def _new(before: SymbolState, command: RecordPrice) -> tuple[NewEvent, ...]:
    tick = command.tick
    after, closes = advance(before, tick.price, tick.timestamp, tick.bar_s)
    price = _price_event(command, corrects=None)
    events: list[NewEvent] = []
    for close in closes if tick.bar_s is None else closes[:-1]:
        # This bar ended before the tick, by the calendar: no event caused its end.
        events += _closed(command, price.event_id, None, close)
    events.append(price)
    if tick.bar_s is not None:
        events += _closed(command, price.event_id, price.event_id, closes[-1])
    else:
        events += _shown(command, price.event_id, before, after)
    return tuple(events)


def _closed(
    command: RecordPrice, correlation: UUID, cause: UUID | None, close: Close
) -> list[NewEvent]:
    """The final regime of a closed bar, and the alert if it is a shift."""
    symbol, source = command.tick.symbol, command.source
    previous = None if close.before is None else close.before.regime
    update = _regime_update(symbol, close.at, close.reading, previous)
    regime_id = _close_id(command, close, REGIME_RULE)
    events = [
        NewEvent(
            payload=update,
            event_id=regime_id,
            source=source,
            correlation_id=correlation,
            causation_id=cause,
        )
    ]
    if is_shift(update):
        alert_id = _close_id(command, close, ALERT_RULE)
        events.append(
            NewEvent(
                payload=regime_shift_alert(update, close.price, str(alert_id)),
                event_id=alert_id,
                source=source,
                correlation_id=correlation,
                causation_id=regime_id,
            )
        )
    return events


def _close_id(command: RecordPrice, close: Close, rule: str) -> UUID:
    """The id of what a bar's close leads to: of the tick that closed it, for two bars may end alike."""
    tick = command.tick
    if close.at != tick.timestamp:
        rule = f"{rule}@{to_micros(close.at)}"
    return tick_event_id(command.source, tick.symbol, tick.timestamp, tick.price, rule)


def _shown(
    command: RecordPrice, price_id: UUID, before: SymbolState, after: SymbolState
) -> list[NewEvent]:
    """The provisional regime of the open bar, when it differs from the one shown last."""
    reading = provisional(after)
    same_bar = after.detector is before.detector
    last = (provisional(before) if same_bar else None) or after.reading
    if reading is None or (last is not None and last.regime is reading.regime):
        return []
    tick = command.tick
    previous = None if after.reading is None else after.reading.regime
    return [
        NewEvent(
            payload=_regime_update(
                tick.symbol, tick.timestamp, reading, previous, provisional=True
            ),
            event_id=tick_event_id(
                command.source, tick.symbol, tick.timestamp, tick.price, PROVISIONAL_RULE
            ),
            source=command.source,
            correlation_id=price_id,
            causation_id=price_id,
        )
    ]


def _price_event(command: RecordPrice, corrects: str | None) -> NewEvent:
    tick = command.tick
    event_id = price_event_id(tick, command.source)
    payload = PriceUpdate(
        symbol=tick.symbol,
        price=tick.price,
        open=tick.open,
        high=tick.high,
        low=tick.low,
        volume=tick.volume,
        bar_s=tick.bar_s,
        corrects=corrects,
        timestamp=tick.timestamp,
    )
    return NewEvent(
        payload=payload, event_id=event_id, source=command.source, correlation_id=event_id
    )


def _regime_update(
    symbol: str,
    at: datetime,
    reading: Reading,
    previous: Regime | None,
    *,
    provisional: bool = False,
) -> RegimeUpdate:
    recommendation = RECOMMENDATIONS[reading.regime]
    return RegimeUpdate(
        symbol=symbol,
        regime=reading.regime,
        previous_regime=previous,
        confidence=reading.confidence,
        probabilities=dict(zip(REGIMES, reading.probabilities, strict=True)),
        strategy_recommendation=recommendation.strategy,
        target_exposure=recommendation.target_exposure,
        features=dict(reading.features),
        detector=_STAMP,
        provisional=provisional,
        warming_up=reading.warming_up,
        timestamp=at,
    )
