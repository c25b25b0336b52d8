"""The page says what the results say: losses, limits, gaps and quick runs marked by rule, plots of the same data."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks.plots import short
from benchmarks.record import Recorder, Series, read
from benchmarks.render import page, plots, render, stale
from benchmarks.suite import OK, Run, merged

RUN = Run(OK, (), "full", "", False, 3, "abc", "2026-01-16T12:00:00+00:00")
MACHINE = {"cores": 2, "cpu": "CPU", "memory_gib": 4, "kernel": "Linux", "fsync_us": 100}
ROWS = (
    Series("ours", "events/s", (100.0, 110.0), ours=True),
    Series("peer 1.0", "events/s", (200.0, 210.0)),
    Series("bare sqlite3", "events/s", (9_000.0, 9_900.0), limit=True),
    Series("missing peer", "events/s", (), note="not installed"),
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "docs/images").mkdir(parents=True)
    return tmp_path


def results(folder: Path, run: Run = RUN) -> dict[str, Any]:
    recorder = Recorder(folder / "r.json")
    recorder.table("append", "Appends", better="higher", series=ROWS, says="300 bytes each.")
    recorder.ratio("append", "ours", "bare sqlite3", [0.01, 0.01], goal=0.5)
    recorder.growth(
        "start", "Start", x="events", unit="ms", xs=[1e3, 1e6], lines={"ours": [1, None]}
    )
    recorder.fact("idle", "Idle memory", 98.7, "MB")
    found = merged({}, "append", run, read(folder / "r.json"))
    return found | {"machine": MACHINE, "versions": {"Python": "3.11"}}


def test_a_loss_stands_at_the_top_and_in_its_row(root: Path) -> None:
    text = page(results(root))
    top, _, rest = text.partition("## Appending")
    assert (
        "- Appends: ours is **1.95 times as slow** as peer 1.0, ratio 0.51 (0.50 to 0.52)." in top
    )
    assert "as bare sqlite3" not in top
    assert "| peer 1.0 | events/s | 205 | 200 | 210 | 2 | ahead of us |" in rest
    assert "| ours | peer 1.0 | 0.51 | 0.50 | 0.52 |  | **slower: we lose** |" in rest
    assert "| bare sqlite3 | events/s | 9,450 | 9,000 | 9,900 | 2 | a limit |" in rest


def test_a_pair_that_was_measured_twice_is_told_once_and_none_is_no_factor(root: Path) -> None:
    recorder = Recorder(root / "r.json")
    rows = [Series("ours", "", (30.0,), ours=True), Series("peer", "", (0.0,))]
    for key in ("once", "again"):
        recorder.table(key, "Delay", better="lower", series=rows)
    found = merged({}, "append", RUN, read(root / "r.json"))
    text = page(found | {"machine": MACHINE, "versions": {}})
    assert "- Delay: ours has **30** where peer has 0.\n" in text


def test_a_peer_that_is_missing_and_a_benchmark_that_failed_are_named(root: Path) -> None:
    failed = replace(RUN, outcome="failed: no disk", gaps=("Nchan is left out: no nginx",))
    text = page(results(root, failed))
    (row,) = [line for line in text.splitlines() if line.startswith("| missing peer |")]
    assert "not measured" in row
    assert row.endswith("| not installed |")
    assert row.count("|") == text.splitlines()[text.splitlines().index(row) - 1].count("|")
    assert "**Gap: failed: no disk.**" in text
    assert "Gap: Nchan is left out: no nginx." in text


def test_a_quick_run_is_said_at_the_top(root: Path) -> None:
    assert "quick run" not in page(results(root))
    assert "of a quick run" in page(results(root, replace(RUN, mode="quick")))


def test_goals_are_those_of_a_full_run(root: Path) -> None:
    assert "bare sqlite3: 0.01, goal 0.5." in page(results(root))
    assert "goal 0.5" not in page(results(root, replace(RUN, mode="quick")))


def test_figures_and_facts_are_short(root: Path) -> None:
    assert [short(value) for value in (1_234_567, 12_345, 12.345, 0.01234)] == [
        "1.23 M",
        "12,300",
        "12.3",
        "0.0123",
    ]
    assert "| Idle memory | 98.7 MB |" in page(results(root))


def test_what_is_rendered_is_fresh_until_the_results_change(root: Path) -> None:
    found = results(root)
    assert stale(found, root) == ["bench-append.svg", "bench-start.svg", "benchmarks.md"]
    render(found, root)
    assert stale(found, root) == []
    found["tables"]["append"]["series"][0]["values"] = [1.0, 2.0]
    assert stale(found, root) == ["bench-append.svg", "benchmarks.md"]


def test_the_plot_of_a_table_that_is_gone_goes_too(root: Path) -> None:
    (root / "docs/images/bench-old.svg").touch()
    assert "bench-old.svg" in stale(results(root), root)
    render(results(root), root)
    assert not (root / "docs/images/bench-old.svg").exists()


def test_the_same_results_are_the_same_bytes(root: Path) -> None:
    found = results(root)
    texts = []
    for _ in range(2):
        for name, (draw, entry) in plots(found).items():
            draw(root / name, entry)
            texts.append((root / name).read_bytes())
    assert texts[:2] == texts[2:]
    assert b"<dc:date>" not in texts[0]
