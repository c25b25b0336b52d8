"""`MarketDataBroadcaster`: feeds to the log, for as long as the server lives."""

import asyncio
import os
import time
from collections.abc import Callable, Mapping, Sequence
from socket import gethostname
from typing import Final

from app.feed_runner import FeedPhase, FeedRunner, FeedStatus
from app.feeds.base import Feed, Sleep
from app.ingest import TickIngest
from events.clock import uuid7
from events.log import EventLog

HOST_CHARACTERS_MAX: Final = 40
"""Of the machine's name in a holder's."""


def _holder() -> str:
    """A name for this process that no other one has, and an operator can find: `synapse db status` shows it."""
    host = "".join(letter for letter in gethostname() if "!" <= letter <= "~")
    return f"{host[:HOST_CHARACTERS_MAX]}:{os.getpid()}:{uuid7()}"


class MarketDataBroadcaster:
    """Plays every feed that no other process plays; one that fails is logged and started again."""

    def __init__(
        self,
        log: EventLog,
        ingest: TickIngest,
        feeds: Sequence[Feed],
        interval_s: float,
        sleep: Sleep = asyncio.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`interval_s`: seconds of wall time between two broadcasts of an unchanged regime.

        Raises:
            ValueError: two feeds have the same name.
        """
        holder = _holder()
        self._runners = [
            FeedRunner(log, ingest, feed, holder, sleep=sleep, monotonic=monotonic)
            for feed in feeds
        ]
        self._interval_s = interval_s
        self._sleep = sleep
        self._tasks: list[asyncio.Task[None]] = []
        self._status = {runner.feed.name: runner.status for runner in self._runners}
        if len(self._status) < len(self._runners):
            raise ValueError("two feeds have the same name")

    @property
    def status(self) -> Mapping[str, FeedStatus]:
        """How each feed fares, by name."""
        return self._status

    def start(self) -> None:
        """Begin to play; returns at once."""
        for runner in self._runners:
            name = runner.feed.name
            self._tasks.append(asyncio.create_task(runner.run(), name=name))
            self._tasks.append(asyncio.create_task(self._repeat(runner), name=f"{name}-repeat"))

    async def stop(self) -> None:
        """Stop playing, and let others play; an append that is under way is finished first."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()

    async def _repeat(self, runner: FeedRunner) -> None:
        """Say the regime again at every interval, so that who watches knows that it is fresh."""
        while runner.status.phase is not FeedPhase.FINISHED:
            await self._sleep(self._interval_s)
            await runner.repeat_regimes()
