"""Snapshots, market order and stored types: every store answers alike, and as a plain sort would."""

# covers: events.snapshots, events.memory_snapshots, events.sql_snapshots, events.sql_market, events.sql_market_search

import random

import pytest

from events import sql_market
from events.envelope import Append, FoldEvent, RecordedEvent, fold_event
from events.scalars import to_micros
from events.snapshots import (
    WHOLE_LOG,
    MarketQuery,
    Snapshot,
    SnapshotKind,
    pack,
    unpack,
)
from events.store import EventStore, ReadQuery
from tests.contract.conftest import Clock
from tests.unit.events.builders import at, new, notice, price, prices

KIND = SnapshotKind("shown", "1-abc")
OTHER_SCHEMA = SnapshotKind("shown", "2-abc")
OTHER = SnapshotKind("other", "1-abc")
STREAM = "prices:A"
NOON_US = to_micros(at(0))


def snapshot(
    position: int, kind: SnapshotKind = KIND, stream: str = WHOLE_LOG, second: int = 0
) -> Snapshot:
    state = pack([position, second, kind.schema])
    return Snapshot(kind, stream, position, NOON_US + second * 1_000_000, state)


def us(second: int) -> int:
    return NOON_US + second * 1_000_000


async def record(store: EventStore, seconds: list[int], symbol: str = "A") -> None:
    for number, second in enumerate(seconds):
        await store.append([Append((new(price(symbol, f"{number + 1}", second)),))])


async def everything(store: EventStore) -> list[RecordedEvent]:
    return await store.read(ReadQuery(limit=10_000))


# --- saving and finding ---------------------------------------------------------------------------


async def test_the_newest_snapshot_that_is_not_beyond_a_position_is_found(
    store: EventStore,
) -> None:
    await store.save_snapshots([snapshot(20), snapshot(10), snapshot(30)])
    found = [await store.snapshot_before(KIND, position) for position in (9, 10, 29, 99)]
    assert found == [None, snapshot(10), snapshot(20), snapshot(30)]


async def test_snapshots_of_other_code_and_of_other_projections_are_not_seen(
    store: EventStore,
) -> None:
    await store.save_snapshots([snapshot(10, OTHER_SCHEMA), snapshot(20, OTHER)])
    assert await store.snapshot_before(KIND, 99) is None
    assert await store.snapshot_before(OTHER_SCHEMA, 99) == snapshot(10, OTHER_SCHEMA)


async def test_a_snapshot_at_the_same_place_is_replaced(store: EventStore) -> None:
    await store.save_snapshots([snapshot(10)])
    again = Snapshot(KIND, WHOLE_LOG, 10, NOON_US, pack("again"))
    await store.save_snapshots([again])
    assert await store.snapshot_before(KIND, 10) == again


async def test_of_some_only_the_newest_is_kept(store: EventStore) -> None:
    kept = [snapshot(5, OTHER), snapshot(6, KIND, STREAM)]
    await store.save_snapshots([snapshot(10), snapshot(20), snapshot(30, OTHER_SCHEMA), *kept])
    await store.save_snapshots([snapshot(15)], newest_only=True)
    assert await store.snapshot_before(KIND, 99) == snapshot(15)
    assert await store.snapshot_before(OTHER_SCHEMA, 99) is None
    assert await store.snapshot_before(OTHER, 99) == kept[0]


async def test_dropping_takes_every_version_of_one_projection(store: EventStore) -> None:
    await store.save_snapshots([snapshot(1), snapshot(2, OTHER_SCHEMA), snapshot(3, OTHER)])
    await store.drop_snapshots("shown")
    found = [await store.snapshot_before(kind, 99) for kind in (KIND, OTHER_SCHEMA, OTHER)]
    assert found == [None, None, snapshot(3, OTHER)]


async def test_saving_nothing_is_nothing(store: EventStore) -> None:
    await store.save_snapshots([])
    assert await store.snapshot_before(KIND, 99) is None
    assert await store.market_snapshots(KIND, [], None, 9) == {}


def test_altered_bytes_are_noticed() -> None:
    packed = pack({"a": 1})
    assert unpack(packed) == {"a": 1}
    for altered in (packed[:-1], packed[:-1] + bytes([packed[-1] ^ 1]), b"", b"{}"):
        with pytest.raises(ValueError, match="bytes"):
            unpack(altered)


# --- snapshots in market order --------------------------------------------------------------------


async def found_at(store: EventStore, second: int | None, known: int) -> Snapshot | None:
    at_us = None if second is None else us(second)
    return (await store.market_snapshots(KIND, [STREAM, "prices:B"], at_us, known)).get(STREAM)


async def test_the_latest_snapshot_within_both_times_is_found(store: EventStore) -> None:
    await record(store, [0, 1, 2, 3])
    one, two = snapshot(2, stream=STREAM, second=1), snapshot(4, stream=STREAM, second=3)
    await store.save_snapshots([one, two, snapshot(4, OTHER, STREAM, 3), snapshot(3)])
    asked = [(0, 4), (1, 4), (2, 4), (3, 4), (None, 4), (None, 3), (3, 1)]
    found = [await found_at(store, *each) for each in asked]
    assert found == [None, one, one, two, two, one, None]


async def test_a_late_event_outdates_the_snapshots_beyond_its_time_once_it_is_known(
    store: EventStore,
) -> None:
    await record(store, [0, 5, 9])
    saved = [snapshot(k, stream=STREAM, second=s) for k, s in ((1, 0), (2, 5), (3, 9))]
    await store.save_snapshots(saved)
    await record(store, [5, 7])
    # Position 4 is of the very time of the second: it follows that snapshot, and outdates the third.
    assert [await found_at(store, 9, known) for known in (3, 4, 5)] == [
        saved[2],
        saved[1],
        saved[1],
    ]
    newer = snapshot(5, stream=STREAM, second=9)
    await store.save_snapshots([newer])
    assert [await found_at(store, 9, known) for known in (3, 4, 5)] == [saved[2], saved[1], newer]
    await record(store, [-1])
    assert await found_at(store, 9, 5) == newer
    assert await found_at(store, 9, 6) is None


async def test_events_of_other_streams_outdate_nothing(store: EventStore) -> None:
    await record(store, [0, 5])
    saved = snapshot(2, stream=STREAM, second=5)
    await store.save_snapshots([saved])
    await record(store, [9, 1], "B")
    assert await found_at(store, 9, 4) == saved


# --- pages in market order ------------------------------------------------------------------------


def in_order(events: list[RecordedEvent], query: MarketQuery, stream: str) -> list[FoldEvent]:
    chosen = [e for e in events if e.stream == stream and query.accepts(stream, e)]
    chosen.sort(key=lambda event: (event.occurred_at_us, event.version))
    return [fold_event(event) for event in chosen]


async def read_through(store: EventStore, query: MarketQuery) -> dict[str, list[FoldEvent]]:
    """All pages of every stream, one after the other; each page keeps the rules of pages."""
    found: dict[str, list[FoldEvent]] = {name: [] for name in query.after}
    after = dict(query.after)
    while after:
        pages = await store.read_market(MarketQuery(after, query.upto_us, query.known, query.limit))
        assert pages.keys() == after.keys()
        for name, page in pages.items():
            assert len(page.events) <= query.limit
            found[name] += page.events
            if page.is_last:
                del after[name]
            else:
                after[name] = (page.events[-1].occurred_at_us, page.events[-1].position)
    return found


@pytest.mark.parametrize("late_max", [0, 2_000])
@pytest.mark.parametrize("lateness", [0.0, 0.2, 0.9])
async def test_pages_follow_market_order_from_any_place(
    store: EventStore, monkeypatch: pytest.MonkeyPatch, lateness: float, late_max: int
) -> None:
    monkeypatch.setattr(sql_market, "LATE_MAX", late_max)
    rng = random.Random(f"{lateness}")
    second, payloads = 0, []
    for _ in range(60):
        second += rng.choice([0, 0, 1, 2])
        moment = rng.randint(-2, second) if rng.random() < lateness else second
        payloads.append(price(rng.choice("AB"), second=moment))
    await store.append([Append(tuple(new(each) for each in payloads))])
    events = await everything(store)
    names = [STREAM, "prices:B", "prices:NONE"]
    for _ in range(30):
        place = rng.choice(events)
        after = rng.choice([None, (place.occurred_at_us, place.position)])
        query = MarketQuery(
            dict.fromkeys(names, after),
            rng.choice([None, us(rng.randint(-3, second))]),
            rng.randint(0, 65),
            rng.choice([1, 2, 3, 7, 100]),
        )
        expected = {name: in_order(events, query, name) for name in names}
        assert await read_through(store, query) == expected


async def test_a_range_is_handed_over_densely_and_what_is_raised_ends_it(
    store: EventStore,
) -> None:
    await store.append([Append(prices(450))])
    taken: list[FoldEvent] = []
    await store.fold_range(10, 440, taken.extend)
    assert taken == [fold_event(event) for event in (await everything(store))[10:440]]

    def refuse(events: object) -> None:
        raise LookupError("no more")

    with pytest.raises(LookupError, match="no more"):
        await store.fold_range(0, 450, refuse)


# --- times and types ------------------------------------------------------------------------------


async def test_what_was_known_at_a_commit_time_is_a_position(
    store: EventStore, clock: Clock
) -> None:
    assert await store.known_at(5_000_000) == 0
    for time in (2_000_000, 3_000_000, 3_000_000, 5_000_000):
        clock.now_us = time
        await record(store, [0])
    known = [await store.known_at(time) for time in (1_999_999, 2_000_000, 3_000_000, 9_000_000)]
    assert known == [0, 1, 3, 4]


async def test_every_stored_type_is_known_with_its_first_position(store: EventStore) -> None:
    assert await store.stored_types() == {}
    await store.append([Append((new(), new(notice()), new()))])
    await store.append([Append((new(notice()),))])
    assert await store.stored_types() == {("price_update", 1): 1, ("system_notice", 1): 2}


async def test_an_append_that_is_refused_notes_no_type(store: EventStore) -> None:
    await store.append([Append((new(notice()),), {"system:synapse": 7})])
    assert await store.stored_types() == {}
    await store.append([Append((new(notice()),))])
    assert await store.stored_types() == {("system_notice", 1): 1}
