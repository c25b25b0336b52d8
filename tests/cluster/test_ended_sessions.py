"""A session that the server ends between two statements: another one does the work, or the store is unavailable."""

# covers: events.postgres, events.postgres_session

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from itertools import count

import pytest
from sqlalchemy import Connection
from sqlalchemy.util import await_only

from app.migrate import upgrade
from events.errors import StoreUnavailable
from events.sql_store import SqlEventStore
from tests.cluster.cluster import socket_of
from tests.postgres import PostgresServer, name_of

PID = "SELECT pg_backend_pid()"
HEARD_S = 0.05
"""For so long the loop listens: the server has said that it ends the session, and the driver has heard it."""


@pytest.fixture
async def store(postgres: PostgresServer) -> AsyncIterator[SqlEventStore]:
    url = postgres.empty_database()
    async with never_hung_up(socket_of(url)) as port:
        through = f"postgresql://postgres@127.0.0.1:{port}/{name_of(url)}"
        opened = await SqlEventStore.open_postgres(through, upgrade)
        yield opened
        await opened.close()


@asynccontextmanager
async def never_hung_up(path: str) -> AsyncIterator[int]:
    """A wire to a socket on which a client hears all that the server says, but not that it has hung up."""

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65_536):
                writer.write(data)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_unix_connection(path)
        hearing = asyncio.create_task(copy(far_reader, writer))
        await copy(reader, far_writer)
        hearing.cancel()
        for end in (writer, far_writer):
            end.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


def ended(postgres: PostgresServer, *, goes_on: bool) -> Callable[[Connection], int]:
    """Work in whose first attempt the session is ended after its last statement, or before it."""
    attempts = count(1)

    def work(connection: Connection) -> int:
        attempt = next(attempts)
        pid = connection.exec_driver_sql(PID).scalar_one()
        if attempt == 1:
            postgres.run(f"SELECT pg_terminate_backend({pid})")
            await_only(asyncio.sleep(HEARD_S))
        if goes_on:
            connection.exec_driver_sql(PID)
        return attempt

    return work


async def test_work_in_the_midst_of_which_its_session_is_ended_is_done_by_another_one(
    postgres: PostgresServer, store: SqlEventStore
) -> None:
    assert await store._engines.read(ended(postgres, goes_on=True)) == 2
    assert await store._engines.write(ended(postgres, goes_on=True)) == 2


async def test_work_whose_session_is_ended_before_its_commit_fails_as_any_outage_does(
    postgres: PostgresServer, store: SqlEventStore
) -> None:
    for run in (store._engines.read, store._engines.write):
        with suppress(StoreUnavailable):
            assert await run(ended(postgres, goes_on=False)) == 2
    assert (await store.head()).position == 0
