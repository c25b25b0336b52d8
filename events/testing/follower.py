"""A consumer's own view of a log under test: an async iterator that knows how far it was taken."""

import asyncio
from collections import deque
from concurrent.futures import Future
from types import TracebackType
from typing import Any, Final, NamedTuple, Protocol, Self

from events.envelope import RecordedEvent
from events.selection import Selection
from events.store import ReadQuery

FOLLOWED_AT_ONCE: Final = 100
"""Events that a follower reads ahead."""

GIVEN: Final = "was given, and the next one not asked for: its consumer is at work, or gone"


class Page(NamedTuple):
    """The next events of a follower.

    Attributes:
        events: in position order; may be none.
        upto: up to where the log was looked at.
        ended: whether nothing more will come.
    """

    events: list[RecordedEvent]
    upto: int
    ended: bool


class Followed(Protocol):
    """What a follower needs of its log."""

    def next_page(self, query: ReadQuery, *, live: bool) -> "Future[Page]":
        """What comes next; where it is live and nothing is there, it waits first."""

    def moved(self) -> None:
        """A follower has taken something, or has ended."""

    def dropped(self, follower: "Follower") -> None:
        """A follower has ended."""


class Follower:
    """The events after a position, first the recorded ones, then new ones as they come.

    An event counts as taken when the next one is asked for: then its consumer is done with it.

    Attributes:
        name: what a message calls it.
        taken: everything up to here has been taken.
        asks: whether its consumer waits for the next event now.
    """

    def __init__(
        self, log: Followed, name: str, selection: Selection | None, after: int, *, live: bool
    ) -> None:
        """Use `LogUnderTest.follow`."""
        self.name, self.selection = name, selection
        self.taken, self.asks = after, False
        self._log, self._live = log, live
        self._read = self._given = after
        self._ready: deque[RecordedEvent] = deque()
        self._holds: str | None = None
        self._task: asyncio.Task[Any] | None = None
        self._ended = False

    def take_by_hand(self, holds: str) -> None:
        """From now on an event counts as taken only when `take` says so: for who reads ahead.

        Args:
            holds: what a message says of an event that it has and has not handed out, or not let go.
        """
        self._holds = holds

    def take(self, position: int) -> None:
        """Say that everything up to here has been taken."""
        self.taken = max(self.taken, position)
        self._log.moved()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> RecordedEvent:
        self._task = asyncio.current_task()
        if self._holds is None:
            self.take(self._given)
        self.asks = True
        try:
            while not self._ready and not self._ended:
                await self._fill()
        finally:
            self.asks = False
        if not self._ready:
            await self.aclose()
            raise StopAsyncIteration
        event = self._ready.popleft()
        self._given = event.position
        return event

    async def _fill(self) -> None:
        query = ReadQuery(after=self._read, selection=self.selection, limit=FOLLOWED_AT_ONCE)
        page = await asyncio.wrap_future(self._log.next_page(query, live=self._live))
        self._ready.extend(page.events)
        self._read, self._ended = page.upto, self._ended or page.ended

    def doing(self, due: str) -> str:
        """What it is about, for a message; `due`: the first event that it has not taken."""
        task = self._task
        error = task.exception() if task and task.done() and not task.cancelled() else None
        if error is not None:
            return f"{due} is next, and its consumer ended with {error!r}"
        if self._given > self.taken:
            return f"{due} {self._holds or GIVEN}"
        return f"{due} is next, " + (
            "and it was asked for" if self.asks else "and nobody asks for it"
        )

    async def aclose(self) -> None:
        """End: `caught_up` waits for it no more."""
        self._ended = True
        self._ready.clear()
        self._log.dropped(self)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()
