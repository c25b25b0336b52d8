"""How Alembic connects: over the connection that it is handed, or by itself from the command line.

With the connection come the declared tables: Alembic runs this file as nobody's module, so an import of `events` here
would find what has that name in the program that runs it, which need not be ours (`pytest_regime_synapse`).
"""

import asyncio
import os

from alembic import context
from sqlalchemy import URL, Connection, MetaData, create_engine, make_url
from sqlalchemy.ext.asyncio import create_async_engine


def _migrate(connection: Connection, declared: MetaData) -> None:
    context.configure(connection=connection, target_metadata=declared, transactional_ddl=False)
    # The caller's transaction holds all of it: a migration that fails leaves nothing behind.
    context.run_migrations()


def _migrate_by_url() -> None:
    from events.tables import metadata

    url = make_url(os.environ.get("SYNAPSE_DATABASE_URL", "sqlite:///synapse.db"))
    if url.get_backend_name() == "postgresql":
        asyncio.run(_migrate_postgres(url.set(drivername="postgresql+asyncpg"), metadata))
        return
    with create_engine(url.set(drivername="sqlite")).begin() as connection:
        _migrate(connection, metadata)


async def _migrate_postgres(url: URL, declared: MetaData) -> None:
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        await connection.run_sync(_migrate, declared)
    await engine.dispose()


_handed = context.config.attributes.get("connection")
if _handed is not None:
    _migrate(_handed, context.config.attributes["metadata"])
else:
    _migrate_by_url()
