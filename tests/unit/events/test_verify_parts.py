"""A long log is walked in parts that must join; whatever is wrong is left to the one walk that names it."""

# covers: events.verify_part, events.verify_parts

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from events import verify_parts
from events.chain import hash_row, names_part
from events.engines import SqliteReader
from events.verify_part import Part, prove_parts
from events.verify_parts import walk_in_parts
from events.verify_report import Findings
from events.verify_rows import COLUMNS, Walk
from events.verify_tables import compare_side_tables, read_side_tables
from tests.unit.events.damage import EVENTS, copy_of, unguarded, verified


@pytest.fixture
def log(whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A log, and a program that proves 7 events at a time in three processes."""
    monkeypatch.setattr(verify_parts, "EVENTS_MIN", 7)
    monkeypatch.setattr(verify_parts, "PART_EVENTS", 7)
    monkeypatch.setattr(os, "cpu_count", lambda: 3)
    return copy_of(whole, tmp_path)


def in_parts(log: Path, told: list[tuple[int, int]] | None = None) -> tuple[Walk | None, Findings]:
    async def run() -> tuple[Walk | None, Findings]:
        reader, findings = SqliteReader(log), Findings()
        side = await reader.read(read_side_tables)
        progress = None if told is None else lambda *pair: told.append(pair)
        walk = await walk_in_parts(log, side.names, side.last, findings.add, progress)
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


@pytest.mark.parametrize("part_events", [1, 5, 27, 28, 100])
def test_parts_of_any_length_come_to_what_one_walk_comes_to(
    log: Path, monkeypatch: pytest.MonkeyPatch, part_events: int
) -> None:
    whole, _ = in_parts(log)
    monkeypatch.setattr(verify_parts, "PART_EVENTS", part_events)
    walk, findings = in_parts(log)
    assert whole is not None
    assert walk is not None
    assert (walk.hash, walk.recorded_at, walk.types) == (whole.hash, whole.recorded_at, whole.types)
    assert findings.count == 0


def test_short_logs_are_walked_at_once(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify_parts, "EVENTS_MIN", EVENTS + 1)
    assert in_parts(log)[0] is None
    assert verified(log).ok


def test_one_processor_proves_one_part_after_the_other(
    log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    walk, _ = in_parts(log)
    assert walk is not None
    assert walk.position == EVENTS


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


def chained_anew(log: Path, change: str) -> None:
    """Change events behind position 14, and make hashes that fit: whoever can write can do that."""
    with unguarded(log) as connection:
        connection.execute(f"UPDATE events SET {change} WHERE position > 14")
        names = dict(connection.execute("SELECT stream_id, name FROM streams"))
        sql = f"SELECT {COLUMNS} FROM events WHERE position = ?"
        for position in range(15, EVENTS + 1):
            at, stream, version, id_, kind, schema, time, _, recorded, source, *rest = (
                connection.execute(sql, (position,)).fetchone()
            )
            (before,) = connection.execute(
                "SELECT hash FROM events WHERE position = ?", (position - 1,)
            ).fetchone()
            numbers = at, version, schema, time, recorded
            ids = id_, rest[0], rest[1]
            hash_ = hash_row(before, numbers, ids, names_part(names[stream], kind, source), rest[2])
            connection.execute("UPDATE events SET hash = ? WHERE position = ?", (hash_, at))


@pytest.mark.parametrize(
    "change",
    [
        "version = version + 50",
        "occurred_max = occurred_max + 1000, occurred_at = occurred_at + 1000",
        "recorded_at = recorded_at - 3600000000",
    ],
)
def test_what_goes_on_otherwise_than_it_came_is_found(log: Path, change: str) -> None:
    # Consistent within each part, so only the seam can show it.
    chained_anew(log, "source = source")
    assert in_parts(log)[0] is not None
    chained_anew(log, change)
    walk, findings = in_parts(log)
    assert walk is None or findings.count
    assert not verified(log).ok


def test_a_part_that_begins_on_a_hash_of_another_type_is_found(log: Path) -> None:
    with unguarded(log) as connection:
        connection.execute("UPDATE events SET hash = hex(hash) WHERE position = 14")
    assert in_parts(log)[0] is None
    assert verified(log).first_bad == 14


def test_a_streams_name_that_is_no_text_is_found(log: Path) -> None:
    with unguarded(log) as connection:
        connection.execute("UPDATE streams SET name = CAST(name AS BLOB) WHERE stream_id = 1")
    assert in_parts(log)[0] is None
    assert not verified(log).ok


def test_a_process_that_ends_too_soon_proves_nothing(
    log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verify_parts, "_PROGRAM", "import sys; sys.stdin.readline()")
    assert in_parts(log)[0] is None
    assert verified(log).ok


def test_without_processes_it_is_walked_at_once(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/none/python")
    assert in_parts(log)[0] is None
    assert verified(log).ok


NAMES = {1: "prices:SPX", 2: "regime:NDX", 3: "system:synapse", 4: "prices:NDX"}


def answers(log: Path, names: Mapping[int, str], *parts: tuple[int, int]) -> list[Part | None]:
    return list(prove_parts(f"{log.as_uri()}?mode=ro", names, parts))


def test_a_part_answers_with_its_ends_or_with_nothing(whole: Path) -> None:
    first, second = answers(whole, NAMES, (0, 10), (10, EVENTS))
    assert first is not None
    assert second is not None
    assert (first["position"], first["events"], second["events"]) == (10, 10, EVENTS - 10)
    assert (second["begins"], second["recorded_from"]) == (first["hash"], first["recorded_at"])
    assert second["firsts"][1] == (9, *second["firsts"][1][1:])
    assert answers(whole, NAMES, (0, 99)) == [None]
    assert answers(whole, NAMES, (50, 99)) == [None]
    assert answers(Path("/none/log.db"), NAMES, (0, 10)) == [None]
    assert answers(whole, {**NAMES, 1: "prices:SPY"}, (0, 10), (10, 20)) == [None]


def test_a_part_is_a_process_that_loads_little(whole: Path) -> None:
    task = json.dumps({"uri": f"{whole.as_uri()}?mode=ro", "names": {"1": "prices:SPX"}})
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); from events.verify_part import main; main();"
        "assert not {'asyncio', 'dataclasses', 'pathlib', 'pydantic', 'sqlalchemy'} & set(sys.modules)"
    )
    root = str(Path(verify_parts.__file__).parent.parent)
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program, root],
        input=f"{task}\n[0, 5]\n[5, 8]\n",
        capture_output=True,
        text=True,
        check=True,
    )
    assert [json.loads(line)["position"] for line in done.stdout.splitlines()] == [5, 8]
