"""How an SQL engine is opened and driven: the one module that knows which engine it is.

SQLite: one writer connection in a thread of its own does all appends and checkpoints; every reader is
opened with `mode=ro`; a file lock keeps a second writing process out. (Two writing connections are what
SQLite's WAL-reset race before 3.51.3 needs; here there is never a second one.) Work runs in a thread as a
whole, one hop there and one back, so turning rows into events does not hold up the event loop.
"""

import asyncio
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DatabaseError, DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from events import failpoints
from events.errors import CorruptLog, EventError, StoreUnavailable
from events.file_lock import FileLock
from events.open_file import OpenFile
from events.sqlite_files import refuse_damaged_files

Result = TypeVar("Result")
Work = Callable[[Connection], Result]

READER_CONNECTIONS: Final = 4
"""Reads of one SQLite file that run at a time; more wait for their turn."""

BUSY_TIMEOUT_MS: Final = 5_000
"""How long SQLite waits for a lock that a foreign program holds."""

DAMAGE: Final = ("malformed", "not a database", "Could not decode to UTF-8")
"""What SQLite says of a file that is damaged."""

SQLITE_WRITER_PRAGMAS: Final = (
    # Before the first table only. Every page that a commit touches is written whole, and random ids touch
    # many: with 16 KiB a lone commit and a million-event log took 1.3 times as long, with 4 KiB scans did.
    "PRAGMA page_size=8192",
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}",
)


class Engines(Protocol):
    """Runs work against one database: writes one at a time, reads beside them."""

    async def write(self, work: Work[Result]) -> Result:
        """Run `work` in a transaction and commit it durably."""

    async def read(self, work: Work[Result]) -> Result:
        """Run `work` on a connection that cannot write."""

    async def close(self) -> None:
        """Let go of connections, threads and locks."""


@contextmanager
def translated_errors() -> Iterator[None]:
    """Turn the engine's errors into the log's own.

    Raises:
        CorruptLog: the database file is damaged.
        StoreUnavailable: anything else (full disk, I/O error, locked or read-only file, lost server).
    """
    try:
        yield
    except PoolTimeout as error:
        raise StoreUnavailable("the database is busy: every connection to it is in use") from error
    except (DBAPIError, sqlite3.Error) as error:  # the latter from the driver's own cursor
        told = _translated(error)
        if told is None:
            raise
        raise told from error
    except UnicodeDecodeError as error:
        # SQLite's own message quotes what is damaged, and the driver cannot read that.
        raise CorruptLog("the database file is damaged: a name in it is no text") from error


def _translated(error: DBAPIError | sqlite3.Error) -> EventError | None:
    """The log's own error for what a driver raised; None where the program used it wrongly."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    # What is damaged is quoted behind that, and is no text itself.
    text = str(cause).partition(" with text ")[0]
    if isinstance(cause, sqlite3.DatabaseError) and any(sign in text for sign in DAMAGE):
        return CorruptLog(f"the database file is damaged: {text}")
    unusable = (OperationalError, sqlite3.OperationalError)
    if isinstance(error, DatabaseError | sqlite3.DatabaseError) and not isinstance(error, unusable):
        return None
    return StoreUnavailable(f"the database cannot be used: {text}")


class SqliteReader:
    """One SQLite file, read only: needs no lock and can run beside the process that writes."""

    def __init__(self, path: Path, connections: int = 1) -> None:
        """`connections`: how many reads may run at a time, each in a thread of its own."""
        self._engine = _sqlite_reader(path, connections)
        self._threads = ThreadPoolExecutor(connections, thread_name_prefix="log-reader")
        self._closed = False

    async def write(self, work: Work[Result]) -> Result:  # noqa: ARG002
        """Refuse: this log was opened for reading."""
        raise StoreUnavailable("this log was opened for reading only")

    async def read(self, work: Work[Result]) -> Result:
        """Run `work` on a read-only connection; all that it reads is of one moment.

        A caller that is cancelled goes at once; the read ends on its own.
        """
        if self._closed:
            raise StoreUnavailable("the log is closed")

        def run() -> Result:
            with translated_errors(), self._engine.connect() as connection:
                return work(connection)

        return await asyncio.get_running_loop().run_in_executor(self._threads, run)

    async def close(self) -> None:
        """Finish the reads under way, then close the connections."""
        self._closed = True
        await asyncio.to_thread(self._threads.shutdown)
        self._engine.dispose()


def _make_private(path: Path) -> None:
    """Make the file of a new log, for its owner alone; SQLite gives the files beside it the same mode."""
    # What is wrong with the place is said better by SQLite, which comes next.
    with suppress(OSError):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))


class SqliteEngines:
    """One SQLite file: a writer thread and a few read-only connections."""

    def __init__(
        self, path: Path, writer: Engine, thread: ThreadPoolExecutor, lock: FileLock
    ) -> None:
        self._writer = writer
        self._connection: Connection | None = None
        self._thread = thread
        self._lock = lock
        self._reader = SqliteReader(path, READER_CONNECTIONS)
        self._file: OpenFile | None = None
        self._closed = False

    @classmethod
    async def open(cls, path: Path, prepare: Work[None]) -> "SqliteEngines":
        """Open a file for writing, creating it if need be; `prepare` then brings its schema up to date.

        Raises:
            StoreLocked: another process writes this file.
            StoreUnavailable: the file or its folder cannot be written.
            CorruptLog: the file is no database, or a damaged one.
        """
        lock = FileLock.acquire(path)
        try:
            refuse_damaged_files(path)
            _make_private(path)
        except BaseException:
            lock.release()
            raise
        thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="log-writer")
        writer = _sqlite_writer(path)
        engines = cls(path, writer, thread, lock)
        try:
            await engines.write(prepare)
            engines._file = await asyncio.to_thread(OpenFile, path)
        except BaseException:
            await engines.close()
            raise
        return engines

    async def write(self, work: Work[Result]) -> Result:
        """Run `work` in a transaction of the writer thread: one hop there, one back."""
        if self._closed:
            raise StoreUnavailable("the log is closed")

        def run() -> Result:
            with translated_errors(), self._connected().begin():
                result = work(self._connected())
                failpoints.reach("before_commit")
            failpoints.reach("after_commit")
            if self._file is not None:
                # After the commit: what is acknowledged is in the file that the next start opens.
                self._file.check()
            return result

        return await asyncio.get_running_loop().run_in_executor(self._thread, run)

    def _connected(self) -> Connection:
        # One for good: taking it from the pool and giving it back was a tenth of a lone append.
        if self._connection is None:
            self._connection = self._writer.connect()
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._writer.dispose()

    async def read(self, work: Work[Result]) -> Result:
        """Run `work` on a read-only connection; all that it reads is of one moment."""
        return await self._reader.read(work)

    async def close(self) -> None:
        """Close every connection (the writer's last, so that it checkpoints) and release the lock."""
        if self._closed:
            return
        self._closed = True
        await self._reader.close()
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._thread, self._disconnect)
        self._thread.shutdown()
        self._lock.release()


def _sqlite_reader(path: Path, connections: int) -> Engine:
    url = URL.create(
        "sqlite", database=path.absolute().as_uri(), query={"mode": "ro", "uri": "true"}
    )
    # The driver begins nothing for a SELECT: two of them would see two moments of the log.
    return _begins_itself(create_engine(url, pool_size=connections), "BEGIN", ())


def _sqlite_writer(path: Path) -> Engine:
    # The driver's own transactions begin lazily and shared; ours begin at once and exclusive.
    engine = create_engine(URL.create("sqlite", database=str(path)), pool_size=1, max_overflow=0)
    return _begins_itself(engine, "BEGIN IMMEDIATE", SQLITE_WRITER_PRAGMAS)


def _begins_itself(engine: Engine, statement: str, pragmas: Sequence[str]) -> Engine:
    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        for pragma in pragmas:
            connection.execute(pragma).close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql(statement)

    return engine
