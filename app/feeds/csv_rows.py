"""The rows of a CSV file: its header, their times, their numbers; whatever is wrong with one is told with its place."""

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal
from importlib.resources.abc import Traversable
from io import TextIOWrapper
from itertools import pairwise
from pathlib import Path
from statistics import median_low
from typing import Final, TypeAlias

from pydantic import ValidationError

from app.feeds.base import FeedError
from app.market.ticks import MAX_BAR_S, PriceTick
from events.scalars import DECIMALS_MAX, TooManyDecimals, parse_time

DAY_S: Final = 86_400
BAR_PRICES: Final = ("close",)
TICK_PRICES: Final = ("price", "close")
"""The columns that may hold the price of a bar and of a bare tick, the best one first."""

_WEEK_S: Final = 7 * DAY_S
_MICROSECOND: Final = timedelta(microseconds=1)
_DATE: Final = re.compile(r"^\d{4}-\d{2}-\d{2}$")
_WITH_SPACE: Final = re.compile(r"^\d{4}-\d{2}-\d{2} ")
_TIME_COLUMNS: Final = ("date", "timestamp", "time", "datetime")
_RANGE_COLUMNS: Final = ("open", "high", "low")
_ROUNDABLE: Final = re.compile(r"-?(0|[1-9][0-9]{0,17})\.[0-9]+")
_WIDE: Final = Context(prec=60, rounding=ROUND_HALF_EVEN)

Row: TypeAlias = tuple[int, list[str]]
"""Line number and cells."""

TimedRow: TypeAlias = tuple[int, datetime, list[str]]


@dataclass(frozen=True, slots=True)
class Columns:
    """Where each column stands; `file` for the errors."""

    file: str
    at: int
    at_name: str
    price: int
    price_name: str
    range: tuple[int, ...]
    volume: int | None


def rows_of(path: Path | Traversable) -> Iterator[Row]:
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


def columns_of(file: str, rows: Iterator[Row], price_names: Sequence[str]) -> Columns:
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
    has_range = price_names is BAR_PRICES and all(name in names for name in _RANGE_COLUMNS)
    return Columns(
        file,
        names.index(at_name),
        at_name,
        names.index(price_name),
        price_name,
        tuple(names.index(name) for name in _RANGE_COLUMNS) if has_range else (),
        names.index("volume") if "volume" in names else None,
    )


def timed(
    rows: Iterator[Row],
    columns: Columns,
    read_time: Callable[[str], datetime],
    *,
    may_repeat: bool,
) -> Iterator[TimedRow]:
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


def numbered(rows: Iterator[TimedRow], columns: Columns) -> Iterator[TimedRow]:
    """The rows with times that rise: a row that is not newer than the one before it comes a microsecond after it.

    The log takes two prices of one symbol at one time for a price and its correction. Counted from the
    file's beginning, a row gets the same time whenever it is read.
    """
    last: datetime | None = None
    for line, at, row in rows:
        try:
            last = at if last is None or at > last else last + _MICROSECOND
        except OverflowError as error:
            problem = "is there twice, at the end of time"
            raise FeedError(columns.file, line, columns.at_name, problem) from error
        yield line, last, row


def close_at(text: str, close_time: time) -> datetime:
    """When a bar closes: at a time of day for a date, else at the time that is written."""
    if _DATE.match(text):
        return parse_time(datetime.combine(date.fromisoformat(text), close_time))
    try:
        return moment(text)
    except ValueError as error:
        raise ValueError(f"{error}, or a date such as 2026-01-16") from error


def moment(text: str) -> datetime:
    """An RFC 3339 time, also with a space for its T, as pandas writes it."""
    return parse_time(text.replace(" ", "T", 1) if _WITH_SPACE.match(text) else text)


def bar_length_s(opening: Sequence[TimedRow]) -> int:
    """The length of the bars of which these are the first: how far apart they mostly are, at most `MAX_BAR_S`.

    One bar says nothing, and two that a weekend may part say little: those are of a day.
    """
    times = [at for _, at, _ in opening]
    apart = [(b - a).total_seconds() for a, b in pairwise(times)]
    if not apart or (len(apart) == 1 and DAY_S < apart[0] < _WEEK_S):
        return DAY_S
    return min(MAX_BAR_S, max(1, round(median_low(apart))))


def _cell(row: Sequence[str], index: int | None) -> str | None:
    """The cell's text; None when it is blank or not there."""
    if index is None or index >= len(row):
        return None
    return row[index].strip() or None


def tick_of(
    columns: Columns, timed_row: TimedRow, symbol: str, bar_s: int | None, digits: int | None
) -> PriceTick:
    """What a row says.

    Args:
        columns: where its cells stand.
        timed_row: the row.
        symbol: what it is of.
        bar_s: the bar's length; None for a bare tick.
        digits: prices are rounded to so many digits after the point, half to even, and a volume to those
            that the log has; None: nothing is rounded.

    Raises:
        FeedError: the price is missing, or a number is wrong.
    """
    line, at, row = timed_row
    cells = {
        name: _cell(row, index) for name, index in zip(_RANGE_COLUMNS, columns.range, strict=False)
    }
    cells["price"] = _cell(row, columns.price)
    if cells["price"] is None:
        raise FeedError(columns.file, line, columns.price_name, "is missing")
    cells["volume"] = _cell(row, columns.volume)
    numbers = cells if digits is None else _rounded_cells(cells, digits)
    try:
        return PriceTick.model_validate(
            {**numbers, "symbol": symbol, "timestamp": at, "bar_s": bar_s}
        )
    except ValidationError as error:
        name, problem = _first_problem(error, cells, numbers)
        field = columns.price_name if name == "price" else name
        raise FeedError(columns.file, line, field, problem) from error


def _first_problem(
    error: ValidationError, cells: dict[str, str | None], numbers: dict[str, str | None]
) -> tuple[str, str]:
    """The field that is wrong, and why, with what the file says there."""
    first = error.errors()[0]
    name = str(first["loc"][0])
    problem = first["msg"].removeprefix("Value error, ")
    if isinstance(first.get("ctx", {}).get("error"), TooManyDecimals):
        problem += " (see round)"
    if numbers.get(name) != cells.get(name):
        problem += f" (rounded to {numbers[name]})"
    told = cells.get(name, first["input"])
    return name, problem if told is None else f"{told!r}: {problem}"


def _rounded_cells(cells: dict[str, str | None], digits: int) -> dict[str, str | None]:
    return {
        name: text and _rounded(text, DECIMALS_MAX if name == "volume" else digits)
        for name, text in cells.items()
    }


def _rounded(text: str, digits: int) -> str:
    """The number with at most `digits` after the point; what is none, or has no more, stays as it is."""
    if len(text.partition(".")[2]) <= digits or not _ROUNDABLE.fullmatch(text):
        return text
    number = Decimal(text).quantize(Decimal(1).scaleb(-digits), context=_WIDE)
    written = format(number, "f")
    return written.rstrip("0").rstrip(".") if digits else written
