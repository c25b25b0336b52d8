"""`EventLog`: one store, a group-commit appender, the recent tail and a wake-up. What the app talks to."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Final

from events.clock import uuid7
from events.envelope import (
    ANY,
    Append,
    Appended,
    Fence,
    Head,
    Idempotency,
    NewEvent,
    RecordedEvent,
    check_text,
)
from events.errors import (
    AppendConflict,
    EpochMismatch,
    EventError,
    LogBusy,
    LogReplaced,
    MissingUpcaster,
    PositionBeyondHead,
    StoreUnavailable,
)
from events.follower import Follower
from events.hints import Hints
from events.leases import Hold
from events.log_end import LogEnd
from events.store import EventStore, ReadQuery
from events.tail import Tail
from events.upcasters import missing_steps

WAITING_APPENDS_MAX: Final = 10_000
"""Appends that may wait for the writer; the next one is refused with `LogBusy`."""

GROUP_EVENTS_MAX: Final = 2_000
"""Events after which a group commit is closed, unless a single append holds more."""

RECOVERY_S: Final = 1.0
"""How often a store that failed is tried again, whether or not anybody appends."""


@dataclass(slots=True)
class _Waiting:
    append: Append
    done: asyncio.Future[Appended]
    since: float


class EventLog:
    """The log as the application sees it: append, read, and follow without a seam.

    An append that returns is on disk. Events reach the tail, and so any subscriber, only after that.
    """

    def __init__(
        self, store: EventStore, head: Head, newest: Mapping[str, int], hints: Hints | None = None
    ) -> None:
        """Use `EventLog.open`. `newest`: the newest position of each channel."""
        self.store = store
        self.end = LogEnd(head, newest)
        self.follower = Follower(store, self.end, hints)
        self.on_commit: Callable[[float, int], None] | None = None
        """Told of each append that is on disk: seconds since it was asked for, and its events."""
        self._unwritten: EventError | None = None
        self._waiting: list[_Waiting] = []
        self._work = asyncio.Event()
        self._closed = False
        self._committer = asyncio.create_task(self._commit_groups(), name="group-commit")
        self._recovery: asyncio.Task[None] | None = None
        self._closing: asyncio.Task[None] | None = None

    @classmethod
    async def open(
        cls,
        store: EventStore,
        poll_s: float | None = None,
        hints: Callable[[], Awaitable[Hints | None]] | None = None,
    ) -> "EventLog":
        """Begin with what the store holds.

        Args:
            store: where the events are kept; closed with the log.
            poll_s: how often to look for what other processes appended, in seconds; None where there
                are none.
            hints: opens the way by which they tell of it sooner; it is closed with the log.

        Raises:
            MissingUpcaster: some payloads are of an older schema from which no steps lead to the present.
        """
        if missing := missing_steps(await store.stored_types()):
            raise MissingUpcaster(missing)
        # The head first: what is appended meanwhile is then read as new.
        head = await store.head()
        newest: dict[str, int] = {}
        for name, stream in (await store.streams()).items():
            channel = name.partition(":")[0]
            newest[channel] = max(newest.get(channel, 0), stream.position)
        # And then the hints: their key may be of a later lifetime than the head, which the next look finds out.
        # An older one would prove nothing, and nobody would be told.
        log = cls(store, head, newest, None if hints is None else await hints())
        if poll_s is not None:
            log.follower.start(poll_s)
        return log

    @property
    def head(self) -> Head:
        """The newest event that this process knows to be committed."""
        return self.end.head

    @property
    def tail(self) -> Tail:
        """The newest events."""
        return self.end.tail

    @property
    def fault(self) -> EventError | None:
        """Why the last append could not reach the store, or the store not be read; None while all is well."""
        return self._unwritten or self.follower.unread

    @property
    def newest_by_channel(self) -> Mapping[str, int]:
        """The newest position of each channel that has events."""
        return self.end.newest_by_channel

    @property
    def waiting_appends(self) -> int:
        """How many appends wait for the writer; those in the commit under way are not among them."""
        return len(self._waiting)

    async def append(
        self,
        events: Sequence[NewEvent],
        *,
        stream: str | None = None,
        expected: int | Mapping[str, int] = ANY,
        idempotency: Idempotency | None = None,
        fence: Fence | None = None,
    ) -> Appended:
        """Record events, all or none; returns when they are on disk.

        Args:
            events: of one stream or of several, in order.
            stream: the stream that a plain number in `expected` speaks of.
            expected: the version that the writer read (`NO_STREAM` for none, `ANY` for no check) of
                `stream`, or of several streams by name.
            idempotency: the caller's key, answered again when it comes again.
            fence: the lease under which the events are made (`Hold.fence`).

        Raises:
            AppendConflict: another writer was first, an id or key is taken, or the lease is lost
                (`FenceLost`); nothing was recorded.
            LogBusy: `WAITING_APPENDS_MAX` appends are waiting already.
            InvalidEvent: `expected` names what can be no stream, or `fence` what can be no lease.
            StoreUnavailable: the store cannot be written now, or the log is closing; nothing was
                acknowledged, though the commit may have succeeded: append the same ids again to find out.
            EventError: whatever else went wrong in the store, with its cause.
        """
        if isinstance(expected, int):
            if stream is None and expected != ANY:
                raise ValueError("an expected version needs the stream that it speaks of")
            expected = {} if stream is None else {stream: expected}
        for name in expected:
            check_text(name, "the name of a stream")
        if fence is not None:
            check_text(fence.name, "the name of a lease")
        for event in events:
            # Encoded here, by its own caller: one that cannot be would fail its whole group later on.
            _ = event.payload_json
        return await self._enqueue(Append(tuple(events), expected, idempotency, fence))

    def hold(self, name: str, holder: str, ttl_s: float) -> Hold:
        """A lease to take, keep and give back: `async with log.hold(...) as hold`.

        Args:
            name: what it is for: one holder at a time has it.
            holder: a text that no other process uses; whoever comes with it takes the lease at once.
            ttl_s: how long after its holder was last heard of another one may take it, in seconds.

        Raises:
            InvalidLease: one of them is none that a lease can have.
        """
        return Hold(self.store, name, holder, ttl_s)

    def _enqueue(self, append: Append) -> asyncio.Future[Appended]:
        if self._closed:
            raise StoreUnavailable("the log is closing")
        if len(self._waiting) >= WAITING_APPENDS_MAX:
            raise LogBusy(WAITING_APPENDS_MAX)
        done: asyncio.Future[Appended] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(append, done, perf_counter()))
        self._work.set()
        return done

    async def _commit_groups(self) -> None:
        while True:
            await self._work.wait()
            group = self._next_group()
            if group:
                await self._commit(group)
            elif self._closed:
                return

    def _next_group(self) -> list[_Waiting]:
        size = count = 0
        for waiting in self._waiting:
            size += len(waiting.append.events)
            if count and size > GROUP_EVENTS_MAX:
                break
            count += 1
        group, self._waiting = self._waiting[:count], self._waiting[count:]
        if not self._waiting and not self._closed:
            self._work.clear()
        return group

    async def _commit(self, group: list[_Waiting]) -> None:
        try:
            # It may have come by a hint: what is decided on it does not fit a log that has lost it.
            self.store.note(self.head)
            outcomes = await self.store.append([waiting.append for waiting in group])
            done = [outcome for outcome in outcomes if isinstance(outcome, Appended)]
            await self.follower.publish(
                [event for one in done for event in one.events],
                max((position for one in done for position in one.positions), default=0),
                # A commit that reported failure may have succeeded.
                whole=self._unwritten is None,
            )
        except Exception as error:  # noqa: BLE001  # whatever it is, its callers must hear of it
            if isinstance(error, LogReplaced):
                # It finds out what is in the log's place, and tells whoever waits for `replaced`.
                await self.follower.refresh()
            self._fail(group, error)
            return
        self._unwritten = None
        now = perf_counter()  # the loop's own clock may count whole milliseconds only
        for waiting, outcome in zip(group, outcomes, strict=True):
            if self.on_commit is not None and isinstance(outcome, Appended):
                self.on_commit(now - waiting.since, len(outcome.events))
            if waiting.done.done():
                continue  # its caller was cancelled; what it appended stands all the same
            if isinstance(outcome, AppendConflict):
                waiting.done.set_exception(outcome)
            else:
                waiting.done.set_result(outcome)

    def _fail(self, group: Sequence[_Waiting], error: Exception) -> None:
        if not isinstance(error, EventError):
            # Only its kind: its text may hold what was written, and the statement that wrote it.
            cause, error = error, EventError(f"the append failed: {type(error).__name__}")
            error.__cause__ = cause
        self._unwritten = error
        if self._recovery is None or self._recovery.done():
            self._recovery = asyncio.create_task(self._recover(), name="recovery")
        for waiting in group:
            if not waiting.done.done():
                waiting.done.set_exception(error)

    async def _recover(self) -> None:
        """Try the store until it takes writes again: neither health nor the tail waits for an append.

        The key makes each try a real write; a transaction that changes nothing fits on a full disk.
        """
        while True:
            await asyncio.sleep(RECOVERY_S)
            if self._unwritten is None or self._closed:
                return
            with suppress(EventError):
                key = Idempotency(f"recovery:{uuid7()}", b"", "")
                await self._enqueue(Append((), idempotency=key))

    async def refresh(self) -> None:
        """Look for what other processes have appended, and pass it on to whoever follows.

        Raises nothing: what is wrong becomes the log's `fault`, and goes when it is right again.
        """
        await self.follower.refresh()

    async def check_cursor(self, position: int, epoch: str | None) -> None:
        """Make sure that a client may go on from here; another process may have appended that far.

        Raises:
            EpochMismatch: the position belongs to another lifetime of the log.
            PositionBeyondHead: it has not been recorded yet.
            StoreUnavailable: whether it has, cannot be found out now.
        """
        if epoch is not None and epoch != self.head.epoch:
            raise EpochMismatch(epoch, self.head.epoch)
        if position > self.head.position:
            await self.refresh()
            if self.follower.unread is not None and position > self.head.position:
                raise self.follower.unread
        if position > self.head.position:
            raise PositionBeyondHead(position, self.head.position)

    async def moved_beyond(self, position: int) -> None:
        """Return as soon as the head is beyond `position`."""
        await self.end.moved_beyond(position)

    async def read(self, query: ReadQuery) -> list[RecordedEvent]:
        """One page of the log."""
        return await self.store.read(query)

    async def stream(self, query: ReadQuery) -> AsyncIterator[RecordedEvent]:
        """Everything that the query asks for, a page at a time; `query.limit` is the page's size."""
        while True:
            page = await self.store.read(query)
            for event in page:
                yield event
            if len(page) < query.limit:
                return
            last = page[-1].position
            query = (
                replace(query, upto=last - 1) if query.descending else replace(query, after=last)
            )

    async def close(self) -> None:
        """Commit what waits, then close the store; goes on to its end even if its caller is cancelled."""
        self._closed = True
        self._work.set()
        if self._closing is None:
            self._closing = asyncio.create_task(self._close(), name="close-log")
        await asyncio.shield(self._closing)

    async def _close(self) -> None:
        try:
            await self._committer
        finally:
            if self._recovery is not None:
                self._recovery.cancel()
                await asyncio.wait([self._recovery])
            await self.follower.close()
            await self.store.close()
