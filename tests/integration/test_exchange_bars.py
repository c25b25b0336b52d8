"""Bars of a local exchange come once they are closed, exact, and none twice."""

# covers: app.feeds.exchange_follow, app.feeds.exchange_driver

import time
from collections.abc import AsyncIterator
from decimal import Decimal

import pytest

from app.market.ticks import PriceTick
from events.scalars import to_micros
from tests.integration.exchange_player import feed_of, playing, point_at
from tests.integration.exchange_server import ExchangeServer, running_exchange

BTC, ETH = "BTC/USD", "ETH/USD"
MINUTES = ("1m", 60)


@pytest.fixture
async def server() -> AsyncIterator[ExchangeServer]:
    async with running_exchange() as running:
        yield running


def minutes_ago(minutes: int) -> int:
    return int(time.time()) // 60 * 60 - minutes * 60


def closes(ticks: list[PriceTick]) -> list[tuple[int, str]]:
    return [(to_micros(tick.timestamp) // 1_000_000, str(tick.price)) for tick in ticks]


async def test_bars_before_now_come_first_and_then_each_as_it_closes(
    server: ExchangeServer,
) -> None:
    first = minutes_ago(12)
    for n in range(9):
        server.bar(BTC, first + 60 * n, "100", "200.5", "99", f"1{n}0.10", "3.5")
    async with playing(feed_of(server, timeframe=MINUTES)) as player:
        await player.until(lambda: len(player.ticks) == 8)
        await server.subscribed("ohlc", BTC)
        server.bar(BTC, first + 60 * 8, "100", "200.5", "99", "150", "4")  # it still runs
        server.bar(BTC, first + 60 * 9, "150", "160", "140", "155", "1")
        await player.until(lambda: len(player.ticks) == 9)
    expected = [(first + 60 * n + 60, f"1{n}0.1") for n in range(8)]
    assert closes(player.ticks) == [*expected, (first + 60 * 9, "150")]
    last = player.ticks[-1]
    assert (last.open, last.high, last.low) == (Decimal(100), Decimal("200.5"), Decimal(99))
    assert (last.volume, last.bar_s) == (Decimal(4), 60)


async def test_bars_that_closed_while_the_connection_was_down_are_not_missed(
    server: ExchangeServer,
) -> None:
    first = minutes_ago(30)
    server.page = 4
    feed = feed_of(server, (BTC, ETH), MINUTES)
    for n in range(5):
        server.bar(BTC, first + 60 * n, "100", "200", "99", str(100 + n), "1")
        server.bar(ETH, first + 60 * n, "100", "200", "99", str(150 + n), "1")
    async with playing(feed) as player:
        await server.subscribed("ohlc", BTC, ETH)
        server.reset()
        for n in range(5, 15):
            server.bar(BTC, first + 60 * n, "100", "200", "99", str(100 + n), "1")
        await server.subscribed("ohlc", BTC)
        server.bar(BTC, first + 60 * 15, "100", "200", "99", "115", "1")
        await player.until(lambda: len(player.ticks) == 15 + 4)
    of_btc = [tick for tick in player.ticks if tick.symbol == BTC]
    assert closes(of_btc) == [(first + 60 * n + 60, str(100 + n)) for n in range(15)]
    shared = [tick.timestamp for tick in player.ticks[:8]]
    assert shared == sorted(shared)


async def test_a_restart_goes_on_with_the_next_bar(server: ExchangeServer) -> None:
    first = minutes_ago(30)
    for n in range(10):
        server.bar(BTC, first + 60 * n, "100", "200", "99", str(100 + n), "1")
    async with playing(feed_of(server, timeframe=MINUTES)) as whole:
        await whole.until(lambda: len(whole.ticks) == 9)
    async with playing(feed_of(server, timeframe=MINUTES), point_at(whole.ticks[4])) as rest:
        await rest.until(lambda: len(rest.ticks) == 4)
    assert rest.ticks == whole.ticks[5:]


async def test_bad_bars_are_dropped_and_counted(server: ExchangeServer) -> None:
    first = minutes_ago(30)
    bad = (("100", "90", "80", "100"), ("0", "9", "8", "8"), ("NaN", "NaN", "NaN", "NaN"))
    for n, numbers in enumerate(bad):
        server.bar(BTC, first + 60 * n, *numbers, "1")
    for n in range(3, 6):
        server.bar(BTC, first + 60 * n, "100", "200", "99", str(100 + n), "1")
    feed = feed_of(server, timeframe=MINUTES)
    async with playing(feed) as player:
        await player.until(lambda: len(player.ticks) == 2)
    assert closes(player.ticks) == [(first + 240, "103"), (first + 300, "104")]
    assert feed.bad >= len(bad)
