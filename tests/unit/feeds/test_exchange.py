"""What a user types about an exchange is understood, or refused in one sentence."""

# covers: app.feeds.exchange, app.feeds.exchange_driver

import sys
from decimal import Decimal

import pytest
from structlog.testing import capture_logs

from app.feeds.base import Feed, FeedError
from app.feeds.exchange import STALLS_AFTER_S, SYMBOLS_MAX, exchange_feed
from app.feeds.exchange_driver import (
    BAD_LOGGED_MAX,
    HABITS,
    MISSING,
    Access,
    Driver,
    ccxt_pro,
    exact,
    make_exchange,
)

PAIR = ("BTC/USD",)


def test_a_feed_is_made_without_connecting() -> None:
    feed = exchange_feed("kraken", ("BTC/USD", "ETH/USD"), {})
    played: Feed = feed
    assert (played.name, played.source) == ("kraken", "feed:kraken")
    assert played.symbols == ("BTC/USD", "ETH/USD")
    assert (feed.stalls_after_s, feed.gap_bars, feed.gaps, feed.bad) == (STALLS_AFTER_S, None, 0, 0)


def test_a_feed_can_have_another_name() -> None:
    assert exchange_feed("kraken", PAIR, {}, "k2").source == "feed:k2"


def test_bars_stall_two_lengths_later() -> None:
    feed = exchange_feed("kraken", PAIR, {"mode": "bars", "timeframe": "5m"})
    assert feed.stalls_after_s == STALLS_AFTER_S + 600
    assert feed.gap_bars is not None


@pytest.mark.parametrize(("text", "seconds"), [("0", None), ("600", 600.0)])
def test_the_stall_is_the_users_choice(text: str, seconds: float | None) -> None:
    assert exchange_feed("kraken", PAIR, {"stalls_after_s": text}).stalls_after_s == seconds


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"modus": "bars"}, "unknown option 'modus'; an exchange takes mode, "),
        ({"mode": "candles"}, "mode must be trades or bars"),
        ({"timeframe": "1m"}, "for mode=bars only"),
        ({"mode": "bars", "timeframe": "1M"}, "such as 1m"),
        ({"mode": "bars", "timeframe": "0m"}, "such as 1m"),
        ({"mode": "bars", "timeframe": "9999w"}, "such as 1m"),
        ({"sandbox": "yes"}, "sandbox must be false or true"),
        ({"url": "http://localhost"}, "url must be an address with ws or wss"),
        ({"rest": "localhost:80"}, "rest must be an address with http or https"),
        ({"stalls_after_s": "-1"}, "whole seconds, 0 for never"),
    ],
)
def test_wrong_options_are_refused(options: dict[str, str], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        exchange_feed("kraken", PAIR, options)


@pytest.mark.parametrize(
    ("symbols", "says"),
    [
        ((), "needs symbols"),
        (("BTC/USD", "BTC/USD"), "twice"),
        (("BTC USD",), "is no symbol"),
        (tuple(f"S{number}/USD" for number in range(SYMBOLS_MAX + 1)), "at most 50"),
    ],
)
def test_wrong_symbols_are_refused(symbols: tuple[str, ...], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        exchange_feed("kraken", symbols, {})


def test_a_wrong_name_is_refused() -> None:
    with pytest.raises(ValueError, match="no feed's name"):
        exchange_feed("kraken", PAIR, {}, "Big Kraken")


@pytest.mark.parametrize(
    ("exchange", "options", "says"),
    [
        ("krakken", {}, "'krakken' is none that ccxt can watch; there is kraken"),
        ("somewhere", {}, "there is .*binance.*kraken"),
        ("bydfi", {}, "bydfi has no trades over WebSocket"),
        ("coinbaseinternational", {}, "has no trades over REST"),
        ("blockchaincom", {"mode": "bars"}, "has no bars over REST"),
        ("kraken", {"mode": "bars", "timeframe": "7m"}, "kraken has no bars of 7m, only 1m, 5m"),
        ("kraken", {"sandbox": "true"}, "kraken has no sandbox"),
    ],
)
def test_what_an_exchange_cannot_do_is_said(
    exchange: str, options: dict[str, str], says: str
) -> None:
    with pytest.raises(FeedError, match=says):
        exchange_feed(exchange, PAIR, options)


def test_without_the_extra_one_sentence_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ccxt.pro", None)
    with pytest.raises(FeedError, match="extra `live`") as caught:
        exchange_feed("kraken", PAIR, {})
    assert MISSING in str(caught.value)


def test_a_sandbox_is_used_where_there_is_one() -> None:
    assert "testnet" in str(make_exchange(Access("binance", sandbox=True)).urls["api"])


def test_other_addresses_keep_their_paths() -> None:
    made = make_exchange(Access("kraken", "ws://localhost:1", "http://localhost:2/proxy/"))
    assert made.urls["api"]["ws"]["publicV2"] == "ws://localhost:1/v2"
    assert made.urls["api"]["public"] == "http://localhost:2/proxy"


def test_habits_are_those_of_exchanges_that_exist() -> None:
    assert set(HABITS) <= set(ccxt_pro().exchanges)


@pytest.mark.parametrize(
    ("told", "number"),
    [("60000.50", "60000.5"), ("1.2e-07", "0.00000012"), ("100", "100"), ("1e3", "1000")],
)
def test_numbers_are_exact_and_the_same_with_and_without_zeros(told: str, number: str) -> None:
    assert str(exact(told)) == number or exact(told) == Decimal(number)


@pytest.mark.parametrize("told", [None, "", "NaN", "Infinity", "abc", 1.5])
def test_what_is_no_number_is_refused(told: object) -> None:
    with pytest.raises(ValueError, match=r"no (price|number|text)"):
        exact(told)


def test_bad_ticks_are_all_counted_and_the_first_ones_logged() -> None:
    driver = Driver(Access("kraken"), "kraken")
    with capture_logs() as logged:
        for number in range(BAD_LOGGED_MAX + 5):
            driver.drop("trade", "it has no time", "x" * 1_000 + str(number))
    assert driver.bad == BAD_LOGGED_MAX + 5
    assert len(logged) == BAD_LOGGED_MAX
    assert len(logged[0]["told"]) == 200


def test_a_kraken_trade_has_the_same_time_by_rest_and_live() -> None:
    made = make_exchange(Access("kraken"))
    for ms in range(1_000):
        # REST tells seconds as a binary number, which ccxt multiplies and cuts off.
        row = ["1", "1", float(f"1700000000.{ms:03d}"), "b", "m", "", 7]
        live = {"trade_id": 7, "timestamp": f"2023-11-14T22:13:20.{ms:03d}000Z", "price": 1.0}
        by_rest, by_socket = made.parse_trade(row), made.parse_trade(live)
        assert by_rest["timestamp"] == by_socket["timestamp"] == 1_700_000_000_000 + ms
        assert by_rest["id"] == by_socket["id"] == "7"


def test_a_binance_trade_is_the_same_by_rest_and_live() -> None:
    made = make_exchange(Access("binance"))
    assert made.options["watchTrades"]["name"] == "aggTrade"
    kinds = ("option", "inverse", "linear", "swap", "future", "contract")
    market = {"symbol": "BTC/USDT", "spot": True, **dict.fromkeys(kinds, False)}
    told = {"a": 26129, "p": "0.01633102", "q": "4.70", "T": 1498793709153, "m": True, "M": True}
    by_rest = made.parse_trade(dict(told), market)
    by_socket = made.parse_ws_trade({"e": "aggTrade", "s": "BTCUSDT", **told}, market)
    for name in ("id", "timestamp", "price", "amount", "side", "symbol"):
        assert by_rest[name] == by_socket[name]
