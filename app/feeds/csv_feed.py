"""Bars from a CSV file: `date,open,high,low,close,volume`, one row a bar, oldest first."""

import asyncio
import csv
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

from app.feeds.base import FeedError, ResumePoint, Sleep
from app.feeds.pace import Pace
from app.market.ticks import PriceTick
from events.scalars import parse_time

CLOSE_TIME: Final = time(21, tzinfo=UTC)
"""When a date-only bar closes: 21:00 UTC is 16:00 in New York in winter (in summer 17:00)."""

DAY_S: Final = 86_400
_DATE: Final = re.compile(r"^\d{4}-\d{2}-\d{2}$")
_TIME_COLUMNS: Final = ("date", "timestamp", "time", "datetime")
_RANGE_COLUMNS: Final = ("open", "high", "low")
_TICK_COLUMNS: Final = {"price": "close"}


@dataclass(frozen=True, slots=True)
class _Columns:
    """Where each column stands; `file` for the errors."""

    file: str
    at: int
    at_name: str
    close: int
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
    first = next(rows, None)
    if first is None:
        raise FeedError(path.name, None, None, "the file is empty")
    columns = _columns(path.name, *first)
    timed = _timed(rows, columns, close_time)
    opening = list(islice(timed, 2))
    if not opening:
        raise FeedError(path.name, None, None, "there is no bar below the header")
    bar_s = _bar_s(opening)
    for line, at, row in chain(opening, timed):
        yield _tick(columns, line, at, row, symbol, bar_s)


class CsvFeed:
    """Plays the bars of a CSV file at a pace; implements `Feed`.

    Attributes:
        name: the feed's slug; its events carry `feed:NAME`.

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
        self.name = name
        self.source = f"feed:{name}"
        self.symbols = (symbol,)
        self._path = path
        self._bars_per_s = bars_per_s
        self._since = since
        self._close_time = close_time
        self._sleep = sleep
        self._clock = clock

    async def ticks(self, resume: Mapping[str, ResumePoint]) -> AsyncIterator[PriceTick]:
        """The bars after the resume point, oldest first; ends with the file.

        Raises:
            FeedError: as `read_bars`.
        """
        symbol = self.symbols[0]
        point = resume.get(symbol)
        pace = Pace(self._bars_per_s, sleep=self._sleep, monotonic=self._clock)
        for bar in read_bars(self._path, symbol, self._close_time):
            recorded = point is not None and bar.timestamp <= point.last_at
            if recorded or (self._since is not None and bar.timestamp < self._since):
                continue
            await pace.wait()
            yield bar


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


def _columns(file: str, line: int, header: Sequence[str]) -> _Columns:
    names = [name.strip().lower() for name in header]
    for name in (*_TIME_COLUMNS, "close", *_RANGE_COLUMNS, "volume"):
        if names.count(name) > 1:
            raise FeedError(file, line, name, "is there twice in the header")
    at_name = next((name for name in _TIME_COLUMNS if name in names), None)
    for column, missing in (("date", at_name is None), ("close", "close" not in names)):
        if missing:
            raise FeedError(file, line, column, f"is missing; the header names {', '.join(names)}")
    has_range = all(name in names for name in _RANGE_COLUMNS)
    return _Columns(
        file,
        names.index(at_name or "date"),
        at_name or "date",
        names.index("close"),
        tuple(names.index(name) for name in _RANGE_COLUMNS) if has_range else (),
        names.index("volume") if "volume" in names else None,
    )


def _timed(
    rows: Iterator[tuple[int, list[str]]], columns: _Columns, close_time: time
) -> Iterator[tuple[int, datetime, list[str]]]:
    """The rows with their closes, which must rise."""
    last: datetime | None = None
    for line, row in rows:
        text = _cell(row, columns.at) or ""
        try:
            at = _close_at(text, close_time)
        except ValueError as error:
            raise FeedError(columns.file, line, columns.at_name, f"{text!r}: {error}") from error
        if last is not None and at <= last:
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
    columns: _Columns, line: int, at: datetime, row: list[str], symbol: str, bar_s: int
) -> PriceTick:
    fields: dict[str, object] = {
        name: _cell(row, index) for name, index in zip(_RANGE_COLUMNS, columns.range, strict=False)
    }
    close = _cell(row, columns.close)
    if close is None:
        raise FeedError(columns.file, line, "close", "is missing")
    fields |= {"symbol": symbol, "price": close, "timestamp": at, "bar_s": bar_s}
    fields["volume"] = _cell(row, columns.volume)
    try:
        return PriceTick.model_validate(fields)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        problem = first["msg"].removeprefix("Value error, ")
        value = "" if first["input"] is None else f"{first['input']!r}: "
        raise FeedError(
            columns.file, line, _TICK_COLUMNS.get(name, name), f"{value}{problem}"
        ) from error
