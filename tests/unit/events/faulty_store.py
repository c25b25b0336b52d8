"""A store in memory that waits, fails or lies when a test says so."""

import asyncio
from collections.abc import Sequence

from events.envelope import Append, RecordedEvent
from events.memory_store import MemoryEventStore
from events.store import Outcome, ReadQuery


class FaultyStore(MemoryEventStore):
    """Counts its transactions.

    Attributes:
        groups: the appends of each transaction, failed ones as well.
        gate: appends wait while it is not set.
        before: raised instead of the next commit.
        after: raised once the next commit has been done: it succeeded and says that it failed.
        unreadable: raised by the next read.
    """

    def __init__(self) -> None:
        super().__init__()
        self.groups: list[Sequence[Append]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.before: Exception | None = None
        self.after: Exception | None = None
        self.unreadable: Exception | None = None
        self.closed = False

    async def append(self, appends: Sequence[Append]) -> list[Outcome]:
        self.groups.append(appends)
        await self.gate.wait()
        if (error := self.before) is not None:
            self.before = None
            raise error
        outcomes = await super().append(appends)
        if (error := self.after) is not None:
            self.after = None
            raise error
        return outcomes

    async def read(self, query: ReadQuery) -> list[RecordedEvent]:
        if (error := self.unreadable) is not None:
            self.unreadable = None
            raise error
        return await super().read(query)

    async def close(self) -> None:
        self.closed = True
