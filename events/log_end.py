"""The end of the log as this process knows it: its head, its recent events, and a wake-up for who follows."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from events.envelope import Head, RecordedEvent
from events.tail import Tail

TAIL_EVENTS: Final = 10_000
"""Recent events kept in memory for readers that are (nearly) caught up."""


class LogEnd:
    """What is known of the log's end. Only committed events are pushed, in order, without a hole.

    Attributes:
        head: the newest event that is known.
        tail: the newest events.
    """

    def __init__(self, head: Head, newest: Mapping[str, int]) -> None:
        """`newest`: the newest position of each channel."""
        self.head = head
        self.tail = Tail(head.position, TAIL_EVENTS)
        self._newest = dict(newest)
        self._moved = asyncio.Event()

    @property
    def newest_by_channel(self) -> Mapping[str, int]:
        """The newest position of each channel that has events."""
        return self._newest

    def push(self, events: Sequence[RecordedEvent]) -> None:
        """Add what was committed, and wake whoever waits for it.

        Raises:
            PositionGap: an event does not follow the last one; nothing was added.
        """
        if not events:
            return
        last = events[-1]
        self.tail.push(events)
        self.head = replace(
            self.head, position=last.position, hash=last.hash, recorded_at_us=last.recorded_at_us
        )
        # By stream first: there are few of them, and a thousand events are split once for each.
        for stream, position in {event.stream: event.position for event in events}.items():
            self._newest[stream.partition(":")[0]] = position
        self._moved.set()
        self._moved = asyncio.Event()

    async def moved_beyond(self, position: int) -> None:
        """Return as soon as the head is beyond `position`."""
        while self.head.position <= position:
            await self._moved.wait()
