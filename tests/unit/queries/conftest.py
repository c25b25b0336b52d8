"""A log in memory, and what puts questions to it."""

from collections.abc import AsyncIterator

import pytest

from app.live_state import LiveState
from app.market.persona import PERSONAS
from app.market.setup import DAY_S
from app.opened import episode_projector
from app.queries.reader import LogReader
from events.log import EventLog
from events.memory_store import MemoryEventStore


@pytest.fixture
async def log() -> AsyncIterator[EventLog]:
    opened = await EventLog.open(MemoryEventStore())
    yield opened
    await opened.close()


@pytest.fixture
def reader(log: EventLog) -> LogReader:
    return LogReader(log, LiveState(log, PERSONAS["minimax"]), episode_projector(log), DAY_S)
