"""Every event store under one contract: in memory, and in SQLite through the real migrations."""

from collections.abc import AsyncIterator
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


@pytest.fixture(params=["memory", "sqlite"])
async def store(
    request: pytest.FixtureRequest, tmp_path: Path, clock: Clock
) -> AsyncIterator[EventStore]:
    opened: EventStore
    if request.param == "memory":
        opened = MemoryEventStore(clock)
    else:
        opened = await SqlEventStore.open_sqlite(tmp_path / "log.db", upgrade, clock)
    yield opened
    await opened.close()
