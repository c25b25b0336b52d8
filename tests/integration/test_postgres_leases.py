"""Leases between processes: two stores at one server, and who waits for whom."""

# covers: events.sql_leases, events.postgres

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from app.migrate import upgrade
from events.envelope import Append, Appended, Fence
from events.errors import FenceLost
from events.lease_rules import Lease
from events.sql_store import SqlEventStore
from events.store import ReadQuery
from tests.integration.sql_work import statements
from tests.postgres import PostgresServer
from tests.unit.events.builders import appended, new, notice, prices
from tests.unit.events.lease_ageing import age_leases

FEED = "feed:x"
TTL_S = 60.0
PATIENCE_S = 20.0
ROUNDS = 40


@pytest.fixture
def url(postgres: PostgresServer) -> str:
    return postgres.empty_database()


@pytest.fixture
async def stores(url: str) -> AsyncIterator[tuple[SqlEventStore, SqlEventStore]]:
    opened = [await SqlEventStore.open_postgres(url, upgrade) for _ in range(2)]
    yield opened[0], opened[1]
    for store in opened:
        await store.close()


@asynccontextmanager
async def foreign(url: str, *locks: str) -> AsyncIterator[Any]:
    """Another process, in a transaction that has come so far."""
    import asyncpg  # type: ignore[import-untyped]  # it has no types of its own

    connection = await asyncpg.connect(url)
    try:
        await connection.execute("BEGIN")
        for lock in locks:
            await connection.execute(lock)
        yield connection
    finally:
        await connection.close()


async def until_one_waits(url: str) -> None:
    """Until some session waits for a row that another one has locked."""
    import asyncpg

    connection = await asyncpg.connect(url)
    asked = "SELECT count(*) FROM pg_locks WHERE NOT granted"
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not await connection.fetchval(asked):
                await asyncio.sleep(0)
    finally:
        await connection.close()


async def acquire(store: SqlEventStore, holder: str) -> Lease:
    lease = await store.acquire_lease(FEED, holder, TTL_S)
    assert lease is not None
    return lease


async def expire(store: SqlEventStore) -> None:
    await store._engines.write(lambda connection: age_leases(connection, TTL_S + 1))


async def test_what_one_store_holds_the_other_sees_and_cannot_take(
    stores: tuple[SqlEventStore, SqlEventStore],
) -> None:
    one, other = stores
    lease = await acquire(one, "one")
    assert await other.acquire_lease(FEED, "other", TTL_S) is None
    assert await other.leases() == [lease]
    await expire(other)
    stolen = await acquire(other, "other")
    assert stolen.fence == 2
    assert await one.renew_lease(lease, TTL_S) is None
    (refused,) = await one.append([Append(prices(1), fence=lease.key)])
    assert isinstance(refused, FenceLost)


async def test_a_lease_that_an_append_looked_at_changes_hands_only_after_its_commit(
    stores: tuple[SqlEventStore, SqlEventStore], url: str
) -> None:
    await acquire(stores[0], "one")
    await expire(stores[0])
    # As an append does: the head, then the lease.
    locks = "SELECT 1 FROM log_head FOR UPDATE", "SELECT 1 FROM leases ORDER BY name FOR SHARE"
    async with foreign(url, *locks) as append:
        stealing = asyncio.create_task(acquire(stores[1], "other"))
        await until_one_waits(url)
        assert not stealing.done()
        await append.execute("COMMIT")
        assert (await stealing).fence == 2


async def test_an_append_waits_for_a_lease_that_is_changing_hands_and_then_fails(
    stores: tuple[SqlEventStore, SqlEventStore], url: str
) -> None:
    lease = await acquire(stores[0], "one")
    async with foreign(url, "UPDATE leases SET fence = 2, holder = 'other'") as stealing:
        appending = asyncio.create_task(
            stores[0].append([Append(prices(1), fence=lease.key), Append(prices(2))])
        )
        await until_one_waits(url)
        assert not appending.done()
        await stealing.execute("COMMIT")
        refused, beside = await appending
    assert isinstance(refused, FenceLost)
    assert appended(beside).positions == (1, 2)


async def test_a_renewal_does_not_wait_for_the_appends_of_others(
    stores: tuple[SqlEventStore, SqlEventStore], url: str
) -> None:
    lease = await acquire(stores[0], "one")
    async with foreign(url, "SELECT 1 FROM log_head FOR UPDATE"), asyncio.timeout(PATIENCE_S):
        assert await stores[0].renew_lease(lease, TTL_S) is not None


FENCED = 4
"""The parameter of an append's question that names leases."""


async def test_a_groups_leases_are_read_in_one_statement_and_none_is_locked_without_a_fence(
    stores: tuple[SqlEventStore, SqlEventStore],
) -> None:
    store = stores[0]
    held = [await store.acquire_lease(f"feed:{n}", "one", TTL_S) for n in range(5)]
    fences: list[Fence | None] = [lease.key for lease in held if lease]
    with statements() as asked:
        await store.append([Append(prices(1), fence=fence) for fence in [*fences, *fences, None]])
    assert [text.count("FOR SHARE") for text, _ in asked if "leases" in text] == [1]
    names = sorted(fence.name for fence in fences if fence)
    assert [values[FENCED] for text, values in asked if "leases" in text] == [names]
    with statements() as asked:
        await store.append([Append(prices(1)), Append(prices(1))])
    assert [values[FENCED] for text, values in asked if "leases" in text] == [[]]


async def test_two_stores_that_steal_from_each_other_write_one_fence_after_the_other(
    stores: tuple[SqlEventStore, SqlEventStore],
) -> None:
    refused: list[FenceLost] = []

    async def hold(store: SqlEventStore, holder: str, rng: random.Random) -> None:
        old: Lease | None = None
        for _ in range(ROUNDS):
            lease = await store.acquire_lease(FEED, holder, TTL_S) or old
            old = lease
            for _ in range(rng.randrange(4)):
                if lease is None:
                    break
                event = new(notice(f"{lease.fence}"))
                # Mixed with what has nothing to do with leases.
                group = [Append((event,), fence=lease.key), Append(prices(1, holder))]
                outcome, beside = await store.append(group)
                assert isinstance(beside, Appended)
                if isinstance(outcome, FenceLost):
                    refused.append(outcome)
            if lease is not None and rng.random() < 0.3:
                await store.renew_lease(lease, TTL_S)
            if rng.random() < 0.5:
                await expire(store)

    workers = [
        hold(stores[n % 2], holder, random.Random(n))
        for n, holder in enumerate(["A", "B", "C", "D"])
    ]
    async with asyncio.timeout(3 * PATIENCE_S):
        await asyncio.gather(*workers)
    events = await stores[0].read(ReadQuery(limit=10_000, types=frozenset({"system_notice"})))
    fences = [int(event.payload_json.split('"text":"')[1].split('"')[0]) for event in events]
    assert fences == sorted(fences)
    assert len(set(fences)) > 10
    assert refused
