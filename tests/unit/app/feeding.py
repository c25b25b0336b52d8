"""Feeds that follow a script, and one that plays them over a log in memory."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import datetime
from typing import Any, Final

from app.feed_runner import QUIET_RECOVERY_S, FeedPhase, FeedRunner
from app.feeds.base import ResumePoint
from app.ingest import TickIngest
from app.market.ticks import PriceTick
from events.codec import payload_fields
from events.log import EventLog
from events.store import ReadQuery
from tests.waiting import until

PATIENCE_S: Final = 10.0
SILENCE: Final = None
"""In a script: from here on nothing comes."""

Step = PriceTick | Exception | asyncio.Event | None


class ScriptedFeed:
    """Plays one run after another: gives ticks, raises errors, waits for events; then it ends.

    Every run starts where the one before it stopped, so that what was not recorded is lost to the test.
    """

    source = "feed:scripted"
    name = "scripted"
    symbols = ("SPX",)

    def __init__(
        self,
        *runs: list[Step],
        stalls_after_s: float | None = None,
        gap_bars: int | None = None,
    ) -> None:
        self.runs = list(runs)
        self.stalls_after_s = stalls_after_s
        self.gap_bars = gap_bars
        self.closed = 0

    async def ticks(self, resume: Mapping[str, ResumePoint]) -> AsyncIterator[PriceTick]:
        """The next run."""
        try:
            for step in self.runs.pop(0):
                if step is SILENCE:
                    await asyncio.Event().wait()
                elif isinstance(step, Exception):
                    raise step
                elif isinstance(step, asyncio.Event):
                    await step.wait()
                else:
                    yield step
        finally:
            self.closed += 1


class LossyFeed(ScriptedFeed):
    """One that also tells what it lost."""

    on_gap: Callable[[str, datetime, datetime], None] | None = None
    bad = 3


class Playing:
    """One feed that is played; time passes whenever somebody sleeps.

    Attributes:
        quiet: set it to let a failed feed have played for `QUIET_RECOVERY_S`.
    """

    def __init__(self, log: EventLog, ingest: TickIngest, feed: ScriptedFeed) -> None:
        self.log = log
        self.now = 0.0
        self.slept: list[tuple[FeedPhase, float]] = []
        self.quiet = asyncio.Event()
        self.runner = FeedRunner(
            log, ingest, feed, "test", sleep=self._sleep, monotonic=lambda: self.now
        )
        self.status = self.runner.status
        self.task = asyncio.create_task(self.runner.run())

    @classmethod
    async def begin(cls, log: EventLog, feed: ScriptedFeed) -> "Playing":
        """Open what it needs, and play."""
        return cls(log, await TickIngest.open(log), feed)

    async def _sleep(self, seconds: float) -> None:
        if seconds is QUIET_RECOVERY_S:  # and no delay at random that is as long
            await self.quiet.wait()
            return
        self.slept.append((self.status.phase, seconds))
        self.now += seconds
        await asyncio.sleep(0)

    async def until(self, met: Callable[[], bool]) -> None:
        """Wait until a condition holds."""
        await until(met, PATIENCE_S)

    async def to_the_end(self) -> None:
        """Wait until the feed has ended."""
        await asyncio.wait_for(self.task, PATIENCE_S)

    async def stop(self) -> None:
        """Stop it."""
        self.task.cancel()
        await asyncio.wait({self.task})

    async def notices(self) -> list[dict[str, Any]]:
        """What the log was told of the feed, with the kind beside the details."""
        return [
            {"kind": notice["kind"], **dict(notice["details"])}
            for notice in await payloads(self.log, "system_notice")
        ]

    async def kinds(self) -> list[str]:
        """The notices in short: their kind, and the reason where there is one."""
        told = await self.notices()
        return [" ".join([one["kind"], *filter(None, [one.get("reason")])]) for one in told]


async def payloads(log: EventLog, kind: str) -> list[dict[str, Any]]:
    """The payloads of all events of a type."""
    query = ReadQuery(types=frozenset({kind}), limit=10_000)
    return [payload_fields(event) for event in await log.read(query)]
