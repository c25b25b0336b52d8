"""How an SQL engine is opened and driven: the one module that knows which engine it is.

SQLite: one writer connection in a thread of its own does all appends and checkpoints; every reader is
opened with `mode=ro`; a file lock keeps a second writing process out. (Two writing connections are what
SQLite's WAL-reset race before 3.51.3 needs; here there is never a second one.)
"""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DatabaseError, DBAPIError, OperationalError
from sqlalchemy.ext.asyncio import create_async_engine

from events.errors import CorruptLog, StoreUnavailable
from events.file_lock import FileLock

Result = TypeVar("Result")
Work = Callable[[Connection], Result]

READER_CONNECTIONS: Final = 4
"""Readers of one SQLite file kept open at a time."""

BUSY_TIMEOUT_MS: Final = 5_000
"""How long SQLite waits for a lock that a foreign program holds."""

SQLITE_WRITER_PRAGMAS: Final = (
    # Before the first table only: large pages suit rows of a few hundred bytes and wide index leaves.
    "PRAGMA page_size=16384",
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
    except OperationalError as error:
        raise StoreUnavailable(f"the database cannot be used: {error.orig}") from error
    except DatabaseError as error:
        if isinstance(error.orig, sqlite3.DatabaseError) and _is_damage(str(error.orig)):
            raise CorruptLog(f"the database file is damaged: {error.orig}") from error
        raise
    except DBAPIError as error:
        raise StoreUnavailable(f"the database cannot be used: {error.orig}") from error


def _is_damage(message: str) -> bool:
    return "malformed" in message or "not a database" in message


class SqliteEngines:
    """One SQLite file: a writer thread and a few read-only connections."""

    def __init__(
        self, path: Path, writer: Engine, thread: ThreadPoolExecutor, lock: FileLock
    ) -> None:
        self._writer = writer
        self._thread = thread
        self._lock = lock
        self._readers = create_async_engine(
            _read_only_url(path, "sqlite+aiosqlite"), pool_size=READER_CONNECTIONS
        )

    @classmethod
    async def open(cls, path: Path, prepare: Work[None]) -> "SqliteEngines":
        """Open a file for writing, creating it if need be; `prepare` then brings its schema up to date.

        Raises:
            StoreLocked: another process writes this file.
            StoreUnavailable: the file or its folder cannot be written.
        """
        lock = FileLock.acquire(path)
        thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="log-writer")
        writer = _sqlite_writer(path)
        engines = cls(path, writer, thread, lock)
        try:
            await engines.write(prepare)
        except BaseException:
            await engines.close()
            raise
        return engines

    async def write(self, work: Work[Result]) -> Result:
        """Run `work` in a transaction of the writer thread: one hop there, one back."""

        def run() -> Result:
            with translated_errors(), self._writer.begin() as connection:
                return work(connection)

        return await asyncio.get_running_loop().run_in_executor(self._thread, run)

    async def read(self, work: Work[Result]) -> Result:
        """Run `work` on a read-only connection."""
        with translated_errors():
            async with self._readers.connect() as connection:
                return await connection.run_sync(work)

    async def close(self) -> None:
        """Close every connection (the writer's last, so that it checkpoints) and release the lock."""
        await self._readers.dispose()
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._thread, self._writer.dispose)
        self._thread.shutdown()
        self._lock.release()


class SqliteReader:
    """One SQLite file, read only: needs no lock and can run beside the process that writes."""

    def __init__(self, path: Path) -> None:
        self._readers = create_async_engine(_read_only_url(path, "sqlite+aiosqlite"), pool_size=1)

    async def write(self, work: Work[Result]) -> Result:  # noqa: ARG002
        """Refuse: this log was opened for reading."""
        raise StoreUnavailable("this log was opened for reading only")

    async def read(self, work: Work[Result]) -> Result:
        """Run `work` on a read-only connection."""
        with translated_errors():
            async with self._readers.connect() as connection:
                return await connection.run_sync(work)

    async def close(self) -> None:
        """Close the connections."""
        await self._readers.dispose()


def _read_only_url(path: Path, driver: str) -> URL:
    return URL.create(
        driver, database=path.absolute().as_uri(), query={"mode": "ro", "uri": "true"}
    )


def _sqlite_writer(path: Path) -> Engine:
    engine = create_engine(URL.create("sqlite", database=str(path)), pool_size=1, max_overflow=0)

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: Any) -> None:
        # The driver's own transactions begin lazily and shared; ours begin at once and exclusive.
        connection.isolation_level = None
        for pragma in SQLITE_WRITER_PRAGMAS:
            connection.execute(pragma).close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine
