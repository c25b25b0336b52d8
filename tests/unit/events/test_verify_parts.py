"""A long log is walked in parts that must join; whatever is wrong is left to the one walk that names it."""

# covers: events.verify_part, events.verify_parts

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from events import verify_parts
from events.engines import SqliteReader
from events.verify_part import walk_part
from events.verify_parts import walk_in_parts
from events.verify_report import Findings
from events.verify_rows import Walk
from events.verify_tables import compare_side_tables, read_side_tables
from tests.unit.events.damage import EVENTS, copy_of, make_log, unguarded, verified


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("whole") / "log.db"
    make_log(path)
    return path


@pytest.fixture
def log(whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A log, and a program that thinks 7 events are worth a process."""
    monkeypatch.setattr(verify_parts, "PART_EVENTS_MIN", 7)
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    return copy_of(whole, tmp_path)


def in_parts(log: Path, told: list[tuple[int, int]] | None = None) -> tuple[Walk | None, Findings]:
    async def run() -> tuple[Walk | None, Findings]:
        reader, findings = SqliteReader(log), Findings()
        side = await reader.read(read_side_tables)
        progress = None if told is None else lambda *pair: told.append(pair)
        walk = await walk_in_parts(log, reader, side, findings, progress)
        await reader.close()
        if walk is not None:
            compare_side_tables(side, walk, findings)
        return walk, findings

    return asyncio.run(run())


def test_parts_join_to_one_proven_walk(log: Path) -> None:
    told: list[tuple[int, int]] = []
    walk, findings = in_parts(log, told)
    assert walk is not None
    assert (walk.position, walk.events, findings.count) == (EVENTS, EVENTS, 0)
    assert max(told) == (EVENTS, EVENTS)
    assert verified(log).ok


def test_short_logs_small_machines_and_many_streams_are_walked_at_once(
    log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    assert in_parts(log)[0] is None
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    monkeypatch.setattr(verify_parts, "STREAMS_MAX", 2)
    assert in_parts(log)[0] is None


@pytest.mark.parametrize("position", [1, 7, 8, 14, 15, 28])
def test_an_altered_event_in_any_part_is_named_all_the_same(log: Path, position: int) -> None:
    with unguarded(log) as connection:
        sql = "UPDATE events SET payload = '{}' WHERE position = ?"
        connection.execute(sql, (position,))
    assert in_parts(log)[0] is None
    report = verified(log)
    assert (report.first_bad, report.count, report.events) == (position, 1, EVENTS)


@pytest.mark.parametrize("position", [7, 8, 14])
def test_a_missing_event_where_parts_meet_is_named_all_the_same(log: Path, position: int) -> None:
    with unguarded(log) as connection:
        connection.execute("DELETE FROM events WHERE position = ?", (position,))
    assert in_parts(log)[0] is None
    assert verified(log).first_bad == position


def test_a_stream_that_goes_on_otherwise_than_it_came_is_found(log: Path) -> None:
    # Consistent within each part, so only the seam can show it: the streams' ends do not meet.
    with unguarded(log) as connection:
        connection.execute("UPDATE events SET version = version + 50 WHERE position > 14")
    assert in_parts(log)[0] is None
    assert not verified(log).ok


def test_without_processes_it_is_walked_at_once(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/none/python")
    assert in_parts(log)[0] is None
    assert verified(log).ok


def test_a_part_answers_with_its_place_or_with_nothing(whole: Path) -> None:
    nowhere = {"position": 0, "hash": "00" * 32, "recorded_at": 0, "streams": {}}
    names = {1: "prices:SPX", 2: "regime:NDX", 3: "system:synapse", 4: "prices:NDX"}
    task = {"path": str(whole), "names": names, "place": nowhere, "upto": 10}
    told: list[int] = []
    place = walk_part(task, told.append)
    assert place is not None
    assert (place["position"], told) == (10, [10])
    assert walk_part({**task, "upto": 99}, told.append) is None
    assert walk_part({**task, "path": "/none/log.db"}, told.append) is None
    assert walk_part({**task, "names": {**names, 1: "prices:SPY"}}, told.append) is None


def test_a_part_is_a_process_that_loads_little(whole: Path) -> None:
    nowhere = {"position": 0, "hash": "00" * 32, "recorded_at": 0, "streams": {}}
    task = {"path": str(whole), "names": {"1": "prices:SPX"}, "place": nowhere, "upto": 5}
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); from events.verify_part import main; main();"
        "assert not {'pydantic', 'sqlalchemy', 'asyncio'} & set(sys.modules)"
    )
    root = str(Path(verify_parts.__file__).parent.parent)
    done = subprocess.run(
        [sys.executable, "-I", "-c", program, root],
        input=json.dumps(task) + "\n",
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout.splitlines()[-1])["position"] == 5
