"""`Follower`: what other processes append to the log, from hints where they fit and else from the store.

A hint that begins where the known log ends is taken as it is, once its hashes have proved that it continues the
chain. One with a hole before it, or without events, makes this process read the store; so does a poll, for
what no hint told.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Final

from events.chain import check_chain
from events.envelope import RecordedEvent
from events.errors import BrokenChain, EventError, LogReplaced, PositionGap
from events.hints import Hint, Hints
from events.log_end import LogEnd
from events.store import EventStore, ReadQuery

READ_ON: Final = 2_000
"""Events in one page of what others have appended."""

HELD_BACK_MAX: Final = 1_000
"""Hints that wait while the store is read; of more, the oldest are dropped, and read in the store."""


@dataclass(slots=True)
class FollowCounts:
    """How the events of others came to be known.

    Attributes:
        from_hints: events that a hint brought.
        from_store: events that were read.
        holes: hints that began beyond the known end.
        reads: how often the store was asked.
    """

    from_hints: int = 0
    from_store: int = 0
    holes: int = 0
    reads: int = 0


class Follower:
    """Keeps the known end of the log where the log's end is.

    Attributes:
        unread: why the store could not be read when it was asked last; None while all is well.
        replaced: set once another log was found in the place of this one: everything that was read of it is void.
        counts: how events came.
        hints: by which others are told and heard; None where there are no others, or only the poll.
    """

    def __init__(self, store: EventStore, end: LogEnd, hints: Hints | None) -> None:
        self.unread: EventError | None = None
        self.replaced = asyncio.Event()
        self.counts = FollowCounts()
        self.hints = hints
        self._store = store
        self._end = end
        self._one_at_a_time = asyncio.Lock()
        self._held_back: deque[Sequence[RecordedEvent]] = deque(maxlen=HELD_BACK_MAX)
        self._look = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self, poll_s: float) -> None:
        """Begin to listen, and to look every `poll_s` seconds, heard or not."""
        self._task = asyncio.create_task(self._follow(poll_s), name="follow")
        if self.hints is not None:
            self.hints.start(self.hear)

    async def close(self) -> None:
        """Stop listening and looking."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        if self.hints is not None:
            await self.hints.close()

    def hear(self, hint: Hint) -> None:
        """Take what another process tells, or look in the store for what it leaves out. Raises nothing."""
        known = self._end.head
        if self.replaced.is_set():
            return
        if hint.epoch is not None and hint.epoch != known.epoch:
            self._look.set()
            return
        if not hint.events:
            self._look.set()
        elif self._one_at_a_time.locked():
            # What is being read must follow on what was known when it was asked for.
            self._held_back.append(hint.events)
        else:
            self._take(hint.events)

    async def publish(self, events: Sequence[RecordedEvent], newest: int, *, whole: bool) -> None:
        """Push what this process has committed, and tell the others.

        Args:
            events: what was recorded now.
            newest: the newest position that an append of the commit has, recorded now or before.
            whole: False when there may be events of ours that are not among them.

        Raises:
            EventError: the store could not be read for what others wrote before.
        """
        if events and self.hints is not None:
            self.hints.tell(self._end.head.epoch, events)
        async with self._alone():
            known = self._end.head.position
            # Somebody else may have written, or a hint or a look has brought these events already.
            if whole and max(newest, known) == known + len(events):
                self._end.push(events)
            elif newest > known or not whole:
                await self._read_on()

    async def refresh(self) -> None:
        """Look for what other processes have appended, and pass it on to whoever follows.

        Raises nothing: what is wrong is `unread`, and goes when it is right again.
        """
        try:
            await self._look_once()
        except EventError as error:
            self.unread = error
        else:
            self.unread = None

    def _take(self, events: Sequence[RecordedEvent]) -> None:
        known = self._end.head
        fresh = [event for event in events if event.position > known.position]
        if not fresh:
            return
        if fresh[0].position == known.position + 1:
            with suppress(BrokenChain, PositionGap):
                check_chain(known.hash, known.position, fresh)
                self._end.push(fresh)
                self.counts.from_hints += len(fresh)
                return
        self.counts.holes += 1
        self._look.set()

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        async with self._one_at_a_time:
            yield
        while self._held_back and not self._one_at_a_time.locked():
            self._take(self._held_back.popleft())

    async def _look_once(self) -> None:
        if self.replaced.is_set():
            raise LogReplaced
        known = self._end.head
        head = await self._store.head()
        if head.epoch == known.epoch and head.position > known.position:
            if head.position > self._end.head.position:
                try:
                    async with self._alone():
                        await self._read_on()
                except (BrokenChain, PositionGap):
                    await self._refuse_another()
                    raise
        elif (head.epoch, head.position, head.hash) != (known.epoch, known.position, known.hash):
            await self._refuse_another()

    async def _refuse_another(self) -> None:
        """The log does not look as it should; whether it is another one, the store finds out under its lock.

        Raises:
            LogReplaced: it is.
        """
        if not await self._store.still_holds(self._end.head):
            self.replaced.set()
            raise LogReplaced

    async def _read_on(self) -> None:
        known = self._end.head
        self.counts.reads += 1
        while page := await self._store.read(ReadQuery(after=known.position, limit=READ_ON)):
            check_chain(known.hash, known.position, page)
            self._end.push(page)
            self.counts.from_store += len(page)
            known = self._end.head
            if len(page) < READ_ON:
                return

    async def _follow(self, poll_s: float) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(poll_s):
                    await self._look.wait()
            self._look.clear()
            await self.refresh()
