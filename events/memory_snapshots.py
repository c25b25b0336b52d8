"""Snapshots and market order for the event store in memory."""

from collections.abc import Callable, Mapping, Sequence

from events.envelope import RecordedEvent, fold_event
from events.projection import in_market_order
from events.snapshots import (
    FOLD_CHUNK,
    WHOLE_LOG,
    MarketPage,
    MarketQuery,
    Snapshot,
    SnapshotKind,
    TakeEvents,
)


class MemorySnapshots:
    """The part of the store in memory that saves folds; it reads the store's events."""

    _events: list[RecordedEvent]
    _streams: dict[str, list[RecordedEvent]]

    def __init__(self) -> None:
        self._snapshots: dict[tuple[SnapshotKind, str, int, int], Snapshot] = {}

    async def stored_types(self) -> Mapping[tuple[str, int], int]:
        """Every (type, schema version) of the log, with the position of its first event."""
        first: dict[tuple[str, int], int] = {}
        for event in self._events:
            first.setdefault((event.type, event.schema_version), event.position)
        return first

    async def known_at(self, recorded_at_us: int) -> int:
        """The last position whose commit time is not after this."""
        return sum(event.recorded_at_us <= recorded_at_us for event in self._events)

    async def save_snapshots(
        self, snapshots: Sequence[Snapshot], *, newest_only: bool = False
    ) -> None:
        """Save; one at the same place is replaced."""
        if newest_only:
            replaced = {(one.kind.projection, one.stream) for one in snapshots}
            self._keep(lambda old: (old.kind.projection, old.stream) not in replaced)
        for one in snapshots:
            self._snapshots[one.kind, one.stream, one.position, one.occurred_at_us] = one

    async def drop_snapshots(self, projection: str) -> None:
        """Delete all snapshots of a projection."""
        self._keep(lambda old: old.kind.projection != projection)

    async def snapshot_before(self, kind: SnapshotKind, position: int) -> Snapshot | None:
        """The newest snapshot of the whole log that is not beyond a position."""
        found = [one for one in self._of(kind, WHOLE_LOG) if one.position <= position]
        return max(found, key=lambda one: one.position, default=None)

    async def market_snapshots(
        self, kind: SnapshotKind, streams: Sequence[str], at_us: int | None, known: int
    ) -> Mapping[str, Snapshot]:
        """For each stream the latest snapshot to go on from."""
        found = {}
        for stream in streams:
            usable = [
                one
                for one in self._of(kind, stream)
                if one.covers(at_us, known) and not self._has_late(one, known)
            ]
            if usable:
                found[stream] = max(usable, key=lambda one: one.place)
        return found

    async def read_market(self, query: MarketQuery) -> Mapping[str, MarketPage]:
        """The next page of every stream of the query, in market order."""
        pages = {}
        for name in query.after:
            chosen = (e for e in self._streams.get(name, []) if query.accepts(name, e))
            events = list(map(fold_event, in_market_order(chosen)))
            pages[name] = MarketPage(events[: query.limit], len(events) <= query.limit)
        return pages

    async def fold_range(self, after: int, upto: int, take: TakeEvents) -> None:
        """Hand over the events after one position and up to another."""
        for start in range(after, upto, FOLD_CHUNK):
            take(list(map(fold_event, self._events[start : min(upto, start + FOLD_CHUNK)])))

    def _keep(self, stays: Callable[[Snapshot], bool]) -> None:
        self._snapshots = {key: one for key, one in self._snapshots.items() if stays(one)}

    def _of(self, kind: SnapshotKind, stream: str) -> list[Snapshot]:
        return [one for one in self._snapshots.values() if (one.kind, one.stream) == (kind, stream)]

    def _has_late(self, snapshot: Snapshot, known: int) -> bool:
        return any(
            snapshot.position < event.position <= known
            and event.occurred_at_us < snapshot.occurred_at_us
            for event in self._streams.get(snapshot.stream, [])
        )
