"""The recent end of the log in memory: what a reader that is caught up reads instead of the store."""

from collections import deque
from collections.abc import Iterable
from itertools import islice

from events.envelope import RecordedEvent
from events.errors import PositionGap


class Tail:
    """The newest events, dense, at most `size` of them."""

    def __init__(self, head: int, size: int) -> None:
        """`head`: the position after which the tail begins to fill."""
        self.head = head
        self._events: deque[RecordedEvent] = deque(maxlen=size)

    def push(self, events: Iterable[RecordedEvent]) -> None:
        """Add what was committed.

        Raises:
            PositionGap: an event does not follow the last one: a bug, never to be passed over.
        """
        for event in events:
            if event.position != self.head + 1:
                raise PositionGap("tail", self.head + 1, event.position)
            self._events.append(event)
            self.head = event.position

    def after(self, position: int, limit: int) -> list[RecordedEvent] | None:
        """Up to `limit` events after a position; None when some of them are no longer held."""
        behind = self.head - position
        if behind > len(self._events):
            return None
        start = len(self._events) - behind
        return list(islice(self._events, start, start + limit))
