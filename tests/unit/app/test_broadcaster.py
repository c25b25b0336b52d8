"""`MarketDataBroadcaster`: a feed that fails is started again, regimes are repeated, all of it stops."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from decimal import Decimal

import pytest

from app.broadcaster import MarketDataBroadcaster
from app.feed_runner import QUIET_RECOVERY_S, FeedPhase
from app.feeds.base import FeedError, ResumePoint
from app.ingest import TickIngest
from app.market.ticks import PriceTick
from events.codec import payload_fields
from events.log import EventLog
from events.store import ReadQuery
from tests.unit.market.builders import bar, bars
from tests.waiting import until

INTERVAL_S = 1_000.0
PATIENCE_S = 10.0


class FakeFeed:
    """Fails `failures` times, after `before_failing` ticks each; then gives the rest and ends."""

    name = "fake"
    source = "feed:fake"
    symbols = ("SPX",)
    stalls_after_s: float | None = None
    gap_bars: int | None = None

    def __init__(self, ticks: list[PriceTick], failures: int = 0, before_failing: int = 0) -> None:
        self._left = ticks
        self._failures = failures
        self._before_failing = before_failing
        self.resumed: list[ResumePoint | None] = []
        self.ends = asyncio.Event()

    async def ticks(self, resume: Mapping[str, ResumePoint]) -> AsyncIterator[PriceTick]:
        self.resumed.append(resume.get("SPX"))
        fails = self._failures > 0
        self._failures -= 1
        for _ in range(self._before_failing if fails else len(self._left)):
            yield self._left.pop(0)
        if fails:
            raise FeedError("fake.csv", None, None, "is gone")
        await self.ends.wait()


class Sleeper:
    """The injected sleep: retries pass at once, an interval passes when the test says so."""

    def __init__(self) -> None:
        self.retries: list[float] = []
        self.intervals = asyncio.Semaphore(0)

    async def __call__(self, seconds: float) -> None:
        if seconds == INTERVAL_S:
            await self.intervals.acquire()
        elif seconds is QUIET_RECOVERY_S:  # and no delay at random that is as long
            await asyncio.Event().wait()
        else:
            self.retries.append(seconds)
            await asyncio.sleep(0)


class Played:
    """A broadcaster over a log in memory."""

    def __init__(self, log: EventLog, ingest: TickIngest, feed: FakeFeed) -> None:
        self.log = log
        self.feed = feed
        self.sleeper = Sleeper()
        self.broadcaster = MarketDataBroadcaster(log, ingest, [feed], INTERVAL_S, self.sleeper)
        self.status = self.broadcaster.status["fake"]

    async def until(self, met: Callable[[], bool]) -> None:
        """Wait until a condition holds."""
        await until(met, PATIENCE_S)

    async def payloads(self, kind: str) -> list[dict[str, object]]:
        query = ReadQuery(types=frozenset({kind}), limit=10_000)
        return [payload_fields(event) for event in await self.log.read(query)]


async def play(log: EventLog, feed: FakeFeed) -> Played:
    played = Played(log, await TickIngest.open(log), feed)
    played.broadcaster.start()
    return played


async def test_ticks_become_events_of_the_feeds_source(log: EventLog) -> None:
    played = await play(log, FakeFeed(bars(["5", "6", "7"])))
    await played.until(lambda: played.status.ticks == 3)
    await played.broadcaster.stop()
    events = await log.read(ReadQuery(types=frozenset({"price_update"})))
    assert [event.source for event in events] == ["feed:fake"] * 3
    assert played.status.phase is FeedPhase.RUNNING


async def test_a_failing_feed_is_started_again_with_growing_patience(log: EventLog) -> None:
    played = await play(log, FakeFeed(bars(["5", "6"]), failures=6))
    await played.until(lambda: played.status.ticks == 2)
    await played.broadcaster.stop()
    assert len(played.sleeper.retries) == 6
    longest = [1, 2, 4, 8, 16, 30]
    assert all(
        most / 2 <= slept <= most
        for slept, most in zip(played.sleeper.retries, longest, strict=True)
    )
    assert (played.status.phase, played.status.error) == (FeedPhase.RUNNING, None)
    assert played.status.failures == 0


async def test_a_feed_that_failed_goes_on_after_what_was_recorded(log: EventLog) -> None:
    played = await play(log, FakeFeed(bars(["5", "6", "7", "8"]), failures=2, before_failing=1))
    await played.until(lambda: played.status.ticks == 4)
    await played.broadcaster.stop()
    first, second, third = played.feed.resumed
    assert first is None
    assert second == ResumePoint(1, bar("5").timestamp, Decimal(5))
    assert third == ResumePoint(2, bar("6", 1).timestamp, Decimal(6))
    assert [price["price"] for price in await played.payloads("price_update")] == [
        "5",
        "6",
        "7",
        "8",
    ]


async def test_the_status_tells_why_a_feed_is_being_retried(log: EventLog) -> None:
    played = await play(log, FakeFeed([], failures=1_000_000))
    await played.until(lambda: played.status.failures == 3)
    assert played.status.phase is FeedPhase.RETRYING
    assert played.status.error == "fake.csv: is gone"
    await played.broadcaster.stop()


async def test_notices_tell_when_a_feed_starts_and_ends(log: EventLog) -> None:
    played = await play(log, FakeFeed(bars(["5"])))
    played.feed.ends.set()
    await played.until(lambda: played.status.phase is FeedPhase.FINISHED)
    notices = await played.payloads("system_notice")
    assert [notice["kind"] for notice in notices] == ["feed_started", "feed_stopped"]
    assert [notice["text"] for notice in notices] == [
        "feed fake started: SPX",
        "feed fake has ended: SPX",
    ]
    assert notices[1]["timestamp"] == (await played.payloads("price_update"))[0]["timestamp"]
    await played.broadcaster.stop()


async def test_the_regime_is_repeated_at_every_interval(log: EventLog) -> None:
    played = await play(log, FakeFeed(bars(["5"])))
    await played.until(lambda: played.status.ticks == 1)
    for _ in range(3):
        played.sleeper.intervals.release()
    await played.until(lambda: log.newest_by_channel.get("regime") == 6)
    await played.broadcaster.stop()
    first, *again = await played.payloads("regime_update")
    assert first["previous_regime"] is None
    assert len(again) == 3
    for repeated in again:
        assert repeated == {**first, "previous_regime": first["regime"]}
    assert await played.payloads("price_alert") == []


async def test_a_failing_feed_repeats_nothing(log: EventLog) -> None:
    played = await play(log, FakeFeed(bars(["5"]), failures=1_000_000, before_failing=1))
    await played.until(lambda: played.status.failures > 0)
    await played.broadcaster.stop()
    assert len(await played.payloads("regime_update")) == 1


async def test_after_stopping_nothing_moves(log: EventLog) -> None:
    played = await play(log, FakeFeed(bars(["5", "6"])))
    await played.until(lambda: played.status.ticks == 2)
    await played.broadcaster.stop()
    head = log.head.position
    played.feed.ends.set()
    for _ in range(5):
        played.sleeper.intervals.release()
    await asyncio.sleep(0)
    assert log.head.position == head
    await played.broadcaster.stop()


async def test_two_feeds_of_one_name_are_refused(log: EventLog) -> None:
    ingest = await TickIngest.open(log)
    with pytest.raises(ValueError, match="same name"):
        MarketDataBroadcaster(log, ingest, [FakeFeed([]), FakeFeed([])], INTERVAL_S)
