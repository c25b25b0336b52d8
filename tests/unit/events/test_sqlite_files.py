"""A database's files that the disk refuses to give: a typed error in one line, wherever they are looked at."""

# covers: events.sqlite_files, events.verify

from pathlib import Path

import pytest

from app.doctor import FAILED, examine
from app.log_schema import schema_faults
from app.migrate import upgrade
from events.errors import StoreUnavailable
from events.sql_store import SqlEventStore
from events.verify import verify_file


@pytest.fixture
def refused(tmp_path: Path) -> Path:
    """A log whose write-ahead log cannot be read: reading a folder is an error as EIO is."""
    path = tmp_path / "log.db"
    path.with_name("log.db-wal").mkdir()
    path.write_bytes(b"SQLite format 3\0")
    return path


async def test_a_server_that_cannot_read_a_file_says_so(refused: Path) -> None:
    with pytest.raises(StoreUnavailable, match=r"log\.db cannot be read: Is a directory"):
        await SqlEventStore.open_sqlite(refused, upgrade)


async def test_a_proof_that_cannot_read_a_file_is_none(refused: Path) -> None:
    with pytest.raises(StoreUnavailable, match=r"log\.db cannot be read: Is a directory"):
        await verify_file(refused, schema_faults)


async def test_the_doctor_tells_of_a_file_that_it_cannot_read(refused: Path) -> None:
    told = {check.name: check for check in await examine(refused)}["log"]
    assert (told.state, told.text) == (FAILED, f"{refused} cannot be read: Is a directory")
