"""`LogUnderTest`: a real log for tests, in a loop of its own, so that any test may use it, async or not."""

import asyncio
import math
import warnings
import weakref
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any, Concatenate, Final, ParamSpec, Self, TypeVar

from events.catalog import CATALOG, Channel
from events.envelope import ANY, Appended, NewEvent, RecordedEvent
from events.errors import PositionBeyondHead
from events.log import EventLog
from events.memory_store import MemoryEventStore
from events.selection import Selection
from events.store import EventStore, ReadQuery
from events.testing.errors import BadExpectation, did_you_mean
from events.testing.examples import new_event
from events.testing.follower import Follower
from events.testing.followers import Followers
from events.testing.loop_thread import LoopThread

CAUGHT_UP_S: Final = 5.0
"""How long `caught_up` waits unless told, in seconds."""

Result = TypeVar("Result")
Given = ParamSpec("Given")
Opening = Callable[[], Awaitable[EventStore]]


async def _in_memory() -> EventStore:
    return MemoryEventStore()


class LogUnderTest:
    """A log to append to, to look at, and to let one's own consumer follow."""

    def __init__(self, opening: Opening | None = None, *, poll_s: float | None = None) -> None:
        """Open a log; in memory, unless another store is opened.

        Args:
            opening: opens the store; called in the log's own loop.
            poll_s: how often to look for what other processes append, in seconds; None where there are none.

        Raises:
            EventError: whatever the opening raises.
        """
        self._thread = LoopThread("log-under-test")
        try:
            self._log, self._followers = self._thread.run(self._open(opening or _in_memory, poll_s))
        except BaseException:
            self._thread.close()
            raise
        # It does not know this: whoever forgets to close the log, even at the end of the process, ends its thread.
        self._forgotten = weakref.finalize(
            self, _forgotten, self._thread, self._log, self._followers
        )

    async def _open(self, opening: Opening, poll_s: float | None) -> tuple[EventLog, Followers]:
        store = await opening()
        try:
            log = await EventLog.open(store, poll_s)
        except BaseException:
            await store.close()
            raise
        return log, Followers(log, self._thread)

    # --- the log ---

    @property
    def head(self) -> int:
        """The last committed position."""
        return self._log.head.position

    @property
    def epoch(self) -> str:
        """The identity of this log's lifetime."""
        return self._log.head.epoch

    @property
    def events(self) -> list[RecordedEvent]:
        """All of the log."""
        return self.read()

    def append(
        self,
        *events: Any,
        source: str = "api",
        expected: int | Mapping[str, int] | None = None,
        caused_by: Any = None,
    ) -> list[RecordedEvent]:
        """Record events, all or none.

        Args:
            events: payloads, new events, or expectations without matchers, which stand for payloads.
            source: where they come from, unless they say so.
            expected: the version that each stream must be at; a number speaks of the one stream that
                all of the events belong to.
            caused_by: the event that directly caused them.

        Returns:
            Each of them as it stands in the log, also where it was recorded before.

        Raises:
            EventError: as `EventLog.append`.
        """
        made = [new_event(event, source, caused_by) for event in events]
        return self._thread.run(self._append(made, _versions(made, expected)))

    async def _append(
        self, events: Sequence[NewEvent], expected: int | Mapping[str, int]
    ) -> list[RecordedEvent]:
        appended: Appended = await self._log.append(events, expected=expected)
        if not appended.duplicates:
            return list(appended.events)
        found = await self._log.store.find([event.event_id for event in events])
        return [found[event.event_id] for event in events]

    def load(self, span: Iterable[Any]) -> list[RecordedEvent]:
        """Record what was recorded elsewhere (`load_span`): ids, order, sources and causes are kept.

        Positions and versions begin after those that the log holds, and commit time is now.

        Raises:
            BadExpectation: there is nothing to load, or the log holds it already.
        """
        __tracebackhide__ = True
        events, head = list(span), self.head
        if not events:
            raise BadExpectation("there is nothing to load: the span is empty")
        loaded = self.append(*events)
        if self.head == head:
            raise BadExpectation(
                f"the log holds all of these {len(events)} events already: a span is loaded once"
            )
        return loaded

    def read(
        self,
        *,
        after: int = 0,
        upto: int | None = None,
        channels: Iterable[str] | None = None,
        symbols: Iterable[str] | None = None,
        types: Iterable[str] | None = None,
    ) -> list[RecordedEvent]:
        """The events after a position, up to another one, of some channels, symbols, types.

        Raises:
            BadExpectation: no such channel or type.
        """
        query = ReadQuery(
            after=after,
            upto=upto,
            selection=_selection(channels, symbols),
            types=_types(types),
        )

        async def all_of_them() -> list[RecordedEvent]:
            return [event async for event in self._log.stream(query)]

        return self._thread.run(all_of_them())

    def run(
        self,
        work: Callable[Concatenate[EventLog, Given], Awaitable[Result]],
        /,
        *args: Given.args,
        **kwargs: Given.kwargs,
    ) -> Result:
        """Do `await work(event_log, *args)` in the log's own loop, and give what it returns."""

        async def in_loop() -> Result:
            return await work(self._log, *args, **kwargs)

        return self._thread.run(in_loop())

    # --- who follows it ---

    def follow(
        self,
        channels: Iterable[str] | None = None,
        symbols: Iterable[str] | None = None,
        after: int = 0,
        *,
        name: str | None = None,
        live: bool = True,
    ) -> Follower:
        """An async iterator of the events after a position, for the consumer under test, in any asyncio loop.

        Args:
            channels: all, if None.
            symbols: narrows the channels whose entity is a symbol.
            after: the consumer's cursor.
            name: what a message calls it; a new follower takes the place of an old one of its name.
            live: whether it waits for what comes; else it ends at the head.

        Raises:
            BadExpectation: no such channel.
            PositionBeyondHead: the cursor's position has not been recorded.
        """
        __tracebackhide__ = True
        if type(after) is not int or after < 0:
            raise BadExpectation(f"after={after!r}: a position, or 0 for the beginning")
        if after > self.head:
            raise PositionBeyondHead(after, self.head)
        return self._followers.add(_selection(channels, symbols), after, name=name, live=live)

    async def caught_up(self, timeout: float = CAUGHT_UP_S) -> None:  # noqa: ASYNC109  # what it waits at most
        """Return when every follower has taken everything up to the head, in place of a sleep.

        Where nobody follows yet it waits for the first to come. Followers that have ended do not count.

        Args:
            timeout: seconds to wait at most.

        Raises:
            CaughtUpTimeout: somebody was not there in time; it says who is how far.
            BadExpectation: that is no time to wait.
        """
        __tracebackhide__ = True
        if isinstance(timeout, bool | str) or not (math.isfinite(timeout) and timeout > 0):
            raise BadExpectation(f"caught_up({timeout!r}): seconds, more than 0")
        await asyncio.wrap_future(self._thread.submit(self._followers.caught_up(timeout)))

    # --- its end ---

    def close(self) -> None:
        """Close the log and end its thread; followers come to their end. A second time it does nothing."""
        if self._thread.closed:
            return
        self._forgotten.detach()
        try:
            self._thread.run(_close(self._log, self._followers))
        finally:
            self._thread.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


async def _close(log: EventLog, followers: Followers) -> None:
    followers.close()
    await log.close()


def _forgotten(thread: LoopThread, log: EventLog, followers: Followers) -> None:
    """End a log that nobody closed, and nobody can reach any more."""
    if thread.closed:
        return
    try:
        warnings.warn("a LogUnderTest was not closed", ResourceWarning, stacklevel=2)
    finally:
        thread.close(lambda: _close(log, followers))


def _types(types: Iterable[str] | None) -> frozenset[str] | None:
    if types is None:
        return None
    if isinstance(types, str):
        raise BadExpectation("types is a list: types=['regime_update']")
    chosen = frozenset(types)
    for name in chosen - CATALOG.keys():
        raise BadExpectation(f"no event type is known for {name!r}{did_you_mean(name, CATALOG)}")
    return chosen


def _selection(channels: Iterable[str] | None, symbols: Iterable[str] | None) -> Selection | None:
    if channels is None and symbols is None:
        return None
    if isinstance(channels, str) or isinstance(symbols, str):
        raise BadExpectation("channels and symbols are lists: channels=['regime'], symbols=['SPX']")
    known = [channel.value for channel in Channel]
    chosen = known if channels is None else [str(channel) for channel in channels]
    for channel in chosen:
        if channel not in known:
            raise BadExpectation(f"{channel!r} is no channel{did_you_mean(channel, known)}")
    return Selection.of(chosen, symbols)


def _versions(
    events: Sequence[NewEvent], expected: int | Mapping[str, int] | None
) -> int | Mapping[str, int]:
    if expected is None:
        return ANY
    if not isinstance(expected, int):
        return expected
    streams = sorted({event.stream for event in events})
    if len(streams) != 1:
        raise BadExpectation(
            f"expected={expected} speaks of one stream, these events are of {len(streams)}:"
            " hand in a version for each, {stream: version}"
        )
    return {streams[0]: expected}
