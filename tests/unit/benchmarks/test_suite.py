"""The suite names what is missing and goes on: a failure, a time limit, a peer that is left out."""

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks.entries import ENTRIES, Entry
from benchmarks.record import KINDS
from benchmarks.suite import FAILED, OK, SKIPPED, Run, measure, merged, run_entry, watched

RUN = Run(OK, (), "quick", "--rounds 1", False, 3, "abc", "2026-01-16T12:00:00+00:00")


def python(program: str) -> list[str]:
    return [sys.executable, "-c", program]


def test_a_peer_that_is_left_out_is_a_gap_and_no_failure() -> None:
    program = "print('picows is left out: pip install picows\\nours 10')"
    found = watched(python(program), 30, one_core=False)
    assert found == (OK, ["picows is left out: pip install picows"])


def test_a_failure_is_told_by_its_last_line() -> None:
    outcome, _ = watched(python("raise SystemExit('no disk left')"), 30, one_core=False)
    assert outcome == f"{FAILED}: no disk left"


def test_what_takes_too_long_is_interrupted_as_by_hand() -> None:
    program = "import time\ntry:\n time.sleep(60)\nfinally:\n print('NATS is left out: cleared up', flush=True)"
    outcome, gaps = watched(python(program), 1.5, one_core=False)
    assert outcome == f"{FAILED}: not done after 2 s"
    assert gaps == ["NATS is left out: cleared up"]


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="cores cannot be chosen")
def test_a_benchmark_of_one_core_has_the_last_one() -> None:
    last = max(os.sched_getaffinity(0))
    program = f"import os, time\nuntil = time.monotonic() + 30\nwhile os.sched_getaffinity(0) != {{{last}}}:\n assert time.monotonic() < until"
    assert watched(python(program), 60, one_core=True)[0] == OK


def test_what_it_needs_and_has_not_got_is_said_and_nothing_is_run(tmp_path: Path) -> None:
    lacking = replace(ENTRIES[0], needs=("no_such_module", "no-such-program"))
    run = run_entry(lacking, tmp_path / "r.json", quick=True, measured="abc")
    assert run.outcome == f"{SKIPPED}: not installed here: no_such_module, no-such-program"
    assert Entry("no_such_benchmark", "None").missing() == "it is not written"
    assert ENTRIES[0].missing() == ""


def test_what_was_found_is_kept_after_each_so_that_an_interrupted_run_loses_none() -> None:
    lacking = [replace(entry, needs=("no_such_module",)) for entry in ENTRIES[:2]]
    kept: list[list[str]] = []
    measure(lacking, {}, quick=True, kept=lambda results: kept.append(sorted(results["runs"])))
    first, second = (entry.name for entry in lacking)
    assert kept == [[first], sorted([first, second])]


def found_with(**tables: str) -> dict[str, dict[str, Any]]:
    return {kind: {} for kind in KINDS} | {
        "tables": {key: {"title": title} for key, title in tables.items()}
    }


def test_measuring_again_takes_the_place_of_what_that_benchmark_found_before() -> None:
    results = merged({}, "append", RUN, found_with(append="Old", gone="Gone"))
    results = merged(results, "read", RUN, found_with(read="Read"))
    results = merged(results, "append", replace(RUN, seconds=9), found_with(append="New"))
    assert {key: table["title"] for key, table in results["tables"].items()} == {
        "append": "New",
        "read": "Read",
    }
    assert (results["runs"]["append"]["seconds"], results["runs"]["read"]["seconds"]) == (9, 3)


def test_every_entry_is_named_once_and_has_a_program() -> None:
    names = [entry.name for entry in ENTRIES]
    assert len(set(names)) == len(names)
    assert [entry.name for entry in ENTRIES if not entry.path.exists()] == []
