"""The recent end of the log in memory: what a reader that is caught up reads instead of the store."""

from collections import deque
from collections.abc import Sequence
from itertools import islice

from events.envelope import RecordedEvent
from events.errors import PositionGap


class Tail:
    """The newest events, dense, at most `size` of them."""

    def __init__(self, head: int, size: int) -> None:
        """`head`: the position after which the tail begins to fill."""
        self.head = head
        self._events: deque[RecordedEvent] = deque(maxlen=size)

    def push(self, events: Sequence[RecordedEvent]) -> None:
        """Add what was committed.

        Raises:
            PositionGap: an event does not follow the last one: a bug, never to be passed over; nothing
                of the batch was added.
        """
        for position, event in enumerate(events, start=self.head + 1):
            if event.position != position:
                raise PositionGap("tail", position, event.position)
        self._events.extend(events)
        self.head += len(events)

    def after(self, position: int, limit: int) -> list[RecordedEvent] | None:
        """Up to `limit` events after a position; None when some of them are no longer held."""
        behind = self.head - position
        if behind > len(self._events):
            return None
        # From the right end: whoever is caught up pays for the few new events, not for the whole tail.
        newest = list(islice(reversed(self._events), max(behind, 0)))
        newest.reverse()
        return newest[:limit]
