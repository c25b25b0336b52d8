"""A commit that waits for a standby which is away: given up by hanging up, never by a cancel, which would make it visible."""

# covers: events.postgres, events.sql_leases

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from threading import Event
from uuid import uuid4

import pytest

from app.migrate import upgrade
from events import postgres as postgres_module
from events.envelope import Append, Idempotency
from events.errors import StoreUnavailable
from events.postgres import PostgresEngines
from events.sql_store import SqlEventStore
from events.store import ReadQuery
from tests.postgres import PostgresServer, name_of, postgres_server
from tests.unit.events.builders import appended, new, positions_of, price, prices

PATIENCE_S = 20.0
SHORT_S = 0.3
RELOAD = "SELECT pg_reload_conf()"
COMMITS_WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
GIVE_UP_WAITING = "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
PROBE = "SELECT pg_logical_emit_message(true, 'probe', '')"
LOCKS_WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted"

pytestmark = pytest.mark.timeout(60)


@pytest.fixture(scope="module")
def alone() -> Iterator[PostgresServer]:
    """A server of its own, that is told to wait for a standby which it does not have."""
    with postgres_server("fsync=off") as server:
        yield server


@pytest.fixture
async def url(alone: PostgresServer) -> AsyncIterator[str]:
    made = alone.new_database()
    yield made
    await answered(alone)


@pytest.fixture
async def writer(url: str) -> AsyncIterator[SqlEventStore]:
    opened = await SqlEventStore.open_postgres(url, upgrade)
    yield opened
    await opened.close()


@pytest.fixture
async def viewer(url: str) -> AsyncIterator[SqlEventStore]:
    opened = await SqlEventStore.open_postgres(url, upgrade)
    yield opened
    await opened.close()


async def lose_standby(server: PostgresServer) -> None:
    """From now on the server waits for a standby that never comes."""
    setting = "ALTER SYSTEM SET synchronous_standby_names = 'nobody'"
    await asyncio.to_thread(server.run, setting, RELOAD)
    await until_told(server, "nobody")
    # Another process than the one that was asked tells those who commit: one that waits is the proof.
    seen = Event()
    probing = asyncio.create_task(asyncio.to_thread(commit_until, seen, server))
    await until_found(server, COMMITS_WAITING)
    seen.set()
    await asyncio.to_thread(server.run, GIVE_UP_WAITING)
    await probing


def commit_until(seen: Event, server: PostgresServer) -> None:
    """Commit again and again, outside the log's database."""
    while not seen.is_set():
        server.run(PROBE)


async def answered(server: PostgresServer) -> None:
    """As if the standby had come back: whoever waits for it is told to go on."""
    await asyncio.to_thread(server.run, "ALTER SYSTEM RESET synchronous_standby_names", RELOAD)
    await until_told(server, "")


async def until_told(server: PostgresServer, names: str) -> None:
    while (await asyncio.to_thread(server.run, "SHOW synchronous_standby_names"))[0][0] != names:
        await asyncio.sleep(0.01)


async def until_found(server: PostgresServer, count: str, wanted: int = 1) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while (await asyncio.to_thread(server.run, count))[0][0] != wanted:
            await asyncio.sleep(0.01)


def keyed() -> Append:
    return Append((new(price()),), {}, Idempotency(uuid4().hex, b"f", "answer"))


async def test_it_is_refused_seen_by_nobody_and_acknowledged_once_the_standby_is_back(
    alone: PostgresServer,
    writer: SqlEventStore,
    viewer: SqlEventStore,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await writer.append([Append(prices(2))])
    await lose_standby(alone)
    asked = keyed()
    monkeypatch.setattr(postgres_module, "COMMIT_S_MAX", SHORT_S)
    with pytest.raises(StoreUnavailable, match=r"did not commit within 0\.3 s"):
        await writer.append([asked])
    # The server's process stays in its wait, though nobody listens to it any more.
    await until_found(alone, COMMITS_WAITING)
    assert (await viewer.head()).position == 2
    assert positions_of(await viewer.read(ReadQuery())) == [1, 2]
    assert asked.idempotency
    assert await viewer.answer_to(asked.idempotency) is None
    again = asyncio.create_task(viewer.append([asked]))
    await until_found(alone, LOCKS_WAITING)
    assert not again.done()
    monkeypatch.undo()
    await answered(alone)
    outcome = appended((await again)[0])
    assert (outcome.positions, outcome.answer) == ((3,), "answer")
    assert positions_of(await viewer.read(ReadQuery())) == [1, 2, 3]


async def hangs_up(writer: SqlEventStore, _asking: asyncio.Task[object]) -> None:
    """The log is closed in mid-commit."""
    await writer.close()


async def cancels(_writer: SqlEventStore, asking: asyncio.Task[object]) -> None:
    """Whoever asked is cancelled."""
    asking.cancel()


async def ends(writer: SqlEventStore, asking: asyncio.Task[object]) -> None:
    """The program ends: `asyncio.run` cancels every task that is left."""
    asking.cancel()
    assert isinstance(writer._engines, PostgresEngines)
    for task in writer._engines._under_way:
        task.cancel()


@pytest.mark.parametrize("leave", [hangs_up, cancels, ends])
async def test_whoever_leaves_meanwhile_makes_it_visible_to_nobody(
    alone: PostgresServer,
    writer: SqlEventStore,
    viewer: SqlEventStore,
    monkeypatch: pytest.MonkeyPatch,
    leave: Callable[[SqlEventStore, asyncio.Task[object]], Awaitable[None]],
) -> None:
    monkeypatch.setattr(postgres_module, "CLOSE_S_MAX", SHORT_S)
    await lose_standby(alone)
    asked = keyed()
    asking: asyncio.Task[object] = asyncio.create_task(writer.append([asked]))
    await until_found(alone, COMMITS_WAITING)
    await leave(writer, asking)
    await asyncio.gather(asking, return_exceptions=True)
    again = asyncio.create_task(viewer.append([asked]))
    await until_found(alone, LOCKS_WAITING)
    assert (await viewer.head()).position == 0
    await until_found(alone, COMMITS_WAITING)
    await answered(alone)
    assert appended((await again)[0]).positions == (1,)


async def test_a_lease_that_waits_for_the_standby_is_given_to_nobody(
    alone: PostgresServer,
    writer: SqlEventStore,
    viewer: SqlEventStore,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(postgres_module, "COMMIT_S_MAX", SHORT_S)
    await lose_standby(alone)
    with pytest.raises(StoreUnavailable, match="did not commit"):
        await writer.acquire_lease("feed:one", "me", 60)
    await until_found(alone, COMMITS_WAITING)
    assert await viewer.leases() == []


async def test_a_migration_that_waits_for_the_standby_is_given_up_and_found_done_later(
    alone: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_module, "COMMIT_S_MAX", SHORT_S)
    empty = alone.new_database(migrated=False)
    await lose_standby(alone)
    with pytest.raises(StoreUnavailable, match="did not commit"):
        await SqlEventStore.open_postgres(empty, upgrade)
    await until_found(alone, COMMITS_WAITING)
    await answered(alone)
    opened = await SqlEventStore.open_postgres(empty, upgrade)
    assert (await opened.head()).position == 0
    await opened.close()


async def test_the_limit_of_a_statement_that_a_role_has_cuts_no_commit_short(
    alone: PostgresServer, url: str, viewer: SqlEventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_module, "COMMIT_S_MAX", 3 * SHORT_S)
    alone.run(f"ALTER DATABASE {name_of(url)} SET statement_timeout = '{SHORT_S}s'")
    limited = await SqlEventStore.open_postgres(url, upgrade)
    await lose_standby(alone)
    with pytest.raises(StoreUnavailable, match="did not commit"):
        await limited.append([Append(prices(1))])
    assert (await viewer.head()).position == 0
    await answered(alone)
    await limited.close()


async def test_a_wait_that_an_administrator_cancels_is_over_and_the_event_is_seen(
    alone: PostgresServer, writer: SqlEventStore, viewer: SqlEventStore
) -> None:
    """As docs/failover.md says: why nobody but an administrator may do so."""
    await lose_standby(alone)
    asking = asyncio.create_task(writer.append([keyed()]))
    await until_found(alone, COMMITS_WAITING)
    cancel = "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
    await asyncio.to_thread(alone.run, cancel)
    assert appended((await asking)[0]).positions == (1,)
    assert (await viewer.head()).position == 1
