"""A PostgreSQL server that is restarted, refuses or is not there: typed errors, and nothing lost."""

# covers: events.postgres, events.log, events.sql_lifetime

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path
from uuid import UUID

import asyncpg  # type: ignore[import-untyped]  # it has no types of its own
import pytest
from sqlalchemy import Connection

from app.migrate import upgrade
from events import postgres as postgres_module
from events.envelope import Append, RecordedEvent
from events.errors import EventError, PositionBeyondHead, StoreUnavailable
from events.log import EventLog
from events.postgres import COMMAND_S_MAX, CONNECTIONS, PostgresEngines
from events.postgres_session import IDLE_S_MAX
from events.postgres_statements import APPEND_IDLE_S_MAX, LOCK
from events.sql_store import SqlEventStore
from events.store import ReadQuery
from tests.integration.log_checker import faults_of
from tests.integration.programs import run_cli
from tests.postgres import PostgresServer, name_of, postgres_server
from tests.unit.events.builders import new, positions_of, price, prices

PATIENCE_S = 30.0
CRASHES = int(os.environ.get("SYNAPSE_CRASHES", "1"))


@pytest.fixture(scope="module")
def mortal() -> Iterator[PostgresServer]:
    """A server of its own: its tests crash it. It writes to the disk as it would in earnest."""
    with postgres_server() as server:
        yield server


@pytest.fixture
async def store(postgres: PostgresServer) -> AsyncIterator[SqlEventStore]:
    opened = await SqlEventStore.open_postgres(postgres.empty_database(), upgrade)
    yield opened
    await opened.close()


def fault_of(log: EventLog) -> EventError | None:
    """The log's fault; a type checker takes an attribute for unchanged when it saw it once."""
    return log.fault


# --- restarts -----------------------------------------------------------------------------------


class Producer:
    """Appends one event after another, each again and again until it is acknowledged."""

    def __init__(self, log: EventLog, symbol: str) -> None:
        self._log = log
        self._symbol = symbol
        self.told: dict[UUID, int] = {}
        self.refusals: list[StoreUnavailable] = []

    async def run(self) -> None:
        for number in count():
            event = new(price(self._symbol, second=number))
            while event.event_id not in self.told:
                try:
                    self.told[event.event_id] = (await self._log.append([event])).positions[0]
                except StoreUnavailable as error:
                    self.refusals.append(error)
                    await asyncio.sleep(0.02)


@pytest.mark.timeout(120 + 10 * CRASHES)
async def test_a_crash_in_mid_append_loses_nothing_that_was_acknowledged(
    mortal: PostgresServer,
) -> None:
    log = await EventLog.open(
        await SqlEventStore.open_postgres(mortal.new_database(), upgrade), poll_s=0.05
    )
    producers = [Producer(log, f"P{number}") for number in range(5)]
    tasks = [asyncio.create_task(producer.run()) for producer in producers]
    seen: list[RecordedEvent] = []
    reader = asyncio.create_task(read_along(log, seen))
    for _ in range(CRASHES):
        await crash_under(mortal, log, producers)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await log.refresh()
    assert fault_of(log) is None
    # Appends whose callers were cancelled may still be on their way.
    head = log.head.position
    events = [event async for event in log.stream(ReadQuery(upto=head))]
    acknowledged = {key: at for producer in producers for key, at in producer.told.items()}
    assert faults_of(events, acknowledged, head) == []
    while len(seen) < head:
        await asyncio.sleep(0.01)
    reader.cancel()
    assert seen[:head] == events
    refused = sum(len(producer.refusals) for producer in producers)
    print(f"FIGURE {CRASHES} crashes, {len(acknowledged)} events: 0 lost, {refused} refusals")
    await log.close()


async def crash_under(server: PostgresServer, log: EventLog, producers: list[Producer]) -> None:
    """Crash the server between appends and in the midst of them, and let it come back."""
    told = [len(producer.told) for producer in producers]

    async def each_told_more() -> None:
        while any(len(p.told) <= before + 20 for p, before in zip(producers, told, strict=True)):
            await asyncio.sleep(0.01)

    async def refused() -> None:
        while not all(len(p.refusals) > n for p, n in zip(producers, refusals, strict=True)):
            await asyncio.sleep(0.01)

    await asyncio.wait_for(each_told_more(), PATIENCE_S)
    refusals = [len(producer.refusals) for producer in producers]
    await asyncio.to_thread(server.crash)
    await asyncio.wait_for(refused(), PATIENCE_S)
    assert fault_of(log) is not None
    with pytest.raises(StoreUnavailable):
        await log.read(ReadQuery())
    await asyncio.to_thread(server.start)
    told = [len(producer.told) for producer in producers]
    await asyncio.wait_for(each_told_more(), PATIENCE_S)


async def read_along(log: EventLog, seen: list[RecordedEvent]) -> None:
    """Follow the log as a viewer does: from the tail, else from the store, through every outage."""
    while True:
        after = len(seen)
        await log.moved_beyond(after)
        with suppress(StoreUnavailable):
            seen += log.tail.after(after, 1_000) or await log.read(ReadQuery(after=after))


async def test_a_log_that_nobody_writes_recovers_by_itself(mortal: PostgresServer) -> None:
    url = mortal.new_database()
    log = await EventLog.open(await SqlEventStore.open_postgres(url, upgrade), poll_s=0.05)
    await asyncio.to_thread(mortal.crash)

    async def until_fault(is_there: bool) -> None:
        while (log.fault is not None) is not is_there:
            await asyncio.sleep(0.01)

    await asyncio.wait_for(until_fault(True), PATIENCE_S)
    await asyncio.to_thread(mortal.start)
    await asyncio.wait_for(until_fault(False), PATIENCE_S)
    other = await SqlEventStore.open_postgres(url, upgrade)
    await other.append([Append(prices(3))])
    await asyncio.wait_for(log.moved_beyond(2), PATIENCE_S)
    assert positions_of(log.tail.after(0, 10) or []) == [1, 2, 3]
    await other.close()
    await log.close()


async def test_connections_that_died_unnoticed_are_replaced_without_a_word(
    postgres: PostgresServer, store: SqlEventStore
) -> None:
    await asyncio.gather(*(store.head() for _ in range(CONNECTIONS)))
    for turn in range(3):
        await asyncio.to_thread(
            postgres.run,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = 'shared' AND pid <> pg_backend_pid()",
        )
        if turn % 2:
            assert (await store.head()).position == turn
        await store.append([Append((new(price()),))])
    assert positions_of(await store.read(ReadQuery())) == [1, 2, 3]


async def test_a_write_whose_connection_dies_before_the_commit_is_made_again(
    postgres: PostgresServer, store: SqlEventStore
) -> None:
    turns = count()

    def dying(connection: Connection) -> int:
        connection.exec_driver_sql("UPDATE log_head SET position = position + 1")
        if next(turns) == 0:
            connection.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())")
        return int(connection.exec_driver_sql("SELECT position FROM log_head").scalar_one())

    assert await store._engines.write(dying) == 1
    assert next(turns) == 2
    assert (await store.head()).position == 1


async def test_cancelled_readers_leave_nothing_open(store: SqlEventStore) -> None:
    await store.append([Append(prices(100))])
    for turns in range(3 * CONNECTIONS):
        reading = asyncio.create_task(store.read(ReadQuery()))
        for _ in range(turns):
            await asyncio.sleep(0)
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
    assert len(await store.read(ReadQuery())) == 100


async def test_once_closed_it_refuses(store: SqlEventStore) -> None:
    await store.close()
    with pytest.raises(StoreUnavailable, match="closed"):
        await store.head()
    with pytest.raises(StoreUnavailable, match="closed"):
        await store.append([Append(prices(1))])


async def test_closing_gives_a_hung_server_up(
    postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_module, "CLOSE_S_MAX", 0.2)
    url = postgres.empty_database()
    hung = await SqlEventStore.open_postgres(url, upgrade)
    await hung.append([Append(prices(1))])
    blocker = await asyncpg.connect(url)
    try:
        await blocker.execute("BEGIN")
        await blocker.execute("SELECT * FROM log_head FOR UPDATE")
        waiting = asyncio.create_task(hung.append([Append(prices(1, "IXIC"))]))
        while not await blocker.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
            await asyncio.sleep(0)
        # Without a bound this waited for the statement's own, half a minute.
        async with asyncio.timeout(COMMAND_S_MAX / 2):
            await hung.close()
            await asyncio.gather(waiting, return_exceptions=True)
    finally:
        await blocker.close()


# --- how a session is set up --------------------------------------------------------------------


async def test_a_commit_waits_for_the_disk_whatever_the_database_says(
    postgres: PostgresServer,
) -> None:
    url = postgres.new_database()
    postgres.run(f"ALTER DATABASE {name_of(url)} SET synchronous_commit = off")
    engines = await PostgresEngines.open(url, lambda _connection: None)
    shown = lambda c: c.exec_driver_sql("SHOW synchronous_commit").scalar_one()  # noqa: E731
    assert await engines.write(shown) == "on"
    await engines.close()


async def test_a_writer_that_freezes_does_not_hold_up_the_others_for_ever(
    store: SqlEventStore,
) -> None:
    shown = "SHOW idle_in_transaction_session_timeout"
    assert (
        await store._engines.write(lambda c: c.exec_driver_sql(shown).scalar_one())
        == f"{IDLE_S_MAX}s"
    )
    assert isinstance(store._engines, PostgresEngines)
    # In an append it holds up every other writer.
    assert await store._engines.direct(LOCK, lambda driver: driver.fetchval(shown)) == (
        f"{APPEND_IDLE_S_MAX}s"
    )


async def test_a_writer_that_takes_no_answers_does_not_hold_up_the_others(
    postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_module, "FROZEN_S_MAX", 0.2)
    url = postgres.empty_database()
    store = await SqlEventStore.open_postgres(url, upgrade)
    await store.append([Append(prices(1))])
    frozen = await asyncpg.connect(url)
    await frozen.execute("BEGIN; SELECT FROM log_head FOR UPDATE")
    frozen._transport.pause_reading()
    # More than fits on the wire: the server waits for its client, and none of its own limits counts.
    asking = asyncio.create_task(
        frozen.fetch("SELECT repeat('x', 1000) FROM generate_series(1, 20000)")
    )
    try:
        async with asyncio.timeout(COMMAND_S_MAX / 2):
            await store.append([Append(prices(1, "IXIC"))])
    finally:
        frozen.terminate()
        await asyncio.gather(asking, return_exceptions=True)
    assert positions_of(await store.read(ReadQuery())) == [1, 2]
    await store.close()


# --- opening ------------------------------------------------------------------------------------


async def refusal(url: str) -> str:
    with pytest.raises(StoreUnavailable) as caught:
        await SqlEventStore.open_postgres(url, upgrade)
    said = str(caught.value)
    assert said.startswith("cannot connect to PostgreSQL at ")
    assert "\n" not in said
    return said


async def test_a_server_that_is_not_there_is_told(mortal: PostgresServer) -> None:
    assert "localhost:1: " in await refusal("postgresql://user:secret@localhost:1/log")
    assert "secret" not in await refusal("postgresql://user:secret@localhost:1/log")
    await asyncio.to_thread(mortal.crash)
    try:
        assert await refusal(mortal.url())
    finally:
        await asyncio.to_thread(mortal.start)


async def test_what_the_server_refuses_is_told(mortal: PostgresServer) -> None:
    mortal.demand_password_of("locked", "right")
    assert 'database "gone" does not exist' in await refusal(mortal.url("gone"))
    assert 'role "nobody" does not exist' in await refusal(mortal.url(user="nobody"))
    said = await refusal(mortal.url(user="locked", password="wrong"))
    assert "password authentication failed" in said
    assert "wrong" not in said
    engines = await PostgresEngines.open(
        mortal.url(user="locked", password="right"), lambda _connection: None
    )
    await engines.close()


async def test_a_url_that_asyncpg_cannot_read_is_told() -> None:
    await refusal("postgresql://localhost/log?sslmode=nonsense")


async def test_without_asyncpg_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "asyncpg", None)
    with pytest.raises(StoreUnavailable, match=r"pip install 'regime-synapse\[postgres\]'"):
        await SqlEventStore.open_postgres("postgresql://localhost/log", upgrade)


def test_the_command_line_says_it_in_one_line(tmp_path: Path) -> None:
    url = "postgresql://user:secret@localhost:1/log"
    done = run_cli("serve", "--port=0", "--db", url, folder=tmp_path)
    assert done.returncode == 75
    said = [line for line in done.stderr.splitlines() if not line.startswith("Warning: ")]
    assert len(said) == 1
    assert said[0].startswith("synapse: cannot connect to PostgreSQL at localhost:1: ")


def test_what_waiting_does_not_mend_has_another_exit_code(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    url = postgres.url(user="nobody_of_that_name")
    done = run_cli("db", "upgrade", "--db", url, folder=tmp_path)
    assert (done.returncode, "does not exist" in done.stderr) == (2, True), done.stderr


# --- other processes ----------------------------------------------------------------------------


async def test_a_cursor_that_another_process_made_is_no_cursor_beyond_the_head(
    postgres: PostgresServer,
) -> None:
    url = postgres.empty_database()
    log = await EventLog.open(await SqlEventStore.open_postgres(url, upgrade))
    other = await SqlEventStore.open_postgres(url, upgrade)
    await other.append([Append(prices(3))])
    assert log.head.position == 0
    await log.check_cursor(3, log.head.epoch)
    assert log.head == await other.head()
    with pytest.raises(PositionBeyondHead):
        await log.check_cursor(4, None)
    await other.close()
    await log.close()
