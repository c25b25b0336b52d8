"""`EventStore`: the port that every engine implements, and what can be asked of it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol
from uuid import UUID

from events.envelope import Append, Appended, EventColumns, Head, Idempotency, RecordedEvent
from events.errors import AppendConflict
from events.lease_rules import LeaseStore
from events.messages import EventText, TextOf
from events.selection import Selection
from events.snapshots import SnapshotStore

PAGE_EVENTS: Final = 500
"""Events in one page read from a store, unless the reader asks for fewer."""


@dataclass(frozen=True, slots=True)
class ReadQuery:
    """One page of the log.

    Attributes:
        after: only positions greater than this.
        upto: only positions not greater than this; None for the head.
        selection: only these streams; None for all.
        types: only these event types; None for all.
        occurred_from_us, occurred_upto_us: market time, both inclusive, microseconds since 1970.
        recorded_upto_us: commit time, inclusive.
        limit: at most so many events.
        descending: newest first.
    """

    after: int = 0
    upto: int | None = None
    selection: Selection | None = None
    types: frozenset[str] | None = None
    occurred_from_us: int | None = None
    occurred_upto_us: int | None = None
    recorded_upto_us: int | None = None
    limit: int = PAGE_EVENTS
    descending: bool = False

    def accepts(self, event: RecordedEvent) -> bool:
        """Whether an event belongs to the answer, apart from the limit."""
        return (
            self.after < event.position
            and (self.upto is None or event.position <= self.upto)
            and (self.selection is None or self.selection.matches(event.stream))
            and (self.types is None or event.type in self.types)
            and (self.occurred_from_us is None or event.occurred_at_us >= self.occurred_from_us)
            and (self.occurred_upto_us is None or event.occurred_at_us <= self.occurred_upto_us)
            and (self.recorded_upto_us is None or event.recorded_at_us <= self.recorded_upto_us)
        )


@dataclass(frozen=True, slots=True)
class StreamHead:
    """The end of one stream: its last version and that event's position."""

    version: int
    position: int


Outcome = Appended | AppendConflict


class EventStore(SnapshotStore, LeaseStore, Protocol):
    """Where events are kept. Every method may raise `StoreUnavailable`; none blocks the event loop."""

    async def append(self, appends: Sequence[Append]) -> list[Outcome]:
        """Record a group of appends in one durable transaction; one outcome each, in order.

        A conflict fails only its own append. When this returns, what is recorded survives a power cut.
        No lease that an append is made under changes hands between the look at its fence and the commit.
        """

    def note(self, head: Head) -> None:
        """Remember a head that came to be known another way, such as by a hint: an append goes on from there or later.

        One to a log that does not hold it is refused with `LogReplaced`.
        """

    async def answer_to(self, idempotency: Idempotency) -> Appended | None:
        """What `append` would answer to a key that comes again; None for one that was never answered.

        Raises:
            IdempotencyConflict: the key came before with another request.
        """

    async def head(self) -> Head:
        """The end of the log."""

    async def still_holds(self, known: Head) -> bool:
        """Whether the log still holds the event that was once its head (True where that was empty).

        If not, another log is in its place, such as an older backup: then it has another epoch, or is given one
        here, so that no cursor of the lost lifetime fits any more.
        """

    async def streams(self) -> Mapping[str, StreamHead]:
        """The end of every stream."""

    async def read(self, query: ReadQuery) -> list[RecordedEvent]:
        """One page, in position order (or the reverse)."""

    async def read_columns(self, query: ReadQuery) -> EventColumns:
        """The page that `read` would give, column by column."""

    async def read_texts(self, query: ReadQuery, text_of: TextOf) -> list[EventText]:
        """The page that `read` would give, as messages.

        `text_of` makes the message of an event. A store may make it itself where it is the very same text:
        that of `events.messages.event_text`, for payloads at their present schema version.
        """

    async def texts_at(self, positions: Sequence[int], text_of: TextOf) -> list[EventText]:
        """The messages of `read_at`; `text_of` as in `read_texts`."""

    async def read_at(self, positions: Sequence[int]) -> list[RecordedEvent]:
        """The events at these positions, in position order; at most `PAGE_EVENTS` of them."""

    async def last_positions(self, selection: Selection, last: int, upto: int) -> list[int]:
        """The positions, rising, of the newest `last` events of each stream, none beyond `upto`."""

    async def first_since(self, occurred_at_us: int) -> int:
        """The first position whose market time is not before this; head + 1 when there is none."""

    async def find(self, event_ids: Collection[UUID]) -> Mapping[UUID, RecordedEvent]:
        """Those of the events that are recorded, by id."""

    async def newest_at(self, stream: str, occurred_at_us: int) -> RecordedEvent | None:
        """The newest event of a stream with exactly this market time."""

    async def close(self) -> None:
        """Let go of files, threads and connections."""
