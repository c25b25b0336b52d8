"""What surrounds a payload: ids, places and times, before and after an event is recorded."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Final, NamedTuple, Protocol
from uuid import UUID

from events.catalog import EventType, Payload, event_type, split_stream
from events.errors import InvalidEvent
from events.scalars import SOURCE_PATTERN, from_micros

NO_STREAM: Final = 0
"""Expected version of a stream that must not exist yet."""

ANY: Final = -1
"""Expected version that checks nothing. Not 0: that means `NO_STREAM`."""

KEY_MAX: Final = 200
"""Characters in an idempotency key, with what its user puts before it."""

_SOURCE: Final = re.compile(SOURCE_PATTERN)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEvent:
    """An event that is not recorded yet.

    Attributes:
        payload: its content; decides type, stream and market time.
        event_id: UUIDv5 where a tick caused it, else UUIDv7; the key of idempotence.
        source: `import`, `feed:NAME`, `simulated`, `api`, `manual` or `paper`.
        correlation_id: the id that the whole chain of causes and effects shares; own id by default.
        causation_id: the event that directly caused this one.
        event_type: the catalogue's entry for it; follows from the payload.
        stream: the stream it belongs to, such as `regime:SPX`; follows from the payload.

    Raises:
        InvalidEvent: the payload's class is not in the catalogue, or the source is none of the above.
    """

    payload: Payload
    event_id: UUID
    source: str
    correlation_id: UUID | None = None
    causation_id: UUID | None = None
    event_type: EventType = field(init=False, repr=False, compare=False)
    stream: str = field(init=False, repr=False, compare=False)
    _text: str | None = field(default=None, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # Refused here, where it is made: in a group commit it would fail its neighbours too.
        entry = event_type(self.payload)
        if not _SOURCE.fullmatch(self.source):
            raise InvalidEvent(f"{self.source!r} is no source of events")
        object.__setattr__(self, "event_type", entry)
        object.__setattr__(self, "stream", entry.stream_of(self.payload))

    @property
    def payload_json(self) -> str:
        """The text that is stored and sent, made when it is first asked for and then kept."""
        if self._text is None:
            object.__setattr__(self, "_text", self.event_type.text_of(self.payload))
        return self._text  # type: ignore[return-value]  # set by now, past the frozen class

    @property
    def occurred_at(self) -> datetime:
        """Its market time."""
        return self.payload.timestamp


class RecordedEvent(NamedTuple):
    """An event in the log. `payload_json` is the stored text: exactly what subscribers receive.

    A tuple, since a frozen dataclass of so many fields took five times as long to make, and every append
    and every read makes them.

    Attributes:
        position: its place in the log, from 1, dense.
        version: its place in its stream, from 1, dense.
        occurred_at_us: market time in microseconds since 1970 (UTC).
        recorded_at_us: commit time in microseconds since 1970 (UTC); never falls along the log.
        hash: SHA-256 over the previous event's hash and this event's columns (`events.chain`).
    """

    position: int
    stream: str
    version: int
    event_id: UUID
    type: str
    schema_version: int
    occurred_at_us: int
    recorded_at_us: int
    source: str
    correlation_id: UUID
    causation_id: UUID | None
    payload_json: str
    hash: bytes

    @property
    def channel(self) -> str:
        """The channel part of its stream's name."""
        return split_stream(self.stream)[0]

    @property
    def entity(self) -> str:
        """The entity part of its stream's name: a symbol, a portfolio, or `synapse`."""
        return split_stream(self.stream)[1]

    @property
    def occurred_at(self) -> datetime:
        """Market time, in UTC."""
        return from_micros(self.occurred_at_us)

    @property
    def recorded_at(self) -> datetime:
        """Commit time, in UTC."""
        return from_micros(self.recorded_at_us)


class ReadableEvent(Protocol):
    """What of a recorded event a projection may read."""

    @property
    def position(self) -> int:
        """Its place in the log."""

    @property
    def type(self) -> str:
        """Its type's name."""

    @property
    def schema_version(self) -> int:
        """The schema version that its payload was written under."""

    @property
    def occurred_at_us(self) -> int:
        """Market time, microseconds since 1970 (UTC)."""

    @property
    def recorded_at_us(self) -> int:
        """Commit time, microseconds since 1970 (UTC)."""

    @property
    def source(self) -> str:
        """Where it came from."""

    @property
    def payload_json(self) -> str:
        """The stored text of its payload."""


class FoldEvent(NamedTuple):
    """No more than a projection reads: a page of these costs a third of a page of whole events."""

    position: int
    type: str
    schema_version: int
    occurred_at_us: int
    recorded_at_us: int
    source: str
    payload_json: str


def fold_event(event: RecordedEvent) -> FoldEvent:
    """A recorded event, as a projection reads it."""
    return FoldEvent(
        event.position,
        event.type,
        event.schema_version,
        event.occurred_at_us,
        event.recorded_at_us,
        event.source,
        event.payload_json,
    )


class EventColumns(NamedTuple):
    """A page of events, column by column: what a table shows of them, in a third of a page's time.

    Attributes:
        event_ids: 16 bytes each; the others are what `RecordedEvent` has under the singular.
    """

    positions: Sequence[int]
    streams: Sequence[str]
    versions: Sequence[int]
    event_ids: Sequence[bytes]
    types: Sequence[str]
    schema_versions: Sequence[int]
    occurred_at_us: Sequence[int]
    recorded_at_us: Sequence[int]
    sources: Sequence[str]
    payloads: Sequence[str]

    def event_at(self, place: int) -> FoldEvent:
        """One of them, as a projection reads it; `place` counts from 0."""
        return FoldEvent(
            self.positions[place],
            self.types[place],
            self.schema_versions[place],
            self.occurred_at_us[place],
            self.recorded_at_us[place],
            self.sources[place],
            self.payloads[place],
        )


def event_columns(events: Sequence[RecordedEvent]) -> EventColumns:
    """Recorded events, column by column."""
    return EventColumns(
        [event.position for event in events],
        [event.stream for event in events],
        [event.version for event in events],
        [event.event_id.bytes for event in events],
        [event.type for event in events],
        [event.schema_version for event in events],
        [event.occurred_at_us for event in events],
        [event.recorded_at_us for event in events],
        [event.source for event in events],
        [event.payload_json for event in events],
    )


@dataclass(frozen=True, slots=True)
class Idempotency:
    """A caller's key for one request, and what to answer when it comes again.

    Attributes:
        key: chosen by the caller.
        fingerprint: a digest of the request, so that the same key with another request is refused.
        answer: the caller's own part of the answer, stored in the transaction of the append.

    Raises:
        InvalidEvent: the key has no or more than `KEY_MAX` characters, or a text cannot be stored.
    """

    key: str
    fingerprint: bytes
    answer: str

    def __post_init__(self) -> None:
        # Refused here, where it is made: in a group commit it would fail its neighbours too.
        if not 0 < len(self.key) <= KEY_MAX:
            raise InvalidEvent(f"a key has 1 to {KEY_MAX} characters, not {len(self.key)}")
        check_text(self.key, "the key")
        check_text(self.answer, "the answer")


_NOTHING_EXPECTED: Final[Mapping[str, int]] = MappingProxyType({})


class Fence(NamedTuple):
    """One holding of a lease: its name, and the number that it had when it was acquired."""

    name: str
    number: int


class Append(NamedTuple):
    """One atomic append: all of its events are recorded side by side, or none is.

    Attributes:
        events: in the order in which they shall stand in the log; of one stream or of several.
        expected: the version of every stream that the writer read, or `NO_STREAM`, or `ANY`.
        idempotency: the caller's key, if it sent one.
        fence: the lease under which it is made; refused if that is not the lease's fence any more.
    """

    events: tuple[NewEvent, ...]
    expected: Mapping[str, int] = _NOTHING_EXPECTED
    idempotency: Idempotency | None = None
    fence: Fence | None = None


class Appended(NamedTuple):
    """What became of an append.

    Attributes:
        events: what was recorded now, in order; empty when everything was recorded before.
        positions: the place of each event of the append, also of those recorded before.
        duplicates: how many of them were recorded before, with the same id and content.
        answer: the stored `Idempotency.answer` when the key came again, else None.
    """

    events: tuple[RecordedEvent, ...]
    positions: tuple[int, ...]
    duplicates: int = 0
    answer: str | None = None


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the log.

    Attributes:
        epoch: the identity of this log's lifetime; with a position it makes a cursor.
        position: the last committed position, 0 in an empty log.
        hash: the hash of the event there; 32 zero bytes in an empty log.
        recorded_at_us: its commit time, microseconds since 1970 (UTC).
    """

    epoch: str
    position: int
    hash: bytes
    recorded_at_us: int


def check_text(text: str, what: str) -> None:
    """Make sure that every store can keep a text.

    Raises:
        InvalidEvent: it holds NUL, or half of a surrogate pair.
    """
    if "\0" in text or _has_lone_surrogate(text):
        raise InvalidEvent(f"{what} holds a character that cannot be stored: {text!r}")


def _has_lone_surrogate(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)
