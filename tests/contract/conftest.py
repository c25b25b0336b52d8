"""Every event store under one contract: in memory, and in SQL through the real migrations."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Connection

from app.migrate import upgrade
from events.memory_store import MemoryEventStore
from events.sql_store import SqlEventStore
from events.store import EventStore
from tests.unit.events.lease_ageing import age_leases


@dataclass
class Clock:
    """A clock that tests set."""

    now_us: int = 1_000_000

    def __call__(self) -> int:
        return self.now_us


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def opening(
    request: pytest.FixtureRequest, tmp_path: Path, clock: Clock
) -> Callable[[], Awaitable[EventStore]]:
    """How a fresh store of each kind is opened."""
    if request.param == "sqlite":
        return lambda: SqlEventStore.open_sqlite(tmp_path / "log.db", upgrade, clock)
    if request.param == "postgres":
        url = request.getfixturevalue("postgres").empty_database()
        return lambda: SqlEventStore.open_postgres(url, upgrade, clock)

    async def in_memory() -> EventStore:
        return MemoryEventStore(clock)

    return in_memory


@pytest.fixture
async def store(opening: Callable[[], Awaitable[EventStore]]) -> AsyncIterator[EventStore]:
    opened = await opening()
    yield opened
    await opened.close()


@pytest.fixture
def pass_time(store: EventStore, clock: Clock) -> Callable[[float], Awaitable[None]]:
    """Let so many seconds go by, as the leases see it."""

    async def pass_(seconds: float) -> None:
        clock.now_us += round(seconds * 1_000_000)
        if isinstance(store, SqlEventStore):
            await store._engines.write(partial(_age_by_server_time, seconds=seconds))

    return pass_


def _age_by_server_time(connection: Connection, seconds: float) -> None:
    if connection.dialect.name == "postgresql":
        # No test sets the server's clock: what it wrote down is put back in time.
        age_leases(connection, seconds)
