"""Lifetimes of a log in PostgreSQL: what gives it a new epoch, what does not, and what goes with the old one."""

# covers: events.sql_home, events.sql_lifetime, events.sql_snapshots, events.sql_store

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from app.migrate import check_current, check_readable
from events.envelope import Append, Head
from events.errors import EpochMismatch, LogReplaced, StoreUnavailable
from events.log import EventLog
from events.postgres import PostgresEngines
from events.snapshots import Snapshot, SnapshotKind, pack
from events.sql_home import place_of, read_place
from events.sql_lifetime import HINT_KEY_BYTES
from events.sql_store import SqlEventStore
from events.store import ReadQuery
from events.verify import verify_rows
from tests.dumps import dump, restore
from tests.postgres import PostgresServer, name_of
from tests.unit.events.builders import prices

FOLD = Snapshot(SnapshotKind("planted", "1"), "", 3, 0, pack({"a": 1}))
Open = Callable[[str], Awaitable[SqlEventStore]]


@pytest.fixture
async def opened() -> AsyncIterator[Open]:
    """Opens a log as a node does; closed in the end."""
    async with AsyncExitStack() as stack:

        async def one(url: str) -> SqlEventStore:
            store = await SqlEventStore.open_postgres(url, check_current)
            stack.push_async_callback(store.close)
            return store

        yield one


async def with_events(store: SqlEventStore, count: int) -> Head:
    await store.append([Append(prices(count))])
    return await store.head()


async def run(store: SqlEventStore, *statements: str) -> None:
    """What an operator does by hand, past the triggers."""

    def work(connection: Connection) -> None:
        for statement in ("SET LOCAL session_replication_role = replica", *statements):
            connection.execute(text(statement))

    await store._engines.write(work)


async def rewind(store: SqlEventStore, to: Head) -> None:
    """Make the log what it was at a position, as a restore of an older backup would."""
    await run(
        store,
        f"DELETE FROM events WHERE position > {to.position}",
        f"UPDATE streams SET version = {to.position}, position = {to.position}",
        f"UPDATE log_head SET epoch = '{to.epoch}', position = {to.position},"
        f" recorded_at = {to.recorded_at_us}, hash = '\\x{to.hash.hex()}'",
    )


async def test_a_log_notes_where_it_lives_and_keeps_its_epoch(
    postgres: PostgresServer, opened: Open
) -> None:
    url = postgres.new_database()
    first = await opened(url)
    head = await with_events(first, 3)
    again = await opened(url)
    assert (again.moved, await again.head()) == (None, head)
    system = postgres.run("SELECT system_identifier FROM pg_control_system()")[0][0]
    assert (await again._engines.read(read_place) or "").startswith(f"{system}/")
    key = await again.hint_key()
    assert (len(key), key) == (HINT_KEY_BYTES, await first.hint_key())


async def test_a_plain_role_finds_the_same_place(postgres: PostgresServer) -> None:
    postgres.run("CREATE ROLE plain LOGIN")
    name = name_of(postgres.new_database(migrated=False))
    places = []
    for url in (postgres.url(name), postgres.url(name, user="plain")):
        engines = await PostgresEngines.open(url, lambda _connection: None)
        places.append(await engines.read(place_of))
        await engines.close()
    assert places[0] == places[1]


async def test_a_role_that_may_not_ask_the_server_who_it_is_changes_nothing(
    postgres: PostgresServer, opened: Open
) -> None:
    postgres.run("CREATE ROLE curtailed LOGIN")
    url = postgres.new_database()
    name = name_of(url)
    postgres.run(
        "REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC",
        "GRANT ALL ON ALL TABLES IN SCHEMA public TO curtailed",
        database=name,
    )
    store = await opened(url)
    whole, epoch = await store._engines.read(read_place), (await store.head()).epoch
    curtailed = await opened(postgres.url(name, user="curtailed"))
    assert (curtailed.moved, (await curtailed.head()).epoch) == (None, epoch)
    assert await store._engines.read(read_place) == whole


async def test_a_dump_that_is_restored_elsewhere_begins_a_new_lifetime_once(
    postgres: PostgresServer, opened: Open, tmp_path: Path
) -> None:
    url, copy = postgres.new_database(), postgres.new_database(migrated=False)
    store = await opened(url)
    head = await with_events(store, 3)
    lease = await store.acquire_lease("feed:x", "left-behind", 3_600)
    await store.save_snapshots([FOLD])
    await asyncio.to_thread(dump, url, tmp_path / "log.dump")
    await asyncio.to_thread(restore, tmp_path / "log.dump", copy)

    nodes = await asyncio.gather(*(opened(copy) for _ in range(4)))
    heads = {await node.head() for node in nodes}
    assert len(heads) == 1
    (moved,) = heads
    assert (moved.position, moved.hash) == (head.position, head.hash)
    assert moved.epoch != head.epoch
    (told,) = [node.moved for node in nodes if node.moved]
    assert (told.epoch, told.before) == (moved.epoch, await store._engines.read(read_place))
    assert (await opened(copy)).moved is None
    assert await nodes[0].hint_key() != await store.hint_key()
    # Whoever held a lease is on the other side; its fence still counts.
    assert await nodes[0].leases() == []
    taken = await nodes[0].acquire_lease("feed:x", "here", 10)
    assert lease is not None
    assert taken is not None
    assert taken.fence == lease.fence + 1
    # What was folded of these very events is as good as before.
    assert await nodes[0].snapshot_before(FOLD.kind, 3) == FOLD
    assert (await verify_rows(nodes[0]._engines)).findings == ()

    log = await EventLog.open(nodes[1])
    with pytest.raises(EpochMismatch):
        await log.check_cursor(head.position, head.epoch)
    assert (await store.head()) == head
    await log.close()


async def test_who_begins_a_lifetime_gives_the_hints_a_new_key(
    postgres: PostgresServer, opened: Open
) -> None:
    store = await opened(postgres.new_database())
    await with_events(store, 1)
    key, place = await store.hint_key(), await store._engines.read(read_place)
    await store.begin_lifetime()
    fresh = await store.hint_key()
    assert (len(fresh), fresh == key) == (HINT_KEY_BYTES, False)
    assert await store._engines.read(read_place) == place
    assert (await verify_rows(store._engines)).findings == ()


async def test_a_copy_that_the_server_makes_of_a_database_is_another_log(
    postgres: PostgresServer, opened: Open
) -> None:
    url = postgres.new_database()
    store = await opened(url)
    head = await with_events(store, 1)
    await store.close()
    postgres.run(f"CREATE DATABASE copied TEMPLATE {name_of(url)}")
    copy = await opened(postgres.url("copied"))
    assert (await copy.head()).epoch != head.epoch
    assert copy.moved is not None


async def test_folds_of_events_that_are_gone_are_not_saved_and_not_kept(
    postgres: PostgresServer, opened: Open
) -> None:
    url = postgres.new_database()
    node, other = await opened(url), await opened(url)
    before = await with_events(node, 2)
    await node.append([Append(prices(2, first=2))])
    known, key = await node.head(), await node.hint_key()
    await other.head()
    await rewind(other, before)
    # Nobody knows yet: this one gets in, and goes with the old epoch.
    await node.save_snapshots([FOLD])
    assert not await node.still_holds(known)
    assert await other.snapshot_before(FOLD.kind, 9) is None
    assert await other.hint_key() != key
    for late in (node, other):
        with pytest.raises(LogReplaced):
            await late.save_snapshots([FOLD])
    fresh = await opened(url)
    assert (await fresh.head()).epoch != known.epoch
    await fresh.save_snapshots([FOLD])
    assert await fresh.snapshot_before(FOLD.kind, 9) == FOLD


async def test_an_append_to_a_replaced_log_makes_the_node_find_out_at_once(
    postgres: PostgresServer, opened: Open
) -> None:
    url = postgres.new_database()
    store, by_hand = await opened(url), await opened(url)
    before = await with_events(store, 2)
    log = await EventLog.open(store)  # nobody polls
    await log.append(prices(2, first=2))
    await rewind(by_hand, before)
    with pytest.raises(LogReplaced):
        await log.append(prices(1, "NEW"))
    assert log.follower.replaced.is_set()
    found = await by_hand.head()
    assert (found.position, found.hash) == (before.position, before.hash)
    assert found.epoch != before.epoch
    await log.close()


async def test_who_only_reads_is_told_and_begins_no_lifetime(
    postgres: PostgresServer, opened: Open
) -> None:
    url = postgres.new_database()
    store = await opened(url)
    before = await with_events(store, 2)
    await store.append([Append(prices(2, first=2))])
    log = await EventLog.open(await SqlEventStore.read_postgres(url, check_readable))
    await rewind(store, before)
    await log.refresh()
    assert log.follower.replaced.is_set()
    assert isinstance(log.fault, LogReplaced)
    assert await store.head() == before
    await log.close()


async def test_a_log_that_no_node_opened_has_no_key_for_hints(postgres: PostgresServer) -> None:
    url = postgres.new_database()
    store = await SqlEventStore.read_postgres(url, check_readable)
    with pytest.raises(StoreUnavailable, match="open it for writing once"):
        await store.hint_key()
    await store.close()


async def test_a_home_that_was_altered_is_found(postgres: PostgresServer, opened: Open) -> None:
    store = await opened(postgres.new_database())
    await with_events(store, 1)
    await run(store, "UPDATE log_home SET hint_key = decode(repeat('00', 32), 'hex')")
    (finding,) = (await verify_rows(store._engines)).findings
    assert (finding.what, finding.text) == ("home", "log_home was altered")
    assert len(await store.read(ReadQuery())) == 1
