"""What every event store promises about reading, whatever it is made of."""

# covers: events.store, events.memory_store, events.sql_read, events.sql_rows

from uuid import uuid4

import pytest

from events.catalog import CATALOG, Channel
from events.envelope import Append
from events.scalars import to_micros
from events.selection import EMPTY_SELECTION, Selection
from events.store import EventStore, ReadQuery
from tests.contract.conftest import Clock
from tests.unit.events.builders import at, new, notice, positions_of, price, regime


@pytest.fixture
async def full(store: EventStore, clock: Clock) -> EventStore:
    """Twelve events; market time runs backwards in the middle."""
    payloads = [
        price("SPX", "100", 0),  # 1
        regime("SPX", 0),  # 2
        price("NDX", "200", 1),  # 3
        price("SPX", "101", 10),  # 4
        price("SPX", "99", 5),  # 5: late
        notice("a", 10),  # 6
        price("NDX", "201", 11),  # 7
        regime("NDX", 11),  # 8
        price("SPX", "102", 12),  # 9
        price("SPX", "98", 5),  # 10: late again, of the same time as 5
        notice("b", 12),  # 11
        price("SPX", "103", 13),  # 12
    ]
    for number, payload in enumerate(payloads, start=1):
        clock.now_us = number * 1_000
        await store.append([Append((new(payload),))])
    return store


async def read(store: EventStore, query: ReadQuery) -> list[int]:
    return positions_of(await store.read(query))


SPX_PRICES = Selection.of([Channel.PRICES], ["SPX"])


@pytest.mark.parametrize(
    ("query", "positions"),
    [
        (ReadQuery(), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]),
        (ReadQuery(after=9), [10, 11, 12]),
        (ReadQuery(after=12), []),
        (ReadQuery(after=99), []),
        (ReadQuery(upto=3), [1, 2, 3]),
        (ReadQuery(after=3, upto=5), [4, 5]),
        (ReadQuery(upto=0), []),
        (ReadQuery(limit=2), [1, 2]),
        (ReadQuery(after=3, limit=2), [4, 5]),
        (ReadQuery(selection=SPX_PRICES), [1, 4, 5, 9, 10, 12]),
        (ReadQuery(selection=SPX_PRICES, after=4, limit=2), [5, 9]),
        (ReadQuery(selection=Selection.of([Channel.REGIME, Channel.SYSTEM])), [2, 6, 8, 11]),
        (ReadQuery(selection=Selection.of([Channel.PRICES], ["GONE"])), []),
        (ReadQuery(selection=EMPTY_SELECTION), []),
        (
            ReadQuery(selection=Selection.of([Channel.PRICES]).minus(SPX_PRICES)),
            [3, 7],
        ),
        (ReadQuery(types=frozenset({"regime_update"})), [2, 8]),
        (ReadQuery(types=frozenset()), []),
        (ReadQuery(types=frozenset(CATALOG)), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]),
        (ReadQuery(occurred_from_us=to_micros(at(11))), [7, 8, 9, 11, 12]),
        (ReadQuery(occurred_upto_us=to_micros(at(5))), [1, 2, 3, 5, 10]),
        (
            ReadQuery(occurred_from_us=to_micros(at(5)), occurred_upto_us=to_micros(at(10))),
            [4, 5, 6, 10],
        ),
        (ReadQuery(recorded_upto_us=4_000), [1, 2, 3, 4]),
        (ReadQuery(recorded_upto_us=4_999, occurred_from_us=to_micros(at(1))), [3, 4]),
    ],
)
async def test_a_page_holds_what_was_asked_for(
    full: EventStore, query: ReadQuery, positions: list[int]
) -> None:
    assert await read(full, query) == positions


@pytest.mark.parametrize(
    ("query", "positions"),
    [
        (ReadQuery(descending=True, limit=3), [12, 11, 10]),
        (ReadQuery(descending=True, upto=5, limit=2), [5, 4]),
        (ReadQuery(descending=True, after=9), [12, 11, 10]),
        (ReadQuery(descending=True, selection=SPX_PRICES, limit=3), [12, 10, 9]),
        (ReadQuery(descending=True, types=frozenset({"system_notice"})), [11, 6]),
        (ReadQuery(descending=True, occurred_upto_us=to_micros(at(5)), limit=3), [10, 5, 3]),
        (ReadQuery(descending=True, recorded_upto_us=4_000, limit=2), [4, 3]),
    ],
)
async def test_a_page_may_be_read_backwards(
    full: EventStore, query: ReadQuery, positions: list[int]
) -> None:
    assert await read(full, query) == positions


async def test_single_positions_come_in_position_order(full: EventStore) -> None:
    assert positions_of(await full.read_at([9, 2, 5])) == [2, 5, 9]
    assert await full.read_at([]) == []
    assert positions_of(await full.read_at([0, 12, 13])) == [12]


async def test_last_positions_are_those_of_each_stream(full: EventStore) -> None:
    every = Selection.of(list(Channel))
    assert await full.last_positions(every, 1, 12) == [2, 7, 8, 11, 12]
    assert await full.last_positions(every, 2, 12) == [2, 3, 6, 7, 8, 10, 11, 12]
    assert await full.last_positions(SPX_PRICES, 100, 12) == [1, 4, 5, 9, 10, 12]
    assert await full.last_positions(EMPTY_SELECTION, 5, 12) == []


async def test_last_positions_below_the_head_are_those_of_that_moment(full: EventStore) -> None:
    assert await full.last_positions(SPX_PRICES, 2, 9) == [5, 9]
    assert await full.last_positions(SPX_PRICES, 2, 8) == [4, 5]
    assert await full.last_positions(SPX_PRICES, 2, 0) == []


async def test_first_since_is_the_first_position_not_before_a_market_time(
    full: EventStore,
) -> None:
    found = [await full.first_since(to_micros(at(second))) for second in (-1, 0, 1, 2, 10, 11, 13)]
    assert found == [1, 1, 3, 4, 4, 7, 12]
    assert await full.first_since(to_micros(at(14))) == 13


async def test_first_since_in_an_empty_log_is_1(store: EventStore) -> None:
    assert await store.first_since(0) == 1


async def test_first_since_works_before_1970(store: EventStore) -> None:
    century_s = 100 * 365 * 86_400
    for second in (0, 10, 20):
        await store.append([Append((new(price(second=second - century_s)),))])
    found = [await store.first_since(to_micros(at(s - century_s))) for s in (-5, 5, 15, 25)]
    assert found == [1, 2, 3, 4]


async def test_find_answers_with_what_is_recorded(full: EventStore) -> None:
    first, second = (await full.read(ReadQuery(limit=2)))[:2]
    found = await full.find([first.event_id, uuid4(), second.event_id])
    assert found == {first.event_id: first, second.event_id: second}
    assert await full.find([]) == {}


async def test_newest_at_is_the_last_event_of_exactly_that_time(full: EventStore) -> None:
    found = await full.newest_at("prices:SPX", to_micros(at(5)))
    assert found is not None
    assert found.position == 10
    assert await full.newest_at("prices:SPX", to_micros(at(5)) + 1) is None
    assert await full.newest_at("prices:NDX", to_micros(at(5))) is None
    assert await full.newest_at("prices:GONE", to_micros(at(5))) is None
