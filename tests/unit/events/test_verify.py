"""A proof finds every changed value of every table, names the first bad position, and says what it is."""

# covers: events.verify, events.verify_report, events.verify_rows, events.verify_tables

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest
from sqlalchemy import Connection

from events.chain import GENESIS
from events.engines import SqliteReader
from events.envelope import Append
from events.errors import StoreUnavailable
from events.verify import UNREADABLE_MAX, verify_file, verify_rows
from events.verify_report import FINDINGS_MAX, Findings, VerifyReport
from tests.unit.events.builders import prices
from tests.unit.events.damage import EVENTS, copy_of, fill, unguarded, verified
from tests.unit.events.sqlite_logs import store_at

Result = TypeVar("Result")


@pytest.fixture
def log(whole: Path, tmp_path: Path) -> Path:
    return copy_of(whole, tmp_path)


def altered(log: Path, *statements: str) -> VerifyReport:
    with unguarded(log) as connection:
        for statement in statements:
            connection.execute(statement)
    return verified(log)


def texts(report: VerifyReport) -> str:
    return "\n".join(finding.text for finding in report.findings)


def test_a_whole_log_is_proven(log: Path) -> None:
    report = verified(log)
    assert report.findings == ()
    assert report.ok
    assert (report.events, report.first_bad, report.count) == (EVENTS, None, 0)
    assert report.head is not None
    assert report.head.position == EVENTS


async def test_an_empty_log_is_proven(tmp_path: Path) -> None:
    async with store_at(tmp_path / "log.db"):
        pass
    report = await asyncio.to_thread(verified, tmp_path / "log.db")
    assert (report.findings, report.events) == ((), 0)
    assert report.head is not None
    assert report.head.hash == GENESIS


def test_a_log_that_was_vacuumed_or_analysed_is_still_proven(log: Path) -> None:
    with unguarded(log) as connection:
        connection.execute("VACUUM")
        connection.execute("ANALYZE")
    assert verified(log).findings == ()


# --- one value of one column --------------------------------------------------------------------


def columns_of(path: Path) -> list[tuple[str, str]]:
    tables = (
        "events",
        "streams",
        "log_head",
        "event_types",
        "idempotency_keys",
        "snapshots",
        "leases",
    )
    with sqlite3.connect(path) as connection:
        return [
            (table, row[1])
            for table in (*tables, "alembic_version")
            for row in connection.execute(f"PRAGMA table_info({table})")
        ]


def flipped(value: Any) -> list[Any]:
    """Values that differ from this one in a single bit or in their type alone."""
    match value:
        case None:
            return [bytes(16), b"", bytes(range(16))]
        case int():
            return [value ^ 1, value ^ 1 << 40, -value or 1]
        case bytes():
            return [bytes([value[0] ^ 1, *value[1:]]), value[:-1], value + b"\0", value.hex()]
        case str():
            places = {0, len(value) // 2, len(value) - 1}
            turned = [value[:at] + chr(ord(value[at]) ^ 1) + value[at + 1 :] for at in places]
            return [*turned, value.encode(), value + " "]
    raise AssertionError(value)


def every_change(log: Path) -> list[tuple[str, str, int, Any]]:
    changes = []
    with sqlite3.connect(log) as connection:
        for table, column in columns_of(log):
            rows = connection.execute(f"SELECT rowid, {column} FROM {table}").fetchall()
            # The first, a late or caused one and the last: each is checked in its own way.
            chosen = {0, len(rows) // 2, len(rows) - 1}
            changes += [
                (table, column, rows[at][0], value)
                for at in chosen
                for value in flipped(rows[at][1])
            ]
    return changes


def test_any_one_changed_value_is_found(whole: Path, tmp_path: Path) -> None:
    missed, tried = [], set()
    for table, column, rowid, value in every_change(whole):
        log = copy_of(whole, tmp_path)
        try:
            with unguarded(log) as connection:
                statement = f"UPDATE {table} SET {column} = ? WHERE rowid = ?"
                connection.execute(statement, (value, rowid))
                kept = connection.execute(
                    f"SELECT {column} FROM {table} WHERE {column} IS ?", (value,)
                ).fetchone()
        except sqlite3.IntegrityError:
            continue  # the database itself refuses it
        if kept is None:
            continue  # its column's type made it what it was
        tried.add((table, column))
        if verified(log).ok:
            missed.append((table, column, rowid, value))
    assert missed == []
    # The table's own CHECK refuses another value.
    assert set(columns_of(whole)) - tried <= {("log_head", "id")}


PLANTED_BEFORE = """
    INSERT INTO events SELECT -5, stream_id, -1, zeroblob(16), type, schema_version, occurred_at,
    occurred_max, recorded_at, source, correlation_id, causation_id, payload, hash
    FROM events WHERE position = 1
"""


# --- what it says -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("statement", "first_bad", "says"),
    [
        ("UPDATE events SET payload = '{}' WHERE position = 9", 9, "hash does not follow"),
        ("UPDATE events SET hash = zeroblob(32) WHERE position = 9", 9, "hash does not follow"),
        ("UPDATE events SET hash = x'00' WHERE position = 9", 9, "hash is stored as"),
        ("UPDATE events SET version = 99 WHERE position = 9", 9, "at version 99, not 1"),
        ("UPDATE events SET occurred_max = 5 WHERE position = 16", 16, "occurred_max is 5"),
        ("UPDATE events SET recorded_at = 5 WHERE position = 16", 16, "recorded_at falls"),
        ("UPDATE events SET stream_id = 77 WHERE position = 16", 16, "77, is not in table streams"),
        ("UPDATE events SET causation_id = zeroblob(16) WHERE position = 3", 3, "causation_id is"),
        ("DELETE FROM events WHERE position IN (5, 6)", 5, "positions 5 to 6 are missing"),
        ("DELETE FROM events WHERE position = 28", 28, "position 28 is missing"),
        ("UPDATE events SET position = 40 WHERE position = 28", 28, "positions 28 to 39"),
        ("UPDATE events SET position = 1 << 50 WHERE position = 28", 28, "are missing"),
        (PLANTED_BEFORE, None, "before the first position, at -5"),
        ("UPDATE streams SET version = 9 WHERE stream_id = 1", None, "version is 9, not 12"),
        ("UPDATE streams SET name = 'prices:SPY' WHERE stream_id = 1", 1, "does not follow"),
        ("INSERT INTO streams VALUES (9, 'prices:NEW', 1, 1, 1)", None, "has no events"),
        ("UPDATE log_head SET position = 27", None, "says 27, the last event is 28"),
        ("UPDATE log_head SET hash = zeroblob(32)", None, "another hash"),
        ("UPDATE log_head SET recorded_at = 1", None, "another recorded_at"),
        ("UPDATE log_head SET epoch = 'e'", None, "check digits"),
        ("DELETE FROM log_head", None, "does not hold its one row"),
        ("DELETE FROM event_types WHERE type = 'price_update'", None, "is at None"),
        ("UPDATE event_types SET position = 2 WHERE position = 1", None, "first event at 1"),
        ("UPDATE idempotency_keys SET answer = '{}'", None, "its answer was altered"),
        ("UPDATE snapshots SET state = x'00'", None, "prices:SPX' at 8: it was altered"),
        ("UPDATE snapshots SET position = 99", None, "no such place"),
        ("UPDATE snapshots SET position = 1", None, "at 1: it was altered"),
        ("UPDATE snapshots SET occurred_at = 2", None, "it was altered"),
        ("UPDATE snapshots SET projection = 'q'", None, "snapshot 'q' of"),
        ("UPDATE snapshots SET schema = '2'", None, "it was altered"),
        ("UPDATE leases SET holder = ''", None, "lease 'feed:planted' was altered"),
        ("DROP TABLE leases", None, "table leases is missing"),
        ("DROP TABLE snapshots", None, "table snapshots is missing"),
        ("DROP INDEX ix_events_late", None, "index ix_events_late is missing"),
        ("CREATE TABLE planted (a)", None, "table planted does not belong here"),
        ("UPDATE alembic_version SET version_num = '9999'", None, "newer, or altered"),
        ("DELETE FROM alembic_version", None, "does not tell the schema"),
    ],
)
def test_it_names_the_first_bad_position_and_what_is_wrong(
    log: Path, statement: str, first_bad: int | None, says: str
) -> None:
    report = altered(log, statement)
    assert not report.ok
    assert report.first_bad == first_bad
    assert says in texts(report)


def test_triggers_that_no_longer_guard_are_found(log: Path) -> None:
    with sqlite3.connect(log) as connection:
        connection.execute("DROP TRIGGER events_refuse_update")
        connection.execute(
            "CREATE TRIGGER events_refuse_delete_2 BEFORE DELETE ON events BEGIN SELECT 1; END"
        )
    connection.close()
    said = texts(verified(log))
    assert "trigger events_refuse_update is missing" in said
    assert "trigger events_refuse_delete_2 does not belong here" in said


@pytest.mark.parametrize("change", ["payload = '{}'", "hash = zeroblob(32)", "hash = x'00'"])
def test_an_altered_event_is_one_finding_whatever_follows(log: Path, change: str) -> None:
    report = altered(log, f"UPDATE events SET {change} WHERE position = 9")
    assert [finding.position for finding in report.findings] == [9]
    assert report.events == EVENTS


def test_a_rewritten_past_is_found_at_its_first_event(log: Path) -> None:
    report = altered(log, "UPDATE events SET source = 'api' WHERE position >= 12")
    assert report.first_bad == 12
    assert report.count == EVENTS - 11


def test_many_findings_are_counted_and_few_kept() -> None:
    findings = Findings()
    for position in range(1_000, 0, -1):
        findings.add("event", "wrong", position)
    assert (findings.count, len(findings.kept), findings.first_bad) == (1_000, FINDINGS_MAX, 1)
    others = Findings()
    others.take(findings)
    others.take(findings)
    others.take(Findings())
    assert (others.count, len(others.kept), others.first_bad) == (2_000, FINDINGS_MAX, 1)


def test_text_that_is_no_text_is_found_where_it_is(log: Path) -> None:
    report = altered(
        log, "UPDATE events SET payload = CAST(x'7bff7d' AS TEXT) WHERE position IN (4, 9)"
    )
    assert report.first_bad == 4
    unreadable = [f.position for f in report.findings if "cannot be read" in f.text]
    assert unreadable == [4, 9]
    assert "{" not in texts(report)  # what it holds is nobody's business


def test_a_walk_ends_where_too_much_cannot_be_read(log: Path) -> None:
    report = altered(log, "UPDATE events SET payload = CAST(x'7bff7d' AS TEXT)")
    assert "the walk ended at" in texts(report)
    assert report.first_bad == 1
    assert report.count <= UNREADABLE_MAX + 3


# --- beside a running server ----------------------------------------------------------------------


async def test_a_log_is_proven_while_it_grows(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    async with store_at(path) as store:
        await fill(store)
        proving = [asyncio.create_task(verify_file(path, lambda _: ())) for _ in range(3)]
        for number in range(20):
            await store.append([Append(prices(5, f"S{number}"))])
        for report in await asyncio.gather(*proving):
            assert report.findings == ()
            assert EVENTS <= report.events <= EVENTS + 100
        assert (await verify_file(path, lambda _: ())).events == EVENTS + 100


async def test_progress_tells_how_much_is_done(log: Path) -> None:
    told: list[tuple[int, int]] = []
    await verify_file(log, lambda _: (), lambda done, total: told.append((done, total)))
    assert told == [(EVENTS, EVENTS)]


async def test_rows_alone_can_be_proven_on_any_engine(log: Path) -> None:
    reader = SqliteReader(log)
    assert (await verify_rows(reader)).ok
    await reader.close()


class Twice(SqliteReader):
    """Loses every connection at the end of a read, and does the work again, as PostgreSQL's engine may."""

    async def read(self, work: Callable[[Connection], Result]) -> Result:
        await super().read(work)
        return await super().read(work)


async def test_what_is_found_in_a_read_that_is_done_again_is_found_once(log: Path) -> None:
    with unguarded(log) as connection:
        connection.execute("UPDATE idempotency_keys SET answer = '{}'")
        connection.execute("UPDATE snapshots SET occurred_at = 2")
        connection.execute("UPDATE events SET payload = '{}' WHERE position = 9")
    reader = Twice(log)
    report = await verify_rows(reader)
    assert [finding.what for finding in report.findings] == ["answer", "snapshot", "event"]
    assert (report.count, report.first_bad, report.events) == (3, 9, EVENTS)
    await reader.close()


# --- what is no log -------------------------------------------------------------------------------


def test_a_missing_file_is_no_finding(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="does not exist"):
        verified(tmp_path / "none.db")


def test_another_programs_database_is_no_finding(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "x.db") as connection:
        connection.execute("CREATE TABLE orders (id INTEGER)")
    connection.close()
    with pytest.raises(StoreUnavailable, match="is no log, it holds orders"):
        verified(tmp_path / "x.db")


@pytest.mark.parametrize("write", [bytes, lambda: b"this is no database\n" * 100])
def test_an_empty_file_and_any_text_are_findings(
    tmp_path: Path, write: Callable[[], bytes]
) -> None:
    path = tmp_path / "log.db"
    path.write_bytes(write())
    report = verified(path)
    assert (report.ok, report.head) == (False, None)
    assert str(path) in texts(report)
