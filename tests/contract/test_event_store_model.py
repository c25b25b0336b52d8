"""Whatever is asked of a log in SQL, the answer is the one that the log in memory gives."""

# covers: events.sql_read, events.sql_search, events.sql_merge, events.sql_keys

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.migrate import upgrade
from events import sql_merge, sql_read
from events.catalog import CATALOG, Channel, Payload, SystemNotice
from events.envelope import Append, NewEvent
from events.memory_store import MemoryEventStore
from events.scalars import to_micros
from events.selection import Selection
from events.sql_store import SqlEventStore
from events.store import EventStore, ReadQuery
from tests.contract.conftest import Clock
from tests.unit.events.builders import at, new, notice, price, regime

SYMBOLS = ("A", "B", "C")
SECONDS = range(-3, 10)
UNKNOWN_TYPE = "a_type_of_the_future"

Opening = Callable[[Clock], Awaitable[EventStore]]


@dataclass(frozen=True)
class Question:
    """Something to ask of both stores."""

    name: str
    ask: Callable[[EventStore], Awaitable[object]]

    def __repr__(self) -> str:
        return self.name


def question(method: str, *arguments: object) -> Question:
    async def ask(store: EventStore) -> object:
        return await getattr(store, method)(*arguments)

    return Question(f"{method}{arguments}", ask)


seconds = st.sampled_from(SECONDS)
micros = seconds.map(lambda second: to_micros(at(second)))
positions = st.integers(0, 45)
selections = st.builds(
    Selection.of,
    st.lists(st.sampled_from(list(Channel)), min_size=1, max_size=4),
    st.none() | st.lists(st.sampled_from(SYMBOLS), max_size=3),
)
types = st.frozensets(st.sampled_from([*CATALOG, UNKNOWN_TYPE]), max_size=3)
queries = st.builds(
    ReadQuery,
    after=st.just(0) | positions,
    upto=st.none() | positions,
    selection=st.none() | selections,
    types=st.none() | types,
    occurred_from_us=st.none() | micros,
    occurred_upto_us=st.none() | micros,
    recorded_upto_us=st.none() | st.integers(0, 25),
    limit=st.sampled_from([0, 1, 2, 3, 5, 8, 100]),
    descending=st.booleans(),
)
questions = st.one_of(
    queries.map(lambda query: question("read", query)),
    st.builds(question, st.just("last_positions"), selections, st.integers(0, 5), positions),
    micros.map(lambda time: question("first_since", time)),
    st.builds(
        question,
        st.just("newest_at"),
        st.sampled_from(["prices:A", "prices:B", "regime:A", "system:synapse", "prices:GONE"]),
        micros,
    ),
    st.lists(positions, max_size=5, unique=True).map(lambda some: question("read_at", some)),
)


def payload(kind: str, symbol: str, second: int) -> Payload:
    match kind:
        case "price":
            return price(symbol, "100", second)
        case "regime":
            return regime(symbol, second)
        case _:
            return notice("hello", second)


payloads = st.builds(
    payload,
    # Mostly prices of few symbols at few times: long streams with many late events and equal times.
    st.sampled_from(["price", "price", "price", "regime", "notice"]),
    st.sampled_from(SYMBOLS),
    seconds,
)
logs = st.lists(st.lists(payloads, min_size=1, max_size=4), max_size=14)


def recordable(each: Payload, number: int) -> NewEvent:
    """A new event; what every third notice becomes was written by a program that knows more types."""
    event = new(each, UUID(int=number))
    if isinstance(each, SystemNotice) and number % 3 == 0:
        newer = replace(event.event_type, name=UNKNOWN_TYPE, schema_version=number)
        object.__setattr__(event, "event_type", newer)
    return event


async def fill(store: EventStore, clock: Clock, log: Sequence[Sequence[Payload]]) -> None:
    numbers = count(1)
    for clock.now_us, group in enumerate(log, start=1):
        events = [recordable(each, next(numbers)) for each in group]
        await store.append([Append((event,)) for event in events])


@pytest.fixture(params=["sqlite", "postgres"])
def opening(request: pytest.FixtureRequest, tmp_path: Path) -> Opening:
    """How an empty store is opened, as often as it is asked for."""
    if request.param == "postgres":
        server = request.getfixturevalue("postgres")

        async def in_postgres(clock: Clock) -> EventStore:
            url = await asyncio.to_thread(server.empty_database)
            return await SqlEventStore.open_postgres(url, upgrade, clock)

        return in_postgres
    numbers = count()

    async def in_file(clock: Clock) -> EventStore:
        return await SqlEventStore.open_sqlite(tmp_path / f"{next(numbers)}.db", upgrade, clock)

    return in_file


@asynccontextmanager
async def both(
    opening: Opening, log: Sequence[Sequence[Payload]]
) -> AsyncIterator[tuple[EventStore, EventStore]]:
    clock = Clock()
    model, store = MemoryEventStore(clock), await opening(clock)
    try:
        await fill(model, clock, log)
        await fill(store, clock, log)
        yield model, store
    finally:
        await store.close()


@pytest.mark.parametrize("few_streams", [0, 2, 16])
@given(log=logs, asked=st.lists(questions, min_size=30, max_size=60))
@settings(
    max_examples=12,
    suppress_health_check=list(HealthCheck),
)
async def test_every_answer_is_that_of_the_log_in_memory(
    opening: Opening,
    few_streams: int,
    log: list[list[Payload]],
    asked: list[Question],
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sql_read, "FEW_STREAMS", few_streams)
        patch.setattr(sql_read, "WINDOW_PAGES", 2)
        patch.setattr(sql_merge, "CHUNK_MIN", 1)
        async with both(opening, log) as (model, store):
            assert await store.streams() == await model.streams()
            for each in asked:
                assert await each.ask(store) == await each.ask(model), each
