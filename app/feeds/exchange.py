"""Live prices of an exchange: every trade, or bars, over ccxt's WebSocket drivers (the extra `live`).

What was missed, while this program or the connection was down, is fetched by REST before the live
prices go on; see docs/exchange.md.
"""

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias
from urllib.parse import urlsplit

import structlog

from app.feeds.base import FEED_NAME_PATTERN, SKIPPED_BARS_MAX, UNIT_S, FeedError, ResumePoint
from app.feeds.exchange_driver import Access, Disconnected, Driver, make_exchange
from app.feeds.exchange_follow import BarTrack, Timing, Track, TradeTrack, follow
from app.market.ticks import MAX_BAR_S, PriceTick
from events.scalars import SYMBOL_PATTERN, format_time, from_micros

SYMBOLS_MAX: Final = 50
"""Symbols of one feed: each is a subscription, and exchanges bound those of a connection."""

STALLS_AFTER_S: Final = 120.0
"""Silence after which trades count as stalled; bars, two of their lengths later."""

OPTIONS: Final = ("mode", "timeframe", "url", "rest", "sandbox", "stalls_after_s")
_TIMEFRAME: Final = re.compile(r"([1-9][0-9]{0,3})([smhdw])")

GapHook: TypeAlias = Callable[[str, datetime, datetime], None]
"""Told of trades that the exchange no longer serves: symbol, from, to."""

_log = structlog.get_logger("exchange")


@dataclass(frozen=True, slots=True)
class ExchangeOptions:
    """What a feed of an exchange is made with.

    Attributes:
        timeframe: the exchange's word for the bars' length, and seconds; None for trades.
        stalls_after_s: silence that counts as a stall; None: it may be silent for ever.
    """

    access: Access
    timeframe: tuple[str, int] | None = None
    stalls_after_s: float | None = STALLS_AFTER_S


class ExchangeFeed:
    """Follows symbols of one exchange; implements `Feed`.

    Attributes:
        name: the feed's slug; its events carry `feed:NAME`.
        stalls_after_s: silence that counts as a stall; None: never.
        gap_bars: bar lengths between two bars beyond which some are missing; None for trades.
        on_gap: called when trades were missed that the exchange no longer serves; each is logged, too.
        gaps: how many such there were.
        bad: how many trades, bars and messages were dropped because they cannot be right.
    """

    def __init__(
        self,
        name: str,
        symbols: tuple[str, ...],
        options: ExchangeOptions,
        timing: Timing | None = None,
    ) -> None:
        """Use `exchange_feed`; tests hand in a `timing` of their own."""
        self.name = name
        self.source = f"feed:{name}"
        self.symbols = symbols
        self.stalls_after_s = options.stalls_after_s
        self.gap_bars = None if options.timeframe is None else SKIPPED_BARS_MAX
        self.on_gap: GapHook | None = None
        self.gaps = 0
        self._options = options
        self._timing = timing or Timing()
        self._bad_before = 0
        self._driver: Driver | None = None

    @property
    def bad(self) -> int:
        """See the class."""
        return self._bad_before + (0 if self._driver is None else self._driver.bad)

    async def ticks(self, resume: Mapping[str, ResumePoint]) -> AsyncIterator[PriceTick]:
        """Prices from after `resume` on, endless: what was missed first, then live.

        Raises:
            FeedError: the exchange refuses, lacks a symbol, or could not be reached several times on end.
        """
        driver = self._driver = Driver(self._options.access, self.name)
        try:
            async with aclosing(self._reconnecting(driver, resume)) as batches:
                async for batch in batches:
                    for tick in batch:
                        yield tick
        finally:
            self._bad_before += driver.bad
            self._driver = None
            await driver.close()

    async def _reconnecting(
        self, driver: Driver, resume: Mapping[str, ResumePoint]
    ) -> AsyncGenerator[list[PriceTick], None]:
        tracks: list[Track] = []
        failed = 0
        while True:
            try:
                if not tracks:
                    await driver.open(self.symbols)
                    tracks = [self._track(driver, symbol, resume) for symbol in self.symbols]
                async with aclosing(follow(tracks, self._timing.settle_s)) as batches:
                    async for batch in batches:
                        failed = 0 if batch else failed
                        yield batch
            except Disconnected as error:
                failed += 1
                if failed > self._timing.reconnects_max:
                    raise FeedError(self.name, None, None, f"cannot be reached: {error}") from error
                delay_s = self._timing.reconnect_s * 2 ** (failed - 1)
                _log.info("reconnects", feed=self.name, problem=str(error), in_s=delay_s)
                await asyncio.sleep(delay_s)

    def _track(self, driver: Driver, symbol: str, resume: Mapping[str, ResumePoint]) -> Track:
        point, timeframe = resume.get(symbol), self._options.timeframe
        if timeframe is None:
            return TradeTrack(driver, symbol, point, self._timing, self._missed)
        return BarTrack(driver, symbol, timeframe, point, self._timing)

    def _missed(self, symbol: str, from_ms: int, to_ms: int) -> None:
        self.gaps += 1
        start, end = from_micros(from_ms * 1_000), from_micros(to_ms * 1_000)
        _log.warning(
            "trades_missed",
            feed=self.name,
            symbol=symbol,
            since=format_time(start),
            until=format_time(end),
        )
        if self.on_gap is not None:
            self.on_gap(symbol, start, end)


def exchange_feed(
    exchange: str, symbols: tuple[str, ...], options: Mapping[str, str], name: str | None = None
) -> ExchangeFeed:
    """A feed of an exchange, as it is written on the command line; it connects when it is played.

    Raises:
        FeedError: the extra is missing; the exchange is unknown, or serves no such prices live.
        ValueError: an option or a symbol is wrong.
    """
    name = exchange if name is None else name
    if not re.fullmatch(FEED_NAME_PATTERN, name):
        raise ValueError(f"{name!r} is no feed's name: lower-case letters, digits, `_` and `-`")
    _check_symbols(symbols)
    chosen = _options(exchange, options)
    _check_exchange(chosen)
    return ExchangeFeed(name, symbols, chosen)


def _check_symbols(symbols: tuple[str, ...]) -> None:
    if not symbols:
        raise ValueError("an exchange's feed needs symbols, such as symbols=BTC/USD,ETH/USD")
    if len(symbols) > SYMBOLS_MAX:
        raise ValueError(f"{len(symbols)} symbols are too many for one feed, at most {SYMBOLS_MAX}")
    for symbol in symbols:
        if not re.fullmatch(SYMBOL_PATTERN, symbol):
            raise ValueError(f"{symbol!r} is no symbol such as BTC/USD")
        if symbols.count(symbol) > 1:
            raise ValueError(f"{symbol} is there twice")


def _options(exchange: str, options: Mapping[str, str]) -> ExchangeOptions:
    for key in options:
        if key not in OPTIONS:
            raise ValueError(f"unknown option {key!r}; an exchange takes {', '.join(OPTIONS)}")
    mode = _one_of(options, "mode", "trades", "bars")
    if mode == "trades" and "timeframe" in options:
        raise ValueError("timeframe is for mode=bars only")
    access = Access(
        exchange,
        _address(options, "url", "ws", "wss"),
        _address(options, "rest", "http", "https"),
        sandbox=_one_of(options, "sandbox", "false", "true") == "true",
    )
    if mode == "trades":
        return ExchangeOptions(access, None, _stalls_after(options, STALLS_AFTER_S))
    timeframe = options.get("timeframe", "1m")
    bar_s = _length_s(timeframe)
    return ExchangeOptions(
        access, (timeframe, bar_s), _stalls_after(options, STALLS_AFTER_S + 2 * bar_s)
    )


def _one_of(options: Mapping[str, str], key: str, *words: str) -> str:
    """The option's word; the first one is the default."""
    word = options.get(key, words[0])
    if word not in words:
        raise ValueError(f"{key} must be {' or '.join(words)}, not {word!r}")
    return word


def _address(options: Mapping[str, str], key: str, *schemes: str) -> str | None:
    address = options.get(key)
    if address is not None:
        parts = urlsplit(address)
        if parts.scheme not in schemes or not parts.hostname:
            raise ValueError(
                f"{key} must be an address with {' or '.join(schemes)}, not {address!r}"
            )
    return address


def _stalls_after(options: Mapping[str, str], default: float) -> float | None:
    text = options.get("stalls_after_s")
    if text is None:
        return default
    if not re.fullmatch(r"[0-9]{1,7}", text):
        raise ValueError(f"stalls_after_s must be whole seconds, 0 for never, not {text!r}")
    return float(text) or None


def _length_s(timeframe: str) -> int:
    parts = _TIMEFRAME.fullmatch(timeframe)
    length_s = int(parts[1]) * UNIT_S[parts[2]] if parts else 0
    if not 0 < length_s <= MAX_BAR_S:
        raise ValueError(
            f"timeframe must be a number of s, m, h, d or w, such as 1m, not {timeframe!r}"
        )
    return length_s


def _check_exchange(options: ExchangeOptions) -> None:
    made = make_exchange(options.access)
    kind = "OHLCV" if options.timeframe else "Trades"
    for how in ("watch", "fetch"):
        if made.has.get(f"{how}{kind}") is not True:
            channel = "WebSocket" if how == "watch" else "REST"
            what = "bars" if options.timeframe else "trades"
            raise FeedError("exchange", None, None, f"{made.id} has no {what} over {channel}")
    if options.timeframe and options.timeframe[0] not in (made.timeframes or {}):
        known = ", ".join(made.timeframes or {})
        raise FeedError(
            "exchange", None, None, f"{made.id} has no bars of {options.timeframe[0]}, only {known}"
        )
