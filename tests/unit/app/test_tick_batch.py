"""Many ticks in one append: each decided on the state that those before it left."""

from decimal import Decimal
from uuid import UUID, uuid4

from app.market.commands import RecordedPrice
from app.market.decide_price import price_event_id
from app.market.state import initial
from app.tick_batch import RecordedPrices, TickBatch
from events.catalog import PriceUpdate
from tests.unit.market.builders import START, bar, bars, evolve_all, falling, flat, play, wire


def batch_of(known: RecordedPrices | None = None) -> TickBatch:
    return TickBatch(initial(), known or RecordedPrices(set(), {}))


def corrections(batch: TickBatch) -> list[tuple[Decimal, str | None]]:
    prices = [event.payload for event in batch.events if isinstance(event.payload, PriceUpdate)]
    return [(price.price, price.corrects) for price in prices]


def test_a_batch_leads_to_what_its_ticks_lead_to_one_by_one() -> None:
    ticks = bars(falling())
    batch = batch_of()
    batch.decide(ticks[:100], "import")
    batch.decide(ticks[100:], "import")
    state, batches = play(ticks)
    assert wire(batch.events) == wire(flat(batches))
    assert batch.state == state == evolve_all(initial(), batch.events)
    assert batch.prices == len(ticks)


def test_it_knows_every_stream_that_was_looked_at() -> None:
    batch = batch_of()
    batch.decide([bar("5"), bar("6", symbol="IXIC")], "api")
    assert batch.reads == {"prices:SPX", "prices:IXIC", "system:synapse"}


def test_a_late_tick_revises_the_newest_price_of_its_time_in_the_same_batch() -> None:
    batch = batch_of()
    ticks = [bar("5", 1), bar("6", 3), bar("7", 1), bar("8", 1)]
    batch.decide(ticks, "api")
    first, third = (str(price_event_id(ticks[at], "api")) for at in (0, 2))
    assert corrections(batch) == [
        (Decimal(5), None),
        (Decimal(6), None),
        (Decimal(7), first),
        (Decimal(8), third),
    ]


def test_a_tick_that_is_there_twice_is_a_duplicate() -> None:
    batch = batch_of()
    batch.decide([bar("5", 1), bar("6", 2), bar("5", 1), bar("6", 2)], "api")
    assert batch.duplicates == 2
    assert batch.prices == 2


def test_what_the_log_holds_is_known() -> None:
    held = RecordedPrice(uuid4(), Decimal(4))
    same: UUID = price_event_id(bar("5", 0), "api")
    known = RecordedPrices({same}, {("SPX", START): held})
    batch = batch_of(known)
    batch.decide([bar("6", 2), bar("5", 0), bar("7", 0)], "api")
    assert batch.duplicates == 1
    assert corrections(batch) == [(Decimal(6), None), (Decimal(7), str(held.event_id))]
