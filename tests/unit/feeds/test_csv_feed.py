"""A CSV file is read exactly, or refused in one sentence that says where and why."""

# covers: app.feeds.base, app.feeds.csv_feed

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, time
from decimal import Decimal
from pathlib import Path

import pytest

from app.feeds.base import Feed, FeedError, ResumePoint
from app.feeds.csv_feed import CsvFeed, CsvFiles, CsvPlay, read_bars, read_ticks
from app.feeds.pace import Speed
from app.market.ticks import PriceTick

Write = Callable[[str | bytes], Path]

HEADER = "date,open,high,low,close,volume\n"
ROW = "2020-01-06,100,102,99,101.50,1000\n"
SECOND = "2020-01-07,101,103,100,102,2000\n"


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(content: str | bytes) -> Path:
        path = tmp_path / "bars.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def read(path: Path, symbol: str = "SPX") -> list[PriceTick]:
    return list(read_bars(path, symbol))


def test_a_dated_row_becomes_a_bar_that_closes_at_21_utc(write: Write) -> None:
    (bar,) = read(write(HEADER + ROW))
    assert bar.timestamp == datetime(2020, 1, 6, 21, tzinfo=UTC)
    assert (bar.open, bar.high, bar.low, bar.price, bar.volume) == tuple(
        Decimal(text) for text in ("100", "102", "99", "101.50", "1000")
    )
    assert bar.bar_s == 86_400


def test_another_closing_time_can_be_chosen(write: Write) -> None:
    (bar,) = read_bars(write(HEADER + ROW), "DAX", time(16, 30, tzinfo=UTC))
    assert bar.timestamp == datetime(2020, 1, 6, 16, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "content",
    [
        "\ufeff" + HEADER + ROW,
        HEADER.upper() + ROW,
        " Date , Open,High,Low,CLOSE,Volume\n" + ROW,
        HEADER.replace("\n", "\r\n") + ROW.replace("\n", "\r\n"),
        "\n" + HEADER + "\n" + ROW + "\n,,,,,\n",
        "x,date,open,high,low,close,adj close,volume\n" + "?," + ROW.replace(",1000", ",7,1000"),
        HEADER + ROW.replace("101.50", '"101.50"'),
    ],
)
def test_marks_cases_blanks_and_further_columns_do_not_matter(write: Write, content: str) -> None:
    assert read(write(content)) == read(write(HEADER + ROW))


def test_only_a_time_and_the_close_are_required(write: Write) -> None:
    (bar,) = read(write("Timestamp,Close\n2020-01-06T15:00:00+01:00,101.5\n"))
    assert bar.timestamp == datetime(2020, 1, 6, 14, tzinfo=UTC)
    assert {bar.open, bar.high, bar.low, bar.volume} == {None}


def test_blank_opens_and_volumes_are_unknown_ones(write: Write) -> None:
    (bar,) = read(write(HEADER + "2020-01-06,,,,101.50,\n"))
    assert {bar.open, bar.high, bar.low, bar.volume} == {None}


def test_the_first_two_times_tell_the_bars_length(write: Write) -> None:
    rows = "".join(f"2020-01-06T{hour}:00:00Z,100\n" for hour in (14, 15, 18))
    assert [bar.bar_s for bar in read(write("date,close\n" + rows))] == [3_600] * 3


@pytest.mark.parametrize(
    ("content", "line", "field", "says"),
    [
        ("", None, None, "empty"),
        (HEADER, None, None, "no bar"),
        ("open,close\n1,2\n", 1, "date", "missing"),
        ("date,open\n2020-01-06,2\n", 1, "close", "missing"),
        ("date,close,Close\n2020-01-06,2,2\n", 1, "close", "twice"),
        ("date;close\n2020-01-06;2\n", 1, "date", "date;close"),
        (HEADER + ROW.replace("101.50", ""), 2, "close", "missing"),
        (HEADER + "2020-01-06,100\n", 2, "close", "missing"),
        (HEADER + ROW.replace("101.50", "abc"), 2, "close", "'abc'"),
        (HEADER + ROW.replace("101.50", "0"), 2, "close", "greater than 0"),
        (HEADER + ROW.replace("101.50", "-3"), 2, "close", "greater than 0"),
        (HEADER + ROW.replace("101.50", "NaN"), 2, "close", "fixed-point"),
        (HEADER + ROW.replace("101.50", "inf"), 2, "close", "fixed-point"),
        (HEADER + ROW.replace("101.50", "1.015e2"), 2, "close", "fixed-point"),
        (HEADER + ROW.replace("101.50", '"1,015.0"'), 2, "close", "fixed-point"),
        (HEADER + ROW.replace("102", "101"), 2, "high", "below price"),
        (HEADER + ROW.replace("100", ""), 2, "high", "open is missing"),
        (HEADER + ROW.replace("1000", "-1"), 2, "volume", "negative"),
        (HEADER + ROW.replace("2020-01-06", "06/01/2020"), 2, "date", "such as 2026-01-16"),
        (HEADER + ROW.replace("2020-01-06", "2020-02-30"), 2, "date", "2020-02-30"),
        (HEADER + ROW.replace("2020-01-06", "2020-01-06T21:00:00"), 2, "date", "offset"),
        (HEADER + ROW.replace("2020-01-06", ""), 2, "date", "such as"),
        (HEADER + ROW + ROW, 3, "date", "twice"),
        (HEADER + SECOND + ROW, 3, "date", "older"),
        (HEADER + ROW + '2020-01-07,"1', 3, None, "CSV"),
        ((HEADER + ROW).encode("utf-16"), None, None, "UTF-8"),
        (HEADER.encode() + b"2020-01-06,1,1,1,1,\xe4\n", None, None, "UTF-8"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(
    write: Write,
    content: str | bytes,
    line: int | None,
    field: str | None,
    says: str,
) -> None:
    with pytest.raises(FeedError) as caught:
        read(write(content))
    error = caught.value
    assert (error.file, error.line, error.field) == ("bars.csv", line, field)
    assert says in error.problem
    assert str(error).startswith("bars.csv")
    assert "\n" not in str(error)


def test_a_missing_file_is_a_feed_error(tmp_path: Path) -> None:
    with pytest.raises(FeedError, match=r"none\.csv: cannot be read: No such file"):
        read(tmp_path / "none.csv")


def test_an_unknown_kind_of_symbol_is_refused(write: Write) -> None:
    with pytest.raises(FeedError, match="symbol"):
        read(write(HEADER + ROW), symbol="no spaces")


class Sleeper:
    """Remembers what was slept, and is the clock that it moves."""

    def __init__(self) -> None:
        self.slept: list[float] = []
        self.now = 0.0

    async def __call__(self, seconds: float) -> None:
        self.slept.append(round(seconds, 6))
        self.now += seconds
        await asyncio.sleep(0)


def feed(path: Path, sleeper: Sleeper, since: datetime | None = None) -> CsvFeed:
    return CsvFeed(path, "SPX", 4, "spx", since, sleep=sleeper, clock=lambda: sleeper.now)


async def test_bars_are_played_at_the_pace(write: Write) -> None:
    sleeper = Sleeper()
    playing: Feed = feed(write(HEADER + ROW + SECOND), sleeper)
    assert (playing.name, playing.source, playing.symbols) == ("spx", "feed:spx", ("SPX",))
    assert [bar.price async for bar in playing.ticks({})] == [Decimal("101.5"), Decimal(102)]
    assert sleeper.slept == [0, 0.25]


async def test_a_feed_goes_on_after_what_is_recorded(write: Write) -> None:
    first, second = read(write(HEADER + ROW + SECOND))
    playing = feed(write(HEADER + ROW + SECOND), Sleeper())
    resume = {"SPX": ResumePoint(1, first.timestamp, first.price)}
    assert [bar async for bar in playing.ticks(resume)] == [second]


async def test_bars_before_since_are_left_out(write: Write) -> None:
    path = write(HEADER + ROW + SECOND)
    playing = feed(path, Sleeper(), since=datetime(2020, 1, 7, tzinfo=UTC))
    assert [bar async for bar in playing.ticks({})] == read(path)[1:]


TICKS = (
    "timestamp,price,volume\n"
    "2020-01-06T10:00:00Z,5,1\n"
    "2020-01-06T10:00:00Z,6,\n"
    "2020-01-06T10:00:01.5+00:00,7,2\n"
)


def test_a_file_of_ticks_has_several_rows_a_day_and_even_a_moment(write: Write) -> None:
    ticks = list(read_ticks(write(TICKS), "BTC/USD"))
    assert [int(tick.price) for tick in ticks] == [5, 6, 7]
    assert {(tick.bar_s, tick.open) for tick in ticks} == {(None, None)}
    assert [tick.volume for tick in ticks] == [1, None, 2]
    assert ticks[2].timestamp == datetime(2020, 1, 6, 10, 0, 1, 500_000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("content", "line", "field", "says"),
    [
        ("timestamp,price\n", None, None, "no tick"),
        ("timestamp,last\n2020-01-06T10:00:00Z,5\n", 1, "price", "missing"),
        ("price,close\n5,5\n", 1, "date", "missing"),
        ("timestamp,price\n2020-01-06,5\n", 2, "timestamp", "RFC 3339"),
        ("timestamp,price\n2020-01-06T10:00:00Z,-5\n", 2, "price", "greater than 0"),
        ("timestamp,price\n2020-01-06T10:00:00Z,\n", 2, "price", "missing"),
        (TICKS + "2020-01-06T10:00:01Z,8,\n", 5, "timestamp", "older"),
    ],
)
def test_what_is_no_tick_is_refused_with_its_place(
    write: Write, content: str, line: int | None, field: str | None, says: str
) -> None:
    with pytest.raises(FeedError) as caught:
        list(read_ticks(write(content), "X"))
    assert (caught.value.line, caught.value.field) == (line, field)
    assert says in caught.value.problem


async def test_ticks_at_the_resume_points_own_time_come_again(write: Write) -> None:
    play = CsvPlay(bare_ticks=True)
    feed = CsvFiles({"X": write(TICKS)}, "x", play)
    first = next(read_ticks(write(TICKS), "X"))
    resume = {"X": ResumePoint(1, first.timestamp, first.price)}
    assert [int(tick.price) async for tick in feed.ticks(resume)] == [5, 6, 7]


async def test_market_time_sets_the_pace_where_it_is_asked_to(write: Write) -> None:
    sleeper = Sleeper()
    play = CsvPlay(speed=Speed(market_s_per_s=86_400))
    rows = "2020-01-06,1\n2020-01-07,2\n2020-01-10,3\n"
    path = write("date,close\n" + rows)
    feed = CsvFiles({"X": path}, "x", play, sleep=sleeper, clock=lambda: sleeper.now)
    assert [int(bar.price) async for bar in feed.ticks({})] == [1, 2, 3]
    assert sleeper.slept == [0, 1, 3]
