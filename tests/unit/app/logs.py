"""Logs in memory, for the tests of what decides and reads."""

from collections.abc import Callable, Sequence
from typing import Any

from events.envelope import Append
from events.log import EventLog
from events.memory_store import MemoryEventStore
from events.store import Outcome, ReadQuery


class WatchedStore(MemoryEventStore):
    """Counts appends, and can do something just before one."""

    def __init__(self) -> None:
        super().__init__()
        self.appends = 0
        self.before: Callable[[], Any] = lambda: None

    async def append(self, appends: Sequence[Append]) -> list[Outcome]:
        """Record, after whatever is to happen before."""
        self.appends += 1
        self.before()
        return await super().append(appends)


async def everything(log: EventLog) -> list[tuple[str, int, str]]:
    """The whole log, as comparable values: stream, version, payload."""
    events = await log.read(ReadQuery(limit=100_000))
    return [(event.stream, event.version, event.payload_json) for event in events]
