"""What the benchmark of growth shows and records: a row a path, a drawing a unit, nothing for what was not measured."""

from pathlib import Path

import pytest

from benchmarks.growth import record, show
from benchmarks.record import Recorder, read

UNITS = {"start": "ms", "state": "ms", "RSS": "MiB", "paint": "ms"}
ROWS = [{"start": 1200.0, "state": 2.0, "RSS": 96.0}, {"start": 1300.0, "state": 2.5}]


def test_each_unit_is_drawn_once_and_gaps_stay_gaps(tmp_path: Path) -> None:
    record(Recorder(tmp_path / "found.json"), "log", "events", [10, 20], ROWS, UNITS)
    growths = read(tmp_path / "found.json")["growths"]
    assert {key: each["lines"] for key, each in growths.items()} == {
        "growth-log-ms": {"start": [1200, 1300], "state": [2, 2.5]},
        "growth-log-mib": {"RSS": [96, None]},
    }


def test_a_path_that_was_not_measured_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    show("against events", [10, 20], ROWS, UNITS)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines if line] == ["against", "start", "state", "RSS"]
    assert "1,200.0" in lines[2]
