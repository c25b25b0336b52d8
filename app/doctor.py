"""What `synapse doctor` looks at: the engine, the file, the schema, the end of the log, the machine."""

import asyncio
import shutil
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection

from app.log_schema import revisions, schema_faults, schema_revision
from events.chain import GENESIS, check_chain
from events.clock import now_us
from events.engines import BUSY_TIMEOUT_MS, SqliteReader
from events.envelope import Head
from events.errors import CorruptLog, EventError, StoreLocked, StoreUnavailable
from events.file_lock import FileLock
from events.scalars import format_micros
from events.sql_store import SqlEventStore
from events.sqlite_files import reading
from events.sqlite_wal import wal_fault
from events.store import ReadQuery

WAL_RESET_FIXED: Final = (3, 51, 3)
"""The first SQLite without the WAL-reset race."""

LAST_EVENTS: Final = 100
"""Events at the end of the log whose chain is proven; `synapse verify` proves all of them."""

FREE_BYTES_MIN: Final = 100_000_000
"""Less room than this beside the log is a finding."""

CLOCK_MIN_US: Final = 1_735_689_600_000_000
"""2025-01-01: a clock before that was never set."""

OK: Final = "ok"
WARNING: Final = "warning"
FAILED: Final = "failed"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at: `state` is `ok`, `warning` or `failed`."""

    name: str
    state: str
    text: str


async def examine(log: Path, clock: Callable[[], int] = now_us) -> list[Check]:
    """Look at everything; what cannot be looked at is a failed check, never an exception.

    Args:
        log: the log's database file; one that does not exist yet is no fault.
        clock: gives microseconds since 1970.
    """
    checks, head = [_engine(), _disk(log)], None
    if await asyncio.to_thread(_may_be_opened, log, checks):
        head, found = await _look_inside(log)
        checks += found
    return [*checks, _clock(clock(), head)]


def _may_be_opened(log: Path, checks: list[Check]) -> bool:
    if not log.exists():
        text = f"{log} does not exist yet: serve, demo or import makes it"
        checks.append(Check("log", OK, text))
        return False
    try:
        with reading(log):
            fault = wal_fault(log)
    except StoreUnavailable as error:
        checks.append(Check("log", FAILED, str(error)))
        return False
    checks += [_writer(log), _wal(log, fault.text if fault else None)]
    return fault is None or not fault.certain


def _engine() -> Check:
    version = sqlite3.sqlite_version
    if sqlite3.sqlite_version_info >= WAL_RESET_FIXED:
        return Check("sqlite", OK, f"{version}, without the WAL-reset race")
    why = (
        "it needs two connections that write or checkpoint, and here one writer connection does both, "
        "readers are opened with mode=ro, and a lock file keeps a second process out"
    )
    return Check("sqlite", OK, f"{version} has the WAL-reset race (fixed in 3.51.3): {why}")


def _disk(log: Path) -> Check:
    folder = log.resolve().parent
    if not folder.is_dir():
        return Check("disk", FAILED, f"{folder} is no folder")
    free = shutil.disk_usage(folder).free
    size = log.stat().st_size if log.exists() else 0
    text = f"{_megabytes(free)} free in {folder}, the log takes {_megabytes(size)}"
    if free < FREE_BYTES_MIN:
        return Check("disk", FAILED, f"{text}: too little to go on recording")
    if free < size:
        return Check("disk", WARNING, f"{text}: too little for a backup in the same place")
    return Check("disk", OK, text)


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"


def _writer(log: Path) -> Check:
    if not log.resolve().with_name(log.resolve().name + ".lock").exists():
        return Check("writer", OK, "nobody writes it")
    try:
        FileLock.acquire(log).release()
    except StoreLocked as locked:
        holder = str(locked).partition(" by ")[2].partition(":")[0]
        return Check("writer", OK, f"written by {holder}")
    except EventError as error:
        return Check("writer", WARNING, str(error))
    return Check("writer", OK, "nobody writes it")


def _wal(log: Path, fault: str | None) -> Check:
    wal = log.resolve().with_name(log.resolve().name + "-wal")
    size = wal.stat().st_size if wal.exists() else 0
    if fault is not None:
        return Check("wal", FAILED, fault)
    return Check("wal", OK, f"{_megabytes(size)} not yet folded into the database, all of it whole")


async def _look_inside(log: Path) -> tuple[Head | None, list[Check]]:
    """What the database itself tells."""
    head: Head | None = None
    reader = SqliteReader(log)
    store = SqlEventStore(reader)
    checks = [
        await _checked("pragmas", partial(reader.read, _pragmas)),
        await _checked("schema", partial(reader.read, _schema)),
        await _checked("chain", partial(_chain, store)),
    ]
    if checks[-1].state != FAILED:
        head = await store.head()
    await store.close()
    return head, checks


async def _checked(name: str, look: Callable[[], Any]) -> Check:
    try:
        state, text = await look()
    except EventError as error:
        return Check(name, FAILED, str(error))
    return Check(name, state, text)


def _pragmas(connection: Connection) -> tuple[str, str]:
    def value(name: str) -> Any:
        return connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()

    mode, pages, unused = value("journal_mode"), value("page_count"), value("freelist_count")
    text = (
        f"journal_mode={mode}, page_size={value('page_size')}, {pages} pages, {unused} unused; "
        f"the writer sets synchronous=FULL, foreign_keys=ON, busy_timeout={BUSY_TIMEOUT_MS} ms"
    )
    return (OK, text) if mode == "wal" else (WARNING, f"{text}; WAL from the next serve on")


def _schema(connection: Connection) -> tuple[str, str]:
    faults: Sequence[str] = schema_faults(connection)
    if faults:
        return FAILED, "; ".join(faults)
    revision, newest = schema_revision(connection), revisions()[0]
    if revision != newest:
        return WARNING, f"revision {revision}: the next serve migrates it to {newest}"
    return OK, f"revision {revision}, the newest; tables, indexes and triggers are as they must be"


async def _chain(store: SqlEventStore) -> tuple[str, str]:
    head = await store.head()
    after = max(0, head.position - LAST_EVENTS)
    before = await store.read_at([after]) if after else []
    last = await store.read(ReadQuery(after=after, upto=head.position, limit=LAST_EVENTS))
    hash_, position = check_chain(before[0].hash if before else GENESIS, after, last)
    if (hash_, position) != (head.hash, head.position):
        raise CorruptLog(f"log_head says {head.position}, the events end at {position}")
    text = f"epoch {head.epoch}, position {head.position}, hash {head.hash.hex()[:16]}…"
    return OK, f"{text}; the last {len(last)} events are proven (synapse verify proves all)"


def _clock(now: int, head: Head | None) -> Check:
    text = f"it is {format_micros(now)}"
    if now < CLOCK_MIN_US:
        return Check("clock", FAILED, f"{text}: the clock was never set")
    if head is None or not head.position:
        return Check("clock", OK, text)
    text += f", the last event was recorded {format_micros(head.recorded_at_us)}"
    if now < head.recorded_at_us:
        late = (head.recorded_at_us - now) / 1e6
        return Check("clock", WARNING, f"{text}: the clock is {late:,.0f} s behind the log")
    return Check("clock", OK, text)
