"""Projections: pure folds over recorded events, and the state as of a moment."""

from collections.abc import AsyncIterable, Iterable
from typing import Protocol, TypeVar

from events.envelope import RecordedEvent

State = TypeVar("State")


class Projection(Protocol[State]):
    """A pure fold. `apply` owns the state that it is given and may return the same object, changed."""

    def initial(self) -> State:
        """The state before the first event."""

    def apply(self, state: State, event: RecordedEvent) -> State:
        """The state after one more event; unknown types change nothing."""


def fold(projection: Projection[State], events: Iterable[RecordedEvent]) -> State:
    """The state after all of `events`, from the beginning."""
    state = projection.initial()
    for event in events:
        state = projection.apply(state, event)
    return state


async def fold_stream(projection: Projection[State], events: AsyncIterable[RecordedEvent]) -> State:
    """The same over events that arrive a page at a time."""
    state = projection.initial()
    async for event in events:
        state = projection.apply(state, event)
    return state


def in_market_order(events: Iterable[RecordedEvent]) -> list[RecordedEvent]:
    """Each stream in the order (market time, version): how a moment of market time is folded.

    Late prices and later imports mean that position order is not market order. Streams follow one another
    by market time as well, and by position where that is equal, so that the result is one order for all.
    """
    return sorted(events, key=lambda event: (event.occurred_at_us, event.position))
