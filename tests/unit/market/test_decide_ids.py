"""Ids and duplicates in corners: bars that end alike, and prices that come back."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

from app.market.commands import RecordedPrice, RecordPrice
from app.market.decide import decide
from app.market.state import MarketState, evolve, initial
from app.market.ticks import PriceTick
from events.catalog import PriceUpdate

NOON = datetime(2020, 1, 1, 12, tzinfo=UTC)
MIDNIGHT = datetime(2020, 1, 2, tzinfo=UTC)


def _tick(at: datetime, price: str, bar_s: int | None = None) -> PriceTick:
    return PriceTick(symbol="S", price=Decimal(price), timestamp=at, bar_s=bar_s)


def _record(state: MarketState, tick: PriceTick, ids: set[object]) -> MarketState:
    for event in decide(state, RecordPrice(tick, "api")):
        assert event.event_id not in ids
        ids.add(event.event_id)
        state = evolve(state, event.payload, event.source)
    return state


def test_two_bars_that_end_at_one_time_and_price_have_ids_of_their_own() -> None:
    state, ids = initial(), set[object]()
    for tick in (
        _tick(NOON, "100"),
        _tick(MIDNIGHT, "100"),
        _tick(MIDNIGHT + timedelta(hours=1), "100", bar_s=3600),
    ):
        state = _record(state, tick, ids)
    assert len(ids) > 3


def test_a_price_that_another_source_corrected_may_be_corrected_back() -> None:
    first = _price(decide(initial(), RecordPrice(_tick(NOON, "100"), "import")))
    state = evolve(initial(), first, "import")
    newest = RecordedPrice(uuid4(), Decimal(101))
    correction, _ = decide(state, RecordPrice(_tick(NOON, "100"), "api", newest))
    assert _price((correction,)).corrects == str(newest.event_id)


def _price(events: tuple[object, ...]) -> PriceUpdate:
    payloads = [getattr(event, "payload", None) for event in events]
    return next(payload for payload in payloads if isinstance(payload, PriceUpdate))
