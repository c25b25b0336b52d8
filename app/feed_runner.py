"""`FeedRunner`: one feed's life: waiting for its lease, playing, failing and coming back, its end."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, TypeVar

import structlog

from app.feed_notices import FeedNotices, Gap
from app.feeds.base import Feed, ResumePoint, Sleep, TellsLosses
from app.feeds.pump import FeedStalled, Pump
from app.ingest import TickIngest
from app.market.ticks import PriceTick
from app.tick_batch import TooMuchAtOnce
from events.clock import now_us
from events.envelope import Fence
from events.errors import FenceLost
from events.leases import Hold
from events.log import EventLog
from events.scalars import from_micros

LEASE_TTL_S: Final = 15.0
"""How long after a node was last heard of another one may play its feeds."""

LEASE_RETRY_S: Final = 3.0
"""How often a node asks for the lease of a feed that another one plays."""

RETRY_FIRST_S: Final = 1.0
RETRY_MAX_S: Final = 30.0
"""A failed feed is started again after 1 s, 2 s, 4 s, ... up to this, each shortened at random."""

QUIET_RECOVERY_S: Final = 60.0
"""A failed feed that then plays for so long is taken to be well, also if it has no price to bring yet.

Longer than any feed takes to find out that its source cannot be reached."""

STEADY_S: Final = 30.0
"""A feed that played for this long before it failed is started again with the first patience."""

_log = structlog.get_logger("feeds")

Result = TypeVar("Result")


class FeedPhase(StrEnum):
    """What a feed is doing. Waiting: another process plays it, or is about to be found not to."""

    WAITING = "waiting"
    RUNNING = "running"
    STALLED = "stalled"
    RETRYING = "retrying"
    FINISHED = "finished"


FAILING: Final = frozenset({FeedPhase.STALLED, FeedPhase.RETRYING})


@dataclass(slots=True)
class FeedStatus:
    """How a feed fares, since this process started.

    Attributes:
        phase: what it is doing.
        ticks: how many prices it has brought.
        duplicates: how many of them were recorded before.
        late: how many were not newer than the newest, and no duplicates.
        gaps: how often prices were missing.
        bad: how many prices were dropped because they cannot be right.
        failures: how often it has failed or stalled in a row.
        error: why it is not playing; None while all is well.
        last_at: market time of its newest price.
        heard_at: when a price came last, by the wall clock.
    """

    phase: FeedPhase = FeedPhase.WAITING
    ticks: int = 0
    duplicates: int = 0
    late: int = 0
    gaps: int = 0
    bad: int = 0
    failures: int = 0
    error: str | None = None
    last_at: datetime | None = None
    heard_at: datetime | None = None


class FeedRunner:
    """Plays one feed through the ingest, as long as this process holds the feed's lease.

    Attributes:
        feed: what is played.
        status: how it fares.
    """

    def __init__(
        self,
        log: EventLog,
        ingest: TickIngest,
        feed: Feed,
        holder: str,
        *,
        sleep: Sleep = asyncio.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`holder`: a text that no other process uses."""
        self.feed = feed
        self.status = FeedStatus()
        self._log = log
        self._ingest = ingest
        self._holder = holder
        self._sleep = sleep
        self._monotonic = monotonic
        self._notices = FeedNotices(log, ingest, feed)
        self._hold: Hold | None = None
        self._patience_s = 0.0
        self._missed: list[tuple[str, datetime, datetime]] = []
        if isinstance(feed, TellsLosses):
            feed.on_gap = lambda symbol, since, until: self._missed.append((symbol, since, until))

    async def run(self) -> None:
        """Play until the feed has ended, or this is cancelled; an append under way is finished first."""
        while not await self._take_turn():
            await self._sleep(LEASE_RETRY_S)

    async def repeat_regimes(self) -> None:
        """Say the regime of every symbol again, if the feed is playing here."""
        if self.status.phase is not FeedPhase.RUNNING or self._hold is None:
            return
        try:
            await self._ingest.repeat_regimes(
                self.feed.symbols, self.feed.source, fence=self._hold.fence
            )
        except Exception as error:  # noqa: BLE001  # the next interval tries again
            _log.warning("repeat_failed", feed=self.feed.name, error=str(error))

    async def _take_turn(self) -> bool:
        """Ask for the lease, and play as long as it is ours; True once the feed has ended."""
        try:
            ended = await self._hold_and_play()
        except FenceLost:
            ended = False
        except Exception as error:  # noqa: BLE001  # whatever it is, the server lives on
            self._note_failure(FeedPhase.RETRYING, error)
            return False
        if not ended:
            self.status.phase, self.status.error = FeedPhase.WAITING, None
        return ended

    async def _hold_and_play(self) -> bool:
        hold = self._log.hold(f"feed:{self.feed.name}", self._holder, LEASE_TTL_S)
        try:
            if not await hold.acquire():
                return False
            self._hold = hold
            return await self._while_held(hold)
        finally:
            self._hold = None
            self._notices.forget()
            await hold.release()

    async def _while_held(self, hold: Hold) -> bool:
        """Play until the feed has ended (True) or the lease is lost."""
        playing = asyncio.create_task(self._keep_playing(hold), name=f"{self.feed.name}-play")
        lost = asyncio.create_task(hold.lost.wait(), name=f"{self.feed.name}-lease")
        try:
            await asyncio.wait({playing, lost}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            playing.cancel()
            lost.cancel()
            await asyncio.wait({playing, lost})
        if playing.cancelled():
            _log.warning("feed_lease_lost", feed=self.feed.name)
            return False
        playing.result()
        return True

    async def _keep_playing(self, hold: Hold) -> None:
        """Play to the feed's end, starting it again whenever it fails."""
        while True:
            began = self._monotonic()
            try:
                await self._play(hold)
            except FenceLost:
                raise
            except Exception as error:  # noqa: BLE001  # whatever ails a feed, the server lives on
                stalled = isinstance(error, FeedStalled)
                self._note_failure(FeedPhase.STALLED if stalled else FeedPhase.RETRYING, error)
                await self._notices.stopped(
                    "stalled" if stalled else "failed", hold.fence, self.status.error
                )
                await self._sleep(self._retry_delay_s(self._monotonic() - began))
            else:
                await self._notices.ended(hold.fence)
                self.status.phase, self.status.error = FeedPhase.FINISHED, None
                _log.info("feed_finished", feed=self.feed.name, ticks=self.status.ticks)
                return

    async def _play(self, hold: Hold) -> None:
        # What others recorded meanwhile, and a process that played it before, counts.
        await self._ingest.catch_up()
        if self.status.phase not in FAILING:
            self.status.phase, self.status.error = FeedPhase.RUNNING, None
        ticks = self.feed.ticks(self._resume_points())
        async with Pump(
            ticks, self.feed.stalls_after_s, sleep=self._sleep, monotonic=self._monotonic
        ) as pump:
            recovery = asyncio.create_task(self._recover(), name=f"{self.feed.name}-recovery")
            try:
                async for batch in pump:
                    await self._record_in_parts(batch, hold)
            finally:
                recovery.cancel()

    async def _recover(self) -> None:
        """A quiet feed may have no price for a day: that it does not fail tells that it is well."""
        await self._sleep(QUIET_RECOVERY_S)
        if self.status.phase is FeedPhase.RETRYING:
            self.status.phase, self.status.error = FeedPhase.RUNNING, None

    async def _record_in_parts(self, batch: Sequence[PriceTick], hold: Hold) -> None:
        """Record a batch, in halves of halves where it leads to more than one append may hold."""
        try:
            await _finished(self._record(batch, hold.fence))
        except TooMuchAtOnce:
            half = len(batch) // 2
            if not half:
                raise
            await self._record_in_parts(batch[:half], hold)
            await self._record_in_parts(batch[half:], hold)

    async def _record(self, batch: Sequence[PriceTick], fence: Fence) -> None:
        old, gaps = self._look(batch)
        gaps += [Gap(*missed) for missed in self._missed]
        self.status.gaps += await self._notices.before(batch[0], gaps, fence)
        self._missed.clear()
        done = await self._ingest.record(batch, self.feed.source, fence=fence)
        status = self.status
        status.phase, status.error, status.failures = FeedPhase.RUNNING, None, 0
        status.ticks += len(batch)
        status.duplicates += done.duplicates
        status.late += max(0, old - done.duplicates)
        if isinstance(self.feed, TellsLosses):
            status.bad = self.feed.bad
        newest = max(tick.timestamp for tick in batch)
        status.last_at = newest if status.last_at is None else max(status.last_at, newest)
        status.heard_at = from_micros(now_us())

    def _look(self, batch: Sequence[PriceTick]) -> tuple[int, list[Gap]]:
        """How many ticks are not newer than what was there before them, and where prices are missing."""
        newest: dict[str, datetime] = {}
        old, gaps = 0, []
        for tick in batch:
            last_at = newest.get(tick.symbol) or self._ingest.state.of(tick.symbol).last_at
            if last_at is not None and tick.timestamp <= last_at:
                old += 1
                continue
            gap = Gap.before(tick, last_at, self.feed.gap_bars)
            if gap is not None:
                gaps.append(gap)
            newest[tick.symbol] = tick.timestamp
        return old, gaps

    def _resume_points(self) -> dict[str, ResumePoint]:
        points = {}
        for symbol in self.feed.symbols:
            known = self._ingest.state.of(symbol)
            if known.last_at is not None and known.last_price is not None:
                points[symbol] = ResumePoint(known.prices_version, known.last_at, known.last_price)
        return points

    def _note_failure(self, phase: FeedPhase, error: Exception) -> None:
        status = self.status
        status.phase, status.error = phase, str(error) or repr(error)
        status.failures += 1
        _log.warning("feed_failed", feed=self.feed.name, phase=phase, error=status.error)

    def _retry_delay_s(self, played_s: float) -> float:
        longest = RETRY_FIRST_S if played_s >= STEADY_S else 2 * self._patience_s
        self._patience_s = min(max(longest, RETRY_FIRST_S), RETRY_MAX_S)
        return round(random.uniform(self._patience_s / 2, self._patience_s), 3)


async def _finished(work: Awaitable[Result]) -> Result:
    """What it gives; if we are cancelled meanwhile, it is finished first."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        if not task.cancelled():
            task.exception()
        raise
