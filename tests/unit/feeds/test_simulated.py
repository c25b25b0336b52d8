"""The simulated market is fixed by its seed, can be resumed, and is worth watching."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import islice, pairwise
from math import log

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.demo import DEMO_SEED
from app.feeds import simulated
from app.feeds.base import Feed, ResumePoint
from app.feeds.simulated import (
    HIDDEN,
    START_PRICE,
    SimulatedFeed,
    hidden_regimes,
    make_bar,
    seed_of,
)
from app.market.detector.anchored import ANCHORED
from app.market.ticks import PriceTick
from events.catalog import Regime

DEMO_PRICES = ["993.81", "990.27", "1012.75"]
NOON = datetime(2026, 1, 16, 12, tzinfo=UTC)


async def no_sleep(_seconds: float) -> None:
    return None


def standing_clock() -> datetime:
    return NOON


def ticking_clock() -> Callable[[], datetime]:
    seconds = iter(range(10**6))
    return lambda: NOON + timedelta(seconds=next(seconds))


async def take(
    bars: int,
    resume: dict[str, ResumePoint],
    seed: int = 1,
    clock: Callable[[], datetime] = standing_clock,
) -> list[PriceTick]:
    feed: Feed = SimulatedFeed(seed, bars_per_s=None, clock=clock, sleep=no_sleep)
    taken: list[PriceTick] = []
    async for bar in feed.ticks(resume):
        taken.append(bar)
        if len(taken) == bars:
            break
    return taken


def closes(seed: int, bars: int) -> list[Decimal]:
    price, out = START_PRICE, []
    for number, regime in enumerate(islice(hidden_regimes(seed), bars)):
        price = make_bar(seed, number, regime, price)[3]
        out.append(price)
    return out


async def test_the_seed_fixes_every_bar() -> None:
    assert await take(50, {}) == await take(50, {})
    assert await take(50, {}) != await take(50, {}, seed=2)


async def test_each_symbol_has_a_market_of_its_own() -> None:
    markets = []
    for symbol in ("SIM", "ABC", "XYZ"):
        feed = SimulatedFeed(1, symbol, None, clock=standing_clock, sleep=no_sleep)
        ticks = feed.ticks({})
        markets.append([(await anext(ticks)).price for _ in range(20)])
        assert len(set(islice(hidden_regimes(seed_of(1, symbol)), 500))) > 1
    assert len({tuple(market) for market in markets}) == 3


async def test_the_demos_market_stays_as_it_is() -> None:
    bars = await take(3, {}, seed=DEMO_SEED)
    assert [str(bar.price) for bar in bars] == DEMO_PRICES


async def test_a_resumed_feed_goes_on_as_if_it_had_never_stopped() -> None:
    whole = await take(200, {}, clock=ticking_clock())
    last = whole[119]
    rest = await take(80, {"SIM": ResumePoint(120, last.timestamp, last.price)})
    assert [bar.price for bar in rest] == [bar.price for bar in whole[120:]]


async def test_times_rise_even_when_the_clock_stands_still() -> None:
    bars = await take(20, {})
    assert all(a.timestamp < b.timestamp for a, b in pairwise(bars))


async def test_times_rise_even_when_the_clock_went_back_since_the_last_run() -> None:
    ahead = ResumePoint(3, NOON + timedelta(hours=1), Decimal(900))
    (bar,) = await take(1, {"SIM": ahead})
    assert bar.timestamp > ahead.last_at
    assert bar.open == Decimal(900)


async def test_a_simulated_bar_is_a_ready_bar_of_one_second() -> None:
    (bar,) = await take(1, {}, clock=ticking_clock())
    assert (bar.symbol, bar.bar_s, bar.timestamp) == ("SIM", 1, NOON)
    assert None not in {bar.open, bar.high, bar.low, bar.volume}


@given(st.integers(0, 2**63), st.integers(0, 10**9), st.decimals("0.01", "10000000", places=2))
def test_every_bar_is_a_valid_tick(seed: int, number: int, before: Decimal) -> None:
    for regime in Regime:
        opened, high, low, close, volume = make_bar(seed, number, regime, before)
        PriceTick(
            symbol="SIM",
            price=close,
            timestamp=NOON,
            open=opened,
            high=high,
            low=low,
            volume=volume,
            bar_s=1,
        )


def test_hidden_regimes_last() -> None:
    regimes = list(islice(hidden_regimes(3), 5_000))
    start = 0
    for k, (a, b) in enumerate(pairwise(regimes), start=1):
        if a is not b:
            assert HIDDEN[a].bars[0] <= k - start
            start = k
    assert set(regimes) == set(Regime)


@settings(max_examples=10)
@given(st.integers(0, 1_000))
def test_ten_minutes_show_several_shifts(seed: int) -> None:
    state, regimes = ANCHORED.initial(), []
    for price in closes(seed, 600):
        state, reading = ANCHORED.step(state, float(price))
        regimes.append(reading.regime)
    assert 3 <= sum(a is not b for a, b in pairwise(regimes)) <= 40


@pytest.mark.parametrize("seed", [1, 2])
def test_prices_stay_in_range_and_move_like_days_for_a_long_time(seed: int) -> None:
    prices = [float(price) for price in closes(seed, 20_000)]
    assert 50 < min(prices) < max(prices) < 10_000
    changes = [log(b / a) for a, b in pairwise(prices)]
    assert 0.008 < (sum(c * c for c in changes) / len(changes)) ** 0.5 < 0.02


async def test_others_have_their_turn_while_recorded_bars_are_counted_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(simulated, "COUNTED_A_TURN", 10)
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(other())
    await take(1, {"SIM": ResumePoint(1_000, NOON, Decimal(900))})
    task.cancel()
    assert turns >= 99
