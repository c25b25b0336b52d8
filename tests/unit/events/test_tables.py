"""The database itself refuses to change what happened, and keeps the log's rules."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from events.envelope import Append
from tests.unit.events.builders import new, notice, prices
from tests.unit.events.sqlite_logs import store_at


@pytest.fixture
async def log(tmp_path: Path) -> Path:
    async with store_at(tmp_path / "log.db") as store:
        await store.append([Append((*prices(3), new(notice())))])
    return tmp_path / "log.db"


@pytest.fixture
def foreign(log: Path) -> Iterator[sqlite3.Connection]:
    """Some other program at the same file."""
    connection = sqlite3.connect(log)
    connection.execute("PRAGMA foreign_keys=ON")
    yield connection
    connection.close()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE events SET payload = '{}' WHERE position = 2",
        "UPDATE events SET position = 9 WHERE position = 4",
        "UPDATE events SET hash = hash",
        "UPDATE OR IGNORE events SET source = 'api'",
        "UPDATE OR REPLACE events SET source = 'api'",
        "DELETE FROM events WHERE position = 4",
        "DELETE FROM events",
    ],
)
def test_the_log_refuses_update_and_delete(foreign: sqlite3.Connection, statement: str) -> None:
    before = foreign.execute("SELECT * FROM events").fetchall()
    with pytest.raises(sqlite3.IntegrityError, match="a correction is a new event"):
        foreign.execute(statement)
    foreign.rollback()
    assert foreign.execute("SELECT * FROM events").fetchall() == before


REPEATED = """
INSERT {word} INTO events SELECT {position}, stream_id, {version}, {event_id}, type, schema_version,
occurred_at, occurred_max, recorded_at, source, correlation_id, causation_id, payload, hash
FROM events WHERE position = 1
"""


@pytest.mark.parametrize(
    ("position", "version", "event_id"),
    [("1", "9", "x'01'"), ("9", "1", "x'01'"), ("9", "9", "event_id")],
)
def test_position_version_and_id_are_taken_once(
    foreign: sqlite3.Connection, position: str, version: str, event_id: str
) -> None:
    statement = REPEATED.format(word="", position=position, version=version, event_id=event_id)
    with pytest.raises(sqlite3.IntegrityError, match="REPLACE"):
        foreign.execute(statement)


@pytest.mark.parametrize(
    ("position", "version", "event_id"),
    [("1", "1", "event_id"), ("2", "9", "x'01'"), ("9", "2", "x'01'"), ("9", "9", "event_id")],
)
def test_replacing_an_event_is_refused(
    foreign: sqlite3.Connection, position: str, version: str, event_id: str
) -> None:
    before = foreign.execute("SELECT * FROM events").fetchall()
    statement = REPEATED.format(
        word="OR REPLACE", position=position, version=version, event_id=event_id
    )
    with pytest.raises(sqlite3.IntegrityError, match="REPLACE"):
        foreign.execute(statement)
    foreign.commit()
    assert foreign.execute("SELECT * FROM events").fetchall() == before


def test_there_is_one_head(foreign: sqlite3.Connection) -> None:
    with pytest.raises(sqlite3.IntegrityError, match="single_row"):
        foreign.execute("UPDATE log_head SET id = 2")


def test_an_event_belongs_to_a_stream_that_exists(foreign: sqlite3.Connection) -> None:
    statement = (
        "INSERT INTO events SELECT 9, 99, 1, x'01', type, 1, 0, 0, 0, source, correlation_id,"
        " NULL, payload, hash FROM events WHERE position = 1"
    )
    foreign.execute(statement)
    with pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"):
        foreign.commit()
