"""A log behind PgBouncer's transaction mode, where each transaction may run in another session of the server."""

# covers: events.postgres_session, events.postgres

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Connection

from app.migrate import upgrade
from events.chain import GENESIS, check_chain
from events.envelope import Append, Idempotency
from events.postgres import PostgresEngines
from events.postgres_session import IN_TRANSACTION, SESSION, Sessions
from events.selection import Selection
from events.sql_store import SqlEventStore
from events.store import ReadQuery
from tests.integration.pgbouncer import pooled
from tests.postgres import PostgresServer, name_of
from tests.unit.events.builders import appended, new, price

SETTINGS = {
    "enable_seqscan": "off",
    "enable_bitmapscan": "off",
    "jit": "off",
    "idle_in_transaction_session_timeout": "30s",
    "synchronous_commit": "on",
}
WRITERS = 12


@pytest.fixture
async def url(postgres: PostgresServer) -> AsyncIterator[str]:
    """Of a new log whose database says that a commit need not wait for the disk."""
    direct = await asyncio.to_thread(postgres.new_database)
    without = f"ALTER DATABASE {name_of(direct)} SET synchronous_commit = off"
    await asyncio.to_thread(postgres.run, without)
    with pooled(direct) as through:
        yield through


def settings_of(connection: Connection) -> dict[str, Any]:
    return {name: connection.exec_driver_sql(f"SHOW {name}").scalar_one() for name in SETTINGS}


async def test_what_a_session_is_told_holds_in_every_transaction(url: str) -> None:
    engines = await PostgresEngines.open(url, lambda _connection: None)
    for work in (engines.write, engines.read):
        found = await asyncio.gather(*(work(settings_of) for _ in range(6)))
        assert found == [SETTINGS] * 6
    assert engines._sessions.pooled
    await engines.close()


async def test_an_append_waits_for_the_disk(url: str) -> None:
    engines = await PostgresEngines.open(url, lambda _connection: None)
    shown = await engines.direct("SELECT 1", lambda c: c.fetchval("SHOW synchronous_commit"))
    assert shown == "on"
    await engines.close()


async def test_appends_and_reads_of_many_share_two_sessions(url: str) -> None:
    stores = [await SqlEventStore.open_postgres(url, upgrade) for _ in range(3)]

    async def write(number: int) -> None:
        store = stores[number % len(stores)]
        for second in range(5):
            event = new(price(f"S{number}", second=second))
            key = Idempotency(uuid4().hex, b"f", "")
            for _ in range(2):
                (outcome,) = await store.append([Append((event,), {}, key)])
                assert len(appended(outcome).positions) == 1
            await asyncio.gather(
                store.read(ReadQuery(selection=Selection.of(["prices"], [f"S{number}"]))),
                store.head(),
                store.streams(),
            )

    await asyncio.gather(*(write(number) for number in range(WRITERS)))
    events = await stores[0].read(ReadQuery())
    assert check_chain(GENESIS, 0, events)[1] == WRITERS * 5
    for store in stores:
        await store.close()


def test_a_pooled_transaction_is_told_all_that_a_session_is() -> None:
    assert "LOCAL" not in SESSION
    assert IN_TRANSACTION.count("SET LOCAL ") == SESSION.count("SET ")
    sessions = Sessions("postgresql://localhost/log", None)
    assert "LOCAL" not in sessions.begin("READ ONLY")
    sessions.pooled = True
    assert sessions.begin("READ ONLY", "SELECT 1") == f"BEGIN READ ONLY;{IN_TRANSACTION}SELECT 1"
