"""A projection that tells any two foldings apart, a store that counts what is folded, and logs for them."""

import random
from collections.abc import Iterable, Sequence
from typing import Any

from events.codec import payload_fields
from events.envelope import Append, ReadableEvent, RecordedEvent
from events.errors import StoreUnavailable
from events.log import EventLog
from events.memory_store import MemoryEventStore
from events.projection import fold, in_market_order
from events.snapshots import MarketPage, MarketQuery, Snapshot, TakeEvents, pack
from events.store import EventStore
from tests.unit.events.builders import new, notice, price


class Trail:
    """Keeps, for each stream's entity, everything in the order in which it was folded.

    Unlike a state that only knows the newest, it tells any two foldings apart.
    """

    name = "trail"
    schema = "1"
    handles = frozenset({"price_update", "system_notice"})

    def initial(self) -> dict[str, list[int]]:
        return {}

    def apply(self, state: dict[str, list[int]], event: ReadableEvent) -> dict[str, list[int]]:
        entity = payload_fields(event).get("symbol", "synapse")
        state.setdefault(entity, []).append(event.position)
        return state

    def dump(self, state: dict[str, list[int]]) -> dict[str, list[int]]:
        return state

    def load(self, dumped: Any) -> dict[str, list[int]]:
        return dict(dumped)

    def merge(self, parts: Iterable[dict[str, list[int]]]) -> dict[str, list[int]]:
        return {entity: trail for part in parts for entity, trail in part.items()}


class CountingStore(MemoryEventStore):
    """Counts the events that are handed to folds."""

    def __init__(self) -> None:
        self._now = 0
        super().__init__(self._tick)
        self.folded = 0
        self.writable = True

    def _tick(self) -> int:
        self._now += 10
        return self._now

    async def fold_range(self, after: int, upto: int, take: TakeEvents) -> None:
        self.folded += upto - after
        await super().fold_range(after, upto, take)

    async def read_market(self, query: MarketQuery) -> dict[str, MarketPage]:
        pages = dict(await super().read_market(query))
        self.folded += sum(len(page.events) for page in pages.values())
        return pages

    async def save_snapshots(
        self, snapshots: Sequence[Snapshot], *, newest_only: bool = False
    ) -> None:
        if not self.writable:
            raise StoreUnavailable("read only")
        await super().save_snapshots(snapshots, newest_only=newest_only)

    @property
    def saved(self) -> dict[str, int]:
        """How many snapshots there are of each stream."""
        counts: dict[str, int] = {}
        for one in self._snapshots.values():
            counts[one.stream] = counts.get(one.stream, 0) + 1
        return counts

    def damage(self) -> None:
        """Spoil every snapshot."""
        self._snapshots = {
            key: Snapshot(one.kind, one.stream, one.position, one.occurred_at_us, pack("?")[:-2])
            for key, one in self._snapshots.items()
        }


TRAIL = Trail()


def events_for(seconds: Sequence[tuple[str, int]]) -> list[Append]:
    return [
        Append((new(notice(second=s) if name == "system" else price(name, second=s)),))
        for name, s in seconds
    ]


async def log_of(store: EventStore, seconds: Sequence[tuple[str, int]]) -> EventLog:
    """A log whose tail is empty, as after a start."""
    for append in events_for(seconds):
        await store.append([append])
    return await EventLog.open(store)


def random_seconds(count: int, lateness: float, seed: int = 1) -> list[tuple[str, int]]:
    rng, second, made = random.Random(seed), 0, []
    for _ in range(count):
        second += rng.choice([0, 0, 1, 2])
        moment = rng.randint(0, second) if rng.random() < lateness else second
        made.append((rng.choice(["A", "B", "C", "system"]), moment))
    return made


def expected_at(events: Sequence[RecordedEvent], at_us: int | None, known: int) -> dict[str, Any]:
    chosen = [
        event
        for event in events
        if event.position <= known and (at_us is None or event.occurred_at_us <= at_us)
    ]
    return fold(TRAIL, in_market_order(chosen))
