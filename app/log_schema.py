"""Whether a log's schema is the one that its migrations make, to the letter of each trigger."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Final

from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine

from app.migrate import migration_config
from events.errors import StoreUnavailable

VERSIONS: Final = "alembic_version"
LOG_TABLES: Final = frozenset({"events", "streams", "log_head", VERSIONS})

_BETWEEN_WORDS: Final = str.maketrans("", "", ' \t\n"')
"""What another version of the migrations' tools may write otherwise, and SQLite does not heed."""

Parts = Mapping[tuple[str, str, str], str]
"""SQL by kind, name and table, without spaces and quotes."""


def schema_faults(connection: Connection) -> Sequence[str]:
    """Where an SQLite log's schema differs from a fresh one of the same revision, a line each.

    Raises:
        StoreUnavailable: this database is no log, or one of which the making was interrupted.
    """
    found = _parts(connection)
    if found and not any(kind == "table" and name in LOG_TABLES for kind, name, _ in found):
        names = ", ".join(sorted(name for _, name, _ in found)[:3])
        raise StoreUnavailable(f"this database is no log, it holds {names}: name another file")
    revision = schema_revision(connection) if ("table", *[VERSIONS] * 2) in found else None
    if revision is None and ("table", "events", "events") not in found:
        raise StoreUnavailable("this log was never made to its end: start a server with it once")
    if revision is None:
        return [f"table {VERSIONS} does not tell the schema"]
    if revision not in revisions():
        return [f"schema {revision} is not known to this program: it is newer, or altered"]
    right = _fresh(revision)
    return [
        f"{kind} {name} {_difference(found, right, (kind, name, table))}"
        for kind, name, table in sorted(found.keys() | right.keys())
        if found.get((kind, name, table)) != right.get((kind, name, table))
    ]


def schema_revision(connection: Connection) -> str | None:
    """The schema that a log says it has; None unless it says just one."""
    rows = connection.exec_driver_sql(f"SELECT version_num FROM {VERSIONS}").all()  # noqa: S608
    return rows[0][0] if len(rows) == 1 else None


@cache
def revisions() -> tuple[str, ...]:
    """Every schema that this program knows, the newest first."""
    scripts = ScriptDirectory.from_config(migration_config())
    return tuple(script.revision for script in scripts.walk_revisions())


def _difference(found: Parts, right: Parts, key: tuple[str, str, str]) -> str:
    if key not in found:
        return "is missing"
    return "is not what this program makes" if key in right else "does not belong here"


@cache
def _fresh(revision: str) -> Parts:
    """The schema of a new log, migrated up to a revision."""
    engine = create_engine("sqlite://")
    try:
        with engine.begin() as connection:
            command.upgrade(migration_config(connection), revision)
            return _parts(connection)
    finally:
        engine.dispose()


def _parts(connection: Connection) -> Parts:
    rows = connection.exec_driver_sql("SELECT type, name, tbl_name, sql FROM sqlite_master")
    # What ANALYZE adds is SQLite's own affair.
    return {
        (str(kind), str(name), str(table)): str(sql).translate(_BETWEEN_WORDS)
        for kind, name, table, sql in rows
        if not str(name).startswith("sqlite_stat")
    }
