"""A damaged write-ahead log is found before SQLite forgets what it held; a power cut's trace is told apart."""

# covers: events.sqlite_files, events.sqlite_wal

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from events.engines import SqliteEngines
from events.errors import CorruptLog
from events.file_lock import FileLock
from events.sqlite_files import cut_off, refuse_damaged_files
from events.sqlite_wal import (
    FRAME_HEADER_BYTES,
    HEADER_BYTES,
    wal_fault,
)
from tests.unit.events.damage import SUFFIXES, copy_of, flip
from tests.unit.events.sqlite_logs import prepare

PAGE = 1024
FRAME = FRAME_HEADER_BYTES + PAGE
COMMITS = 4


@pytest.fixture(scope="module")
def crashed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database whose process went away: four transactions are in its write-ahead log only."""
    living = tmp_path_factory.mktemp("living") / "log.db"
    with closing(sqlite3.connect(living, isolation_level=None)) as writer:
        writer.execute(f"PRAGMA page_size={PAGE}")
        writer.execute("PRAGMA journal_mode=WAL")
        writer.execute("CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT)")
        writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        for number in range(COMMITS):
            writer.execute("BEGIN")
            rows = [(f"{number}" * 700,) for _ in range(3)]
            writer.executemany("INSERT INTO t (b) VALUES (?)", rows)
            writer.execute("COMMIT")
        return copy_of(living, tmp_path_factory.mktemp("crashed"))


@pytest.fixture(params=[True, False], ids=["index", "no index"])
def copy(request: pytest.FixtureRequest, crashed: Path, tmp_path: Path) -> Path:
    return copy_of(crashed, tmp_path, index=request.param)


def wal_of(database: Path) -> Path:
    return database.with_name(database.name + "-wal")


def commits_of(wal: Path) -> list[int]:
    """The frames, from 1, that end a transaction."""
    raw = wal.read_bytes()
    starts = range(HEADER_BYTES, len(raw), FRAME)
    return [n for n, at in enumerate(starts, 1) if raw[at + 4 : at + 8] != bytes(4)]


def rows_of(database: Path) -> int:
    with closing(sqlite3.connect(database)) as connection:
        return int(connection.execute("SELECT count(*) FROM t").fetchone()[0])


def test_a_whole_write_ahead_log_is_accepted(copy: Path) -> None:
    assert wal_fault(copy) is None
    refuse_damaged_files(copy)
    assert rows_of(copy) == 3 * COMMITS


def test_without_a_write_ahead_log_there_is_nothing_wrong(copy: Path) -> None:
    for suffix in SUFFIXES[1:]:
        copy.with_name(copy.name + suffix).unlink(missing_ok=True)
    assert wal_fault(copy) is None
    assert wal_fault(copy.with_name("none.db")) is None


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_flipped_bit_is_found(crashed: Path, tmp_path: Path, data: st.DataObject) -> None:
    copy = copy_of(crashed, tmp_path, index=data.draw(st.booleans(), label="index"))
    flip(wal_of(copy), data.draw(st.integers(0, wal_of(copy).stat().st_size * 8 - 1), label="bit"))
    assert wal_fault(copy) is not None


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_cut_is_found_by_the_index(crashed: Path, tmp_path: Path, data: st.DataObject) -> None:
    copy = copy_of(crashed, tmp_path)
    size = data.draw(st.integers(0, wal_of(copy).stat().st_size - 1))
    with wal_of(copy).open("rb+") as file:
        file.truncate(size)
    fault = wal_fault(copy)
    assert fault is not None
    assert fault.certain


def test_a_missing_file_is_found_by_the_index(crashed: Path, tmp_path: Path) -> None:
    copy = copy_of(crashed, tmp_path)
    wal_of(copy).unlink()
    fault = wal_fault(copy)
    assert fault is not None
    assert fault.certain
    assert ", 0 are whole" in fault.text


def test_a_damaged_index_says_nothing(crashed: Path, tmp_path: Path) -> None:
    copy = copy_of(crashed, tmp_path)
    flip(copy.with_name(copy.name + "-shm"), 8 * 17)
    assert wal_fault(copy) is None


@pytest.mark.parametrize("where", ["header", "first", "before the last commit"])
def test_damage_before_another_commit_is_certain_and_refused(copy: Path, where: str) -> None:
    last_but_one = commits_of(wal_of(copy))[-2]
    frame = {"header": 0, "first": 1, "before the last commit": last_but_one}[where]
    flip(wal_of(copy), 8 * (HEADER_BYTES + frame * FRAME - 20))
    fault = wal_fault(copy)
    assert fault is not None
    assert fault.certain
    before = wal_of(copy).read_bytes()
    with pytest.raises(CorruptLog, match="wal is damaged"):
        refuse_damaged_files(copy)
    with pytest.raises(CorruptLog):
        asyncio.run(SqliteEngines.open(copy, prepare))
    assert wal_of(copy).read_bytes() == before
    FileLock.acquire(copy).release()


@pytest.mark.parametrize("cut", [1, FRAME - 1, FRAME])
def test_an_unfinished_last_transaction_may_be_a_power_cut(
    crashed: Path, tmp_path: Path, cut: int
) -> None:
    copy = copy_of(crashed, tmp_path, index=False)
    with wal_of(copy).open("rb+") as file:
        file.truncate(wal_of(copy).stat().st_size - cut)
    fault = wal_fault(copy)
    assert fault is not None
    assert not fault.certain
    assert "power cut" in fault.text
    refuse_damaged_files(copy)
    assert rows_of(copy) == 3 * (COMMITS - 1)


def test_a_transaction_that_never_committed_is_nothing_where_the_index_says_so(
    crashed: Path, tmp_path: Path
) -> None:
    living = copy_of(crashed, tmp_path / "living")
    with closing(sqlite3.connect(living, isolation_level=None)) as writer:
        writer.execute("PRAGMA cache_size=5")
        writer.execute("PRAGMA cache_spill=1")
        writer.execute("BEGIN")
        writer.executemany("INSERT INTO t (b) VALUES (?)", [("x" * 700,) for _ in range(60)])
        killed = copy_of(living, tmp_path / "killed")
        assert wal_of(killed).stat().st_size > wal_of(crashed).stat().st_size
        writer.execute("ROLLBACK")
    assert wal_fault(killed) is None
    assert rows_of(killed) == 3 * COMMITS


def test_frames_of_an_earlier_generation_are_nothing(crashed: Path, tmp_path: Path) -> None:
    living = copy_of(crashed, tmp_path / "living")
    with closing(sqlite3.connect(living, isolation_level=None)) as writer:
        writer.execute("PRAGMA wal_checkpoint(RESTART)")
        writer.execute("INSERT INTO t (b) VALUES ('anew')")
        for index in (True, False):
            killed = copy_of(living, tmp_path / "killed", index=index)
            assert wal_fault(killed) is None
            assert rows_of(killed) == 3 * COMMITS + 1


def test_a_write_ahead_log_whose_database_is_empty_is_refused(copy: Path) -> None:
    copy.write_bytes(b"")
    fault = wal_fault(copy)
    assert fault is not None
    assert fault.certain


def test_beside_a_living_writer_nothing_looks_wrong(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("PRAGMA journal_mode=WAL")
        writer.execute("PRAGMA wal_autocheckpoint=7")
        writer.execute("CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT)")
        for number in range(60):
            writer.execute("INSERT INTO t (b) VALUES (?)", (f"{number}" * 900,))
            assert wal_fault(path) is None


def test_a_database_that_is_cut_off_is_refused(copy: Path) -> None:
    rows_of(copy)  # closed in order: all of it is in the database
    whole = copy.read_bytes()
    assert not wal_of(copy).exists()
    for size in (1, 99, 100, PAGE, len(whole) - PAGE, len(whole) - 1):
        copy.write_bytes(whole[:size])
        with pytest.raises(CorruptLog, match="is cut off"):
            refuse_damaged_files(copy)


def test_new_and_foreign_files_are_left_to_sqlite(tmp_path: Path) -> None:
    (tmp_path / "empty.db").touch()
    (tmp_path / "text.db").write_bytes(b"this is no database" * 100)
    for name in ("none.db", "empty.db", "text.db"):
        assert cut_off(tmp_path / name) is None
