"""Payloads, new events and recorded events for tests, as short as they can be said."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

from events.catalog import (
    DetectorStamp,
    NoticeKind,
    Payload,
    PriceUpdate,
    Regime,
    RegimeUpdate,
    Strategy,
    SystemNotice,
)
from events.chain import GENESIS
from events.envelope import Append, Appended, Head, NewEvent, RecordedEvent
from events.plan import LogView, plan_appends

NOON = datetime(2026, 1, 16, 12, tzinfo=UTC)
EMPTY_HEAD = Head(epoch="e", position=0, hash=GENESIS, recorded_at_us=0)


def at(second: float) -> datetime:
    """So many seconds after noon."""
    return NOON + timedelta(seconds=second)


def price(symbol: str = "SPX", value: str = "100", second: float = 0) -> PriceUpdate:
    """A bare tick."""
    return PriceUpdate(
        symbol=symbol,
        price=Decimal(value),
        open=None,
        high=None,
        low=None,
        volume=None,
        bar_s=None,
        corrects=None,
        timestamp=at(second),
    )


def regime(symbol: str = "SPX", second: float = 0) -> RegimeUpdate:
    """A regime update."""
    return RegimeUpdate(
        symbol=symbol,
        regime=Regime.BULL,
        previous_regime=None,
        confidence=0.7,
        probabilities={
            Regime.BULL: 0.7,
            Regime.BEAR: 0.1,
            Regime.CRASH: 0.1,
            Regime.SIDEWAYS: 0.1,
        },
        strategy_recommendation=Strategy.TREND_FOLLOWING,
        target_exposure=1.0,
        features={"trend": 0.5},
        detector=DetectorStamp(name="planted", version="1", constants_hash="0"),
        provisional=False,
        warming_up=False,
        timestamp=at(second),
    )


def notice(text: str = "hello", second: float = 0) -> SystemNotice:
    """A system notice."""
    return SystemNotice(kind=NoticeKind.CORRECTION, text=text, details={}, timestamp=at(second))


def new(payload: Payload | None = None, event_id: UUID | None = None) -> NewEvent:
    """An event that is not recorded yet; by default a price with an id of its own."""
    return NewEvent(
        payload=price() if payload is None else payload,
        event_id=event_id or uuid4(),
        source="simulated",
    )


def prices(count: int, symbol: str = "SPX", first: int = 0) -> tuple[NewEvent, ...]:
    """New ticks of one symbol, a second apart."""
    numbers = range(first, first + count)
    return tuple(new(price(symbol, str(100 + number), number)) for number in numbers)


def recorded(payloads: Sequence[Payload], now_us: int = 1_000) -> list[RecordedEvent]:
    """A whole log with these payloads, chained."""
    view = LogView(EMPTY_HEAD, {}, {}, {}, now_us)
    return plan_appends(view, [Append(tuple(new(payload) for payload in payloads))]).events


def positions_of(events: Sequence[RecordedEvent]) -> list[int]:
    """Their places in the log."""
    return [event.position for event in events]


def appended(outcome: object) -> Appended:
    """The outcome of an append that was accepted."""
    assert isinstance(outcome, Appended), outcome
    return outcome
