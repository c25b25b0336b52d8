"""Snapshots: saved folds to start from. A cache, never events: whoever deletes them loses only time."""

import hashlib
import struct
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

import orjson

from events.envelope import FoldEvent, ReadableEvent

WHOLE_LOG: Final = ""
"""The stream's name of a snapshot that folds the whole log in position order."""

FOLD_CHUNK: Final = 200
"""Events that are handed to a fold at a time: few enough to stay in the processor's cache."""

COMPRESSION: Final = 1
"""zlib's fastest level: states are repetitive, so more effort saves little."""

SEAL_BYTES: Final = 16
_SEALED: Final = struct.Struct(">qq")

MarketPlace = tuple[int, int]
"""A place in a stream's market order: market time and position of an event."""

TakeEvents = Callable[[Sequence[FoldEvent]], None]


def pack(state: Any) -> bytes:
    """JSON-able values as the bytes of a snapshot: their JSON text, compressed; zlib adds a checksum."""
    return zlib.compress(orjson.dumps(state), COMPRESSION)


def unpack(packed: bytes) -> Any:
    """The values that `pack` wrote.

    Raises:
        ValueError: when the bytes were altered.
    """
    try:
        return orjson.loads(zlib.decompress(packed))
    except zlib.error as error:
        raise ValueError(f"not a snapshot's bytes: {error}") from error


@dataclass(frozen=True, slots=True)
class SnapshotKind:
    """Whose snapshots: one projection in one version of its code. Those of other versions are not seen.

    Attributes:
        projection: its name.
        schema: changes whenever the same events may give another state, or the same state other bytes.
    """

    projection: str
    schema: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One saved fold.

    Attributes:
        kind: of which projection.
        stream: `WHOLE_LOG`: the fold of positions 1 to `position`. Else the fold, in market order, of all
            events of this stream whose position is at most `position` and whose market time is at most
            `occurred_at_us`; both are those of events that are in it.
        position: the greatest position in the fold.
        occurred_at_us: the greatest market time in the fold.
        state: the fold, as `events.projection` writes it.
    """

    kind: SnapshotKind
    stream: str
    position: int
    occurred_at_us: int
    state: bytes

    @property
    def place(self) -> MarketPlace:
        """How far it goes: market time and position."""
        return self.occurred_at_us, self.position

    def covers(self, at_us: int | None, known: int) -> bool:
        """Whether all that is in it had happened by `at_us` and was recorded by position `known`."""
        return (at_us is None or self.occurred_at_us <= at_us) and self.position <= known


def sealed(snapshot: Snapshot) -> bytes:
    """A snapshot's state as it is stored: behind it stands what shows whether any of its columns was changed."""
    return snapshot.state + _seal(snapshot)


def unsealed(snapshot: Snapshot) -> Snapshot | None:
    """The snapshot of a row, its state as stored; None when a column was changed: it is made again."""
    state = snapshot.state[:-SEAL_BYTES]
    opened = replace(snapshot, state=state)
    return opened if snapshot.state == state + _seal(opened) else None


def _seal(snapshot: Snapshot) -> bytes:
    texts = (snapshot.kind.projection, snapshot.kind.schema, snapshot.stream)
    key = b"".join(len(one).to_bytes(4, "big") + one for one in map(str.encode, texts))
    place = _SEALED.pack(snapshot.position, snapshot.occurred_at_us)
    return hashlib.sha256(key + place + snapshot.state).digest()[:SEAL_BYTES]


@dataclass(frozen=True, slots=True)
class MarketQuery:
    """A page of each of some streams in market order, (market time, version).

    Attributes:
        after: for each stream the place that the page follows; None for the beginning.
        upto_us: market time, inclusive; None for no end.
        known: only positions up to this one.
        limit: at most so many events of each stream.
    """

    after: Mapping[str, MarketPlace | None]
    upto_us: int | None
    known: int
    limit: int

    def accepts(self, stream: str, event: ReadableEvent) -> bool:
        """Whether an event of a stream belongs to the answer, apart from the limit."""
        after = self.after[stream]
        return (
            event.position <= self.known
            and (self.upto_us is None or event.occurred_at_us <= self.upto_us)
            and (after is None or (event.occurred_at_us, event.position) > after)
        )


@dataclass(frozen=True, slots=True)
class MarketPage:
    """The next events of one stream in market order; fewer than the limit even if it is not the last."""

    events: Sequence[FoldEvent]
    is_last: bool


class SnapshotStore(Protocol):
    """What a store answers so that no fold has to begin at the first event."""

    async def stored_types(self) -> Mapping[tuple[str, int], int]:
        """Every (type, schema version) that the log holds, with the position of its first event."""

    async def known_at(self, recorded_at_us: int) -> int:
        """The last position whose commit time is not after this; 0 when there is none."""

    async def save_snapshots(
        self, snapshots: Sequence[Snapshot], *, newest_only: bool = False
    ) -> None:
        """Save, in one transaction; one at the same place is replaced.

        Args:
            snapshots: what to save.
            newest_only: drop every other snapshot of the same projection and stream.
        """

    async def drop_snapshots(self, projection: str) -> None:
        """Delete all snapshots of a projection, of every version of its code."""

    async def snapshot_before(self, kind: SnapshotKind, position: int) -> Snapshot | None:
        """The newest snapshot of the whole log that is not beyond a position."""

    async def market_snapshots(
        self, kind: SnapshotKind, streams: Sequence[str], at_us: int | None, known: int
    ) -> Mapping[str, Snapshot]:
        """For each stream the latest snapshot that a fold up to `at_us`, known up to `known`, can go on from.

        One that covers no more than that, and after which no event of the stream was recorded, up to
        `known`, whose market time is before the snapshot's.
        """

    async def read_market(self, query: MarketQuery) -> Mapping[str, MarketPage]:
        """The next page of every stream of the query, by its name; none is empty unless it is the last."""

    async def fold_range(self, after: int, upto: int, take: TakeEvents) -> None:
        """Hand over the events after one position and up to another, in position order, some at a time.

        `take` may be called in another thread; what it raises ends the fold, and is raised here.
        """
