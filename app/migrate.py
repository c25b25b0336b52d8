"""Bringing a log's schema up to date, in the transaction of the connection that is handed in.

Alembic is loaded only when there is something to do: it is a third of the time that a start takes.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, inspect, text

import migrations
from events.errors import StoreUnavailable
from events.tables import metadata

if TYPE_CHECKING:
    from alembic.config import Config

NEWEST: Final = "0004"
"""The newest of the migrations that ship with the program."""

READABLE: Final = "0002"
"""The oldest schema that can be read as it is: what came after it adds nothing that reading needs."""


def migration_config(connection: Connection | None = None) -> "Config":
    """Alembic's configuration for the migrations that ship with the program."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.attributes["connection"] = connection
    config.attributes["metadata"] = metadata
    return config


def upgrade(connection: Connection) -> None:
    """Migrate to the newest schema; costs one small read when it is there already.

    Raises:
        StoreUnavailable: a newer program has migrated this log further than this one knows, or the
            database belongs to some other program.
    """
    _check_server(connection)
    present = revision_of(connection)
    if present == NEWEST:
        return
    if present is None:
        _refuse_foreign(connection)
    from alembic import command
    from alembic.script import ScriptDirectory

    config = migration_config(connection)
    scripts = ScriptDirectory.from_config(config)
    known = {script.revision for script in scripts.walk_revisions()}
    if present is not None and present not in known:
        raise StoreUnavailable(_is_newer(present))
    command.upgrade(config, "head")


def check_current(connection: Connection) -> None:
    """Look whether a log that others write as well has the schema that this program writes; changes nothing.

    Raises:
        StoreUnavailable: it has another one, or none; the message says what to run.
    """
    _check_server(connection)
    present = revision_of(connection)
    if present == NEWEST:
        return
    if present is None:
        _refuse_foreign(connection)
        raise StoreUnavailable("this database is empty: run `synapse db upgrade`")
    if is_newer(present):
        raise StoreUnavailable(_is_newer(present))
    raise StoreUnavailable(
        f"this log has schema {present}, this program needs {NEWEST}: run `synapse db upgrade`"
    )


def check_readable(connection: Connection) -> None:
    """Look whether this program can read a log; changes nothing.

    Raises:
        StoreUnavailable: it is no log, of a newer program, or of one that is older than `READABLE`.
    """
    present = revision_of(connection)
    if present is None:
        _refuse_foreign(connection)
        raise StoreUnavailable("this database is empty: run `synapse db upgrade`")
    if is_newer(present):
        raise StoreUnavailable(_is_newer(present))
    if present < READABLE:
        raise StoreUnavailable(
            f"this log has schema {present}, which is older than {READABLE}: run `synapse db upgrade`"
        )


def _check_server(connection: Connection) -> None:
    """See that a log can be written where it lies.

    Raises:
        StoreUnavailable: the server is a standby, or the database is not in UTF-8, and would refuse some events for ever.
    """
    if connection.dialect.name != "postgresql":
        return
    if connection.execute(text("SELECT pg_is_in_recovery()")).scalar_one():
        raise StoreUnavailable(
            "this server is a standby: name the primary, or all hosts and ?target_session_attrs=primary",
            is_away=True,
        )
    encoding = connection.execute(text("SHOW server_encoding")).scalar_one()
    if encoding != "UTF8":
        raise StoreUnavailable(
            f"this database is in {encoding}: a log needs one that was made with ENCODING 'UTF8'"
        )


def is_newer(revision: str) -> bool:
    """Whether a log's schema is none that this program knows."""
    return not revision.isdigit() or revision > NEWEST


def revision_of(connection: Connection) -> str | None:
    """What Alembic noted in the database; None where it has never been."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    noted = connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all()
    return ", ".join(sorted(noted)) or None


def _is_newer(present: str) -> str:
    return (
        f"this log has schema {present}, which is newer than this program's {NEWEST}:"
        " install the newer program"
    )


def _refuse_foreign(connection: Connection) -> None:
    if tables := inspect(connection).get_table_names():
        raise StoreUnavailable(
            f"this database is no log, it holds {', '.join(sorted(tables)[:3])}: name another one"
        )
