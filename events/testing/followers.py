"""Who follows a log under test, and how far each one is."""

import asyncio
from collections.abc import Coroutine, Iterable
from concurrent.futures import Future
from typing import Any

from events.envelope import RecordedEvent
from events.log import EventLog
from events.selection import Selection
from events.store import ReadQuery
from events.testing.errors import CaughtUpTimeout
from events.testing.follower import Follower, Page
from events.testing.loop_thread import LoopThread


class Followers:
    """The followers of one log. Its coroutines run in the log's own loop."""

    def __init__(self, log: EventLog, thread: LoopThread) -> None:
        """To be made in that loop."""
        self._log, self._thread = log, thread
        self._moved, self._closing = asyncio.Event(), asyncio.Event()
        self._by_name: dict[str, Follower] = {}
        self._made = 0

    def add(
        self, selection: Selection | None, after: int, *, name: str | None, live: bool
    ) -> Follower:
        """A new follower; it takes the place of an old one of its name."""
        self._made += 1
        follower = Follower(self, name or f"follower {self._made}", selection, after, live=live)
        self._by_name[follower.name] = follower
        self.moved()
        return follower

    def moved(self) -> None:
        """Somebody has taken something, or has ended."""
        self._thread.call(self._moved.set)

    def dropped(self, follower: Follower) -> None:
        """A follower has ended."""
        if self._by_name.get(follower.name) is follower:
            del self._by_name[follower.name]
        self.moved()

    def next_page(self, query: ReadQuery, *, live: bool) -> "Future[Page]":
        """What comes next; where it is live and nothing is there, it waits first."""
        if self._thread.closed:
            ended: Future[Page] = Future()
            ended.set_result(Page([], query.after, ended=True))
            return ended
        return self._thread.submit(self._next_page(query, live=live))

    async def _next_page(self, query: ReadQuery, *, live: bool) -> Page:
        upto = max(self._log.head.position, query.after)
        if self._closing.is_set():
            return Page([], query.after, ended=True)
        if events := await self._log.read(query):
            return Page(events, events[-1].position, ended=False)
        if live:
            await _first_of(self._log.moved_beyond(upto), self._closing.wait())
        return Page([], upto, ended=not live)

    async def caught_up(self, timeout_s: float) -> None:
        """Return when every follower has taken everything up to the head, and there is one.

        Raises:
            CaughtUpTimeout: that was not so in time.
        """
        __tracebackhide__ = True
        try:
            async with asyncio.timeout(timeout_s):
                while True:
                    self._moved.clear()
                    if self._by_name and not await self._behind():
                        return
                    await self._moved.wait()
        except TimeoutError:
            raise CaughtUpTimeout(await self._how_far(timeout_s)) from None

    async def _behind(self) -> list[tuple[Follower, RecordedEvent]]:
        """Who has not taken everything, each with the first event that it has not."""
        found = []
        for follower in list(self._by_name.values()):
            query = ReadQuery(after=follower.taken, selection=follower.selection, limit=1)
            found += [(follower, event) for event in await self._log.read(query)]
        return found

    async def _how_far(self, timeout_s: float) -> str:
        head, all_of_them = self._log.head.position, len(self._by_name)
        if not all_of_them:
            return f"after {timeout_s:g} s nobody follows the log, whose head is {head}"
        behind = await self._behind()
        of_them = f"{len(behind)} of {all_of_them} that follow it"
        lines = [
            f"after {timeout_s:g} s the log's head is {head}; {of_them} did not take all of it:"
        ]
        for follower, event in behind:
            due = f"position {event.position} ({event.type} of {event.stream})"
            lines.append(
                f"  {follower.name} took all up to {follower.taken}; {follower.doing(due)}"
            )
        return "\n".join(lines)

    def close(self) -> None:
        """Let all of them come to their end; in the log's own loop."""
        self._closing.set()


async def _first_of(*waits: Coroutine[Any, Any, Any]) -> None:
    tasks: Iterable[asyncio.Task[Any]] = [asyncio.create_task(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
