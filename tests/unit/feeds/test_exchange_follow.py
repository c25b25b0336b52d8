"""The limits of following an exchange, against a driver that answers from a list."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import cast

import pytest

from app.feeds import exchange_follow
from app.feeds.base import ResumePoint
from app.feeds.exchange_driver import Candle, Driver
from app.feeds.exchange_follow import (
    ASIDE_MAX,
    BARS_AT_FIRST,
    TRADES_AT_FIRST_MS,
    BarTrack,
    Timing,
    TradeTrack,
)
from app.feeds.exchange_trades import TRADES_A_MS, Trade

NOW_MS = 1_700_000_000_000
AT_ONCE = Timing(settle_s=0, join_s=0, join_tries=3)
LIVE = 10.0**12


class FakeDriver:
    """Holds trades; tells `page` of them at a time, within `window_ms` of what it is asked for."""

    def __init__(self, trades: Sequence[Trade] = (), page: int = 1_000, window_ms: int = 0) -> None:
        self.trades = list(trades)
        self.live: list[Trade] = []
        self.page = page
        self.window_ms = window_ms
        self.asked: list[int] = []
        self.dropped: list[str] = []

    def drop(self, _what: str, problem: str, _told: object) -> None:
        self.dropped.append(problem)

    def now_ms(self) -> int:
        return NOW_MS

    async def trades_since(self, _symbol: str, since_ms: int) -> list[Trade]:
        self.asked.append(since_ms)
        until = since_ms + self.window_ms if self.window_ms else NOW_MS
        return [one for one in self.trades if since_ms <= one.at_ms < until][: self.page]

    async def watch_trades(self, _symbol: str) -> tuple[list[Trade], bool]:
        return self.live, True

    async def bars_since(self, _symbol: str, _timeframe: str, since_ms: int) -> list[Candle]:
        self.asked.append(since_ms)
        return []


class Gaps:
    """What was told as missing."""

    def __init__(self) -> None:
        self.told: list[tuple[str, int, int]] = []

    def __call__(self, symbol: str, from_ms: int, to_ms: int) -> None:
        self.told.append((symbol, from_ms, to_ms))


def trade(number: int, at_ms: int) -> Trade:
    return Trade(str(number), at_ms, Decimal(100), None, "buy")


def track_of(driver: FakeDriver, gaps: Gaps, since_ms: int | None = None) -> TradeTrack:
    at = None if since_ms is None else datetime.fromtimestamp(since_ms / 1_000, UTC)
    point = None if at is None else ResumePoint(1, at, Decimal(100))
    return TradeTrack(cast("Driver", driver), "BTC/USD", point, AT_ONCE, gaps)


async def fetch_all(track: TradeTrack) -> None:
    while await track.fetch():
        pass


async def test_a_new_log_begins_with_the_last_minute() -> None:
    driver = FakeDriver()
    assert not await track_of(driver, Gaps()).fetch()
    assert driver.asked == [NOW_MS - TRADES_AT_FIRST_MS]


async def test_a_new_log_begins_with_some_bars() -> None:
    driver = FakeDriver()
    track = BarTrack(cast("Driver", driver), "BTC/USD", ("1m", 60), None, AT_ONCE)
    assert not await track.fetch()
    assert driver.asked == [NOW_MS - NOW_MS % 60_000 - BARS_AT_FIRST * 60_000]


async def test_an_empty_answer_about_an_hour_is_not_the_end() -> None:
    hour_ms, gaps = 3_600_000, Gaps()
    first = trade(1, NOW_MS - 10 * hour_ms)
    driver = FakeDriver([first, trade(2, NOW_MS - 5)], window_ms=hour_ms)
    track = track_of(driver, gaps, first.at_ms)
    await fetch_all(track)
    assert len(track.ready(NOW_MS, LIVE)) == 1
    assert gaps.told == []
    assert len(driver.asked) <= 13


async def test_more_live_trades_than_are_kept_aside_are_asked_for_by_rest() -> None:
    times = range(NOW_MS - ASIDE_MAX - 500, NOW_MS)
    driver, gaps = FakeDriver([trade(number, number) for number in times]), Gaps()
    track = track_of(driver, gaps, NOW_MS - ASIDE_MAX - 500)
    driver.live = driver.trades[1:]
    await track.watch()
    await track.take()
    assert len(track.ready(0, LIVE)) == ASIDE_MAX + 499
    assert gaps.told == []
    assert len(driver.asked) > 10


async def test_a_catch_up_is_bounded_and_the_rest_is_a_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange_follow, "PAGES_MAX", 2)
    start_ms, gaps = NOW_MS - 10_000, Gaps()
    driver = FakeDriver([trade(n, start_ms + n) for n in range(100)], page=3)
    track = track_of(driver, gaps, start_ms)
    driver.live = driver.trades[-1:]
    await track.watch()
    await track.take()
    assert len(driver.asked) == 2 * AT_ONCE.join_tries
    assert gaps.told == [("BTC/USD", start_ms + 12, start_ms + 99)]


async def test_rest_that_stays_behind_is_a_gap_only_if_it_may_hide_something() -> None:
    gaps = Gaps()
    driver = FakeDriver([trade(1, NOW_MS - 9)])
    track = track_of(driver, gaps, NOW_MS - 9)
    driver.live = [
        trade(1, NOW_MS - 9),
        trade(2, NOW_MS - 5),
    ]  # what is live reaches back far enough
    await track.watch()
    await track.take()
    assert gaps.told == []
    track.interrupted()
    driver.live = [trade(3, NOW_MS - 1)]
    await track.watch()
    await track.take()
    assert gaps.told == [("BTC/USD", NOW_MS - 5, NOW_MS - 1)]
    assert len(track.ready(0, LIVE)) == 2


async def test_trades_that_a_millisecond_cannot_hold_are_dropped_and_counted() -> None:
    driver = FakeDriver([trade(n, NOW_MS - 5) for n in range(TRADES_A_MS + 2)], page=10_000)
    track = track_of(driver, Gaps())
    await fetch_all(track)
    assert len(track.ready(0, LIVE)) == TRADES_A_MS
    assert driver.dropped == ["its millisecond has more than 1000 trades"] * 2
