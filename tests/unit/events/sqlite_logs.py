"""SQLite engines and stores for tests, opened as the program opens them and closed again."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from sqlalchemy import Connection

from app.migrate import upgrade
from events.engines import SqliteEngines
from events.sql_lifetime import ensure_head
from events.sql_store import SqlEventStore


def prepare(connection: Connection) -> None:
    """What opening a store does to a file."""
    upgrade(connection)
    ensure_head(connection)


@asynccontextmanager
async def engines_at(path: Path) -> AsyncIterator[SqliteEngines]:
    """The engines of one file."""
    engines = await SqliteEngines.open(path, prepare)
    try:
        yield engines
    finally:
        await engines.close()


@asynccontextmanager
async def store_at(path: Path) -> AsyncIterator[SqlEventStore]:
    """The store of one file."""
    store = await SqlEventStore.open_sqlite(path, upgrade)
    try:
        yield store
    finally:
        await store.close()
