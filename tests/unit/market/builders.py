"""Ticks, folds and recorded events for the tests of the market."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from hypothesis import strategies as st

from app.market.commands import Command, RecordPrice
from app.market.decide import consider
from app.market.state import MarketState, evolve, initial
from app.market.ticks import PriceTick
from events.catalog import Payload, RegimeUpdate
from events.envelope import NewEvent, RecordedEvent
from events.scalars import to_micros

START = datetime(2020, 1, 6, 21, tzinfo=UTC)
DAY = timedelta(days=1)
DAY_S = 86_400


def bar(price: str | float, day: int = 0, symbol: str = "SPX", bar_s: int = DAY_S) -> PriceTick:
    """A ready daily bar that closes at 21:00 UTC, `day` days after the first."""
    return PriceTick(symbol=symbol, price=_exact(price), timestamp=START + day * DAY, bar_s=bar_s)


def tick(price: str | float, at: datetime, symbol: str = "SPX") -> PriceTick:
    """A bare tick."""
    return PriceTick(symbol=symbol, price=_exact(price), timestamp=at)


def bars(prices: Iterable[str | float], first_day: int = 0) -> list[PriceTick]:
    """One daily bar for each price."""
    return [bar(price, first_day + day) for day, price in enumerate(prices)]


def play(
    ticks: Iterable[PriceTick], state: MarketState | None = None, source: str = "import"
) -> tuple[MarketState, list[list[NewEvent]]]:
    """Feed ticks one by one: the state after them, and the events of each.

    Every decision tells the state after it, too: it must be the fold of its events.
    """
    state = initial() if state is None else state
    batches = []
    for each in ticks:
        decision = consider(state, RecordPrice(each, source))
        state = evolve_all(state, decision.events)
        assert state == decision.state
        batches.append(list(decision.events))
    return state, batches


def expected_versions(state: MarketState, command: Command) -> dict[str, int]:
    """What the append of a decision expects."""
    return state.versions_of(consider(state, command).reads)


def evolve_all(state: MarketState, events: Iterable[NewEvent]) -> MarketState:
    """Fold the payloads of events."""
    for event in events:
        state = evolve(state, event.payload, event.source)
    return state


def flat(batches: Iterable[Sequence[NewEvent]]) -> list[NewEvent]:
    """All events in the order of the log."""
    return [event for batch in batches for event in batch]


def regimes(events: Iterable[NewEvent]) -> list[RegimeUpdate]:
    """The regime updates among events."""
    return [event.payload for event in events if isinstance(event.payload, RegimeUpdate)]


def wire(events: Iterable[NewEvent]) -> list[str]:
    """Everything about events, as text: equal texts mean equal bytes in the log."""
    return [
        f"{e.event_id}|{e.correlation_id}|{e.causation_id}|{e.source}|{e.payload.model_dump_json()}"
        for e in events
    ]


def recorded(payload: Payload, position: int = 1, source: str = "import") -> RecordedEvent:
    """A payload as if the log held it."""
    event = NewEvent(payload=payload, event_id=UUID(int=position), source=source)
    return RecordedEvent(
        position=position,
        stream=event.stream,
        version=position,
        event_id=event.event_id,
        type=event.event_type.name,
        schema_version=1,
        occurred_at_us=to_micros(payload.timestamp),
        recorded_at_us=position,
        source=source,
        correlation_id=event.event_id,
        causation_id=None,
        payload_json=payload.model_dump_json(),
        hash=b"",
    )


def falling(start: float = 100.0, calm: int = 300, fall: int = 60) -> list[str]:
    """Closes that rise evenly for `calm` bars and then fall by 2 % a bar."""
    prices = [start * 1.001**k * (1.002 if k % 2 else 1) for k in range(calm)]
    prices += [prices[-1] * 0.98**k for k in range(1, fall + 1)]
    return [f"{price:.4f}" for price in prices]


def _exact(price: str | float) -> Decimal:
    return Decimal(price) if isinstance(price, str) else Decimal(f"{price:.6f}")


CHANGES = st.floats(-0.2, 0.2)


@st.composite
def tick_series(draw: st.DrawFn, most: int = 40) -> list[PriceTick]:
    """Ready bars and bare ticks of two symbols; some late, some twice."""
    at, series, price = START, [], 100.0
    for _ in range(draw(st.integers(0, most))):
        at += timedelta(hours=draw(st.sampled_from([-30, 0, 1, 5, 24, 80])))
        price *= 1 + draw(CHANGES)
        series.append(
            PriceTick(
                symbol=draw(st.sampled_from(["SPX", "IXIC"])),
                price=_exact(max(price, 0.01)),
                timestamp=at,
                bar_s=draw(st.sampled_from([None, None, 3_600, DAY_S])),
            )
        )
    return series
