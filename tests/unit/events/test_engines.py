"""How SQLite is opened and driven: one durable writer, readers that cannot write, typed errors."""

# covers: events.engines, events.open_file, events.sql_store

import asyncio
import os
import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import DatabaseError, DBAPIError, IntegrityError, InterfaceError
from sqlalchemy.exc import OperationalError as SqlOperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.migrate import upgrade
from events.engines import SqliteEngines, SqliteReader, translated_errors
from events.envelope import Append
from events.errors import CorruptLog, StoreLocked, StoreUnavailable
from events.sql_store import SqlEventStore
from events.store import ReadQuery
from tests.unit.events.builders import new, price, prices
from tests.unit.events.damage import make_log, unguarded
from tests.unit.events.sqlite_logs import engines_at, prepare, store_at


def pragma(name: str) -> Any:
    return lambda connection: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()


def run(statement: str) -> Any:
    return lambda connection: connection.exec_driver_sql(statement)


# --- the writer ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("synchronous", 2),  # FULL
        ("journal_mode", "wal"),
        ("foreign_keys", 1),
        ("busy_timeout", 5_000),
        ("page_size", 8_192),
    ],
)
async def test_the_writer_is_set_up_for_durable_commits(
    tmp_path: Path, name: str, value: object
) -> None:
    async with engines_at(tmp_path / "log.db") as engines:
        assert await engines.write(pragma(name)) == value


@pytest.mark.skipif(os.name == "nt", reason="Windows lets nobody delete an open file")
async def test_nothing_is_acknowledged_into_a_file_that_was_deleted_or_replaced(
    tmp_path: Path,
) -> None:
    path, kept = tmp_path / "log.db", tmp_path / "kept"
    async with store_at(path) as store:
        await store.append([Append(prices(1))])
        path.rename(kept)
        for _ in ("deleted", "replaced"):
            with pytest.raises(StoreUnavailable, match=r"log\.db was deleted or replaced"):
                await store.append([Append((new(price()),))])
            path.write_bytes(kept.read_bytes())
        # Put back, all that was written is there, and it goes on.
        kept.rename(path)
        await store.append([Append((new(price()),))])
        assert [event.position for event in await store.read(ReadQuery())] == [1, 2, 3, 4]


async def test_a_write_that_fails_is_rolled_back_as_a_whole(tmp_path: Path) -> None:
    def half(connection: Connection) -> None:
        connection.exec_driver_sql("CREATE TABLE half (a)")
        raise ValueError("planted")

    async with engines_at(tmp_path / "log.db") as engines:
        with pytest.raises(ValueError, match="planted"):
            await engines.write(half)
        with pytest.raises(StoreUnavailable, match="no such table"):
            await engines.write(run("SELECT * FROM half"))


async def test_writes_go_one_after_another(tmp_path: Path) -> None:
    inside: list[int] = []

    def work(connection: Connection) -> None:
        inside.append(1)
        assert connection.exec_driver_sql("SELECT 1").scalar_one() == 1
        assert len(inside) == 1
        inside.pop()

    async with engines_at(tmp_path / "log.db") as engines:
        await asyncio.gather(*(engines.write(work) for _ in range(20)))


async def test_a_second_writer_is_refused_and_the_first_unharmed(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    async with store_at(path) as store:
        with pytest.raises(StoreLocked):
            await SqliteEngines.open(path, prepare)
        await store.append([Append(prices(1))])
    async with store_at(path) as store:
        assert (await store.head()).position == 1


async def test_a_failed_opening_lets_go_of_the_lock(tmp_path: Path) -> None:
    def fail(_connection: Connection) -> None:
        raise RuntimeError("planted")

    path = tmp_path / "log.db"
    with pytest.raises(RuntimeError, match="planted"):
        await SqliteEngines.open(path, fail)
    async with engines_at(path):
        pass


# --- readers ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE planted (a)",
        "INSERT INTO streams VALUES (9, 'x', 1, 1, 1)",
        "UPDATE log_head SET position = 99",
        "DELETE FROM idempotency_keys",
        "DROP TABLE events",
        "PRAGMA user_version = 7",
    ],
)
async def test_a_reader_cannot_write(tmp_path: Path, statement: str) -> None:
    path = tmp_path / "log.db"
    async with engines_at(path) as engines:
        with pytest.raises(StoreUnavailable, match="readonly"):
            await engines.read(run(statement))
        alone = SqliteReader(path)
        with pytest.raises(StoreUnavailable, match="readonly"):
            await alone.read(run(statement))
        with pytest.raises(StoreUnavailable, match="reading only"):
            await alone.write(run(statement))
        await alone.close()


async def test_a_reader_sees_each_commit_and_one_moment_at_a_time(tmp_path: Path) -> None:
    counted, committed = threading.Event(), threading.Event()

    def count_twice(connection: Connection) -> tuple[int, int]:
        statement = "SELECT position FROM log_head"
        before = connection.exec_driver_sql(statement).scalar_one()
        counted.set()
        assert committed.wait(timeout=10)
        return before, connection.exec_driver_sql(statement).scalar_one()

    async with store_at(tmp_path / "log.db") as store:
        reader = SqliteReader(tmp_path / "log.db")
        reading = asyncio.create_task(reader.read(count_twice))
        assert await asyncio.to_thread(counted.wait, 10)
        await store.append([Append(prices(3))])
        committed.set()
        assert await reading == (0, 0)
        assert await reader.read(count_twice) == (3, 3)
        await reader.close()


async def test_a_file_opened_for_reading_is_read_beside_its_writer(tmp_path: Path) -> None:
    path = tmp_path / "a log #1?.db"
    async with store_at(path) as store:
        await store.append([Append(prices(2))])
        beside = SqlEventStore.read_sqlite(path)
        assert len(await beside.read(ReadQuery())) == 2
        with pytest.raises(StoreUnavailable):
            await beside.append([Append(prices(1))])
        await beside.close()


async def test_many_readers_share_the_few_connections(tmp_path: Path) -> None:
    async with store_at(tmp_path / "log.db") as store:
        await store.append([Append(tuple(new(price(f"S{n}")) for n in range(50)))])
        pages = await asyncio.gather(*(store.read(ReadQuery(limit=50)) for _ in range(60)))
        assert {len(page) for page in pages} == {50}


async def test_cancelled_readers_leave_nothing_open(tmp_path: Path) -> None:
    async with store_at(tmp_path / "log.db") as store:
        await store.append([Append(prices(100))])
        for turns in range(30):
            reading = asyncio.create_task(store.read(ReadQuery()))
            for _ in range(turns):
                await asyncio.sleep(0)
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
        assert len(await store.read(ReadQuery())) == 100


async def test_names_of_streams_are_read_while_others_are_written(tmp_path: Path) -> None:
    async with store_at(tmp_path / "log.db") as store:
        known = new(price("S0"))

        async def write() -> None:
            for number in range(40):
                await store.append([Append((new(price(f"S{number}")), known))])

        async def read() -> None:
            while (await store.head()).position < 40:
                page = await store.read(ReadQuery(limit=1_000))
                assert [event.position for event in page] == list(range(1, len(page) + 1))

        await asyncio.gather(write(), read(), read())


# --- the end ------------------------------------------------------------------------------------


async def test_once_closed_it_refuses_and_opens_nothing_again(tmp_path: Path) -> None:
    engines = await SqliteEngines.open(tmp_path / "log.db", prepare)
    await engines.close()
    await engines.close()
    for work in (engines.read, engines.write):
        with pytest.raises(StoreUnavailable, match="closed"):
            await work(pragma("user_version"))


async def test_the_last_to_close_leaves_one_file(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    async with store_at(path) as store:
        await store.append([Append(prices(3))])
    assert sorted(each.name for each in tmp_path.iterdir()) == ["log.db", "log.db.lock"]


# --- errors -------------------------------------------------------------------------------------


async def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    path.write_bytes(b"certainly no database " * 1_000)
    with pytest.raises(CorruptLog, match="no SQLite database"):
        await SqliteEngines.open(path, prepare)


async def test_a_damaged_page_is_told(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    async with store_at(path) as store:
        await store.append([Append(prices(500))])
    raw = bytearray(path.read_bytes())
    raw[3 * 16_384 :] = b"\xff" * (len(raw) - 3 * 16_384)
    path.write_bytes(raw)
    reader = SqlEventStore.read_sqlite(path)
    with pytest.raises(CorruptLog, match="damaged"):
        await reader.read(ReadQuery(limit=1_000))
    await reader.close()


async def test_a_missing_file_is_told(tmp_path: Path) -> None:
    reader = SqliteReader(tmp_path / "gone.db")
    with pytest.raises(StoreUnavailable, match="unable to open"):
        await reader.read(pragma("user_version"))
    await reader.close()


async def test_a_folder_in_place_of_the_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "log.db").mkdir()
    with pytest.raises(StoreUnavailable, match="unable to open"):
        await SqliteEngines.open(tmp_path / "log.db", prepare)


@pytest.mark.parametrize(
    ("raised", "told"),
    [
        (SqlOperationalError("x", None, sqlite3.OperationalError("disk full")), StoreUnavailable),
        (InterfaceError("x", None, sqlite3.InterfaceError("gone")), StoreUnavailable),
        (PoolTimeout("all in use"), StoreUnavailable),
        (DatabaseError("x", None, sqlite3.DatabaseError("image is malformed")), CorruptLog),
        (DatabaseError("x", None, sqlite3.DatabaseError("file is not a database")), CorruptLog),
        (IntegrityError("x", None, sqlite3.IntegrityError("UNIQUE")), IntegrityError),
        # What the driver's own cursor raises, through which rows are read.
        (sqlite3.DatabaseError("database disk image is malformed"), CorruptLog),
        (sqlite3.OperationalError("Could not decode to UTF-8 column 'payload'"), CorruptLog),
        (sqlite3.OperationalError("disk I/O error"), StoreUnavailable),
        (sqlite3.IntegrityError("UNIQUE"), sqlite3.IntegrityError),
        (ValueError("mine"), ValueError),
    ],
)
def test_errors_of_the_engine_become_the_logs_own(
    raised: DBAPIError | Exception, told: type[Exception]
) -> None:
    with pytest.raises(told), translated_errors():
        raise raised


def without_head(path: Path) -> Path:
    make_log(path)
    with unguarded(path) as connection:
        connection.execute("DELETE FROM log_head")
    return path


async def test_a_log_that_lost_its_head_row_is_not_begun_anew(tmp_path: Path) -> None:
    path = await asyncio.to_thread(without_head, tmp_path / "log.db")
    with pytest.raises(CorruptLog, match="where the log ends is missing"):
        await SqlEventStore.open_sqlite(path, upgrade)


async def test_a_reader_of_a_log_that_lost_its_head_row_is_told(tmp_path: Path) -> None:
    path = await asyncio.to_thread(without_head, tmp_path / "log.db")
    store = SqlEventStore.read_sqlite(path)
    with pytest.raises(CorruptLog, match="where the log ends is missing"):
        await store.head()
    await store.close()


async def test_a_new_logs_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    umask = os.umask(0)
    try:
        store = await SqlEventStore.open_sqlite(path, upgrade)
        modes = {
            file.name: file.stat().st_mode & 0o777
            for file in tmp_path.glob("log.db*")
            if file.suffix != ".lock"
        }
        await store.close()
    finally:
        os.umask(umask)
    assert set(modes) >= {"log.db", "log.db-wal"}
    assert set(modes.values()) == {0o600}
