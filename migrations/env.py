"""How Alembic connects: over the connection that it is handed, or by itself from the command line."""

import os

from alembic import context
from sqlalchemy import Connection, create_engine

from events.tables import metadata


def _migrate(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=metadata, transactional_ddl=False)
    # The caller's transaction holds all of it: a migration that fails leaves nothing behind.
    context.run_migrations()


def _migrate_by_url() -> None:
    url = os.environ.get("SYNAPSE_DATABASE_URL", "sqlite:///synapse.db")
    for driver in ("+aiosqlite", "+asyncpg"):
        url = url.replace(driver, "")
    with create_engine(url).begin() as connection:
        _migrate(connection)


_handed = context.config.attributes.get("connection")
if _handed is not None:
    _migrate(_handed)
else:
    _migrate_by_url()
