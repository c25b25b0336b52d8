"""What `synapse db status` looks at: whose schema, which lifetime, where it lives, who holds what, may it be written."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, inspect, select, text

from app.database_url import PostgresUrl
from app.migrate import NEWEST, is_newer, revision_of
from events.clock import now_us
from events.engines import Engines, SqliteReader
from events.envelope import Head
from events.errors import StoreLocked, StoreUnavailable
from events.file_lock import FileLock
from events.lease_rules import Lease
from events.sql_home import is_same_place, place_of, read_place
from events.sql_leases import read_held
from events.sql_read import read_head
from events.tables import log_head

CURRENT: Final = "current"
BEHIND: Final = "behind"
AHEAD: Final = "ahead"
EMPTY: Final = "empty"
FOREIGN: Final = "foreign"

_SERVER_TIME: Final = text("SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)")
_REFUSES: Final = text("""
    SELECT CASE
        WHEN pg_is_in_recovery() THEN 'this server is a standby'
        WHEN current_setting('default_transaction_read_only')::boolean THEN 'the database is read-only'
        WHEN to_regclass('log_head') IS NULL THEN NULL
        WHEN NOT has_table_privilege('log_head', 'UPDATE') OR NOT has_table_privilege('events', 'INSERT')
            THEN 'the role ' || current_user || ' may not write it'
    END
""")


@dataclass(frozen=True, slots=True)
class LogStatus:
    """A log as `db status` shows it.

    Attributes:
        schema: the schema that it has; None without one.
        state: how that is to this program: one of the words above.
        head: its end; None without a log.
        place: where the database is, empty for a file.
        lived: where the log says that it lives; None before it was opened for writing.
        leases: those that are held.
        now_us: the time by which they expire.
        refusal: why it cannot be written; None when it can.
    """

    schema: str | None
    state: str
    head: Head | None
    place: str
    lived: str | None
    leases: tuple[Lease, ...]
    now_us: int
    refusal: str | None

    @property
    def has_moved(self) -> bool:
        """Whether the next opening for writing will find it moved, and begin a new lifetime."""
        return self.lived is not None and not is_same_place(self.lived, self.place)


async def look(database: Path | PostgresUrl) -> LogStatus:
    """Read it all at one moment; nothing is changed.

    Raises:
        StoreUnavailable: there is no such file, or the database cannot be reached.
    """
    engines, unwritable = await _engines(database)
    try:
        return await engines.read(lambda connection: _look(connection, unwritable))
    finally:
        await engines.close()


async def _engines(database: Path | PostgresUrl) -> tuple[Engines, str | None]:
    """What reads it, and why its file cannot be written."""
    if isinstance(database, PostgresUrl):
        from events.postgres import PostgresEngines

        return await PostgresEngines.open(database.url, lambda _connection: None), None
    return _of_file(database)


def _of_file(path: Path) -> tuple[Engines, str | None]:
    if not path.is_file():
        raise StoreUnavailable(f"{path} does not exist")
    return SqliteReader(path), _unwritable(path)


def _unwritable(path: Path) -> str | None:
    if not os.access(path, os.W_OK) or not os.access(path.resolve().parent, os.W_OK):
        return "the file or its folder may not be written"
    if path.resolve().with_name(f"{path.resolve().name}.lock").exists():
        try:
            FileLock.acquire(path).release()
        except StoreLocked as locked:
            return str(locked)
    return None


def _look(connection: Connection, unwritable: str | None) -> LogStatus:
    tables = set(inspect(connection).get_table_names())
    schema = revision_of(connection)
    is_server = connection.dialect.name == "postgresql"
    refusal = connection.execute(_REFUSES).scalar_one() if is_server else unwritable
    state = _state(schema, tables)
    is_log = state in (CURRENT, BEHIND, AHEAD)
    has_head = is_log and "log_head" in tables and _has_row(connection)
    return LogStatus(
        schema,
        state,
        read_head(connection) if has_head else None,
        place_of(connection),
        read_place(connection) if is_log and "log_home" in tables else None,
        tuple(read_held(connection)) if is_log and "leases" in tables else (),
        connection.execute(_SERVER_TIME).scalar_one() if is_server else now_us(),
        refusal or _refusals(is_server=is_server).get(state),
    )


def _state(schema: str | None, tables: set[str]) -> str:
    if schema is None:
        return FOREIGN if tables - {"alembic_version"} else EMPTY
    if schema == NEWEST:
        return CURRENT
    return AHEAD if is_newer(schema) else BEHIND


def _refusals(*, is_server: bool) -> Mapping[str, str]:
    """Why a log of another schema cannot be written; a file is migrated when it is opened for writing."""
    always = {
        AHEAD: "its schema is newer than this program's: install the newer program",
        FOREIGN: "it is no log",
    }
    behind = {
        BEHIND: "its schema is older than this program's: run `synapse db upgrade`",
        EMPTY: "it has no schema: run `synapse db upgrade`",
    }
    return {**always, **behind} if is_server else always


def _has_row(connection: Connection) -> bool:
    return connection.execute(select(log_head.c.id)).first() is not None
