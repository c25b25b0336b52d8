"""The stream's benchmarks: who is recorded, who failed, and a real run of two contenders."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import fan_out, latency, placing
from benchmarks.record import Recorder, read
from benchmarks.stream_contenders import C_WRITER, OURS, PICOWS, Contender, named
from benchmarks.wire_clients import Door, NotDelivered
from tests.house.tree import ROOT

CHOSEN = {
    OURS: Contender(lambda _folder: [], Door()),
    PICOWS: Contender(lambda _folder: [], Door(), versions="picows 9"),
    C_WRITER: Contender(lambda _folder: [], Door()),
}


def figures(**rates: list[float]) -> dict[str, fan_out.Figures]:
    return {case: fan_out.Figures(dict(rates), dict(rates)) for case in fan_out.CASES}


def test_a_peer_that_is_faster_is_recorded_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    found = figures(**{OURS: [1.0, 2.0], PICOWS: [3.0, 4.0], C_WRITER: [9.0, 9.0]})
    fan_out.record(Recorder(path), CHOSEN, 1_000, found)
    rows = read(path)["tables"]["fan_out.one.1000"]["series"]
    assert [(row["contender"], row["values"], row["ours"], row["limit"]) for row in rows] == [
        (OURS, [1.0, 2.0], True, False),
        ("picows (picows 9)", [3.0, 4.0], False, False),
        (C_WRITER, [9.0, 9.0], False, True),
    ]
    assert named(PICOWS, CHOSEN[PICOWS]) == "picows (picows 9)"


def test_who_does_not_deliver_has_no_figures_and_a_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise NotDelivered("3 viewers got 1 to 2 of 9")

    found = figures(**{OURS: [1.0], PICOWS: [3.0], C_WRITER: [9.0]})
    monkeypatch.setattr(fan_out, "measure", fails)
    fan_out.attempt(PICOWS, CHOSEN[PICOWS], 1_000, 9, found)
    path = tmp_path / "r.json"
    fan_out.record(Recorder(path), CHOSEN, 1_000, found)
    fan_out.record_growth(Recorder(path), CHOSEN, {10: figures(picows=[5.0]), 1_000: found})
    document = read(path)
    row = document["tables"]["fan_out.one.1000"]["series"][1]
    assert (row["values"], row["note"]) == ([], "3 viewers got 1 to 2 of 9")
    lines = document["growths"]["fan_out.one"]["lines"]
    assert lines == {OURS: [None, 1.0], "picows (picows 9)": [5.0, None], C_WRITER: [None, 9.0]}


def test_the_best_peer_is_neither_ours_nor_a_limit() -> None:
    values = {OURS: [5.0], latency.OURS_CALLED: [6.0], PICOWS: [7.0], C_WRITER: [1.0]}
    assert latency.best_peer(values) == PICOWS
    assert latency.best_peer({OURS: [5.0], C_WRITER: [1.0]}) is None
    assert latency.best_peer({PICOWS: [7.0]}) is None


def test_server_and_viewers_share_no_core_where_there_are_two() -> None:
    if len(placing.ALL) > 1:
        assert not placing.SERVER & placing.VIEWERS
    assert placing.SERVER | placing.VIEWERS == placing.ALL


@pytest.mark.skipif(sys.platform != "linux", reason="the viewers are Linux's epoll")
def test_a_real_run_records_both_cases(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    words = ["--viewers", "3", "--events", "4", "--rounds", "1", "--record", str(path)]
    command = [sys.executable, "benchmarks/fan_out.py", *words, "--only", OURS, "websockets"]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=120)
    tables = json.loads(path.read_text())["tables"]
    assert set(tables) == {
        f"fan_out.{case}.3{end}" for case in ("one", "burst") for end in ("", ".cpu")
    }
    for table in tables.values():
        assert [len(row["values"]) for row in table["series"]] == [1, 1]
        assert all(row["values"][0] > 0 for row in table["series"])
