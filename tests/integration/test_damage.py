"""Any damage to a log's files is found, or touches nothing that the log says; none is passed over."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.migrate import NEWEST, upgrade
from events.engines import SqliteReader
from events.errors import EventError, StoreUnavailable
from events.log import EventLog
from events.sql_store import SqlEventStore
from events.store import ReadQuery
from tests.unit.events.damage import EVENTS, content, copy_of, fill, flip, make_log, verified
from tests.unit.events.sqlite_logs import store_at

HEADER_BITS = 8 * 100
"""The database header: few of its bytes are content, so it is drawn more often than by its size."""


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log that was closed in order: all of it is in the database file."""
    path = tmp_path_factory.mktemp("closed") / "log.db"
    make_log(path)
    return path


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log whose process was killed: its last appends are in the write-ahead log only."""
    folder = tmp_path_factory.mktemp("killed")

    async def run() -> Path:
        async with store_at(folder / "living.db") as store:
            await fill(store)
            await fill(store, first=100)
            return copy_of(folder / "living.db", folder / "copy")

    return asyncio.run(run())


def found_or_the_same(damaged: Path, whole: Path) -> bool:
    """Whether a proof fails; if it holds, everything that the log says must be as it was."""
    try:
        report = verified(damaged)
    except StoreUnavailable:
        return True  # it cannot even be opened
    if report.ok:
        assert content(damaged) == content(whole)
    return not report.ok


many = settings(max_examples=250, suppress_health_check=[HealthCheck.function_scoped_fixture])


@many
@given(data=st.data())
def test_any_flipped_bit_of_the_database_is_found_or_nothing(
    closed: Path, tmp_path: Path, data: st.DataObject
) -> None:
    damaged = copy_of(closed, tmp_path)
    anywhere = st.integers(0, damaged.stat().st_size * 8 - 1)
    bit = data.draw(st.one_of(anywhere, anywhere, st.integers(0, HEADER_BITS - 1)))
    flip(damaged, bit)
    found_or_the_same(damaged, closed)


def bits_of(path: Path, needle: bytes) -> list[int]:
    """Where something stands in a file, as the number of its first bit."""
    raw, found, at = path.read_bytes(), [], -1
    while (at := raw.find(needle, at + 1)) >= 0:
        found.append(8 * at)
    assert found
    return found


@pytest.mark.parametrize(
    "needle",
    [
        b'"107"',  # a payload
        b"prices:NDX",  # a stream's name, and its index
        b"feed:planted",  # a source
        b"regime_update",  # a type, in the events and in the table of types
        b'{"said": "ok"}',  # an answer
        b"key-0",  # an idempotency key
        b"the log refuses DELETE",  # a trigger
        b"CREATE TABLE events",
        b"ux_events_event_id",
        b"occurred_at < occurred_max",  # an index's condition
        b"host:1:a",  # who holds a lease
        NEWEST.encode(),  # the schema's revision
    ],
)
def test_every_copy_of_what_matters_is_proven(closed: Path, tmp_path: Path, needle: bytes) -> None:
    for start in bits_of(closed, needle):
        damaged = copy_of(closed, tmp_path)
        flip(damaged, start + 8 * (len(needle) // 2))
        assert found_or_the_same(damaged, closed), start


def test_each_flipped_byte_of_ids_and_hashes_is_found(closed: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(closed)) as connection:
        row = connection.execute(
            "SELECT event_id, correlation_id, causation_id, hash FROM events WHERE position = 10"
        ).fetchone()
        epoch = connection.execute("SELECT epoch, hash FROM log_head").fetchone()
    for value in (*row, epoch[0].encode(), epoch[1]):
        for start in bits_of(closed, value):
            damaged = copy_of(closed, tmp_path)
            flip(damaged, start + 8 * (len(value) - 1))
            assert found_or_the_same(damaged, closed)


@many
@given(data=st.data())
def test_any_flipped_bit_of_the_write_ahead_log_is_found(
    killed: Path, tmp_path: Path, data: st.DataObject
) -> None:
    damaged = copy_of(killed, tmp_path, index=data.draw(st.booleans(), label="index"))
    wal = damaged.with_name("log.db-wal")
    flip(wal, data.draw(st.integers(0, wal.stat().st_size * 8 - 1), label="bit"))
    report = verified(damaged)
    assert report.findings[0].what == "wal"


@many
@given(data=st.data())
def test_a_cut_database_is_found(closed: Path, tmp_path: Path, data: st.DataObject) -> None:
    damaged = copy_of(closed, tmp_path)
    page = int.from_bytes(damaged.read_bytes()[16:18], "big")
    pages = damaged.stat().st_size // page
    on_pages = st.integers(0, pages - 1).map(lambda number: number * page)
    size = data.draw(st.one_of(on_pages, st.integers(0, pages * page - 1)))
    with damaged.open("rb+") as file:
        file.truncate(size)
    assert found_or_the_same(damaged, closed)


def test_a_killed_log_is_whole(killed: Path, tmp_path: Path) -> None:
    for index in (True, False):
        copy = copy_of(killed, tmp_path, index=index)
        report = verified(copy)
        assert (report.findings, report.events) == ((), 2 * EVENTS)


# --- a program that opens it ---------------------------------------------------------------------


async def opened_and_read(path: Path) -> int:
    """What a server does at its start; the number of events that it read."""
    log = await EventLog.open(await SqlEventStore.open_sqlite(path, upgrade))
    try:
        return len([event async for event in log.stream(ReadQuery())])
    finally:
        await log.close()


@pytest.mark.parametrize("at", [40, 17_000, 40_000, 90_000])
async def test_a_server_refuses_a_damaged_write_ahead_log(
    killed: Path, tmp_path: Path, at: int
) -> None:
    damaged = copy_of(killed, tmp_path)
    flip(damaged.with_name("log.db-wal"), 8 * at)
    with pytest.raises(EventError, match="wal is damaged"):
        await opened_and_read(damaged)


async def test_a_server_refuses_a_cut_write_ahead_log(killed: Path, tmp_path: Path) -> None:
    damaged = copy_of(killed, tmp_path)
    with damaged.with_name("log.db-wal").open("rb+") as file:
        file.truncate(file.seek(0, 2) // 2)
    with pytest.raises(EventError, match="frames were committed"):
        await opened_and_read(damaged)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.6, 0.99])
async def test_a_server_refuses_a_cut_database(closed: Path, tmp_path: Path, share: float) -> None:
    damaged = copy_of(closed, tmp_path)
    with damaged.open("rb+") as file:
        file.truncate(int(file.seek(0, 2) * share) or 1)
    with pytest.raises(EventError):
        await opened_and_read(damaged)


async def test_a_server_refuses_what_is_no_database_and_names_it(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("this is no database\n" * 100)
    with pytest.raises(EventError, match=r"notes\.txt is no SQLite database"):
        await opened_and_read(path)


async def test_a_reader_never_reads_around_a_damaged_page(closed: Path, tmp_path: Path) -> None:
    damaged = copy_of(closed, tmp_path)
    with closing(sqlite3.connect(damaged)) as connection:
        sql = "SELECT rootpage FROM sqlite_master WHERE name = 'events'"
        (page,) = connection.execute(sql).fetchone()
        (page_bytes,) = connection.execute("PRAGMA page_size").fetchone()
    with damaged.open("rb+") as file:
        file.seek((page - 1) * page_bytes)
        file.write(b"\xff" * 64)
    store = SqlEventStore(SqliteReader(damaged))
    with pytest.raises(EventError, match="malformed"):
        await store.read(ReadQuery())
    await store.close()


async def test_damage_that_sqlite_cannot_even_name_is_told(closed: Path, tmp_path: Path) -> None:
    # The message quotes the damaged name, and is then no text itself.
    damaged = copy_of(closed, tmp_path)
    for start in bits_of(closed, b"CREATE TABLE events"):
        flip(damaged, start + 8 * 14 + 7)
    assert not (await asyncio.to_thread(verified, damaged)).ok
    with pytest.raises(EventError, match="damaged"):
        await opened_and_read(damaged)
