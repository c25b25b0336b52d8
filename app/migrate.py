"""Bringing a log's schema up to date, in the transaction of the connection that is handed in."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

import migrations
from events.errors import StoreUnavailable


def migration_config(connection: Connection | None = None) -> Config:
    """Alembic's configuration for the migrations that ship with the program."""
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.attributes["connection"] = connection
    return config


def upgrade(connection: Connection) -> None:
    """Migrate to the newest schema; costs one small read when it is there already.

    Raises:
        StoreUnavailable: a newer program has migrated this log further than this one knows, or the
            database belongs to some other program.
    """
    config = migration_config(connection)
    scripts = ScriptDirectory.from_config(config)
    present = MigrationContext.configure(connection).get_current_revision()
    if present == scripts.get_current_head():
        return
    if present is None and (tables := inspect(connection).get_table_names()):
        raise StoreUnavailable(
            f"this database is no log, it holds {', '.join(sorted(tables)[:3])}: name another file"
        )
    known = {script.revision for script in scripts.walk_revisions()}
    if present is not None and present not in known:
        raise StoreUnavailable(
            f"this log has schema {present}, which is newer than this program: use a newer one"
        )
    command.upgrade(config, "head")
