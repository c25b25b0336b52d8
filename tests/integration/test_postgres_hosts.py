"""A primary and its standby: appends go to the primary alone, wherever it is, and at once."""

# covers: events.postgres, events.postgres_session

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from app.migrate import upgrade
from events.envelope import Append
from events.errors import StoreUnavailable
from events.sql_store import SqlEventStore
from events.store import ReadQuery
from tests.cluster.standby import Pair, replicated
from tests.postgres import name_of
from tests.unit.events.builders import appended, new, positions_of, price, prices
from tests.waiting import eventually
from tests.wires import Wire, socket_of, wire_to

NOBODY_THERE = "127.0.0.1:1"


@pytest.fixture
def pair() -> Iterator[Pair]:
    with replicated() as pair:
        yield pair


@pytest.fixture
async def url(pair: Pair) -> str:
    """Of a log in the primary, which the standby has as well."""
    made = await asyncio.to_thread(pair.primary.new_database)
    store = await SqlEventStore.open_postgres(made, upgrade)
    await store.append([Append(prices(2))])
    await store.close()
    behind = (
        "SELECT count(*) FROM pg_stat_replication WHERE replay_lsn < pg_current_wal_flush_lsn()"
    )
    await asyncio.to_thread(eventually, lambda: pair.primary.run(behind)[0][0] == 0)
    return made


@pytest.fixture
async def wires(pair: Pair, url: str) -> AsyncIterator[tuple[Wire, Wire]]:
    """To the standby, and to the primary."""
    async with wire_to(pair.url(name_of(url))) as to_standby, wire_to(url) as to_primary:
        yield to_standby, to_primary


async def one_more(store: SqlEventStore) -> int:
    (outcome,) = await store.append([Append((new(price()),))])
    return appended(outcome).positions[0]


async def test_of_several_hosts_the_primary_is_found_also_after_a_failover(
    pair: Pair, url: str, wires: tuple[Wire, Wire]
) -> None:
    hosts = ",".join([NOBODY_THERE, *(wire.place for wire in wires)])
    many = f"postgresql://postgres@{hosts}/{name_of(url)}?target_session_attrs=primary"
    await asyncio.to_thread(pair.synchronous)
    store = await SqlEventStore.open_postgres(many, upgrade)
    assert await one_more(store) == 3
    await asyncio.to_thread(pair.lose_primary)
    await asyncio.to_thread(pair.promote)
    # No caller hears of it: the connection was lost before the commit.
    assert await one_more(store) == 4
    assert positions_of(await store.read(ReadQuery())) == [1, 2, 3, 4]
    await store.close()


async def test_an_address_that_leads_to_a_standby_for_a_while_is_not_kept(
    pair: Pair, url: str, wires: tuple[Wire, Wire]
) -> None:
    to_standby, moving = wires
    store = await SqlEventStore.open_postgres(moving.url, upgrade)
    assert await one_more(store) == 3
    moving.target = to_standby.target
    await asyncio.to_thread(
        pair.primary.run,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        f" WHERE datname = '{name_of(url)}' AND pid <> pg_backend_pid()",
    )
    with pytest.raises(StoreUnavailable, match="in a read-only transaction"):
        await one_more(store)
    assert (await store.head()).position == 3
    moving.target = socket_of(url)
    assert await one_more(store) == 4
    moving.target = to_standby.target
    assert (await store.head()).position == 4
    await store.close()


async def test_a_server_that_shuts_down_and_is_away_is_told_as_unavailable(
    pair: Pair, url: str
) -> None:
    store = await SqlEventStore.open_postgres(url, upgrade)
    await store.head()
    await asyncio.to_thread(pair.primary.crash)
    for _ in range(2):
        with pytest.raises(StoreUnavailable):
            await one_more(store)
        with pytest.raises(StoreUnavailable):
            await store.head()
    await asyncio.to_thread(pair.primary.start)
    assert await one_more(store) == 3
    await store.close()
