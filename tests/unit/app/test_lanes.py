"""A lane is opened when its file is there, and again when it is another one; nothing else is concerned."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.config import Settings
from app.lanes import Lane, Lanes, LaneUnavailable, described
from app.main import open_lanes
from app.opened import open_reader
from app.queries.episodes import episodes
from app.queries.reader import LogReader
from events.errors import PositionBeyondHead, StoreUnavailable
from tests.lane_log import SYMBOL, make_lane_log

FEW = 210


@pytest.fixture
async def file(tmp_path: Path) -> Path:
    path = tmp_path / "lane.db"
    await make_lane_log(path, last=FEW)
    return path


async def opener(path: Path) -> LogReader:
    return await open_reader(Settings(database_url=str(path)))


@pytest.fixture
async def lane(file: Path) -> AsyncIterator[Lane]:
    one = Lane("sma200", file, opener)
    yield one
    await one.close()


async def head(lane: Lane) -> int:
    async with lane.reader() as reader:
        return reader.log.head.position


async def test_it_says_what_it_holds(lane: Lane) -> None:
    told = await described(lane)
    [stamp] = told["detectors"]
    assert (told["name"], told["problem"], stamp["name"]) == ("sma200", None, "sma200")
    assert told["symbols"] == [
        {"symbol": SYMBOL, "detector": stamp, "until": "1999-11-01T21:00:00.000000Z"}
    ]
    assert told["head"] == await head(lane) > FEW


async def test_what_is_recorded_into_it_is_seen(lane: Lane, file: Path) -> None:
    before = await head(lane)
    await make_lane_log(file, first=FEW, last=FEW + 10)
    assert await head(lane) > before


async def test_another_file_in_its_place_is_opened(lane: Lane, file: Path) -> None:
    before = await described(lane)
    other = file.with_name("other.db")
    await make_lane_log(other, last=20)
    other.replace(file)
    after = await described(lane)
    assert after["epoch"] not in (None, before["epoch"])
    assert after["head"] < before["head"]


async def test_a_file_that_is_away_is_a_problem_until_it_is_back(lane: Lane, file: Path) -> None:
    known = await head(lane)
    away = file.rename(file.with_name("away.db"))
    told = await described(lane)
    assert told["problem"] == f"lane 'sma200': there is no file {file.name}"
    assert (told["epoch"], told["symbols"]) == (None, [])
    away.rename(file)
    assert await head(lane) == known


async def test_a_damaged_file_is_a_problem_of_the_lane_alone(lane: Lane, file: Path) -> None:
    await head(lane)
    file.write_bytes(b"no database at all" * 100)
    with pytest.raises(LaneUnavailable, match="lane 'sma200'"):
        await head(lane)
    assert (await described(lane))["problem"]


async def test_what_the_question_got_wrong_is_not_the_lanes_fault(lane: Lane) -> None:
    with pytest.raises(PositionBeyondHead):
        async with lane.reader() as reader:
            await episodes(reader, position=10**9)
    async with lane.reader() as again:
        assert again is reader


async def test_what_goes_wrong_while_it_is_read_is_and_it_is_opened_again(lane: Lane) -> None:
    with pytest.raises(LaneUnavailable, match="lane 'sma200': gone"):
        async with lane.reader() as reader:
            raise StoreUnavailable("gone")
    async with lane.reader() as again:
        assert again is not reader


async def test_lanes_are_found_by_name_in_their_order(file: Path, tmp_path: Path) -> None:
    settings = Settings(database_url=str(tmp_path / "served.db"), lanes=f"b={file};a={file}")
    lanes = await open_lanes(settings)
    assert [lane.name for lane in lanes] == ["b", "a"]
    assert lanes.find("a") is not None
    assert lanes.find("c") is None
    await lanes.close()
    assert list(Lanes()) == []


@pytest.mark.parametrize("name", ["lane.db", "missing.db", ".", "text.db"])
async def test_a_lane_that_cannot_be_one_stops_the_start(file: Path, name: str) -> None:
    (file.parent / "text.db").write_text("no log")
    other = file.parent / name
    with pytest.raises(LaneUnavailable) as refused:
        await open_lanes(Settings(database_url=str(file), lanes=f"x={other}"))
    says = {"lane.db": "the log that is served itself", "text.db": "not a database"}
    assert says.get(name, "there is no file") in str(refused.value)
