"""Prices from a CSV file, oldest first: `date,open,high,low,close,volume`, one row a bar, or bare ticks."""

import asyncio
import heapq
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time
from importlib.resources.abc import Traversable
from itertools import chain, islice
from pathlib import Path
from threading import Event
from time import monotonic
from typing import Final

from app.feeds.base import SKIPPED_BARS_MAX, FeedError, ResumePoint, Sleep
from app.feeds.csv_rows import (
    BAR_PRICES,
    TICK_PRICES,
    bar_length_s,
    close_at,
    columns_of,
    moment,
    numbered,
    rows_of,
    tick_of,
    timed,
)
from app.feeds.pace import FASTEST, Pace, Speed
from app.market.ticks import PriceTick

CLOSE_TIME: Final = time(21, tzinfo=UTC)
"""When a date-only bar closes: 21:00 UTC is 16:00 in New York in winter (in summer 17:00)."""

OPENING_ROWS: Final = 20
"""Rows of a file of bars that tell their length."""

CHECKED_BYTES_MAX: Final = 16_000_000
"""Of a feed's files so much is read through before it is played, some 400,000 rows in about 5 s; see `check`."""

CHECKED_ROWS: Final = 1_000
"""Rows that are checked of each file beyond that."""


def read_bars(
    path: Path | Traversable,
    symbol: str,
    close_time: time = CLOSE_TIME,
    digits: int | None = None,
) -> Iterator[PriceTick]:
    """The bars of a CSV file (UTF-8, with or without a byte-order mark), one at a time.

    A time column (`date`, `timestamp`, `time` or `datetime`) and `close` are required; `open`, `high`
    and `low` count when all three are there, `volume` when it is; other columns are ignored. Names
    may be in any case. A date-only bar closes at `close_time` of that day; RFC 3339 times are the bars'
    closes. How far apart the first `OPENING_ROWS` mostly are is the bars' length. `digits`: see `tick_of`.

    Raises:
        FeedError: for a missing file or column, a price that is no number > 0 in fixed-point
            notation, a bar outside its own range, a naive time, or times that do not rise.
    """
    rows = rows_of(path)
    columns = columns_of(path.name, rows, BAR_PRICES)
    bars = timed(rows, columns, lambda text: close_at(text, close_time), may_repeat=False)
    opening = list(islice(bars, OPENING_ROWS))
    if not opening:
        raise FeedError(path.name, None, None, "there is no bar below the header")
    bar_s = bar_length_s(opening)
    for bar in chain(opening, bars):
        yield tick_of(columns, bar, symbol, bar_s, digits)


def read_ticks(
    path: Path | Traversable, symbol: str, digits: int | None = None
) -> Iterator[PriceTick]:
    """The bare ticks of a CSV file, one at a time: as `read_bars`, but every row is one price.

    A time column, with RFC 3339 times that do not fall, and `price` or `close` are required; `volume`
    counts when it is there. Ticks at the same time are `numbered` in microseconds.

    Raises:
        FeedError: as `read_bars`, for times that fall, and for a date without a time.
    """
    rows = rows_of(path)
    columns = columns_of(path.name, rows, TICK_PRICES)
    empty = True
    for tick in numbered(timed(rows, columns, moment, may_repeat=True), columns):
        empty = False
        yield tick_of(columns, tick, symbol, None, digits)
    if empty:
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
        digits: prices are rounded to so many after the point; None: they are not.
    """

    speed: Speed = FASTEST
    since: datetime | None = None
    close_time: time = CLOSE_TIME
    bare_ticks: bool = False
    gap_bars: int = SKIPPED_BARS_MAX
    digits: int | None = None

    def read(self, path: Path | Traversable, symbol: str) -> Iterator[PriceTick]:
        """All that a file holds.

        Raises:
            FeedError: as `read_bars` and `read_ticks`.
        """
        if self.bare_ticks:
            return read_ticks(path, symbol, self.digits)
        return read_bars(path, symbol, self.close_time, self.digits)

    def read_on(
        self,
        path: Path | Traversable,
        symbol: str,
        point: ResumePoint | None,
        stopped: Event,
    ) -> Iterator[PriceTick]:
        """What is to be played of a file, after what was recorded of it; nothing more once `stopped` is set."""
        for tick in self.read(path, symbol):
            if stopped.is_set():
                return
            if self.since is not None and tick.timestamp < self.since:
                continue
            if point is not None and tick.timestamp <= point.last_at:
                continue
            yield tick

    def check(self, files: Mapping[str, Path]) -> None:
        """Read files through, by symbol: the smallest first, up to `CHECKED_BYTES_MAX` bytes in all.

        Of those that are left the first `CHECKED_ROWS` are read.

        Raises:
            FeedError: as `read`.
        """
        left = CHECKED_BYTES_MAX
        sizes = {symbol: path.stat().st_size for symbol, path in files.items()}
        for symbol in sorted(sizes, key=sizes.__getitem__):
            left -= sizes[symbol]
            rows = None if left >= 0 else CHECKED_ROWS
            deque(islice(self.read(files[symbol], symbol), rows), maxlen=0)


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
        stopped = Event()
        files = [
            self._play.read_on(path, symbol, resume.get(symbol), stopped)
            for symbol, path in self._files.items()
        ]
        merged = heapq.merge(*files, key=lambda tick: tick.timestamp)
        pace = Pace(self._play.speed, sleep=self._sleep, monotonic=self._clock)
        try:
            # What was recorded before is read over in a thread: of a long file that takes seconds.
            tick = await asyncio.to_thread(next, merged, None)
        except asyncio.CancelledError:
            # The thread goes on, and nobody can end before it: it need not read to the file's end.
            stopped.set()
            raise
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
