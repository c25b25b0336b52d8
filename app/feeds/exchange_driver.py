"""One exchange behind ccxt's driver: connected, asked and watched, with exact prices.

ccxt is an optional extra and takes 100 MB of memory, so it is imported only when an exchange is wanted.

Disconnected         the exchange cannot be reached just now; the same call may work in a moment
"""

import asyncio
import difflib
import importlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from types import ModuleType
from typing import Any, Final
from urllib.parse import urlsplit

import structlog

from app.feeds.base import FeedError
from app.feeds.exchange_trades import Trade
from events.scalars import format_decimal, parse_price, parse_quantity

BAD_LOGGED_MAX: Final = 20
"""Bad ticks and messages that are logged one by one; the rest are only counted."""

AHEAD_MAX_MS: Final = 300_000
"""How far ahead of this machine's clock a trade may be dated: clocks differ, but not by more."""

CACHED_MAX: Final = 1_000
"""Trades of a symbol that ccxt keeps until they are taken; when as many came at once, REST tells the rest."""

MISSING: Final = "live prices need the extra `live`: pip install 'regime-synapse[live]'"

_log = structlog.get_logger("exchange")


class Disconnected(Exception):
    """The exchange cannot be reached just now."""


@dataclass(frozen=True, slots=True)
class Habits:
    """What of an exchange ccxt's driver does not make alike.

    Attributes:
        options: ccxt's options, so that REST and WebSocket tell the same trades under the same ids.
        window_ms: REST answers at most so much time at once, so an empty answer is not the end; 0: no bound.
        needs_until: REST wants an end beside the start.
        since_ns: the name of the parameter in which REST takes nanoseconds, where ccxt sends whole
            seconds: else a second with more trades than a page holds could not be passed.
    """

    options: Mapping[str, object] = field(default_factory=dict)
    window_ms: int = 0
    needs_until: bool = False
    since_ns: str | None = None


_AGGREGATED: Final = Habits({"watchTrades": {"name": "aggTrade"}}, window_ms=3_600_000)
HABITS: Final[Mapping[str, Habits]] = {
    "kraken": Habits(since_ns="since"),
    "binance": _AGGREGATED,
    "binanceus": _AGGREGATED,
    "binanceusdm": _AGGREGATED,
    "binancecoinm": _AGGREGATED,
    "coinbase": Habits(needs_until=True),
}


@dataclass(frozen=True, slots=True)
class Candle:
    """One bar as the exchange tells it; `begin_ms` is when it opened."""

    begin_ms: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal | None


@dataclass(frozen=True, slots=True)
class Access:
    """Which exchange, and where it is reached.

    Attributes:
        exchange: ccxt's id.
        url, rest: stand in for the scheme and host of the WebSocket and REST addresses.
        rate_limit: whether ccxt keeps the exchange's pace between REST requests.
    """

    exchange: str
    url: str | None = None
    rest: str | None = None
    sandbox: bool = False
    rate_limit: bool = True


def ccxt_pro() -> ModuleType:
    """The module of all WebSocket drivers.

    Raises:
        FeedError: the extra is not installed.
    """
    try:
        return importlib.import_module("ccxt.pro")
    except ImportError as error:
        raise FeedError("exchange", None, None, MISSING) from error


def make_exchange(access: Access) -> Any:
    """The object of an exchange's driver; it connects to nothing yet.

    Raises:
        FeedError: the extra is missing, or the exchange is unknown, or has no sandbox.
    """
    pro = ccxt_pro()
    name = access.exchange
    if name not in pro.exchanges:
        near = difflib.get_close_matches(name, pro.exchanges) or pro.exchanges
        problem = f"{name!r} is none that ccxt can watch; there is {', '.join(near)}"
        raise FeedError("exchange", None, None, problem)
    habits = HABITS.get(name, Habits())
    options = {"tradesLimit": CACHED_MAX, "OHLCVLimit": CACHED_MAX, **habits.options}
    exchange = getattr(pro, name)({"enableRateLimit": access.rate_limit, "options": options})
    if access.sandbox:
        # Asked before: of an exchange without one, ccxt fails in more than one way.
        test, api = exchange.urls.get("test"), exchange.urls["api"]
        if not test or (isinstance(api, dict) and "ws" in api and "ws" not in test):
            raise FeedError("exchange", None, None, f"{name} has no sandbox with live prices")
        exchange.set_sandbox_mode(True)
    api = exchange.urls["api"]
    if isinstance(api, dict):
        sockets = api.get("ws")
        api = {key: _rebased(value, access.rest) for key, value in api.items() if key != "ws"}
        exchange.urls["api"] = api | (
            {} if sockets is None else {"ws": _rebased(sockets, access.url)}
        )
    else:
        exchange.urls["api"] = _rebased(api, access.rest)
    if _plain(access.url) and _plain(access.rest):
        exchange.timeout_on_exit = 0  # what ccxt waits for when it closes is the end of TLS
    return exchange


def _plain(address: str | None) -> bool:
    return address is not None and address.startswith(("ws://", "http://"))


def _rebased(urls: Any, base: str | None) -> Any:
    """The same addresses, their paths kept, at another scheme and host."""
    if base is None or urls is None:
        return urls
    if isinstance(urls, dict):
        return {key: _rebased(value, base) for key, value in urls.items()}
    return base.rstrip("/") + urlsplit(str(urls)).path


class Driver:
    """A connection to one exchange: what it tells, checked and exact.

    Attributes:
        bad: how many trades, bars and messages were dropped because they cannot be right.
        unreadable: how many of them were whole messages: what else stood in them is fetched by REST.
    """

    def __init__(self, access: Access, name: str, clock: Callable[[], float] = time.time) -> None:
        """`name` is for errors and logs; `clock` tells seconds since 1970."""
        self._name = name
        self._habits = HABITS.get(access.exchange, Habits())
        self._clock = clock
        self._exchange = make_exchange(access)
        self._errors = importlib.import_module("ccxt")
        self._guard()
        self.bad = 0
        self.unreadable = 0

    @property
    def window_ms(self) -> int:
        """See `Habits`."""
        return self._habits.window_ms

    def now_ms(self) -> int:
        """This machine's time, in milliseconds since 1970 UTC."""
        return int(self._clock() * 1_000)

    async def open(self, symbols: Sequence[str]) -> None:
        """Learn the exchange's markets.

        Raises:
            FeedError: it does not have one of the symbols.
            Disconnected: it cannot be reached.
        """
        with self._translated():
            await self._exchange.load_markets()
        # From here on ccxt hands prices over as the text that they came in; not before, for some drivers
        # calculate with the numbers of their markets.
        self._exchange.number = str
        for symbol in symbols:
            if symbol not in self._exchange.markets:
                raise self._failed(f"{self._exchange.id} has no market {symbol}")

    async def close(self) -> None:
        """Close every connection; also when none was opened."""
        await self._exchange.close()

    async def trades_since(self, symbol: str, since_ms: int) -> list[Trade]:
        """A page of the trades at or after a time, by REST, oldest first."""
        # One earlier, for exchanges that leave out the very time which they are asked for.
        since_ms -= 1
        params: dict[str, object] = {"until": self.now_ms()} if self._habits.needs_until else {}
        if self._habits.since_ns is not None:
            params[self._habits.since_ns] = str(since_ms * 1_000_000)
        with self._translated():
            told = await self._exchange.fetch_trades(symbol, since_ms, None, params)
        return self._trades(symbol, told)

    async def watch_trades(self, symbol: str) -> tuple[list[Trade], bool]:
        """The next trades, live; and whether these are all that came since the last call."""
        unreadable = self.unreadable
        with self._translated():
            told = await self._exchange.watch_trades(symbol)
        complete = len(told) < CACHED_MAX and unreadable == self.unreadable
        return self._trades(symbol, told), complete

    async def bars_since(self, symbol: str, timeframe: str, since_ms: int) -> list[Candle]:
        """A page of the bars that begin at or after a time, by REST, oldest first; the last may still run."""
        with self._translated():
            told = await self._exchange.fetch_ohlcv(symbol, timeframe, since_ms)
        return self._candles(symbol, told)

    async def watch_bars(self, symbol: str, timeframe: str) -> list[Candle]:
        """The next changes of running bars, live."""
        with self._translated():
            told = await self._exchange.watch_ohlcv(symbol, timeframe)
        return self._candles(symbol, told)

    def drop(self, what: str, problem: str, told: object) -> None:
        """Count something that cannot be right; the first `BAD_LOGGED_MAX` are logged."""
        self.bad += 1
        if self.bad <= BAD_LOGGED_MAX:
            shown = str(told)[:200]
            _log.warning("bad_tick", feed=self._name, what=what, problem=problem, told=shown)

    def _trades(self, symbol: str, told: Sequence[Mapping[str, Any]]) -> list[Trade]:
        """Those that are of the symbol and right; bad ones were counted as they were parsed."""
        return [
            self._trade(one) for one in told if one.get("symbol") == symbol and one.get("timestamp")
        ]

    def _trade(self, told: Mapping[str, Any]) -> Trade:
        """A trade as ccxt parsed it.

        Raises:
            ValueError: it cannot be right.
        """
        at_ms = told["timestamp"]
        if not isinstance(at_ms, int) or at_ms <= 0:
            raise ValueError("it has no time")
        if at_ms > self.now_ms() + AHEAD_MAX_MS:
            raise ValueError("its time lies ahead")
        price = parse_price(exact(told["price"]))
        try:
            amount = parse_quantity(exact(told["amount"]))
        except ValueError:
            amount = None
        return Trade(str(told.get("id") or ""), at_ms, price, amount, str(told.get("side") or ""))

    def _candles(self, symbol: str, told: Sequence[Sequence[Any]]) -> list[Candle]:
        candles = []
        for one in told:
            try:
                candles.append(_candle(one))
            except (ValueError, TypeError, IndexError) as error:
                self.drop(f"bar of {symbol}", str(error), one)
        return candles

    def _guard(self) -> None:
        """Make ccxt survive what it cannot read: its own receive loop would end without a word."""
        exchange = self._exchange
        for name in ("parse_trade", "parse_ws_trade"):
            if hasattr(exchange, name):
                setattr(exchange, name, self._guarded_parse(getattr(exchange, name)))
        make_client = exchange.client

        def client(url: str) -> Any:
            made = make_client(url)
            if not hasattr(made, "synapse_guarded"):
                made.synapse_guarded = True
                made.handle_message = self._guarded_message(made.handle_message)
            return made

        exchange.client = client

    def _guarded_parse(self, parse: Callable[..., Any]) -> Callable[..., Any]:
        def guarded(told: Any, *further: Any, **named: Any) -> Any:
            try:
                parsed = parse(told, *further, **named)
                self._trade(parsed)
            except Exception as error:  # noqa: BLE001  # whatever a driver trips over, it is one trade
                self.drop("trade", str(error) or repr(error), told)
                return {
                    "info": told,
                    "id": "",
                    "symbol": None,
                    "timestamp": 0,
                }  # ccxt sorts by these
            return parsed

        return guarded

    def _guarded_message(self, handle: Callable[[Any], None]) -> Callable[[Any], None]:
        def guarded(message: Any) -> None:
            try:
                handle(message)
            except Exception as error:  # noqa: BLE001  # as above, with a whole message
                self.unreadable += 1
                self.drop("message", str(error) or repr(error), getattr(message, "data", message))

        return guarded

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            # Nobody cancelled us: ccxt cancels what waits on a connection that it closes.
            raise Disconnected("the connection was closed") from None
        except self._errors.NetworkError as error:
            raise Disconnected(_sentence(error)) from error
        except self._errors.BaseError as error:
            raise self._failed(_sentence(error)) from error

    def _failed(self, problem: str) -> FeedError:
        return FeedError(self._name, None, None, problem)


def exact(told: object) -> Decimal:
    """A number as it was told, without trailing zeros: REST and WebSocket differ in those.

    Raises:
        ValueError: it is none, or not finite.
    """
    if not isinstance(told, str):
        raise ValueError("it has no price" if told is None else f"{told!r} is no text")
    try:
        number = Decimal(told)
    except InvalidOperation as error:
        raise ValueError(f"{told!r} is no number") from error
    if not number.is_finite():
        raise ValueError(f"{told!r} is no number")
    text = format_decimal(number)
    return Decimal(text.rstrip("0").rstrip(".") if "." in text else text)


def _candle(told: Sequence[Any]) -> Candle:
    begin_ms, opened, high, low, close, volume = told[:6]
    if not isinstance(begin_ms, int) or begin_ms <= 0:
        raise ValueError("it has no time")
    return Candle(
        begin_ms,
        parse_price(exact(opened)),
        parse_price(exact(high)),
        parse_price(exact(low)),
        parse_price(exact(close)),
        None if volume is None else parse_quantity(exact(volume)),
    )


def _sentence(error: Exception) -> str:
    return " ".join((str(error) or repr(error)).split())[:300]
