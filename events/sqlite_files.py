"""An SQLite database's files, looked at as files before SQLite opens them.

SQLite takes a file of a few bytes for a new database, fills up a last page that was cut off, and forgets what
is behind damage in the write-ahead log: whoever lets it has lost events without a word.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from events.errors import CorruptLog, StoreUnavailable
from events.sqlite_wal import sibling, wal_fault

MAGIC: Final = b"SQLite format 3\0"
HEADER_BYTES: Final = 100
NO_DATABASE: Final = "is no SQLite database, or its first bytes are damaged"


@contextmanager
def reading(database: Path) -> Iterator[None]:
    """Turn what a disk refuses (EIO, ENOENT of a folder that went) into the log's own error."""
    try:
        yield
    except OSError as error:
        raise StoreUnavailable(f"{database} cannot be read: {error.strerror}") from error


def refuse_damaged_files(database: Path) -> None:
    """Keep SQLite from opening a database whose files are cut off, or hold damaged commits.

    Raises:
        CorruptLog: something that was committed is damaged or missing.
        StoreUnavailable: the files cannot be read.
    """
    with reading(database):
        _refuse_damaged(database)


def _refuse_damaged(database: Path) -> None:
    fault = wal_fault(database)
    if fault is not None and fault.certain:
        raise CorruptLog(f"{sibling(database, '-wal')} is damaged: {fault.text}")
    cut = cut_off(database)
    if cut is not None:
        raise CorruptLog(f"{database} is damaged: {cut}")
    if not begins_as_database(database):
        raise CorruptLog(f"{database} {NO_DATABASE}")


def begins_as_database(database: Path) -> bool:
    """Whether a file that is not empty begins as every SQLite database does; also true of no file."""
    if not database.is_file() or not database.stat().st_size:
        return True
    with database.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


def cut_off(database: Path) -> str | None:
    """Whether a database's file ends too early, in one line; None for a whole, an empty or no file."""
    size = database.stat().st_size if database.is_file() else 0
    wal = sibling(database, "-wal")
    if not size or (wal.exists() and wal.stat().st_size):
        return None  # new; or its end may still be in the write-ahead log
    with database.open("rb") as file:
        header = file.read(HEADER_BYTES)
    if len(header) < HEADER_BYTES:
        return f"it is cut off after {size} bytes"
    if not header.startswith(MAGIC):
        return None  # then it is no database at all
    # 1 stands for 65,536, which has no place in two bytes.
    page = int.from_bytes(header[16:18], "big")
    page = 65_536 if page == 1 else page
    pages = int.from_bytes(header[28:32], "big")
    if page and (size % page or size < page * pages):
        return f"it is cut off: {size} bytes, its header tells of {pages} pages of {page}"
    return None
