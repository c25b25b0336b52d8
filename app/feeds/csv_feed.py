"""Prices from a CSV file, oldest first: `date,open,high,low,close,volume`, one row a bar, or bare ticks."""

import asyncio
import csv
import heapq
import re
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from importlib.resources.abc import Traversable
from io import TextIOWrapper
from itertools import chain, islice
from pathlib import Path
from time import monotonic
from typing import Final

from pydantic import ValidationError

from app.feeds.base import SKIPPED_BARS_MAX, FeedError, ResumePoint, Sleep
from app.feeds.pace import FASTEST, Pace, Speed
from app.market.ticks import PriceTick
from events.scalars import parse_time

CLOSE_TIME: Final = time(21, tzinfo=UTC)
"""When a date-only bar closes: 21:00 UTC is 16:00 in New York in winter (in summer 17:00)."""

DAY_S: Final = 86_400
_DATE: Final = re.compile(r"^\d{4}-\d{2}-\d{2}$")
_TIME_COLUMNS: Final = ("date", "timestamp", "time", "datetime")
_RANGE_COLUMNS: Final = ("open", "high", "low")
_BAR_PRICES: Final = ("close",)
_TICK_PRICES: Final = ("price", "close")


@dataclass(frozen=True, slots=True)
class _Columns:
    """Where each column stands; `file` for the errors."""

    file: str
    at: int
    at_name: str
    price: int
    price_name: str
    range: tuple[int, ...]
    volume: int | None


def read_bars(
    path: Path | Traversable, symbol: str, close_time: time = CLOSE_TIME
) -> Iterator[PriceTick]:
    """The bars of a CSV file (UTF-8, with or without a byte-order mark), one at a time.

    A time column (`date`, `timestamp`, `time` or `datetime`) and `close` are required; `open`, `high`
    and `low` count when all three are there, `volume` when it is; other columns are ignored. Names
    may be in any case. A date-only bar closes at `close_time` of that day and is a day long; RFC 3339
    times are the bars' closes, and the first two of them tell the bars' length (at most a day).

    Raises:
        FeedError: for a missing file or column, a price that is no number > 0 in fixed-point
            notation, a bar outside its own range, a naive time, or times that do not rise.
    """
    rows = _rows(path)
    columns = _columns(path.name, rows, _BAR_PRICES)
    timed = _timed(rows, columns, lambda text: _close_at(text, close_time), may_repeat=False)
    opening = list(islice(timed, 2))
    if not opening:
        raise FeedError(path.name, None, None, "there is no bar below the header")
    bar_s = _bar_s(opening)
    for line, at, row in chain(opening, timed):
        yield _tick(columns, line, at, row, symbol, bar_s)


def read_ticks(path: Path | Traversable, symbol: str) -> Iterator[PriceTick]:
    """The bare ticks of a CSV file, one at a time: as `read_bars`, but every row is one price.

    A time column, with RFC 3339 times that do not fall, and `price` or `close` are required; `volume`
    counts when it is there. Of ticks at the same time the first stands, and each later one with another
    price is recorded as its correction.

    Raises:
        FeedError: as `read_bars`, for times that fall, and for a date without a time.
    """
    rows = _rows(path)
    columns = _columns(path.name, rows, _TICK_PRICES)
    line = None
    for line, at, row in _timed(rows, columns, parse_time, may_repeat=True):
        yield _tick(columns, line, at, row, symbol, None)
    if line is None:
        raise FeedError(path.name, None, None, "there is no tick below the header")


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvPlay:
    """How CSV files are played.

    Attributes:
        speed: how fast.
        since: leaves out what is older.
        close_time: when a bar that has only a date closes, in UTC.
        bare_ticks: every row is a bare tick, not a bar.
        gap_bars: bar lengths between two bars beyond which prices are missing.
    """

    speed: Speed = FASTEST
    since: datetime | None = None
    close_time: time = CLOSE_TIME
    bare_ticks: bool = False
    gap_bars: int = SKIPPED_BARS_MAX

    def read(self, path: Path | Traversable, symbol: str) -> Iterator[PriceTick]:
        """All that a file holds.

        Raises:
            FeedError: as `read_bars` and `read_ticks`.
        """
        if self.bare_ticks:
            return read_ticks(path, symbol)
        return read_bars(path, symbol, self.close_time)

    def read_on(
        self, path: Path | Traversable, symbol: str, point: ResumePoint | None
    ) -> Iterator[PriceTick]:
        """What is to be played of a file, after what was recorded of it.

        A tick at the resume point's own time comes again: there may be others at that time.
        """
        for tick in self.read(path, symbol):
            if self.since is not None and tick.timestamp < self.since:
                continue
            if point is not None and tick.timestamp < point.last_at:
                continue
            if point is not None and tick.timestamp == point.last_at and not self.bare_ticks:
                continue
            yield tick


class CsvFiles:
    """Plays CSV files, one of each symbol, merged in the order of market time; implements `Feed`.

    Attributes:
        name: the feed's slug; its events carry `feed:NAME`.
    """

    stalls_after_s: float | None = None

    def __init__(
        self,
        files: Mapping[str, Path | Traversable],
        name: str,
        play: CsvPlay,
        *,
        sleep: Sleep = asyncio.sleep,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """`files`: by symbol."""
        self.name = name
        self.source = f"feed:{name}"
        self.symbols = tuple(files)
        self.gap_bars: int | None = play.gap_bars
        self._files = dict(files)
        self._play = play
        self._sleep = sleep
        self._clock = clock

    async def ticks(self, resume: Mapping[str, ResumePoint]) -> AsyncIterator[PriceTick]:
        """The prices after the resume points, oldest first; ends with the last file.

        Raises:
            FeedError: as `CsvPlay.read`.
        """
        files = [
            self._play.read_on(path, symbol, resume.get(symbol))
            for symbol, path in self._files.items()
        ]
        merged = heapq.merge(*files, key=lambda tick: tick.timestamp)
        pace = Pace(self._play.speed, sleep=self._sleep, monotonic=self._clock)
        # What was recorded before is read over in a thread: of a long file that takes seconds.
        tick = await asyncio.to_thread(next, merged, None)
        while tick is not None:
            await pace.wait(tick.timestamp)
            yield tick
            tick = next(merged, None)


class CsvFeed(CsvFiles):
    """Plays the bars of one CSV file at a pace.

    Args:
        bars_per_s: the pace; None is as fast as they are taken.
        since: leaves out the bars that closed before it.
    """

    def __init__(
        self,
        path: Path | Traversable,
        symbol: str,
        bars_per_s: float | None,
        name: str,
        since: datetime | None = None,
        *,
        close_time: time = CLOSE_TIME,
        sleep: Sleep = asyncio.sleep,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        play = CsvPlay(speed=Speed(bars_per_s), since=since, close_time=close_time)
        super().__init__({symbol: path}, name, play, sleep=sleep, clock=clock)


def _rows(path: Path | Traversable) -> Iterator[tuple[int, list[str]]]:
    """(line number, cells) of every row that is not blank."""
    line = 0
    try:
        with path.open("rb") as raw, TextIOWrapper(raw, "utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            for row in reader:
                line = reader.line_num
                if any(cell.strip() for cell in row):
                    yield line, row
    except OSError as error:
        raise FeedError(path.name, None, None, f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise FeedError(path.name, None, None, "is not UTF-8 text") from error
    except csv.Error as error:
        raise FeedError(path.name, line + 1, None, f"is not CSV: {error}") from error


def _columns(
    file: str, rows: Iterator[tuple[int, list[str]]], price_names: Sequence[str]
) -> _Columns:
    """What the header says; `price_names` are the columns that may hold the price, the best one first."""
    line, header = next(rows, (0, ()))
    if not line:
        raise FeedError(file, None, None, "the file is empty")
    names = [name.strip().lower() for name in header]
    for name in (*_TIME_COLUMNS, *price_names, *_RANGE_COLUMNS, "volume"):
        if names.count(name) > 1:
            raise FeedError(file, line, name, "is there twice in the header")
    at_name = next((name for name in _TIME_COLUMNS if name in names), None)
    price_name = next((name for name in price_names if name in names), None)
    if at_name is None or price_name is None:
        missing = "date" if at_name is None else price_names[0]
        raise FeedError(file, line, missing, f"is missing; the header names {', '.join(names)}")
    has_range = price_names is _BAR_PRICES and all(name in names for name in _RANGE_COLUMNS)
    return _Columns(
        file,
        names.index(at_name),
        at_name,
        names.index(price_name),
        price_name,
        tuple(names.index(name) for name in _RANGE_COLUMNS) if has_range else (),
        names.index("volume") if "volume" in names else None,
    )


def _timed(
    rows: Iterator[tuple[int, list[str]]],
    columns: _Columns,
    read_time: Callable[[str], datetime],
    *,
    may_repeat: bool,
) -> Iterator[tuple[int, datetime, list[str]]]:
    """The rows with their times, which must rise, or at least not fall where they `may_repeat`."""
    last: datetime | None = None
    for line, row in rows:
        text = _cell(row, columns.at) or ""
        try:
            at = read_time(text)
        except ValueError as error:
            raise FeedError(columns.file, line, columns.at_name, f"{text!r}: {error}") from error
        if last is not None and (at < last or (at == last and not may_repeat)):
            problem = "is there twice" if at == last else "is older than the row before"
            raise FeedError(columns.file, line, columns.at_name, f"{text!r} {problem}")
        last = at
        yield line, at, row


def _close_at(text: str, close_time: time) -> datetime:
    if _DATE.match(text):
        return parse_time(datetime.combine(date.fromisoformat(text), close_time))
    try:
        return parse_time(text)
    except ValueError as error:
        raise ValueError(f"{error}, or a date such as 2026-01-16") from error


def _bar_s(opening: Sequence[tuple[int, datetime, list[str]]]) -> int:
    if len(opening) < 2:
        return DAY_S
    gap = (opening[1][1] - opening[0][1]).total_seconds()
    return min(DAY_S, max(1, round(gap)))


def _cell(row: Sequence[str], index: int | None) -> str | None:
    """The cell's text; None when it is blank or not there."""
    if index is None or index >= len(row):
        return None
    return row[index].strip() or None


def _tick(
    columns: _Columns, line: int, at: datetime, row: list[str], symbol: str, bar_s: int | None
) -> PriceTick:
    fields: dict[str, object] = {
        name: _cell(row, index) for name, index in zip(_RANGE_COLUMNS, columns.range, strict=False)
    }
    price = _cell(row, columns.price)
    if price is None:
        raise FeedError(columns.file, line, columns.price_name, "is missing")
    fields |= {"symbol": symbol, "price": price, "timestamp": at, "bar_s": bar_s}
    fields["volume"] = _cell(row, columns.volume)
    try:
        return PriceTick.model_validate(fields)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        problem = first["msg"].removeprefix("Value error, ")
        field = columns.price_name if name == "price" else name
        value = "" if first["input"] is None else f"{first['input']!r}: "
        raise FeedError(columns.file, line, field, f"{value}{problem}") from error
