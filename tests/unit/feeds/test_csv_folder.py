"""A folder of CSV files is played as one feed, in the order of market time."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from app.feeds import csv_folder
from app.feeds.base import FeedError, FeedSpecError, ResumePoint
from app.feeds.csv_feed import CsvFiles, CsvPlay
from app.feeds.csv_folder import files_in
from app.market.ticks import PriceTick

Fill = Callable[..., Path]

HEADER = "date,close\n"


@pytest.fixture
def fill(tmp_path: Path) -> Fill:
    def fill(**files: str) -> Path:
        for name, rows in files.items():
            (tmp_path / f"{name}.csv").write_text(HEADER + rows, encoding="utf-8")
        return tmp_path

    return fill


async def play(folder: Path, resume: dict[str, ResumePoint] | None = None) -> list[PriceTick]:
    feed = CsvFiles(files_in(folder), "folder", CsvPlay())
    return [tick async for tick in feed.ticks(resume or {})]


def rows(*days: int) -> str:
    return "".join(f"2020-01-{day:02},{day}\n" for day in days)


async def test_files_are_merged_in_market_order(fill: Fill) -> None:
    folder = fill(spx=rows(1, 4, 5), ixic=rows(2, 4), dax=rows(3))
    ticks = await play(folder)
    assert [(tick.symbol, int(tick.price)) for tick in ticks] == [
        ("SPX", 1),
        ("IXIC", 2),
        ("DAX", 3),
        ("IXIC", 4),
        ("SPX", 4),
        ("SPX", 5),
    ]
    assert all(a.timestamp <= b.timestamp for a, b in pairwise(ticks))


async def test_each_symbol_goes_on_after_what_was_recorded_of_it(fill: Fill) -> None:
    folder = fill(a=rows(1, 2, 3), b=rows(1, 2, 3))
    whole = await play(folder)
    for cut in range(len(whole) + 1):
        resume = {tick.symbol: ResumePoint(0, tick.timestamp, tick.price) for tick in whole[:cut]}
        assert await play(folder, resume) == whole[cut:]


async def test_a_bad_file_is_named_after_what_is_good_was_played(fill: Fill) -> None:
    folder = fill(good=rows(1, 2, 3), bad="2020-01-02,1\n2020-01-03,none\n")
    ticks = CsvFiles(files_in(folder), "folder", CsvPlay()).ticks({})
    assert [(await anext(ticks)).symbol for _ in range(2)] == ["GOOD", "BAD"]
    with pytest.raises(FeedError, match=r"^bad\.csv, line 3: close 'none'"):
        await anext(ticks)


async def test_a_folder_goes_on_once_its_bad_file_is_mended(fill: Fill) -> None:
    folder = fill(good=rows(1, 2, 3), bad="2020-01-02,1\n2020-01-03,none\n")
    feed = CsvFiles(files_in(folder), "folder", CsvPlay())
    ticks = feed.ticks({})
    told = [await anext(ticks) for _ in range(2)]
    with pytest.raises(FeedError):
        await anext(ticks)
    resume = {tick.symbol: ResumePoint(1, tick.timestamp, tick.price) for tick in told}
    fill(bad="2020-01-02,1\n2020-01-03,2\n")
    rest = [(tick.symbol, tick.timestamp.day) async for tick in feed.ticks(resume)]
    assert sorted(rest) == [("BAD", 3), ("GOOD", 2), ("GOOD", 3)]


def test_other_files_and_folders_are_left_out(fill: Fill) -> None:
    folder = fill(spx=rows(1))
    (folder / "notes.txt").write_text("")
    (folder / "older.csv").mkdir()
    (folder / "DAX.CSV").write_text(HEADER + rows(1))
    assert list(files_in(folder)) == ["DAX", "SPX"]


def test_names_that_are_no_symbols_or_the_same_are_refused(fill: Fill) -> None:
    folder = fill(spx=rows(1), SPX=rows(1))
    with pytest.raises(FeedSpecError, match=r"both of SPX"):
        files_in(folder)
    (folder / "SPX.csv").rename(folder / "s p x.csv")
    with pytest.raises(FeedSpecError, match=r"s p x\.csv names no symbol"):
        files_in(folder)


def test_a_folder_holds_a_bounded_number_of_files(
    fill: Fill, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_folder, "FOLDER_FILES_MAX", 2)
    assert len(files_in(fill(a=rows(1), b=rows(1)))) == 2
    with pytest.raises(FeedSpecError, match="3 CSV files, at most 2"):
        files_in(fill(c=rows(1)))
