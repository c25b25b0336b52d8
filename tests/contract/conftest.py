"""Every event store under one contract: in memory, and in SQL through the real migrations."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.migrate import upgrade
from events.memory_store import MemoryEventStore
from events.sql_store import SqlEventStore
from events.store import EventStore


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
