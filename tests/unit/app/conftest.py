"""A log in memory for every test of what decides and reads; a file may have a store of its own."""

from collections.abc import AsyncIterator

import pytest

from events.log import EventLog
from tests.unit.app.logs import WatchedStore


@pytest.fixture
def store() -> WatchedStore:
    return WatchedStore()


@pytest.fixture
async def log(store: WatchedStore) -> AsyncIterator[EventLog]:
    opened = await EventLog.open(store)
    yield opened
    await opened.close()
