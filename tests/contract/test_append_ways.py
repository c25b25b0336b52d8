"""However it is appended (in memory, to a file, to PostgreSQL), the same comes of it and the same is written down."""

# covers: events.append_ways, events.sql_append, events.postgres_append, events.memory_store

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Table, select

from app.migrate import upgrade
from events import tables
from events.envelope import ANY, Append, Fence, Idempotency
from events.lease_rules import Lease
from events.memory_store import MemoryEventStore
from events.plan import forgotten_before
from events.sql_store import SqlEventStore
from events.store import EventStore, Outcome, ReadQuery
from tests.contract.conftest import Clock
from tests.postgres import PostgresServer
from tests.unit.events.builders import new, price, regime
from tests.unit.events.lease_ageing import age_leases

WEEK_S = 8 * 86_400
TTL_S = 3_000
LEASES = ("feed:one", "feed:two")
STREAMS = ("prices:A", "prices:B", "regime:A")
NUMBERS = count()


@dataclass(frozen=True)
class Group:
    """Appends that are recorded in one transaction."""

    appends: tuple[Append, ...]


@dataclass(frozen=True)
class Take:
    """Somebody asks for a lease."""

    name: str
    holder: str


@dataclass(frozen=True)
class GiveBack:
    """The newest holding of a lease is given back."""

    name: str


@dataclass(frozen=True)
class Wait:
    """Time goes by: as long as to follow, or until leases expire and keys are forgotten."""

    seconds: int


Step = Group | Take | GiveBack | Wait


@dataclass
class Store:
    """One of those that are compared."""

    store: EventStore
    held: dict[str, Lease] = field(default_factory=dict)


def _event(number: int, stream: str, content: int) -> Any:
    channel, _, symbol = stream.partition(":")
    payload = price(symbol, "100", content) if channel == "prices" else regime(symbol, content)
    return new(payload, UUID(int=number + 1))


# Few ids, so that many come again, some with another content.
events = st.builds(_event, st.integers(0, 11), st.sampled_from(STREAMS), st.integers(0, 2))
expected = st.dictionaries(
    st.sampled_from([*STREAMS, "prices:GONE"]), st.sampled_from([ANY, ANY, 0, 1, 2, 3]), max_size=2
)
keys = st.builds(
    lambda key, body: Idempotency(f"key-{key}", bytes([body]) * 32, f"answer {key}"),
    st.integers(0, 3),
    st.sampled_from([0, 0, 1]),
)
fences = st.builds(Fence, st.sampled_from(LEASES), st.integers(1, 3))
appends = st.builds(
    Append,
    st.lists(events, max_size=3).map(tuple),
    st.just({}) | expected,
    st.none() | keys,
    st.none() | st.none() | fences,
)
groups = st.lists(appends, min_size=1, max_size=4).map(lambda some: Group(tuple(some)))
steps: st.SearchStrategy[Step] = st.one_of(
    groups,
    groups,
    groups,
    st.builds(Take, st.sampled_from(LEASES), st.sampled_from(["me", "you"])),
    st.builds(GiveBack, st.sampled_from(LEASES)),
    st.builds(Wait, st.sampled_from([0, 1, WEEK_S])),
)


async def do(one: Store, step: Step) -> object:
    """Take a step; what comes of it, as it can be compared."""
    match step:
        case Group(group):
            return [_told(outcome) for outcome in await one.store.append(group)]
        case Take(name, holder):
            lease = await one.store.acquire_lease(name, holder, TTL_S)
            if lease:
                one.held[name] = lease
            return lease and (lease.holder, lease.fence)
        case GiveBack(name):
            if name in one.held:
                await one.store.release_lease(one.held[name])
        case Wait(seconds):
            if isinstance(one.store, SqlEventStore):
                await one.store._engines.write(partial(_age, seconds=seconds))
    return None


def _age(connection: Connection, seconds: float) -> None:
    if connection.dialect.name == "postgresql":
        # Leases go by the server's clock there, which no test sets.
        age_leases(connection, seconds)


def _told(outcome: Outcome) -> object:
    if isinstance(outcome, Exception):
        return type(outcome), str(outcome), vars(outcome)
    return outcome


async def what_all_write(store: EventStore) -> object:
    """What can be read back, but for the epoch and the times of leases, which are each store's own."""
    head = await store.head()
    leases = [(lease.name, lease.holder, lease.fence) for lease in await store.leases()]
    recorded = await store.read(ReadQuery(limit=10_000))
    return head.position, head.hash, head.recorded_at_us, recorded, leases, await store.streams()


async def answers_of(store: EventStore, now_us: int) -> list[tuple[Any, ...]]:
    """The keys that are remembered. When a forgotten one's row goes is each way's own affair."""
    before = forgotten_before(now_us)
    if isinstance(store, MemoryEventStore):
        rows = [
            (one.key, one.fingerprint, one.answer, str(list(one.positions)), one.recorded_at_us)
            for one in store._answers.values()
        ]
    else:
        rows = [row[:5] for row in await rows_of(store, tables.idempotency_keys)]
    spoken = [(*row[:3], row[3].replace(" ", ""), row[4]) for row in rows if row[4] >= before]
    return sorted(spoken)


async def rows_of(store: EventStore, table: Table) -> Sequence[Any]:
    """A table as it lies in the database."""
    assert isinstance(store, SqlEventStore)

    def work(connection: Connection) -> list[Any]:
        found = connection.execute(select(table).order_by(*table.primary_key))
        return [tuple(row) for row in found]

    return await store._engines.read(work)


@asynccontextmanager
async def all_three(
    postgres: PostgresServer, folder: Path, clock: Clock
) -> AsyncIterator[list[Store]]:
    async with AsyncExitStack() as stack:
        url = await asyncio.to_thread(postgres.empty_database)
        file = folder / f"{next(NUMBERS)}.db"
        stores: list[EventStore] = [
            MemoryEventStore(clock),
            await SqlEventStore.open_sqlite(file, upgrade, clock),
            await SqlEventStore.open_postgres(url, upgrade, clock),
        ]
        for store in stores:
            stack.push_async_callback(store.close)
        yield [Store(store) for store in stores]


LATE = Append((_event(1, "prices:A", 0),), {}, None, Fence("feed:one", 1))
KEYED = Append((_event(2, "prices:A", 0),), {}, Idempotency("key-0", bytes(32), "answer 0"))
OTHER = Append((_event(3, "prices:A", 0),), {}, Idempotency("key-0", bytes([1]) * 32, "answer 0"))


@given(taken=st.lists(steps, min_size=1, max_size=12))
@example(taken=[Take("feed:one", "me"), Take("feed:one", "me"), Group((LATE,))])
@example(taken=[Take("feed:one", "me"), GiveBack("feed:one"), Group((LATE, KEYED))])
@example(taken=[Take("feed:one", "me"), Wait(WEEK_S), Take("feed:one", "you"), Group((LATE,))])
@example(taken=[Group((KEYED, KEYED, OTHER)), Wait(WEEK_S), Group((OTHER,)), Group((KEYED,))])
@settings(max_examples=40, suppress_health_check=list(HealthCheck))
async def test_every_way_to_append_comes_to_the_same(
    postgres: PostgresServer, tmp_path: Path, taken: list[Step]
) -> None:
    clock = Clock(1_000_000_000_000_000)
    async with all_three(postgres, tmp_path, clock) as stores:
        for step in taken:
            clock.now_us += step.seconds * 1_000_000 if isinstance(step, Wait) else 0
            in_memory, in_file, in_postgres = [await do(one, step) for one in stores]
            assert in_file == in_memory, step
            assert in_postgres == in_memory, step
        memory, file, server = (one.store for one in stores)
        assert await what_all_write(file) == await what_all_write(memory)
        assert await what_all_write(server) == await what_all_write(memory)
        remembered = await answers_of(memory, clock.now_us)
        assert await answers_of(file, clock.now_us) == remembered
        assert await answers_of(server, clock.now_us) == remembered
        for table in (tables.events, tables.streams, tables.event_types):
            assert await rows_of(server, table) == await rows_of(file, table)
