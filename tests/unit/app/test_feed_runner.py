"""One feed's life: batches, failures, stalls, gaps, and what the log is told of them."""

# covers: app.feed_runner, app.feed_notices

import asyncio
from datetime import timedelta

import pytest

from app import feed_runner
from app.feed_notices import ERROR_TEXT_MAX, SYMBOLS_TOLD_MAX
from app.feed_runner import LEASE_RETRY_S, RETRY_MAX_S, STEADY_S, FeedPhase
from app.feeds.base import SKIPPED_BARS_MAX, FeedError
from app.feeds.pump import BATCH_TICKS_MAX
from events.catalog import Channel
from events.errors import StoreUnavailable
from events.lease_rules import Lease
from events.log import EventLog
from events.scalars import format_time
from events.store import ReadQuery
from tests.unit.app.feeding import SILENCE, LossyFeed, Playing, ScriptedFeed, Step, payloads
from tests.unit.app.logs import WatchedStore
from tests.unit.market.builders import START, bar, bars, tick

GONE = FeedError("prices.csv", None, None, "is gone")


async def recorded(log: EventLog) -> list[str]:
    return [price["price"] for price in await payloads(log, "price_update")]


# --- batches ------------------------------------------------------------------------------------


async def test_what_is_ready_goes_into_one_append(log: EventLog, store: WatchedStore) -> None:
    ticks = bars([str(5 + k) for k in range(3 * BATCH_TICKS_MAX)])
    playing = await Playing.begin(log, ScriptedFeed([*ticks]))
    await playing.to_the_end()
    assert len(await recorded(log)) == len(ticks)
    assert store.appends < 20
    assert (playing.status.ticks, playing.status.last_at) == (len(ticks), ticks[-1].timestamp)
    assert playing.status.heard_at is not None


async def test_a_slow_tick_is_recorded_at_once(log: EventLog) -> None:
    later = asyncio.Event()
    playing = await Playing.begin(log, ScriptedFeed([bar("5"), later, bar("6", 1)]))
    await playing.until(lambda: playing.status.ticks == 1)
    assert await recorded(log) == ["5"]
    later.set()
    await playing.to_the_end()
    assert await recorded(log) == ["5", "6"]


async def test_repeated_and_late_ticks_are_counted(log: EventLog) -> None:
    steps = [bar("5"), bar("6", 3), bar("6", 3), bar("7", 1), bar("5"), bar("8", 4)]
    playing = await Playing.begin(log, ScriptedFeed([*steps]))
    await playing.to_the_end()
    status = playing.status
    assert (status.ticks, status.duplicates, status.late) == (6, 2, 1)
    assert status.last_at == bar("8", 4).timestamp
    assert await recorded(log) == ["5", "6", "7", "8"]


# --- failures -----------------------------------------------------------------------------------


async def test_an_outage_is_told_once_and_so_is_its_end(log: EventLog) -> None:
    feed = ScriptedFeed([bar("5"), GONE], [GONE], [GONE], [bar("6", 1)])
    playing = await Playing.begin(log, feed)
    await playing.to_the_end()
    details = {"feed": "scripted", "symbols": ["SPX"]}
    assert await playing.notices() == [
        {"kind": "feed_started", **details},
        {"kind": "feed_stopped", **details, "reason": "failed", "error": "prices.csv: is gone"},
        {"kind": "feed_started", **details},
        {"kind": "feed_stopped", **details, "reason": "ended"},
    ]
    texts = [notice["text"] for notice in await payloads(log, "system_notice")]
    assert [text.removeprefix("feed scripted ") for text in texts] == [
        "started: SPX",
        "has failed: SPX",
        "is back: SPX",
        "has ended: SPX",
    ]
    assert [phase for phase, _ in playing.slept] == [FeedPhase.RETRYING] * 3
    assert feed.closed == 4


async def test_a_feed_that_never_began_is_told_to_have_failed(log: EventLog) -> None:
    playing = await Playing.begin(log, ScriptedFeed([GONE], [GONE], []))
    await playing.to_the_end()
    assert await playing.kinds() == ["feed_stopped failed", "feed_stopped ended"]


async def test_a_feed_with_nothing_new_says_nothing(log: EventLog) -> None:
    playing = await Playing.begin(log, ScriptedFeed([]))
    await playing.to_the_end()
    assert playing.status.phase is FeedPhase.FINISHED
    assert log.head.position == 0


async def test_a_long_error_is_cut_in_the_log_and_whole_in_the_status(log: EventLog) -> None:
    playing = await Playing.begin(log, ScriptedFeed([ValueError("x" * 10_000)], [SILENCE]))
    await playing.until(lambda: len(playing.slept) == 1)
    await playing.stop()
    (notice,) = await playing.notices()
    assert notice["error"] == "x" * ERROR_TEXT_MAX
    assert playing.status.error == "x" * 10_000


async def test_a_notice_names_some_symbols_and_its_details_all(log: EventLog) -> None:
    feed = ScriptedFeed([bar("5")])
    feed.symbols = tuple(f"S{k}" for k in range(SYMBOLS_TOLD_MAX + 2))  # type: ignore[assignment]
    playing = await Playing.begin(log, feed)
    await playing.to_the_end()
    started = (await payloads(log, "system_notice"))[0]
    assert started["text"].endswith("S9 and 2 more")
    assert len(started["details"]["symbols"]) == SYMBOLS_TOLD_MAX + 2


async def test_a_feed_that_fails_after_each_tick_is_started_ever_more_patiently(
    log: EventLog,
) -> None:
    runs: list[list[Step]] = [[bar("5", day), GONE] for day in range(8)]
    playing = await Playing.begin(log, ScriptedFeed(*runs, []))
    await playing.to_the_end()
    delays = [seconds for _, seconds in playing.slept]
    longest = [1, 2, 4, 8, 16, 30, 30, 30]
    assert all(most / 2 <= s <= most for s, most in zip(delays, longest, strict=True))


async def test_a_feed_that_played_for_long_is_started_again_soon(log: EventLog) -> None:
    late = asyncio.Event()
    runs: list[list[Step]] = [[bar("5"), GONE], [GONE], [GONE], [bar("6", 1), late, GONE], []]
    playing = await Playing.begin(log, ScriptedFeed(*runs))
    await playing.until(lambda: playing.status.ticks == 2)
    playing.now += STEADY_S + 1
    late.set()
    await playing.to_the_end()
    assert playing.slept[-1][1] <= 1


async def test_a_log_that_cannot_be_written_is_told_of_the_outage_later(
    log: EventLog, store: WatchedStore
) -> None:
    playing = await Playing.begin(log, ScriptedFeed([bar("5"), GONE], [GONE], [bar("6", 1)]))
    failed = 0

    def fail_once() -> None:
        nonlocal failed
        if playing.status.failures == 1 and not failed:
            failed += 1
            raise StoreUnavailable("the disk is full")

    store.before = fail_once
    await playing.to_the_end()
    assert failed == 1
    assert await playing.kinds() == [
        "feed_started",
        "feed_stopped failed",
        "feed_started",
        "feed_stopped ended",
    ]


async def test_a_lease_that_cannot_be_asked_for_is_asked_for_again(
    log: EventLog, store: WatchedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, acquire = 0, store.acquire_lease

    async def down_at_first(name: str, holder: str, ttl_s: float) -> object:
        nonlocal asked
        asked += 1
        if asked < 3:
            raise StoreUnavailable("the database is down")
        return await acquire(name, holder, ttl_s)

    monkeypatch.setattr(store, "acquire_lease", down_at_first)
    playing = await Playing.begin(log, ScriptedFeed([bar("5")]))
    await playing.to_the_end()
    assert playing.slept == [(FeedPhase.RETRYING, LEASE_RETRY_S)] * 2
    assert playing.status.error is None
    assert await recorded(log) == ["5"]


# --- stalls -------------------------------------------------------------------------------------


async def test_a_silent_feed_is_closed_told_of_and_started_again(log: EventLog) -> None:
    feed = ScriptedFeed([bar("5"), SILENCE], [SILENCE], [bar("6", 1)], stalls_after_s=60)
    playing = await Playing.begin(log, feed)
    await playing.to_the_end()
    assert await playing.kinds() == [
        "feed_started",
        "feed_stopped stalled",
        "feed_started",
        "feed_stopped ended",
    ]
    assert (await playing.notices())[1]["error"] == "no price came for 60 s"
    waits = [phase for phase, seconds in playing.slept if 0.1 < seconds <= RETRY_MAX_S]
    assert waits == [FeedPhase.STALLED] * 2
    assert feed.closed == 3
    assert (playing.status.error, playing.status.failures) == (None, 0)


async def test_a_stalled_feed_that_then_fails_is_one_outage(log: EventLog) -> None:
    feed = ScriptedFeed([SILENCE], [GONE], [SILENCE], [bar("6", 1)], stalls_after_s=60)
    playing = await Playing.begin(log, feed)
    await playing.to_the_end()
    kinds = await playing.kinds()
    assert kinds == ["feed_stopped stalled", "feed_started", "feed_stopped ended"]


# --- gaps ---------------------------------------------------------------------------------------


async def test_missing_bars_are_told_before_the_bar_that_comes_after_them(log: EventLog) -> None:
    days = [0, 1, 2 + SKIPPED_BARS_MAX, 4 + 2 * SKIPPED_BARS_MAX]
    steps = [bar("5", day) for day in days]
    playing = await Playing.begin(log, ScriptedFeed([*steps], gap_bars=SKIPPED_BARS_MAX))
    await playing.to_the_end()
    gaps = [notice for notice in await playing.notices() if notice["kind"] == "correction"]
    assert gaps == [
        {
            "kind": "correction",
            "reason": "gap",
            "feed": "scripted",
            "symbol": "SPX",
            "from": format_time(steps[2].timestamp),
            "to": format_time(steps[3].timestamp - timedelta(days=1)),
        }
    ]
    assert playing.status.gaps == 1
    types = [
        event.type for event in await log.read(ReadQuery()) if event.channel is not Channel.REGIME
    ]
    assert types.index("price_update") > types.index("system_notice")


async def test_bare_ticks_and_feeds_without_bars_of_their_own_have_no_gaps(log: EventLog) -> None:
    far = START + timedelta(days=100)
    ready = await Playing.begin(log, ScriptedFeed([bar("5"), bar("6", 100)]))
    await ready.to_the_end()
    bare = ScriptedFeed([tick("7", far), tick("8", far + timedelta(days=100))], gap_bars=1)
    playing = await Playing.begin(log, bare)
    await playing.to_the_end()
    assert "correction" not in await playing.kinds()


async def test_a_gap_is_told_once_though_its_bar_is_recorded_at_the_second_try(
    log: EventLog, store: WatchedStore
) -> None:
    runs: list[list[Step]] = [[bar("5"), bar("6", 50)], [bar("6", 50)]]
    playing = await Playing.begin(log, ScriptedFeed(*runs, gap_bars=5))
    appends = 0

    def fail_after_the_notices() -> None:
        nonlocal appends
        appends += 1
        if appends == 2:
            raise StoreUnavailable("the disk is full")

    store.before = fail_after_the_notices
    await playing.to_the_end()
    kinds = await playing.kinds()
    assert kinds.count("correction gap") == 1
    assert playing.status.phase is FeedPhase.FINISHED


async def test_what_a_feed_itself_knows_to_be_lost_is_told(log: EventLog) -> None:
    go = asyncio.Event()
    feed = LossyFeed([bar("5"), go, bar("6", 1)])
    playing = await Playing.begin(log, feed)
    await playing.until(lambda: playing.status.ticks == 1)
    assert feed.on_gap is not None
    feed.on_gap("SPX", START, START + timedelta(hours=1))
    go.set()
    await playing.to_the_end()
    assert (await playing.kinds())[1] == "correction gap"
    assert (playing.status.gaps, playing.status.bad) == (1, 3)


# --- the end ------------------------------------------------------------------------------------


async def test_stopping_finishes_the_append_that_is_under_way(
    log: EventLog, store: WatchedStore
) -> None:
    playing = await Playing.begin(log, ScriptedFeed([bar("5"), SILENCE]))

    def stop_once() -> None:
        store.before = lambda: None
        playing.task.cancel()

    store.before = stop_once
    await asyncio.wait({playing.task})
    assert await recorded(log) == ["5"]
    assert await store.leases() == []


async def test_a_silent_feed_is_closed_when_its_lease_is_lost(
    log: EventLog, store: WatchedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def lost(_lease: Lease, _ttl_s: float) -> None:
        return None

    monkeypatch.setattr(store, "renew_lease", lost)
    monkeypatch.setattr(feed_runner, "LEASE_TTL_S", 0.02)
    feed = ScriptedFeed([bar("5"), SILENCE], [bar("6", 1)])
    playing = await Playing.begin(log, feed)
    await playing.to_the_end()
    assert playing.slept == [(FeedPhase.WAITING, LEASE_RETRY_S)]
    assert feed.closed == 2
    assert await playing.kinds() == ["feed_started", "feed_started", "feed_stopped ended"]
