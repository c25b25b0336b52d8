"""A feed comes back from whatever befalls it, and the log is told of each thing once."""

# covers: app.feed_runner, app.feed_notices

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest

from app import tick_batch
from app.feed_runner import LEASE_RETRY_S, RETRY_MAX_S, FeedPhase
from app.feeds.base import FeedError
from app.feeds.pump import FeedStalled
from app.ingest import TickIngest
from events.envelope import Append
from events.errors import EventError, FenceLost, StoreUnavailable
from events.log import EventLog
from events.store import Outcome
from tests.unit.app.feeding import SILENCE, LossyFeed, Playing, ScriptedFeed, Step, payloads
from tests.unit.app.logs import WatchedStore
from tests.unit.market.builders import START, bar, bars

GONE = FeedError("prices.csv", None, None, "is gone")
DISK_FULL = StoreUnavailable("the disk is full")
LOST = FenceLost("feed:scripted", 1)


def fail_once(store: WatchedStore, error: EventError, when: Callable[[], bool]) -> None:
    """Refuse the first append from when a condition holds."""

    def fail() -> None:
        if when():
            store.before = lambda: None
            raise error

    store.before = fail


# --- patience -----------------------------------------------------------------------------------


async def test_a_feed_that_is_down_for_hours_is_one_outage_and_keeps_its_lease(
    log: EventLog,
) -> None:
    failures = 1_100
    runs: list[list[Step]] = [[GONE] for _ in range(failures)]
    playing = await Playing.begin(log, ScriptedFeed(*runs, [SILENCE]))
    await playing.until(lambda: len(playing.slept) == failures)
    await playing.stop()
    assert await playing.kinds() == ["feed_stopped failed"]
    delays = [seconds for _, seconds in playing.slept]
    assert max(delays) <= RETRY_MAX_S
    assert min(delays[5:]) >= RETRY_MAX_S / 2


async def test_a_quiet_feed_that_does_not_fail_again_is_well_before_its_next_price(
    log: EventLog,
) -> None:
    later = asyncio.Event()
    feed = ScriptedFeed([bar("5"), GONE], [later, bar("6", 1)])
    playing = await Playing.begin(log, feed)
    await playing.until(lambda: feed.closed == 1 and not feed.runs)
    assert playing.status.phase is FeedPhase.RETRYING
    playing.quiet.set()
    await playing.until(lambda: playing.status.phase is FeedPhase.RUNNING)
    assert playing.status.error is None
    assert await playing.kinds() == ["feed_started", "feed_stopped failed"]
    later.set()
    await playing.to_the_end()
    assert (await playing.kinds())[2:] == ["feed_started", "feed_stopped ended"]


async def test_a_feed_that_fails_again_after_a_quiet_time_is_the_same_outage(log: EventLog) -> None:
    later = asyncio.Event()
    playing = await Playing.begin(log, ScriptedFeed([GONE], [later, GONE], [SILENCE]))
    playing.quiet.set()
    await playing.until(lambda: playing.status.phase is FeedPhase.RUNNING)
    later.set()
    await playing.until(lambda: playing.status.failures == 2)
    await playing.stop()
    assert await playing.kinds() == ["feed_stopped failed"]


async def test_a_stalled_feed_is_well_only_with_a_price(log: EventLog) -> None:
    def recovers() -> bool:
        return "scripted-recovery" in {task.get_name() for task in asyncio.all_tasks()}

    feed = ScriptedFeed([FeedStalled("no price came")], [SILENCE])
    playing = await Playing.begin(log, feed)
    await playing.until(lambda: not feed.runs and recovers())
    playing.quiet.set()
    await playing.until(lambda: not recovers())
    assert playing.status.phase is FeedPhase.STALLED
    await playing.stop()


# --- too much at once ---------------------------------------------------------------------------


async def test_a_batch_that_leads_to_too_much_is_recorded_in_parts(
    log: EventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tick_batch, "FIGURES_MAX", 5)
    days = [*range(7), 50, 51]
    feed = ScriptedFeed([*(bar("5", day) for day in days), bar("5", 3)], gap_bars=5)
    playing = await Playing.begin(log, feed)
    await playing.to_the_end()
    assert len(await payloads(log, "price_update")) == len(days)
    status = playing.status
    assert (status.ticks, status.duplicates, status.late, status.gaps) == (len(days) + 1, 1, 0, 1)
    assert (playing.slept, feed.closed) == ([], 1)
    assert await playing.kinds() == ["feed_started", "correction gap", "feed_stopped ended"]


async def test_one_tick_that_leads_to_too_much_is_a_failure(
    log: EventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tick_batch, "FIGURES_MAX", 0)
    playing = await Playing.begin(log, ScriptedFeed([*bars(["5", "6"])], [SILENCE]))
    await playing.until(lambda: playing.status.phase is FeedPhase.RETRYING)
    await playing.stop()
    assert "at once" in str(playing.status.error)
    assert await payloads(log, "price_update") == []


# --- the end ------------------------------------------------------------------------------------

WHOLE = ["feed_started", "feed_stopped ended"]


@pytest.mark.parametrize(
    ("error", "phase"), [(DISK_FULL, FeedPhase.RETRYING), (LOST, FeedPhase.WAITING)]
)
async def test_an_end_that_could_not_be_told_is_told_at_the_next_turn(
    log: EventLog, store: WatchedStore, error: EventError, phase: FeedPhase
) -> None:
    playing = await Playing.begin(log, ScriptedFeed([bar("5")], []))
    fail_once(store, error, lambda: playing.status.ticks == 1)
    await playing.to_the_end()
    assert playing.slept == [(phase, LEASE_RETRY_S)]
    assert await playing.kinds() == WHOLE
    assert playing.status.phase is FeedPhase.FINISHED


async def test_an_end_that_was_told_though_the_log_did_not_answer_is_told_once(
    log: EventLog, store: WatchedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    playing = await Playing.begin(log, ScriptedFeed([bar("5")], []))
    append, unanswered = store.append, 0

    async def without_answer(appends: Sequence[Append]) -> list[Outcome]:
        nonlocal unanswered
        outcomes = await append(appends)
        if playing.status.ticks == 1 and not unanswered:
            unanswered += 1
            raise DISK_FULL
        return outcomes

    monkeypatch.setattr(store, "append", without_answer)
    await playing.to_the_end()
    assert unanswered == 1
    assert await playing.kinds() == WHOLE


async def test_an_end_that_could_not_be_told_is_told_by_a_successor_once(
    log: EventLog, store: WatchedStore
) -> None:
    first = await Playing.begin(log, ScriptedFeed([bar("5")], [SILENCE]))
    fail_once(store, DISK_FULL, lambda: first.status.ticks == 1)
    await first.until(lambda: len(first.slept) == 1)
    await first.stop()
    assert await first.kinds() == WHOLE[:1]
    for _ in range(2):
        successor = await Playing.begin(log, ScriptedFeed([]))
        await successor.to_the_end()
        assert await successor.kinds() == WHOLE


async def test_an_outage_after_the_last_price_has_an_end_of_its_own(log: EventLog) -> None:
    kinds: list[str] = []
    for step in bar("5"), GONE:
        runs: list[list[Step]] = [[step], []]
        playing = await Playing.begin(log, ScriptedFeed(*runs))
        await playing.to_the_end()
        kinds = await playing.kinds()
    assert kinds == [*WHOLE, "feed_stopped failed", "feed_stopped ended"]


async def test_a_feed_does_not_end_with_the_prices_of_another(log: EventLog) -> None:
    await (await TickIngest.open(log)).record([bar("5")], "api")
    playing = await Playing.begin(log, ScriptedFeed([]))
    await playing.to_the_end()
    assert await playing.kinds() == []


# --- gaps ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("appends_before", [0, 1], ids=["its notice", "its prices"])
async def test_a_gap_that_is_found_again_after_a_failure_is_told_and_counted_once(
    log: EventLog, store: WatchedStore, appends_before: int
) -> None:
    lost, again = asyncio.Event(), asyncio.Event()
    feed = LossyFeed([bar("5"), lost, bar("6", 1)], [again, bar("7", 2)])
    playing = await Playing.begin(log, feed)
    await playing.until(lambda: playing.status.ticks == 1)
    known = store.appends
    fail_once(store, DISK_FULL, lambda: store.appends > known + appends_before)
    for found in lost, again:
        assert feed.on_gap is not None
        feed.on_gap("SPX", START, START + timedelta(hours=1))
        found.set()
        await playing.until(lambda: feed.closed > 0)
    await playing.to_the_end()
    assert (await playing.kinds()).count("correction gap") == 1
    assert playing.status.gaps == 1
