"""A store that others write, and hints that come when a test says so."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

from events.envelope import Append, Head, RecordedEvent
from events.follower import Follower
from events.hints import Hint, HintKind, HintStatus
from events.log_end import LogEnd
from events.memory_store import MemoryEventStore
from events.store import ReadQuery
from tests.unit.events.builders import appended, positions_of, prices


class WatchedStore(MemoryEventStore):
    """Counts what it is asked.

    Attributes:
        heads: how often its head was.
        reads: how often its events were.
        gate: what was asked is answered when it is set, as of the moment of the question.
        page_gate: the same, for events alone.
        fault: raised by the next question for the head.
        unreadable: raised by the next question for events.
        rotten: the position of an event that was altered on the disk.
        replaced: another log lies there now.
    """

    def __init__(self) -> None:
        super().__init__()
        self.heads = self.reads = 0
        self.gate = asyncio.Event()
        self.page_gate = asyncio.Event()
        self.gate.set()
        self.page_gate.set()
        self.fault: Exception | None = None
        self.unreadable: Exception | None = None
        self.rotten = 0
        self.replaced = False

    async def head(self) -> Head:
        self.heads += 1
        head = await super().head()
        await self._answer()
        if (error := self.fault) is not None:
            self.fault = None
            raise error
        return replace(head, epoch="another") if self.replaced else head

    async def read(self, query: ReadQuery) -> list[RecordedEvent]:
        self.reads += 1
        page = await super().read(query)
        await self._answer()
        await self.page_gate.wait()
        if (error := self.unreadable) is not None:
            self.unreadable = None
            raise error
        return [altered(event) if event.position == self.rotten else event for event in page]

    async def still_holds(self, known: Head) -> bool:
        return not self.replaced and await super().still_holds(known)

    async def _answer(self) -> None:
        await asyncio.sleep(0)
        await self.gate.wait()

    async def others_append(self, count: int) -> Sequence[RecordedEvent]:
        """What another process commits."""
        (outcome,) = await self.append([Append(prices(count))])
        return appended(outcome).events


def altered(event: RecordedEvent) -> RecordedEvent:
    """An event that does not follow on the one before it."""
    return event._replace(payload_json=event.payload_json + " ")


class HandHints:
    """The port, by hand: a test delivers, loses, doubles."""

    def __init__(self) -> None:
        self.status = HintStatus(HintKind.NATS, connected=True)
        self.heard: Callable[[Hint], None] | None = None
        self.told: list[tuple[str, Sequence[RecordedEvent]]] = []
        self.closed = False

    def start(self, heard: Callable[[Hint], None]) -> None:
        self.heard = heard

    def tell(self, epoch: str, events: Sequence[RecordedEvent]) -> None:
        self.told.append((epoch, events))

    async def close(self) -> None:
        self.closed = True


class Following:
    """A follower of an empty log, with its store and its hints."""

    def __init__(self, store: WatchedStore, head: Head) -> None:
        self.store = store
        self.end = LogEnd(head, {})
        self.hints = HandHints()
        self.follower = Follower(store, self.end, self.hints)
        self.epoch = head.epoch

    @classmethod
    async def begin(cls) -> "Following":
        store = WatchedStore()
        return cls(store, await MemoryEventStore.head(store))

    def hear(self, *batches: Sequence[RecordedEvent]) -> None:
        """Hear one hint for each batch."""
        for batch in batches:
            self.follower.hear(Hint(self.epoch, batch))

    @property
    def known(self) -> list[int]:
        """The positions that followers of this log were given."""
        return positions_of(self.end.tail.after(0, 100_000) or [])

    @property
    def came(self) -> tuple[int, int]:
        """How many events hints brought, and how many the store."""
        counts = self.follower.counts
        return counts.from_hints, counts.from_store
