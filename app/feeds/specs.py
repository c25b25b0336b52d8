"""Feeds by text: `csv:PATH?...`, `simulated:SYMBOL?...`, `exchange:NAME?...`, as `--feed` takes them.

What stands after `?` are options, `name=value`, with `&` between them; special characters are written
as `%XX`. `docs/feeds.md` has the table of all of them.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import unquote

from app.feeds.base import (
    FEED_NAME_PATTERN,
    SKIPPED_BARS_MAX,
    UNIT_S,
    Feed,
    FeedError,
    FeedSpecError,
)
from app.feeds.csv_feed import CLOSE_TIME, CsvFiles, CsvPlay
from app.feeds.csv_folder import files_in, symbol_of
from app.feeds.pace import Speed
from app.feeds.simulated import SIMULATED_SYMBOL, SimulatedFeed
from events.scalars import DECIMALS_MAX, SYMBOL_PATTERN, parse_time

KINDS: Final = "csv:PATH, simulated:SYMBOL or exchange:NAME"

PER_S_DEFAULT: Final = 1.0
"""Bars a second, where a spec names no speed."""

CSV_PER_S_MAX: Final = 100_000.0
"""Bars a second of a file that a spec may name; `max` has no limit."""

SIMULATED_PER_S_MAX: Final = 1_000.0
"""The same of a simulation, which is endless, so it has no `max`."""

PER_S_MIN: Final = 0.001
"""The slowest: a bar in a quarter of an hour."""

MARKET_S_PER_S_MAX: Final = 10 * 365 * 86_400.0
"""Market time a second that a spec may name: ten years; `max` has no limit."""

SEED_DEFAULT: Final = 2008
SEED_MAX: Final = 2**63 - 1
"""Of a simulation's `seed`."""

GAP_BARS_MAX: Final = 1_000_000
"""Of a file's `gap_bars`."""

NO_PACE: Final = "max"

_MARKET_SPEED: Final = re.compile(r"^([0-9]{0,9}(?:\.[0-9]{1,6})?)([smhdw])/s$")
_NUMBER: Final = re.compile(r"^[0-9]{1,9}(\.[0-9]{1,6})?$")
_EXCHANGE: Final = re.compile(r"^[a-z0-9_]{1,32}$")
_DATE: Final = re.compile(r"^\d{4}-\d{2}-\d{2}$")
_TIME_OF_DAY: Final = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
_FLAGS: Final = {"true": True, "1": True, "false": False, "0": False}

Value = TypeVar("Value")
Default = TypeVar("Default")


def parse_feeds(specs: Iterable[str]) -> tuple[Feed, ...]:
    """The feeds that some specs describe, each ready to play.

    Raises:
        FeedSpecError: as `parse_feed`; or two feeds have one name, or bring one symbol.
    """
    feeds: list[Feed] = []
    names: set[str] = set()
    brought_by: dict[str, str] = {}
    for feed in map(parse_feed, specs):
        if feed.name in names:
            raise FeedSpecError(f"two feeds are named {feed.name}: give one another with name=...")
        for symbol in feed.symbols:
            if other := brought_by.get(symbol):
                raise FeedSpecError(f"the feeds {other} and {feed.name} both bring {symbol}")
            brought_by[symbol] = feed.name
        names.add(feed.name)
        feeds.append(feed)
    return tuple(feeds)


def parse_feed(spec: str) -> Feed:
    """The feed that a spec describes. Its files are read through (`CsvPlay.check`), and nothing else is opened.

    Raises:
        FeedSpecError: the spec is none, or what it names is not there.
    """
    kind, _, rest = spec.partition(":")
    make = {"csv": _csv, "simulated": _simulated, "exchange": _exchange}.get(kind)
    if make is None:
        raise FeedSpecError(f"{spec!r} is no feed: write {KINDS}")
    target, _, query = rest.partition("?")
    try:
        options = _Options(query)
        feed = make(unquote(target), options)
        options.refuse_unread()
    except (ValueError, FeedError, OSError) as error:
        raise FeedSpecError(f"{spec!r}: {error}") from error
    return feed


class _Options:
    """The options of a spec; whoever reads one says what it may be."""

    def __init__(self, query: str) -> None:
        self._values: dict[str, str] = {}
        self._read: list[str] = []
        for part in filter(None, query.split("&")):
            name, separator, value = part.partition("=")
            if not separator or not value:
                raise FeedSpecError(f"the option {name!r} has no value: write {name}=...")
            if name in self._values:
                raise FeedSpecError(f"the option {name} is there twice")
            self._values[name] = unquote(value)

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def take(self, name: str, read: Callable[[str], Value], default: Default) -> Value | Default:
        """The value of an option, as `read` understands it; a `ValueError` of it is told with the name."""
        self._read.append(name)
        if name not in self._values:
            return default
        text = self._values[name]
        try:
            return read(text)
        except ValueError as error:
            raise FeedSpecError(f"{name}={text}: {error}") from error

    def rest(self) -> Mapping[str, str]:
        """What nobody has read: from now on its reader's own affair."""
        rest = {name: text for name, text in self._values.items() if name not in self._read}
        self._read += rest
        return rest

    def refuse_unread(self) -> None:
        unknown = self._values.keys() - set(self._read)
        if unknown:
            raise FeedSpecError(
                f"there is no option {', '.join(sorted(unknown))}; there are {', '.join(self._read)}"
            )


def _csv(target: str, options: _Options) -> Feed:
    if not target:
        raise FeedSpecError("names no file and no folder: write csv:PATH")
    path = Path(target)
    if path.is_dir():
        files = files_in(path)
        if "symbol" in options:
            raise FeedSpecError("in a folder each file is named after its symbol: leave out symbol")
    elif not path.exists():
        raise FeedSpecError(f"there is no file and no folder {path}")
    else:
        symbol = options.take("symbol", _symbol, "")
        files = {symbol or symbol_of(path): path}
    name = options.take("name", _name, "") or _slug(path.resolve().stem)
    play = CsvPlay(
        speed=_speed(options),
        since=options.take("since", _since, None),
        close_time=options.take("close_time", _close_time, CLOSE_TIME),
        bare_ticks=options.take("ticks", _flag, False),
        gap_bars=options.take("gap_bars", _whole(1, GAP_BARS_MAX), SKIPPED_BARS_MAX),
        digits=options.take("round", _whole(0, DECIMALS_MAX), None),
    )
    options.refuse_unread()
    play.check(files)
    return CsvFiles(files, name, play)


def _simulated(target: str, options: _Options) -> Feed:
    symbol = _symbol(target) if target else SIMULATED_SYMBOL
    default = "simulated" if symbol == SIMULATED_SYMBOL else _slug(f"simulated-{symbol}")
    return SimulatedFeed(
        options.take("seed", _whole(0, SEED_MAX), SEED_DEFAULT),
        symbol,
        options.take("bars_per_s", _per_s(SIMULATED_PER_S_MAX), PER_S_DEFAULT),
        name=options.take("name", _name, default),
    )


def _exchange(target: str, options: _Options) -> Feed:
    # Its library is an extra, and loads for seconds.
    from app.feeds.exchange import exchange_feed

    if not _EXCHANGE.fullmatch(target):
        raise FeedSpecError("names no exchange: write exchange:kraken?symbols=BTC/USD")
    symbols = options.take("symbols", _symbols, None)
    if symbols is None:
        raise FeedSpecError("names no symbols: write symbols=BTC/USD,ETH/USD")
    name = options.take("name", _name, "")
    return exchange_feed(target, symbols, options.rest(), name or None)


def _speed(options: _Options) -> Speed:
    bars_per_s = options.take("bars_per_s", _csv_per_s, PER_S_DEFAULT)
    market_s_per_s = options.take("speed", _market_s_per_s, None)
    if "speed" not in options:
        return Speed(per_s=bars_per_s)
    if "bars_per_s" in options:
        raise FeedSpecError("the speed is there twice: as bars_per_s and as market time (speed)")
    return Speed(market_s_per_s=market_s_per_s)


def _csv_per_s(text: str) -> float | None:
    return None if text == NO_PACE else _per_s(CSV_PER_S_MAX)(text)


def _per_s(most: float) -> Callable[[str], float]:
    def read(text: str) -> float:
        if not _NUMBER.fullmatch(text) or not PER_S_MIN <= float(text) <= most:
            raise ValueError(f"must be a number from {PER_S_MIN:g} to {most:g}")
        return float(text)

    return read


def _market_s_per_s(text: str) -> float | None:
    if text == NO_PACE:
        return None
    if not (found := _MARKET_SPEED.fullmatch(text)):
        raise ValueError("must be market time a second such as 1d/s (s, m, h, d or w), or max")
    speed = float(found[1] or 1) * UNIT_S[found[2]]
    if not 0 < speed <= MARKET_S_PER_S_MAX:
        raise ValueError("must be greater than 0, and at most ten years a second; or max")
    return speed


def _whole(least: int, most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not (text.isascii() and text.isdigit()) or not least <= int(text) <= most:
            raise ValueError(f"must be a whole number from {least} to {most}")
        return int(text)

    return read


def _flag(text: str) -> bool:
    if text not in _FLAGS:
        raise ValueError("must be true or false")
    return _FLAGS[text]


def _since(text: str) -> datetime:
    try:
        if _DATE.fullmatch(text):
            return datetime.combine(date.fromisoformat(text), time(tzinfo=UTC))
        return parse_time(text)
    except ValueError as error:
        raise ValueError(
            "must be a date such as 2008-01-01, or an RFC 3339 time with an offset,"
            " such as 2008-01-01T12:00:00Z"
        ) from error


def _close_time(text: str) -> time:
    if not _TIME_OF_DAY.fullmatch(text):
        raise ValueError("must be a time of day in UTC such as 21:00, from 00:00 to 23:59")
    return time.fromisoformat(text).replace(tzinfo=UTC)


def _symbol(text: str) -> str:
    if not re.fullmatch(SYMBOL_PATTERN, text):
        raise ValueError(f"{text!r} is no symbol: use letters, digits and . _ : / ^ = -")
    return text


def _symbols(text: str) -> tuple[str, ...]:
    symbols = tuple(map(_symbol, text.split(",")))
    if len(set(symbols)) < len(symbols):
        raise ValueError("a symbol is there twice")
    return symbols


def _name(text: str) -> str:
    if not re.fullmatch(FEED_NAME_PATTERN, text):
        raise ValueError("must be 1 to 32 lower-case letters, digits, _ and -")
    return text


def _slug(text: str) -> str:
    """A name for a feed, made of what it plays."""
    return re.sub(r"[^a-z0-9_]+", "-", text.lower()).strip("-_")[:32] or "csv"
