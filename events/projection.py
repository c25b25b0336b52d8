"""Projections: pure folds over recorded events, where they stand, and how a fold is saved."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Final, Generic, Protocol, TypeVar

from events.codec import is_readable, present_versions
from events.envelope import ReadableEvent, RecordedEvent
from events.errors import ProjectionParked
from events.snapshots import Snapshot, SnapshotKind, pack, unpack

State = TypeVar("State")

_POSITION: Final = attrgetter("position")
_OCCURRED_AT: Final = attrgetter("occurred_at_us")


class Fold(Protocol[State]):
    """A pure fold. `apply` owns the state that it is given and may return the same object, changed."""

    def initial(self) -> State:
        """The state before the first event."""

    def apply(self, state: State, event: RecordedEvent) -> State:
        """The state after one more event; unknown types change nothing."""


class Projection(Protocol[State]):
    """A fold that can be saved, and put together from the folds of its streams.

    Like a `Fold` it owns the state that it is given.
    """

    @property
    def name(self) -> str:
        """What it is called in snapshots and in its status."""

    @property
    def schema(self) -> str:
        """Changes whenever the same events may give another state, or `dump` another form."""

    @property
    def handles(self) -> frozenset[str]:
        """The event types that it needs; all others are skipped, whatever they are."""

    def initial(self) -> State:
        """The state before the first event."""

    def apply(self, state: State, event: ReadableEvent) -> State:
        """The state after one more event of a type that it handles, at a schema that can be read."""

    def dump(self, state: State) -> Any:
        """The state as JSON-able values: `load(dump(s)) == s`."""

    def load(self, dumped: Any) -> State:
        """The state that `dump` wrote.

        Raises:
            ValueError: when it is none.
        """

    def merge(self, parts: Iterable[State]) -> State:
        """One state of the folds of single streams, each in market order."""


@dataclass(slots=True)
class Folded(Generic[State]):
    """A state, and the newest of what went into it.

    Attributes:
        position: the greatest position; of a fold of the whole log, all up to it went in.
        occurred_at_us, recorded_at_us: the greatest market time and commit time; None before any event.
    """

    state: State
    position: int = 0
    occurred_at_us: int | None = None
    recorded_at_us: int | None = None


@dataclass(frozen=True, slots=True)
class ProjectionStatus:
    """How a projection fares.

    Attributes:
        phase: `catching_up`, `live`, `rebuilding` or `parked`.
        position: all up to here has gone in.
        error: why it is parked or cannot go on, else None.
    """

    phase: str
    position: int
    error: str | None = None


def schema_of(version: str, handles: Iterable[str]) -> str:
    """A schema for a projection: its own version and those of the payloads that it reads."""
    read = sorted(present_versions(handles).items())
    return f"{version}-{hashlib.sha256(repr(read).encode()).hexdigest()[:12]}"


def take(
    projection: Projection[State], folded: Folded[State], events: Sequence[ReadableEvent]
) -> None:
    """Fold on.

    Raises:
        ProjectionParked: one of them is needed and cannot be read. `folded` is of no more use then: some
            of them, or half of one, may have gone in. Go on from a snapshot.
    """
    if not events:
        return
    apply, state, present = projection.apply, folded.state, present_versions(projection.handles)
    # The inner loop of every fold: what is the same for all events is looked up before it.
    for event in events:
        version = present.get(event.type)
        if version is None:
            continue
        if version != event.schema_version and not is_readable(event):
            reason = f"this program does not know {event.type} version {event.schema_version}"
            raise ProjectionParked(projection.name, event.position, reason)
        try:
            state = apply(state, event)
        except Exception as error:
            raise ProjectionParked(projection.name, event.position, repr(error)) from error
    folded.state = state
    # Commit times rise with positions, also where events come in another order.
    last = max(events, key=_POSITION)
    if last.position > folded.position:
        folded.position, folded.recorded_at_us = last.position, last.recorded_at_us
    newest = max(map(_OCCURRED_AT, events))
    if folded.occurred_at_us is None or newest > folded.occurred_at_us:
        folded.occurred_at_us = newest


def merged(projection: Projection[State], parts: Iterable[Folded[State]]) -> Folded[State]:
    """One fold of the folds of single streams."""
    parts = [part for part in parts if part.position]
    return Folded(
        projection.merge([part.state for part in parts]),
        max((part.position for part in parts), default=0),
        max(
            (part.occurred_at_us for part in parts if part.occurred_at_us is not None), default=None
        ),
        max(
            (part.recorded_at_us for part in parts if part.recorded_at_us is not None), default=None
        ),
    )


def kind_of(projection: Projection[Any]) -> SnapshotKind:
    """Whose snapshots a projection may use."""
    return SnapshotKind(projection.name, projection.schema)


def freeze(projection: Projection[State], folded: Folded[State], stream: str) -> Snapshot:
    """A fold as a snapshot of a stream, or of the whole log."""
    return Snapshot(
        kind_of(projection),
        stream,
        folded.position,
        folded.occurred_at_us or 0,
        pack([folded.recorded_at_us, projection.dump(folded.state)]),
    )


def thaw(projection: Projection[State], snapshot: Snapshot | None) -> Folded[State] | None:
    """The fold that `freeze` saved; None when it cannot be read: a cache is never worth an error."""
    if snapshot is None:
        return None
    try:
        recorded_at_us, dumped = unpack(snapshot.state)
        state = projection.load(dumped)
    except (ValueError, TypeError, LookupError):
        return None
    return Folded(state, snapshot.position, snapshot.occurred_at_us, recorded_at_us)


def fold(projection: Fold[State], events: Iterable[RecordedEvent]) -> State:
    """The state after all of `events`, from the beginning."""
    state = projection.initial()
    for event in events:
        state = projection.apply(state, event)
    return state


def in_market_order(events: Iterable[RecordedEvent]) -> list[RecordedEvent]:
    """Each stream in the order (market time, version): how a moment of market time is folded.

    Late prices and later imports mean that position order is not market order. Streams follow one another
    by market time as well, and by position where that is equal, so that the result is one order for all.
    """
    return sorted(events, key=lambda event: (event.occurred_at_us, event.position))
