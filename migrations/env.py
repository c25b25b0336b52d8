"""How Alembic connects: over the connection that it is handed, or by itself from the command line."""

import asyncio
import os

from alembic import context
from sqlalchemy import URL, Connection, create_engine, make_url
from sqlalchemy.ext.asyncio import create_async_engine

from events.tables import metadata


def _migrate(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=metadata, transactional_ddl=False)
    # The caller's transaction holds all of it: a migration that fails leaves nothing behind.
    context.run_migrations()


def _migrate_by_url() -> None:
    url = make_url(os.environ.get("SYNAPSE_DATABASE_URL", "sqlite:///synapse.db"))
    if url.get_backend_name() == "postgresql":
        asyncio.run(_migrate_postgres(url.set(drivername="postgresql+asyncpg")))
        return
    with create_engine(url.set(drivername="sqlite")).begin() as connection:
        _migrate(connection)


async def _migrate_postgres(url: URL) -> None:
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        await connection.run_sync(_migrate)
    await engine.dispose()


_handed = context.config.attributes.get("connection")
if _handed is not None:
    _migrate(_handed)
else:
    _migrate_by_url()
