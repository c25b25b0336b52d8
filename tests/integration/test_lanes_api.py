"""Lanes beside a served log: what is asked of them, and what goes wrong with them."""

import asyncio
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from jsonschema import Draft202012Validator

from app.config import Settings
from app.recorder import open_recorder
from tests.integration.programs import Running, run_cli
from tests.integration.served import Served, serving
from tests.lane_log import BARS, SYMBOL, make_lane_log, record_sample


async def _serve_sample(path: Path) -> None:
    recorder = await open_recorder(Settings(database_url=str(path)))
    try:
        await record_sample(recorder, 0, BARS)
    finally:
        await recorder.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The log that is served, and one with another detector's regimes of the same prices."""
    made = tmp_path_factory.mktemp("lanes")
    asyncio.run(_serve_sample(made / "synapse.db"))
    asyncio.run(make_lane_log(made / "sma200.db"))
    return made


@pytest.fixture(scope="module")
def served_lane(folder: Path) -> Iterator[Served]:
    lanes = f"sma200={folder / 'sma200.db'};short={folder / 'short.db'}"
    asyncio.run(make_lane_log(folder / "short.db", last=300))
    with serving(folder, lanes=lanes) as served:
        yield served


def test_a_lane_says_what_it_is(served_lane: Served) -> None:
    long, short = served_lane.get("/api/lanes")["lanes"]
    assert (long["name"], short["name"]) == ("sma200", "short")
    assert [stamp["name"] for stamp in long["detectors"]] == ["sma200"]
    assert long["epoch"] != served_lane.get("/api/episodes")["epoch"]
    ends = served_lane.get("/api/state")["as_of"]["occurred_at"]
    assert [one["until"] for one in long["symbols"]] == [ends]
    assert short["symbols"][0]["until"] < ends


def test_its_episodes_are_those_of_its_own_detector_over_the_same_prices(
    served_lane: Served,
) -> None:
    query = f"episodes?symbol={SYMBOL}"
    recorded = served_lane.get(f"/api/{query}")["episodes"]
    lane = served_lane.get(f"/api/lanes/sma200/{query}")["episodes"]
    assert recorded[0]["start"] == lane[0]["start"]
    assert [one["start"] for one in recorded] != [one["start"] for one in lane]
    assert {one["regime"] for one in lane} <= {"BULL", "BEAR"}
    part = served_lane.get(f"/api/lanes/sma200/{query}&since={lane[1]['start']}&limit=1")
    assert part["episodes"] == lane[-1:]
    assert served_lane.get("/api/lanes/sma200/episodes?symbol=NONE")["episodes"] == []


def test_its_state_is_that_of_a_moment_of_the_market_or_of_a_position_of_its_own(
    served_lane: Served,
) -> None:
    lane = served_lane.get("/api/lanes/sma200/episodes")["episodes"]
    began = lane[1]
    for query in (f"at={began['start']}", f"position={began['position']}"):
        state = served_lane.get(f"/api/lanes/sma200/state?{query}&symbol={SYMBOL}")
        assert state["symbols"][SYMBOL]["regime"] == began["regime"]
        assert state["symbols"][SYMBOL]["detector"]["name"] == "sma200"
    now = served_lane.get("/api/lanes/sma200/state")
    assert now["symbols"][SYMBOL]["regime"] == lane[-1]["regime"]


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("nix/state", 404, "unknown_lane"),
        ("nix/episodes", 404, "unknown_lane"),
        ("a%20b/state", 422, "invalid_request"),
        ("sma200/state?position=99999999", 409, "position_beyond_head"),
        ("sma200/state?position=1&at=2008-01-01T00:00:00Z", 422, "invalid_request"),
        ("sma200/state?known_at=2008-01-01T00:00:00Z", 422, "invalid_request"),
        ("sma200/episodes?limit=0", 422, "invalid_request"),
    ],
)
def test_bad_questions_are_refused(served_lane: Served, path: str, status: int, code: str) -> None:
    answer = served_lane.http.get(f"/api/lanes/{path}")
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_answers_fit_the_published_schema(served_lane: Served) -> None:
    document = served_lane.get("/openapi.json")
    for path in ("/api/lanes", "/api/lanes/{name}/episodes", "/api/lanes/{name}/state"):
        answers = document["paths"][path]["get"]["responses"]
        schema = answers["200"]["content"]["application/json"]["schema"]
        validator = Draft202012Validator({**schema, "components": document["components"]})
        validator.validate(served_lane.get(path.format(name="sma200")))
        assert {"404", "503"} <= set(answers)


def test_a_server_without_lanes_has_none(served: Served) -> None:
    assert served.get("/api/lanes") == {"lanes": []}
    assert "there are: none" in served.http.get("/api/lanes/x/state").json()["detail"]


def test_a_lane_that_goes_is_missed_alone_and_one_that_grows_is_followed(tmp_path: Path) -> None:
    asyncio.run(make_lane_log(tmp_path / "a.db", last=30))
    asyncio.run(make_lane_log(tmp_path / "b.db", last=30))
    lanes = f"a={tmp_path / 'a.db'};b={tmp_path / 'b.db'}"
    with serving(tmp_path, lanes=lanes) as served:
        before = served.get("/api/lanes")["lanes"][1]["head"]
        (tmp_path / "a.db").unlink()
        asyncio.run(make_lane_log(tmp_path / "b.db", first=30, last=40))
        gone, grown = served.get("/api/lanes")["lanes"]
        assert "there is no file" in gone["problem"]
        assert (grown["problem"], grown["head"] > before) == (None, True)
        answer = served.http.get("/api/lanes/a/episodes")
        assert (answer.status_code, answer.json()["code"]) == (503, "lane_unavailable")
        (tmp_path / "damaged.db").write_bytes(b"damaged" * 1000)
        (tmp_path / "damaged.db").replace(tmp_path / "b.db")
        assert served.http.get("/api/lanes/b/state").status_code == 503
        assert served.http.get("/readyz").status_code == 200
        assert served.get("/api/state")["position"] == 0


def test_the_command_line_serves_them_and_leaves_their_files_as_they_are(folder: Path) -> None:
    lane = folder / "sma200.db"
    before = lane.read_bytes()
    with Running(
        "serve",
        "--db",
        "new.db",
        "--port=0",
        "--no-browser",
        f"--lane=sma200={lane}",
        folder=folder,
    ) as program:
        told = httpx.get(f"{program.url()}/api/lanes").json()
        assert [one["name"] for one in told["lanes"]] == ["sma200"]
    assert lane.read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "env", "says"),
    [
        ("--lane=x", {}, ("--lane", "NAME=FILE")),
        ("--lane=x=synapse.db", {}, ("lane 'x'", "served itself")),
        ("--lane=x=newer.db", {}, ("lane 'x'", "newer")),
        ("", {"SYNAPSE_LANES": "x=nix.db"}, ("lane 'x'", "nix.db")),
    ],
)
def test_wrong_lanes_are_refused_in_one_line(
    folder: Path, arguments: str, env: dict[str, str], says: tuple[str, ...]
) -> None:
    newer = shutil.copy(folder / "sma200.db", folder / "newer.db")
    with closing(sqlite3.connect(newer)) as log:
        log.execute("UPDATE alembic_version SET version_num = '9999'")
        log.commit()
    serve = ("serve", "--port=0", "--db=synapse.db", *arguments.split())
    done = run_cli(*serve, folder=folder, env=env)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert all(word in done.stderr for word in says), done.stderr
