"""The README's figures are chosen beforehand: a loss among them stays, and says so."""

from pathlib import Path
from typing import Any

import pytest

from benchmarks.readme import BEGIN, END, block, put
from benchmarks.record import Recorder, Series, read

NOBODY: dict[str, Any] = {"rows": []}


@pytest.fixture
def results(tmp_path: Path) -> dict[str, Any]:
    recorder = Recorder(tmp_path / "r.json")
    rows = (
        Series("ours, history all", "events/s", (100.0, 120.0, 110.0), ours=True),
        Series("the plain way", "events/s", (10.0, 10.0, 10.0)),
        Series("JetStream over WebSocket", "events/s", (200.0, 240.0, 220.0)),
    )
    recorder.table("replay", "Replaying a log", better="higher", series=rows)
    return read(tmp_path / "r.json")


def test_a_loss_is_told_and_what_was_not_measured_has_no_line(results: dict[str, Any]) -> None:
    lines = block(results, NOBODY).splitlines()
    told = "| All of history to one reader | 110 | JetStream over WebSocket | 220 | **0.5** (we lose) |"
    assert lines[2:4] == [told, ""]


def test_faults_of_ours_and_of_others_are_counted_over_all_runs(results: dict[str, Any]) -> None:
    def row(system: str, *counts: int) -> dict[str, Any]:
        runs = [{"faults": {"missed": count} if count else {}} for count in counts]
        ours = system == "ours"
        return {"system": system, "version": "1", "settings": "all", "ours": ours, "runs": runs}

    found = block(results, {"rows": [row("ours", 0, 1), row("a", 2, 3), row("b", 0)]})
    assert "in 1 set-ups of ours: **1**." in found
    assert "by the same judge: a 1 (all): 5." in found


def test_it_stands_between_its_marks_and_nothing_else_changes(results: dict[str, Any]) -> None:
    text = f"before\n{BEGIN}old\n{END}\nafter\n"
    once = put(text, results, NOBODY)
    assert once == text.replace("old\n", block(results, NOBODY))
    assert put(once, results, NOBODY) == once
    with pytest.raises(ValueError, match="no place"):
        put("before\n", results, NOBODY)
