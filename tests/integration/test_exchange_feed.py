"""A feed of a local exchange loses nothing, doubles nothing and keeps every price exact."""

# covers: app.feeds.exchange, app.feeds.exchange_driver, app.feeds.exchange_follow

from collections.abc import AsyncIterator

import pytest

from app.feeds import exchange_driver
from app.feeds.base import FeedError
from events.scalars import format_decimal, to_micros
from tests.integration.exchange_player import (
    ago_us,
    expected,
    feed_of,
    playing,
    point_at,
    told,
)
from tests.integration.exchange_server import Deal, ExchangeServer, running_exchange

BTC, ETH = "BTC/USD", "ETH/USD"


@pytest.fixture
async def server() -> AsyncIterator[ExchangeServer]:
    async with running_exchange() as running:
        yield running


async def test_trades_come_live_with_exact_prices(server: ExchangeServer) -> None:
    prices = ["60000.1", "0.00000012", "12345678.12345678", "60000", "0.1", "70000.30"]
    async with playing(feed_of(server, (BTC, ETH))) as player:
        await server.subscribed("trade", BTC, ETH)
        base = ago_us(5)
        deals = [server.deal(BTC, price, base + n * 1_000) for n, price in enumerate(prices)]
        other = server.deal(ETH, "3000.5", base + 500_000)
        await player.has(len(prices) + 1)
    assert [format_decimal(tick.price) for tick in player.ticks[:-1]] == [*prices[:-1], "70000.3"]
    assert [to_micros(tick.timestamp) for tick in player.ticks[:-1]] == [d.at_us for d in deals]
    assert told(player.ticks, ETH) == expected([other])
    assert {tick.bar_s for tick in player.ticks} == {None}


async def test_trades_of_one_millisecond_are_told_apart_by_microseconds(
    server: ExchangeServer,
) -> None:
    async with playing(feed_of(server)) as player:
        await server.subscribed("trade", BTC)
        base = ago_us(5)
        deals = [server.deal(BTC, str(100 + n), base + n * 150) for n in range(20)]
        assert await player.has(20) == expected(deals)
    assert len({tick.timestamp for tick in player.ticks}) == 20


async def test_what_was_missed_is_fetched_in_pages_before_what_is_live(
    server: ExchangeServer,
) -> None:
    server.page, server.snapshot = 7, False
    base = ago_us(3_000)
    times = [base + (n // 25 * 60 * 1_000 + n % 25 * 20) * 1_000 for n in range(50)]
    deals = [server.deal(BTC, str(100 + n), at_us) for n, at_us in enumerate(times)]
    async with playing(feed_of(server)) as first:
        await server.subscribed("trade", BTC)
        deals.append(server.deal(BTC, "500", ago_us(2)))
        assert await first.has(1) == expected(deals[-1:])  # a new log begins a minute ago
    feed = feed_of(server)
    resume = point_at(deals[3])
    async with playing(feed, resume) as player:
        await server.subscribed("trade", BTC)
        deals.append(server.deal(BTC, "501", ago_us(1)))
        assert await player.has(48) == expected(deals)[4:]
    assert (feed.gaps, feed.bad) == (0, 0)


@pytest.mark.parametrize("kept", [0, 4, 5, 11, 22])
async def test_a_restart_goes_on_with_the_very_next_trade(
    server: ExchangeServer, kept: int
) -> None:
    base = ago_us(20)
    # Three trades to each millisecond.
    deals = [server.deal(BTC, str(100 + n), base + n // 3 * 827_000 + n % 3) for n in range(24)]
    async with playing(feed_of(server)) as first:
        assert await first.has(24) == expected(deals)
    async with playing(feed_of(server), point_at(first.ticks[kept])) as second:
        assert await second.has(23 - kept) == expected(deals)[kept + 1 :]


async def test_what_happens_between_the_last_page_and_the_subscription_is_not_missed(
    server: ExchangeServer,
) -> None:
    server.snapshot = False
    base, hidden = ago_us(20), []
    deals = [server.deal(BTC, str(100 + n), base + n * 1_000_000) for n in range(3)]
    server.before_subscribed = lambda symbol: hidden.append(
        server.deal(symbol, "777", base + 4_000_000, send=False)
    )
    async with playing(feed_of(server)) as player:
        await server.subscribed("trade", BTC)
        server.rest_lag = 2
        live = server.deal(BTC, "888", base + 5_000_000)
        assert await player.has(5) == expected([*deals, *hidden, live])


@pytest.mark.parametrize("how", ["reset", "close"])
async def test_a_disconnect_loses_and_doubles_nothing(server: ExchangeServer, how: str) -> None:
    server.snapshot = how == "reset"
    base = ago_us(30)
    deals: list[Deal] = []

    def trade(count: int, *, send: bool) -> None:
        for _ in range(count):
            n = len(deals)
            deals.append(server.deal(BTC, str(100 + n), base + n * 300, send=send))

    feed = feed_of(server)
    async with playing(feed) as player:
        for _ in range(3):
            await server.subscribed("trade", BTC)
            trade(10, send=True)
            await player.has(len(deals))
            trade(2, send=True)
            if how == "reset":
                server.reset()
            else:
                await server.close_politely()
            trade(5, send=False)
        await server.subscribed("trade", BTC)
        server.send_deals(*deals[-30:])
        trade(3, send=True)
        said = await player.has(len(deals))
        server.send_deals(*deals)
        last = server.deal(BTC, "1", ago_us(1))
        await player.has(len(said) + 1)
    assert sorted(told(player.ticks), key=lambda one: one[2]) == expected([*deals, last])
    assert feed.gaps == 0


async def test_an_exchange_that_is_gone_for_a_while_is_found_again(server: ExchangeServer) -> None:
    base = ago_us(30)
    async with playing(feed_of(server)) as player:
        await server.subscribed("trade", BTC)
        deals = [server.deal(BTC, "100", base)]
        await player.has(1)
        await server.stop()
        deals.append(server.deal(BTC, "101", base + 1_000_000, send=False))
        await server.start()
        await server.subscribed("trade", BTC)
        deals.append(server.deal(BTC, "102", base + 2_000_000))
        assert await player.has(3) == expected(deals)


async def test_an_exchange_that_stays_away_is_a_failure(server: ExchangeServer) -> None:
    feed = feed_of(server)
    async with playing(feed) as player:
        await server.subscribed("trade", BTC)
        await server.stop()
        await player.until(lambda: player.failed is not None)
    assert isinstance(player.failed, FeedError)
    assert str(player.failed).startswith("kraken: cannot be reached: ")


def entry(price: str = "100", time: str | None = '"2026-01-16T12:00:00Z"') -> str:
    stamp = "" if time is None else f',"timestamp":{time}'
    return f'{{"symbol":"{BTC}","side":"buy","price":{price},"qty":1,"trade_id":7{stamp}}}'


BAD = (
    entry("0"),
    entry("-5"),
    entry("null"),
    entry('"abc"'),
    entry('"NaN"'),
    entry('"Infinity"'),
    entry('"1.1234567890123"'),
    entry(time=None),
    entry(time="null"),
    entry(time='"yesterday"'),
    entry(time='"2999-01-16T12:00:00.000000Z"'),
    entry(time='"1969-01-16T12:00:00.000000Z"'),
    '"nonsense"',
)


async def test_a_bad_trade_is_dropped_and_counted_and_its_neighbours_stay(
    server: ExchangeServer,
) -> None:
    feed, deals = feed_of(server), []
    async with playing(feed) as player:
        await server.subscribed("trade", BTC)
        for n, bad in enumerate(BAD):
            deals += [server.deal(BTC, "100", ago_us(30 - n), send=False) for _ in range(2)]
            server.send("trade", BTC, f"{deals[-2].live()},{bad},{deals[-1].live()}")
            await player.has(len(deals))
            assert feed.bad == n + 1, bad
    assert told(player.ticks) == expected(deals)


BROKEN = (
    "{nonsense",
    f'{{"channel":"trade","type":"update","data":[{entry("NaN")}]}}',
    '{"channel":"trade","data":[{"symbol":"DOGE/EUR","price":1}]}',
)


async def test_a_message_that_cannot_be_read_takes_nothing_with_it(server: ExchangeServer) -> None:
    server.snapshot = False
    feed, deals = feed_of(server), []
    async with playing(feed) as player:
        await server.subscribed("trade", BTC)
        for n, broken in enumerate(BROKEN):
            deals.append(server.deal(BTC, "100", ago_us(30 - n)))
            await player.has(len(deals))
            deals.append(server.deal(BTC, "101", ago_us(29.5 - n), send=False))  # stood in it
            server.send_raw(server.listeners[0], broken)
            deals.append(server.deal(BTC, "102", ago_us(29.2 - n)))
            assert await player.has(len(deals)) == expected(deals)
    assert feed.bad == len(BROKEN)


async def test_bad_trades_in_a_page_are_dropped_and_counted(server: ExchangeServer) -> None:
    base = ago_us(20)
    good = [server.deal(BTC, "100", base), server.deal(BTC, "101", base + 2_000_000)]
    server.deal(BTC, "NaN", base + 1_000_000, send=False)
    server.deal(BTC, "-1", base + 1_500_000, send=False)
    server.snapshot = False
    feed = feed_of(server)
    async with playing(feed) as player:
        assert await player.has(2) == expected(good)
    assert feed.bad >= 2


async def test_trades_that_overtake_each_other_are_put_in_order(server: ExchangeServer) -> None:
    async with playing(feed_of(server)) as player:
        await server.subscribed("trade", BTC)
        base = ago_us(20)
        deals = [server.deal(BTC, str(n), base + n * 400, send=False) for n in range(1, 9)]
        for number in (3, 0, 7, 1, 2, 6, 5, 4):
            server.send_deals(deals[number])
        assert await player.has(8) == expected(deals)
        late = server.deal(BTC, "55", base + 800, send=False)  # in the millisecond of an older one
        server.send_deals(late)
        *_, last = await player.has(9)
    times = [at_us for _, _, at_us in told(player.ticks)]
    assert last[:2] == (BTC, "55")
    assert len(set(times)) == 9


async def test_what_is_no_longer_served_is_told_as_a_gap(server: ExchangeServer) -> None:
    server.snapshot = False
    base = ago_us(600)
    deals = [server.deal(BTC, str(100 + n), base + n * 1_000_000) for n in range(40)]
    feed = feed_of(server)
    gaps: list[tuple[str, int, int]] = []
    feed.on_gap = lambda symbol, since, until: gaps.append(
        (symbol, to_micros(since), to_micros(until))
    )
    async with playing(feed_of(server), {}) as nothing:
        await server.subscribed("trade", BTC)
    assert nothing.ticks == []
    server.serves = 10
    resume = point_at(deals[0])
    async with playing(feed, resume) as player:
        assert await player.has(10) == expected(deals)[30:]
    assert gaps == [(BTC, deals[0].at_us, deals[30].at_us)]
    assert feed.gaps == 1


async def test_a_burst_beyond_what_ccxt_keeps_is_filled_up_by_rest(
    server: ExchangeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange_driver, "CACHED_MAX", 10)
    async with playing(feed_of(server)) as player:
        await server.subscribed("trade", BTC)
        base = ago_us(20)
        deals = [server.deal(BTC, "100", base)]
        await player.has(1)
        deals += [server.deal(BTC, str(101 + n), base + 1_000 * n) for n in range(100)]
        assert await player.has(101) == expected(deals)


async def test_a_silent_exchange_can_be_left_at_any_time(server: ExchangeServer) -> None:
    feed = feed_of(server)
    assert feed.stalls_after_s == 120
    async with playing(feed) as player:
        await server.subscribed("trade", BTC)
    assert player.ticks == []
    await server.until(lambda: not server.listeners)


@pytest.mark.parametrize("requests", [0, 1, 2, 3])
async def test_a_feed_can_be_left_while_it_connects(server: ExchangeServer, requests: int) -> None:
    async with playing(feed_of(server)) as player:
        await server.until(lambda: len(server.requests) >= requests)
    assert (player.ticks, player.failed) == ([], None)


async def test_a_symbol_that_the_exchange_lacks_is_an_error(server: ExchangeServer) -> None:
    async with playing(feed_of(server, (BTC, "DOGE/USD"))) as player:
        await player.until(lambda: player.failed is not None)
    assert str(player.failed) == "kraken: kraken has no market DOGE/USD"
