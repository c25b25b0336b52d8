"""How many ways to PostgreSQL and back an append takes: counted, since each one holds up every other writer."""

# covers: events.postgres_append, events.postgres_statements

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from app.migrate import upgrade
from events.catalog import PriceUpdate
from events.envelope import ANY, Append, Idempotency
from events.lease_rules import Lease
from events.sql_store import SqlEventStore
from tests.postgres import PostgresServer
from tests.unit.events.builders import appended, new, price, prices, regime
from tests.wires import Wire, wire_to

UNDER_THE_LOCK = 3
"""What is read, what is written, COMMIT: the lock itself comes with BEGIN."""


@pytest.fixture
async def wire(postgres: PostgresServer) -> AsyncIterator[Wire]:
    async with wire_to(postgres.empty_database()) as opened:
        yield opened


@pytest.fixture
async def stores(wire: Wire) -> AsyncIterator[tuple[SqlEventStore, SqlEventStore]]:
    """Two that write the same log; their statements are prepared."""
    opened = [await SqlEventStore.open_postgres(wire.url, upgrade) for _ in range(2)]
    for store in opened:
        await store.append([Append(prices(2)), keyed(price("A"))])
        await store.append([Append(prices(2))])
    yield opened[0], opened[1]
    for store in opened:
        await store.close()


def keyed(payload: PriceUpdate) -> Append:
    return Append((new(payload),), {}, Idempotency(uuid4().hex, b"f", "answer"))


async def said(wire: Wire, store: SqlEventStore, *group: Append) -> list[bytes]:
    """What an append says to the server, turn by turn; it records all of its events."""
    wire.said.clear()
    outcomes = await store.append(group)
    assert sum(len(appended(each).events) for each in outcomes) == sum(
        len(each.events) for each in group
    )
    return wire.said


async def a_lease(store: SqlEventStore) -> Lease:
    lease = await store.acquire_lease("feed:one", "me", 60)
    assert lease is not None
    return lease


async def test_an_append_locks_reads_writes_and_commits(
    wire: Wire, stores: tuple[SqlEventStore, SqlEventStore]
) -> None:
    turns = await said(wire, stores[0], Append((new(price()), new(price("B")))))
    assert len(turns) == 1 + UNDER_THE_LOCK
    assert b"BEGIN" in turns[0]
    assert b"FOR UPDATE" in turns[0]
    assert b"COMMIT" in turns[-1]


async def test_so_it_does_when_another_node_has_written(
    wire: Wire, stores: tuple[SqlEventStore, SqlEventStore]
) -> None:
    one, two = stores
    for _ in range(2):
        await two.append([Append((new(price()), new(price("NEW"))))])
        assert len(await said(wire, one, Append((new(price()), new(price("NEW")))))) == 4


async def test_keys_new_streams_types_leases_and_sizes_take_no_more(
    wire: Wire, stores: tuple[SqlEventStore, SqlEventStore]
) -> None:
    store = stores[0]
    fence = (await a_lease(store)).key
    groups = [
        [Append((new(price(f"S{number}")),), {"prices:B": ANY}) for number in range(300)],
        [keyed(price("K")), keyed(price("K", second=1)), keyed(price("L"))],
        [Append((new(price()),), fence=fence)],
        [Append((new(regime("OWN")),))],
        [Append(tuple(new(price("T", second=n)) for n in range(1_000)))],
    ]
    found = [len(await said(wire, store, *group)) for group in groups]
    assert found == [1 + UNDER_THE_LOCK] * len(groups)
