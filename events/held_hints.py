"""`HeldHints`: hints that cannot be taken yet, because something before them is missing or being read."""

from collections.abc import Sequence
from heapq import heapify, heappop, heappush
from typing import Final

from events.envelope import RecordedEvent

HELD_BACK_MAX: Final = 10_000
"""Events in hints that wait; of more, none is kept, and the store is read."""


class HeldHints:
    """What waits, by the position of its first event.

    Attributes:
        count: how many have been held so far.
    """

    def __init__(self) -> None:
        self.count = 0
        self._hints: list[tuple[int, int, Sequence[RecordedEvent]]] = []
        self._events = 0

    def __bool__(self) -> bool:
        return bool(self._hints)

    def add(self, events: Sequence[RecordedEvent]) -> bool:
        """Hold one; returns False when that was too many, and everything was let go."""
        heappush(self._hints, (events[0].position, self.count, events))
        self.count += 1
        self._events += len(events)
        if self._events <= HELD_BACK_MAX:
            return True
        self.clear()
        return False

    def next(self, position: int) -> Sequence[RecordedEvent] | None:
        """Take out the first one, if it leaves no hole after a log that ends at `position`."""
        if not self._hints or self._hints[0][0] > position + 1:
            return None
        events = heappop(self._hints)[2]
        self._events -= len(events)
        return events

    def drop(self, count: int) -> None:
        """Let go of those that were among the first `count` to be held."""
        if self._hints:
            self._hints = [held for held in self._hints if held[1] >= count]
            heapify(self._hints)
            self._events = sum(len(events) for _, _, events in self._hints)

    def clear(self) -> None:
        """Let go of all."""
        self._hints.clear()
        self._events = 0
