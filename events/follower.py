"""`Follower`: what other processes append to the log, from hints where they fit and else from the store.

A hint that begins where the known log ends is taken as it is, once its hashes have proved that it continues the
chain. One with a hole before it waits for what fills the hole, be that another hint or what a look reads; one
without events makes this process look. So does a poll, for what no hint told.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Final

import structlog

from events.chain import check_chain
from events.envelope import RecordedEvent
from events.errors import BrokenChain, EventError, LogReplaced, PositionGap
from events.held_hints import HeldHints
from events.hints import Hint, HintKind, Hints, HintStatus
from events.log_end import LogEnd
from events.store import EventStore, ReadQuery

_log = structlog.get_logger("log")

READ_ON: Final = 2_000
"""Events in one page of what others have appended."""

RETRY_S: Final = 0.5
"""After a look that failed the next comes so much later (sooner where the poll is), whatever is heard meanwhile."""


@dataclass(slots=True)
class FollowCounts:
    """How the events of others came to be known.

    Attributes:
        from_hints: events that a hint brought.
        from_store: events that were read.
        holes: hints that did not continue what was known: something before them is missing, or they are false.
        reads: how often events were read.
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
        self._held = HeldHints()
        self._looking = asyncio.Lock()
        self._looks = self._last_look = 0
        self._look = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def hint_status(self) -> HintStatus:
        """How the hints fare; of kind `poll`, never connected, where there are none."""
        return HintStatus(HintKind.POLL) if self.hints is None else self.hints.status

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
        if self.replaced.is_set():
            return
        known = self._end.head
        if not hint.events or hint.epoch != known.epoch:
            self._look.set()
        elif self._one_at_a_time.locked():
            # What is being read must follow on what was known when it was asked for.
            self._hold(hint.events)
        elif hint.events[0].position > known.position + 1:
            self._hold(hint.events)
            self._lack()
        else:
            self._take(hint.events)
            self._take_held()

    async def publish(self, events: Sequence[RecordedEvent], newest: int, *, whole: bool) -> None:
        """Push what this process has committed, and tell the others.

        Args:
            events: what was recorded now.
            newest: the newest position that an append of the commit has, recorded now or before.
            whole: False when there may be events of ours that are not among them.

        Raises:
            LogReplaced: another log is in the place of the one that was read.
            EventError: the store could not be read for what others wrote before.
        """
        if self.replaced.is_set():
            raise LogReplaced
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

        However many ask at a time: one look that begins after they asked serves them all.
        Raises nothing: what is wrong is `unread`, and goes when it is right again.
        """
        before = self._looks
        async with self._looking:
            if self._last_look > before:
                return
            self._looks += 1
            number = self._looks
            known_fault, self.unread = self.unread, await self._fault_of_a_look()
            if self.unread is not None and known_fault is None:
                _log.warning("log_unreadable", error=str(self.unread))
            elif self.unread is None and known_fault is not None:
                _log.info("log_readable_again", position=self._end.head.position)
            self._last_look = number

    async def _fault_of_a_look(self) -> EventError | None:
        try:
            await self._look_once()
        except EventError as error:
            return error
        except Exception as error:  # noqa: BLE001  # whatever it is, the next look may go well
            fault = EventError(f"the log cannot be followed: {type(error).__name__}")
            fault.__cause__ = error
            return fault
        return None

    def _hold(self, events: Sequence[RecordedEvent]) -> None:
        if not self._held.add(events):
            self._look.set()

    def _lack(self) -> None:
        self.counts.holes += 1
        self._look.set()

    def _take(self, events: Sequence[RecordedEvent]) -> None:
        known = self._end.head
        fresh = [event for event in events if event.position > known.position]
        if not fresh:
            return
        try:
            check_chain(known.hash, known.position, fresh)
        except Exception:  # noqa: BLE001  # whatever a false hint holds, the store has the true events
            self._lack()
            return
        self._end.push(fresh)
        self.counts.from_hints += len(fresh)

    def _take_held(self) -> None:
        while (events := self._held.next(self._end.head.position)) is not None:
            self._take(events)

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        async with self._one_at_a_time:
            try:
                yield
            finally:
                if self.replaced.is_set():
                    self._held.clear()
                # Before anything that is heard after them.
                self._take_held()
                if self._held:
                    self._look.set()

    async def _look_once(self) -> None:
        if self.replaced.is_set():
            raise LogReplaced
        known, heard_before = self._end.head, self._held.count
        head = await self._store.head()
        if head.epoch == known.epoch and head.position > known.position:
            await self._catch_up(head.position)
        elif (head.epoch, head.position, head.hash) != (known.epoch, known.position, known.hash):
            await self._refuse_another()
        # They were committed before this look began, and are known now; or else they were false.
        self._held.drop(heard_before)

    async def _catch_up(self, position: int) -> None:
        """Read on, unless hints or an own commit have brought as much already."""
        async with self._alone():
            if position <= self._end.head.position:
                return
            try:
                await self._read_on()
            except (BrokenChain, PositionGap):
                await self._refuse_another()
                raise

    async def _refuse_another(self) -> None:
        """The log does not look as it should; whether it is another one, the store finds out under its lock.

        Raises:
            LogReplaced: it is.
        """
        if not await self._store.still_holds(self._end.head):
            self.replaced.set()
            self._held.clear()
            raise LogReplaced

    async def _read_on(self) -> None:
        self.counts.reads += 1
        while True:
            known = self._end.head
            page = await self._store.read(ReadQuery(after=known.position, limit=READ_ON))
            check_chain(known.hash, known.position, page)
            self._end.push(page)
            self.counts.from_store += len(page)
            if len(page) < READ_ON:
                return

    async def _follow(self, poll_s: float) -> None:
        while not self.replaced.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(poll_s):
                    await self._look.wait()
            self._look.clear()
            await self.refresh()
            if self.unread is not None:
                # A store that fails is not asked more often because others go on telling.
                await asyncio.sleep(min(poll_s, RETRY_S))
                self._look.set()
