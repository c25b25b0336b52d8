"""`MarketDataBroadcaster`: feeds to the log, for as long as the server lives."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

import structlog

from app.feeds.base import Feed, ResumePoint
from app.ingest import TickIngest
from events.catalog import NoticeKind, SystemNotice
from events.clock import now_us, uuid7
from events.envelope import NewEvent
from events.log import EventLog
from events.scalars import from_micros

RETRY_FIRST_S: Final = 1.0
RETRY_MAX_S: Final = 30.0
"""A failed feed is started again after 1 s, 2 s, 4 s, ... up to this, each shortened at random."""

Sleep = Callable[[float], Awaitable[None]]

_log = structlog.get_logger("broadcaster")


class FeedPhase(StrEnum):
    """What a feed is doing."""

    RUNNING = "running"
    RETRYING = "retrying"
    FINISHED = "finished"


@dataclass(slots=True)
class FeedStatus:
    """How a feed fares: `error` is why it is being retried."""

    phase: FeedPhase = FeedPhase.RUNNING
    ticks: int = 0
    failures: int = 0
    error: str | None = None
    announced: bool = False


class MarketDataBroadcaster:
    """Plays every feed through the ingest; a feed that fails is logged and started again."""

    def __init__(
        self,
        log: EventLog,
        ingest: TickIngest,
        feeds: Sequence[Feed],
        interval_s: float,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        """`interval_s`: seconds of wall time between two broadcasts of an unchanged regime."""
        self._log = log
        self._ingest = ingest
        self._feeds = feeds
        self._interval_s = interval_s
        self._sleep = sleep
        self._tasks: list[asyncio.Task[None]] = []
        self._status = {feed.name: FeedStatus() for feed in feeds}

    @property
    def status(self) -> Mapping[str, FeedStatus]:
        """How each feed fares, by name."""
        return self._status

    def start(self) -> None:
        """Begin to play; returns at once."""
        for feed in self._feeds:
            self._tasks.append(asyncio.create_task(self._keep_playing(feed), name=feed.name))
            self._tasks.append(asyncio.create_task(self._repeat(feed), name=f"{feed.name}-repeat"))

    async def stop(self) -> None:
        """Stop playing; an append that is under way is finished first."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()

    async def _keep_playing(self, feed: Feed) -> None:
        status = self._status[feed.name]
        while True:
            try:
                await self._play(feed, status)
            except Exception as error:  # noqa: BLE001  # whatever ails a feed, the server lives on
                status.phase, status.error = FeedPhase.RETRYING, str(error) or repr(error)
                status.failures += 1
                delay = _retry_delay_s(status.failures)
                _log.warning("feed_failed", feed=feed.name, error=status.error, retry_in_s=delay)
                await self._sleep(delay)
            else:
                status.phase = FeedPhase.FINISHED
                _log.info("feed_finished", feed=feed.name, ticks=status.ticks)
                return

    async def _play(self, feed: Feed, status: FeedStatus) -> None:
        if not status.announced:
            await self._notice(NoticeKind.FEED_STARTED, feed)
            status.announced = True
        async for tick in feed.ticks(self._resume_points(feed)):
            await self._ingest.record([tick], feed.source)
            status.ticks += 1
            if status.phase is not FeedPhase.RUNNING:
                status.phase, status.error, status.failures = FeedPhase.RUNNING, None, 0
        await self._notice(NoticeKind.FEED_STOPPED, feed)

    def _resume_points(self, feed: Feed) -> dict[str, ResumePoint]:
        points = {}
        for symbol in feed.symbols:
            known = self._ingest.state.of(symbol)
            if known.last_at is not None and known.last_price is not None:
                points[symbol] = ResumePoint(known.prices_version, known.last_at, known.last_price)
        return points

    async def _repeat(self, feed: Feed) -> None:
        """Say the regime again at every interval, so that who watches knows that it is fresh."""
        status = self._status[feed.name]
        while status.phase is not FeedPhase.FINISHED:
            await self._sleep(self._interval_s)
            if status.phase is FeedPhase.RUNNING:
                await self._repeat_once(feed)

    async def _repeat_once(self, feed: Feed) -> None:
        try:
            for symbol in feed.symbols:
                await self._ingest.repeat_regime(symbol, feed.source)
        except Exception as error:  # noqa: BLE001  # the next interval tries again
            _log.warning("repeat_failed", feed=feed.name, error=str(error))

    async def _notice(self, kind: NoticeKind, feed: Feed) -> None:
        word = "started" if kind is NoticeKind.FEED_STARTED else "has ended"
        notice = SystemNotice(
            kind=kind,
            text=f"feed {feed.name} {word}: {', '.join(feed.symbols)}",
            details={"feed": feed.name, "symbols": list(feed.symbols)},
            timestamp=self._market_time(feed),
        )
        await self._log.append([NewEvent(payload=notice, event_id=uuid7(), source=feed.source)])

    def _market_time(self, feed: Feed) -> datetime:
        """The time of the feed's last tick: a timer's event happens in the market's time, not ours."""
        times = [at for symbol in feed.symbols if (at := self._ingest.state.of(symbol).last_at)]
        return max(times, default=from_micros(now_us()))


def _retry_delay_s(failures: int) -> float:
    longest = min(RETRY_MAX_S, RETRY_FIRST_S * 2 ** (failures - 1))
    return round(random.uniform(longest / 2, longest), 3)
