"""What `synapse db upgrade` and `db new-epoch` do to a log."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection

from app.database_url import PostgresUrl
from app.migrate import NEWEST, check_current, revision_of, upgrade
from events.errors import StoreUnavailable
from events.sql_home import Moved
from events.sql_store import SqlEventStore

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Upgraded:
    """What became of a log.

    Attributes:
        before: its schema as it was found; None without one.
        schema: its schema now.
        epoch: its epoch now.
        moved: where it lived before, if that was elsewhere.
    """

    before: str | None
    schema: str
    epoch: str
    moved: Moved | None


async def upgrade_log(database: Path | PostgresUrl) -> Upgraded:
    """Bring a log to this program's schema; of several who do it at once one does, and the others wait.

    Raises:
        StoreUnavailable: it is of a newer program, or of another one, or cannot be written now.
    """
    before: str | None = None

    def noting(connection: Connection) -> None:
        nonlocal before
        before = revision_of(connection)
        upgrade(connection)

    async def told(store: SqlEventStore) -> Upgraded:
        return Upgraded(before, NEWEST, (await store.head()).epoch, store.moved)

    return await _with_store(database, noting, told)


async def begin_epoch(database: Path | PostgresUrl) -> tuple[str, str]:
    """Begin a new lifetime of a log; returns its epochs before and now.

    Raises:
        StoreUnavailable: there is no log, its schema is not this program's, or it cannot be written now.
    """

    async def begin(store: SqlEventStore) -> tuple[str, str]:
        return (await store.head()).epoch, await store.begin_lifetime()

    if isinstance(database, PostgresUrl):
        return await _with_store(database, check_current, begin)
    _refuse_missing(database)
    return await _with_store(database, upgrade, begin)


def _refuse_missing(path: Path) -> None:
    if not path.is_file():
        raise StoreUnavailable(f"{path} does not exist")


async def _with_store(
    database: Path | PostgresUrl,
    prepare: Callable[[Connection], None],
    use: Callable[[SqlEventStore], Awaitable[Result]],
) -> Result:
    if isinstance(database, PostgresUrl):
        store = await SqlEventStore.open_postgres(database.url, prepare)
    else:
        store = await SqlEventStore.open_sqlite(database, prepare)
    try:
        return await use(store)
    finally:
        await store.close()
