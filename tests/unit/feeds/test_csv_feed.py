"""A CSV file is read exactly, or refused in one sentence that says where and why."""

# covers: app.feeds.base, app.feeds.csv_feed, app.feeds.csv_rows

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, time
from decimal import Decimal
from pathlib import Path

import pytest

from app.feeds import csv_feed
from app.feeds.base import Feed, FeedError, ResumePoint
from app.feeds.csv_feed import OPENING_ROWS, CsvFeed, CsvFiles, CsvPlay, read_bars, read_ticks
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


@pytest.mark.parametrize("at", ["2024-01-02 00:00:00-05:00", "2024-01-02 05:00:00.000001+00:00"])
def test_a_space_may_stand_for_the_t_of_a_time_as_pandas_writes_it(write: Write, at: str) -> None:
    times = {datetime.fromisoformat(at)}
    assert {bar.timestamp for bar in read(write(f"Date,Close\n{at},1\n"))} == times
    assert {tick.timestamp for tick in read_ticks(write(f"Date,Close\n{at},1\n"), "X")} == times


def test_numbers_that_are_finer_than_the_log_are_refused_and_round_is_named(write: Write) -> None:
    content = "date,close\n2024-01-02,184.5329284667969\n"
    with pytest.raises(
        FeedError, match=r"line 2: close '184\.5329284667969': has 13 digits"
    ) as caught:
        read(write(content))
    assert caught.value.problem.endswith("after the point; at most 12 (see round)")


def test_prices_are_rounded_half_to_even_and_volumes_only_to_what_the_log_has(write: Write) -> None:
    row = "2024-01-02,127.80000000000001,200.12345,0.00015,184.53285,0.0000123456789012\n"
    (bar,) = read_bars(write(HEADER + row), "X", digits=4)
    assert [str(n) for n in (bar.open, bar.high, bar.low, bar.price, bar.volume)] == [
        "127.8",
        "200.1234",
        "0.0002",
        "184.5328",
        "0.000012345679",
    ]


def test_what_has_no_more_digits_is_left_as_it_is(write: Write) -> None:
    (bar,) = read_bars(write(HEADER + ROW), "X", digits=2)
    assert str(bar.price) == "101.50"
    (whole,) = read_bars(write(HEADER + ROW), "X", digits=0)
    assert str(whole.price) == "102"
    (tick,) = read_ticks(write("time,price\n2020-01-06T10:00:00Z,999999999999999998.5\n"), "X", 0)
    assert str(tick.price) == "999999999999999998"


@pytest.mark.parametrize(
    ("price", "says"),
    [
        ("0.00004", "'0.00004': must be greater than 0 (rounded to 0)"),
        ("1.5e-5000001", "fixed-point"),
        ("01.23456", "fixed-point"),
        ("9999999999999999999.12345", "fixed-point"),
    ],
)
def test_rounding_makes_nothing_right_that_is_wrong(write: Write, price: str, says: str) -> None:
    with pytest.raises(FeedError) as caught:
        list(read_bars(write(f"date,close\n2024-01-02,{price}\n"), "X", digits=4))
    assert says in caught.value.problem


def lengths(write: Write, *times: str) -> set[int | None]:
    return {bar.bar_s for bar in read(write("date,close\n" + "".join(f"{t},1\n" for t in times)))}


DAY, WEEK = 86_400, 604_800


@pytest.mark.parametrize(
    ("days", "length"),
    [
        (["2020-01-03"], DAY),
        (["2020-01-03", "2020-01-06"], DAY),
        (["2020-01-03", "2020-01-06", "2020-01-07"], DAY),
        (["2020-01-03", "2020-01-10"], WEEK),
        (["2020-04-03", "2020-04-09", "2020-04-17", "2020-04-24"], WEEK),
        (["2020-01-31", "2020-02-29", "2020-03-31", "2020-04-30"], 30 * DAY),
        (["2020-01-01", "2020-01-04", "2020-01-07", "2020-01-10"], 3 * DAY),
        (["1900-01-01", "2000-01-01"], 366 * DAY),
    ],
)
def test_the_first_days_tell_the_bars_length(write: Write, days: list[str], length: int) -> None:
    assert lengths(write, *days) == {length}
    assert lengths(write, *(f"{day} 00:00:00-05:00" for day in days)) == {length}


@pytest.mark.parametrize(
    ("hours", "length"), [((14, 15, 18), 3_600), ((10, 14, 15, 16), 3_600), ((10, 14, 18), 14_400)]
)
def test_the_first_times_tell_the_bars_length(
    write: Write, hours: tuple[int, ...], length: int
) -> None:
    assert lengths(write, *(f"2020-01-06T{hour}:00:00Z" for hour in hours)) == {length}


def test_later_rows_do_not_change_the_bars_length(write: Write) -> None:
    minutes = [f"2020-01-06T10:{minute:02}:00Z" for minute in range(OPENING_ROWS)]
    days = [f"2020-02-{day:02}" for day in range(1, 29)]
    assert lengths(write, *minutes, *days) == {60}


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


def test_ticks_of_one_time_are_numbered_in_the_order_of_the_file(write: Write) -> None:
    ticks = list(read_ticks(write(TICKS), "BTC/USD"))
    assert [int(tick.price) for tick in ticks] == [5, 6, 7]
    assert {(tick.bar_s, tick.open) for tick in ticks} == {(None, None)}
    assert [tick.volume for tick in ticks] == [1, None, 2]
    begins = datetime(2020, 1, 6, 10, tzinfo=UTC)
    assert [(tick.timestamp - begins).total_seconds() for tick in ticks] == [0, 0.000001, 1.5]


def test_numbered_times_rise_also_where_the_next_time_lies_among_them(write: Write) -> None:
    rows = "".join(
        f"2020-01-06T10:00:00{part}Z,5\n"
        for part in ("", "", "", ".000001", ".000002", ".000005", ".000005", ".000007")
    )
    micros = [tick.timestamp.microsecond for tick in read_ticks(write("time,price\n" + rows), "X")]
    assert micros == [0, 1, 2, 3, 4, 5, 6, 7]


def test_the_last_microsecond_of_all_has_one_tick(write: Write) -> None:
    rows = "9999-12-31T23:59:59.999999Z,5\n" * 2
    with pytest.raises(FeedError, match="line 3: time is there twice"):
        list(read_ticks(write("time,price\n" + rows), "X"))


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


async def test_a_feed_of_ticks_goes_on_after_any_of_them(write: Write) -> None:
    path = write(TICKS + "2020-01-06T10:00:01.5Z,7,2\n2020-01-06T10:00:01.500001Z,7,2\n")
    whole = list(read_ticks(path, "X"))
    for number, tick in enumerate(whole, start=1):
        resume = {"X": ResumePoint(number, tick.timestamp, tick.price)}
        feed = CsvFiles({"X": path}, "x", CsvPlay(bare_ticks=True))
        assert [tick async for tick in feed.ticks(resume)] == whole[number:]


async def test_market_time_sets_the_pace_where_it_is_asked_to(write: Write) -> None:
    sleeper = Sleeper()
    play = CsvPlay(speed=Speed(market_s_per_s=86_400))
    rows = "2020-01-06,1\n2020-01-07,2\n2020-01-10,3\n"
    path = write("date,close\n" + rows)
    feed = CsvFiles({"X": path}, "x", play, sleep=sleeper, clock=lambda: sleeper.now)
    assert [int(bar.price) async for bar in feed.ticks({})] == [1, 2, 3]
    assert sleeper.slept == [0, 1, 3]


MANY = "date,close\n" + "".join(f"{year}-01-01,{year}\n" for year in range(1000, 3000))
BAD = "3001-01-01,none\n"


def test_a_file_is_checked_to_its_end(write: Write) -> None:
    CsvPlay().check({"X": write(MANY)})
    with pytest.raises(FeedError, match=r"line 2002: close 'none'"):
        CsvPlay().check({"X": write(MANY + BAD)})


def test_of_what_is_too_much_only_the_first_rows_are_checked(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = write(MANY + BAD)
    monkeypatch.setattr(csv_feed, "CHECKED_BYTES_MAX", long.stat().st_size - 1)
    CsvPlay().check({"X": long})
    monkeypatch.setattr(csv_feed, "CHECKED_ROWS", 2_001)
    with pytest.raises(FeedError, match="line 2002"):
        CsvPlay().check({"X": long})
    short = tmp_path / "short.csv"
    short.write_text("date,close\n" + BAD)
    with pytest.raises(FeedError, match=r"^short\.csv, line 2"):
        CsvPlay().check({"X": long, "Y": short})
