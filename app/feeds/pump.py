"""`Pump`: a feed's ticks in batches of what is ready, with an eye on whether any come at all."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from types import TracebackType
from typing import Final, Self

import structlog

from app.feeds.base import Sleep
from app.market.ticks import PriceTick

BATCH_TICKS_MAX: Final = 500
"""Ticks that are handed over at once, and that are read ahead while the ones before are recorded."""

CLOSE_S_MAX: Final = 5.0
"""How long a feed may take to let go of its connection or file; then it is left behind."""

LEAST_WATCH_S: Final = 0.01
"""The shortest sleep of who watches a feed: what rounding leaves over is no time at all."""

_log = structlog.get_logger("feeds")


class FeedStalled(Exception):
    """No tick came for as long as the feed allows."""


class Pump:
    """Reads a feed ahead, and gives whatever is ready: one tick of a slow feed at once, many of a fast one.

    As a context it closes the feed in the end. Iterated over it gives lists of 1 to `BATCH_TICKS_MAX`
    ticks, ends with the feed, and raises what the feed raises, after all that it gave before.

    Raises:
        FeedStalled: the feed let us wait for `stalls_after_s`. Time in which we let it wait (a slow
            disk) does not count.
    """

    def __init__(
        self,
        ticks: AsyncIterator[PriceTick],
        stalls_after_s: float | None,
        *,
        sleep: Sleep = asyncio.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`stalls_after_s`: None for a feed that may be silent for any time."""
        self._ticks = ticks
        self._stalls_after_s = stalls_after_s
        self._sleep = sleep
        self._monotonic = monotonic
        self._ready: deque[PriceTick] = deque()
        self._news = asyncio.Event()
        self._room = asyncio.Event()
        self._waiting_since: float | None = None
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        """Begin to read."""
        self._tasks.append(asyncio.create_task(self._read(), name="feed-read"))
        if self._stalls_after_s is not None:
            watch = self._watch(self._stalls_after_s)
            self._tasks.append(asyncio.create_task(watch, name="feed-watch"))
        for task in self._tasks:
            task.add_done_callback(lambda _: self._news.set())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the feed."""
        for task in self._tasks:
            task.cancel()
        done, left = await asyncio.wait(self._tasks, timeout=CLOSE_S_MAX)
        for task in done:
            if not task.cancelled():
                task.exception()
        if left:
            _log.warning("feed_does_not_close", waited_s=CLOSE_S_MAX)

    def __aiter__(self) -> Self:
        """The batches."""
        return self

    async def __anext__(self) -> list[PriceTick]:
        """What is ready; waits for one tick at least."""
        while not self._ready:
            for task in self._tasks:
                if task.done():
                    _raise_what_ended(task)
                    raise StopAsyncIteration
            self._news.clear()
            await self._news.wait()
        batch = list(self._ready)
        self._ready.clear()
        self._room.set()
        return batch

    async def _read(self) -> None:
        try:
            while True:
                self._waiting_since = self._monotonic()
                try:
                    tick = await anext(self._ticks)
                except StopAsyncIteration:
                    return
                finally:
                    self._waiting_since = None
                self._ready.append(tick)
                self._news.set()
                if len(self._ready) >= BATCH_TICKS_MAX:
                    self._room.clear()
                    await self._room.wait()
        finally:
            if close := getattr(self._ticks, "aclose", None):
                await close()

    async def _watch(self, limit_s: float) -> None:
        while True:
            since = self._waiting_since
            idle_s = 0.0 if since is None else self._monotonic() - since
            if idle_s >= limit_s:
                raise FeedStalled(f"no price came for {limit_s:g} s")
            await self._sleep(max(limit_s - idle_s, LEAST_WATCH_S))


def _raise_what_ended(task: asyncio.Task[None]) -> None:
    # A feed that gives up by cancelling itself must not look as if we had been cancelled.
    if task.cancelled():
        raise RuntimeError("the feed cancelled itself")
    task.result()
