"""A small log that fills every table, and ways to damage a copy of it."""

import asyncio
import shutil
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from app.log_schema import schema_faults
from app.migrate import upgrade
from events.envelope import Append, Idempotency, NewEvent
from events.snapshots import Snapshot, SnapshotKind
from events.sql_store import SqlEventStore
from events.verify import verify_file
from events.verify_report import VerifyReport
from tests.unit.events.builders import new, notice, price, prices, regime

EVENTS: Final = 28
SUFFIXES: Final = ("", "-wal", "-shm")


async def fill(store: SqlEventStore, first: int = 0) -> None:
    """Record appends of several streams, late events among them; 28 events."""
    await store.append([Append(prices(8, first=first))])
    caused = [
        NewEvent(
            payload=regime("NDX", first + second),
            event_id=uuid4(),
            source="feed:planted",
            correlation_id=uuid4(),
            causation_id=uuid4(),
        )
        for second in range(5)
    ]
    key = Idempotency(f"key-{first}", bytes(range(32)), '{"said": "ok"}')
    await store.append([Append((*caused, new(notice("hé", first))), idempotency=key)])
    late = [new(price(second=first + second)) for second in (20, 19, 3, 21)]
    await store.append([Append(tuple(late)), Append(prices(10, "NDX", first=first))])


def make_log(path: Path) -> None:
    """A closed log with something in every table."""

    async def run() -> None:
        store = await SqlEventStore.open_sqlite(path, upgrade)
        await fill(store)
        state = zlib.compress(b'[1, {"price": "107"}]')
        await store.save_snapshots([Snapshot(SnapshotKind("p", "1"), "prices:SPX", 8, 1, state)])
        await store.acquire_lease("feed:planted", "host:1:a", 60)
        await store.close()

    asyncio.run(run())


def verified(path: Path) -> VerifyReport:
    """The proof of a log."""
    return asyncio.run(verify_file(path, schema_faults))


def copy_of(log: Path, folder: Path, *, index: bool = True) -> Path:
    """A copy of the files of a log, as they are now; without its shared-memory index if so asked."""
    folder.mkdir(exist_ok=True)
    for suffix in SUFFIXES if index else SUFFIXES[:2]:
        target = folder / f"log.db{suffix}"
        target.unlink(missing_ok=True)
        source = log.with_name(log.name + suffix)
        if source.exists():
            shutil.copyfile(source, target)
    return folder / "log.db"


@contextmanager
def unguarded(path: Path) -> Iterator[sqlite3.Connection]:
    """A foreign connection to a log whose triggers are out of the way while it is open."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA foreign_keys=OFF")
        connection.execute("PRAGMA synchronous=OFF")
        triggers = connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall()
        for name, _sql in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        yield connection
        for _name, sql in triggers:
            connection.execute(sql)


def flip(path: Path, bit: int) -> None:
    """Turn over one bit of a file."""
    with path.open("rb+") as file:
        file.seek(bit // 8)
        (byte,) = file.read(1)
        file.seek(bit // 8)
        file.write(bytes([byte ^ 1 << bit % 8]))


def content(path: Path) -> dict[str, Any]:
    """Every row of every table, and the schema: all that a log says."""
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
        connection.text_factory = bytes
        schema = connection.execute(
            "SELECT type, name, tbl_name, sql FROM sqlite_master"
        ).fetchall()
        tables = [name.decode() for kind, name, *_ in schema if kind == b"table"]
        rows = {name: connection.execute(f"SELECT * FROM {name}").fetchall() for name in tables}
    # Spaces and quotes in the schema say nothing.
    said = [(*row[:3], (row[3] or b"").translate(None, b' \t\n"')) for row in schema]
    return {"schema": said, **rows}
