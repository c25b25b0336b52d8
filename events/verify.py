"""Proving a log: its chain, its density, its versions, and everything that can be derived from them.

Works beside a running server, on a reader's connection, up to the head that it saw first. A damaged file
is a finding, never an exception.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, inspect
from sqlalchemy.exc import DBAPIError

from events.engines import Engines, SqliteReader
from events.errors import CorruptLog, StoreUnavailable
from events.sqlite_files import NO_DATABASE, begins_as_database, cut_off, reading
from events.sqlite_wal import wal_fault
from events.verify_parts import walk_in_parts
from events.verify_report import Findings, VerifyReport
from events.verify_rows import COLUMNS, Walk
from events.verify_tables import (
    ANSWERS,
    HOME,
    LEASES,
    SNAPSHOTS,
    SideTables,
    check_answers,
    check_home,
    check_leases,
    check_snapshots,
    compare_side_tables,
    read_side_tables,
)

RANGE_EVENTS: Final = 20_000
"""Positions walked in one transaction: a longer one would keep the server's log file from being folded in."""

PAGE_EVENTS: Final = 200
"""Rows held at a time: few enough to stay in the processor's cache."""

UNREADABLE_MAX: Final = 10
"""Events that the database cannot read, after which the walk ends."""

FILE_FAULTS_MAX: Final = 20
"""Faults that SQLite's own check may name."""

FILE_CACHE_KIB: Final = 32_768
"""Pages that SQLite's own check keeps in memory: it looks up every row in every index, one of them random."""

# The database could not be asked: that says nothing about what it holds.
_NOT_NOW: Final = frozenset(
    {
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_FULL,
    }
)
# SQLite's message may quote what is damaged, and then the driver cannot read the message.
_CANNOT_READ: Final = (sqlite3.Error, DBAPIError, UnicodeDecodeError)

Result = TypeVar("Result")
Looking = Callable[[Findings, Connection], Result]
Progress = Callable[[int, int], None]
"""Called with the events walked and their number."""

SchemaFaults = Callable[[Connection], Sequence[str]]
"""Says where the schema differs from what the program made, a line each."""


async def verify_file(
    path: Path, schema_faults: SchemaFaults, on_progress: Progress | None = None
) -> VerifyReport:
    """Prove a log in an SQLite file; reads only.

    Args:
        path: the database's file.
        schema_faults: looks at tables, indexes and triggers.
        on_progress: called now and then, in another thread.

    Raises:
        StoreUnavailable: there is no such file, it cannot be read now, or it is no log at all.
    """
    findings = Findings()
    if not await asyncio.to_thread(_may_be_opened, path, findings):
        return _report(findings)
    walked: tuple[SideTables | None, int] = None, 0
    reader = SqliteReader(path, connections=2)
    try:
        await _look(reader, partial(_note_schema_faults, schema_faults), findings, "schema")
        _, walked = await asyncio.gather(
            _look(reader, _note_file_faults, findings, "file"),
            _verify_rows(reader, findings, on_progress, path),
        )
    except CorruptLog as error:  # it could not even be opened
        findings.add("file", f"{path}: {error}")
    finally:
        await reader.close()
    return _report(findings, *walked)


def _may_be_opened(path: Path, findings: Findings) -> bool:
    """Look at the files as files, before SQLite does."""
    with reading(path):
        return _is_whole(path, findings)


def _is_whole(path: Path, findings: Findings) -> bool:
    if not path.exists():
        raise StoreUnavailable(f"{path} does not exist")
    fault = wal_fault(path)
    if fault is not None:
        findings.add("wal", f"the write-ahead log: {fault.text}")
    if path.stat().st_size == 0:
        findings.add("file", f"{path} is empty: it holds no log")
        return False
    if not begins_as_database(path):
        findings.add("file", f"{path} {NO_DATABASE}")
        return False
    cut = cut_off(path)
    if cut is not None:
        findings.add("file", f"{path}: {cut}")
    # Opened, SQLite would forget what is behind the damage, and with it the evidence.
    return fault is None or not fault.certain


async def verify_rows(engines: Engines, on_progress: Progress | None = None) -> VerifyReport:
    """Prove what is in the tables of a log on any engine; the engine answers for its own files.

    Raises:
        StoreUnavailable: the database cannot be read now.
    """
    findings = Findings()
    return _report(findings, *await _verify_rows(engines, findings, on_progress))


async def _verify_rows(
    engines: Engines, findings: Findings, on_progress: Progress | None, path: Path | None = None
) -> tuple[SideTables | None, int]:
    side = await _look(engines, _first_look, findings, "file")
    if side is None:
        return None, 0
    if path is not None:
        whole = await walk_in_parts(path, side.names, side.last, findings.add, on_progress)
        if whole is not None:
            compare_side_tables(side, whole, findings)
            return side, whole.events
    walker = _Walker(Walk(side.names, findings.add), side.last)
    while await engines.read(walker.walk_range):
        if on_progress:
            on_progress(min(walker.walk.events, side.last), side.last)
    if walker.unreadable > UNREADABLE_MAX:
        findings.add("file", f"too much cannot be read: the walk ended at {walker.walk.position}")
    else:
        compare_side_tables(side, walker.walk, findings)
    return side, walker.walk.events


def _report(findings: Findings, side: SideTables | None = None, events: int = 0) -> VerifyReport:
    head = side.head if side else None
    kept = tuple(findings.kept)
    return VerifyReport(head, events, kept, findings.count, findings.first_bad)


async def _look(
    engines: Engines, work: Looking[Result], findings: Findings, what: str
) -> Result | None:
    """Do some work in one transaction, which the engine may begin twice: it is added up once."""

    def look(connection: Connection) -> tuple[Result | None, Findings]:
        apart = Findings()
        return _attempt(work, apart, what, connection), apart

    result, apart = await engines.read(look)
    findings.take(apart)
    return result


def _attempt(
    work: Looking[Result], findings: Findings, what: str, connection: Connection
) -> Result | None:
    """Do some work; what the database cannot read becomes a finding, and the answer None."""
    try:
        return work(findings, connection)
    except _CANNOT_READ as error:
        findings.add(what, _damage(error))
        return None


def _damage(error: Exception) -> str:
    """What is damaged, in the database's words; raises the error again if it says nothing of damage."""
    if isinstance(error, UnicodeDecodeError):
        return "a name in the database is no text"
    cause = getattr(error, "orig", error)
    code = getattr(cause, "sqlite_errorcode", None)
    if not isinstance(cause, sqlite3.Error) or (code is not None and code & 0xFF in _NOT_NOW):
        raise error
    return str(cause).partition(" with text ")[0]


def _note_schema_faults(
    schema_faults: SchemaFaults, findings: Findings, connection: Connection
) -> None:
    for line in schema_faults(connection):
        findings.add("schema", line)


def _note_file_faults(findings: Findings, connection: Connection) -> None:
    connection.exec_driver_sql(f"PRAGMA cache_size = -{FILE_CACHE_KIB}")
    for (line,) in connection.exec_driver_sql(f"PRAGMA integrity_check({FILE_FAULTS_MAX})"):
        if line != "ok":
            findings.add("file", " ".join(line.split()))


def _first_look(findings: Findings, connection: Connection) -> SideTables:
    """All that stands beside the events, of one moment: a server goes on writing it."""
    side = read_side_tables(connection)
    _attempt(partial(_note_answers, side.last), findings, "answer", connection)
    _attempt(partial(_note_snapshots, side), findings, "snapshot", connection)
    _attempt(_note_leases, findings, "lease", connection)
    _attempt(_note_home, findings, "home", connection)
    return side


def _note_answers(last: int, findings: Findings, connection: Connection) -> None:
    rows = connection.exec_driver_sql(f"SELECT {ANSWERS} FROM idempotency_keys")  # noqa: S608
    check_answers((tuple(row) for row in rows), last, findings)


def _note_leases(findings: Findings, connection: Connection) -> None:
    # A log that no newer program has written yet has no such table; one that lost it has another schema.
    if inspect(connection).has_table("leases"):
        rows = connection.exec_driver_sql(f"SELECT {LEASES} FROM leases")  # noqa: S608
        check_leases((tuple(row) for row in rows), findings)


def _note_home(findings: Findings, connection: Connection) -> None:
    if inspect(connection).has_table("log_home"):
        rows = connection.exec_driver_sql(f"SELECT {HOME} FROM log_home")  # noqa: S608
        check_home((tuple(row) for row in rows), findings)


def _note_snapshots(side: SideTables, findings: Findings, connection: Connection) -> None:
    rows = connection.exec_driver_sql(f"SELECT {SNAPSHOTS} FROM snapshots AS s")  # noqa: S608
    check_snapshots((tuple(row) for row in rows), side, findings)


class _Walker:
    """Feeds a walk from the database, a range in each transaction."""

    def __init__(self, walk: Walk, last: int) -> None:
        self.walk = walk
        self.unreadable = 0
        self._last = last
        self._page = PAGE_EVENTS

    def walk_range(self, connection: Connection) -> bool:
        """Walk over the next range; returns whether there may be more."""
        before = self.walk.position
        while self.unreadable <= UNREADABLE_MAX:
            try:
                cursor = self._rows(connection)
                while rows := cursor.fetchmany(self._page):
                    self.walk.feed(rows)
                return self.walk.position > before
            except _CANNOT_READ as error:
                damage = _damage(error)
            if self._page == 1:
                self.walk.skip(self.walk.position + 1, damage)
                self.unreadable += 1
            # The rows that a page holds before the bad one are lost with it: once more, one by one.
            self._page = 1
        return False

    def _rows(self, connection: Connection) -> Any:
        """The driver's own cursor: plain tuples, and no price for each of them."""
        where = f"position > {self.walk.position} AND position <= {self._last}"
        order = f"ORDER BY position LIMIT {RANGE_EVENTS}"
        sql = f"SELECT {COLUMNS} FROM events WHERE {where} {order}"  # noqa: S608
        return connection.exec_driver_sql(sql).cursor
