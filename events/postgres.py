"""PostgreSQL behind the log: the same work as on SQLite, run under SQLAlchemy's greenlet.

The head row is locked by `SELECT ... FOR UPDATE`, so writers of several processes commit in position order.
"""

from typing import Final

from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from events.engines import Result, Work, translated_errors

CONNECTIONS: Final = 8
"""Connections to PostgreSQL that one process keeps open."""

MIGRATION_LOCK: Final = 0x53594E41
"""The advisory lock under which one process at a time migrates."""


class PostgresEngines:
    """One PostgreSQL database, through asyncpg."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    @classmethod
    async def open(cls, url: str, prepare: Work[None]) -> "PostgresEngines":
        """Connect to `postgresql+asyncpg://...`; `prepare` then brings the schema up to date.

        Raises:
            StoreUnavailable: the server cannot be reached, or refuses.
        """
        engines = cls(create_async_engine(url, pool_size=CONNECTIONS, pool_pre_ping=True))

        def alone(connection: Connection) -> None:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
            prepare(connection)

        try:
            await engines.write(alone)
        except BaseException:
            await engines.close()
            raise
        return engines

    async def write(self, work: Work[Result]) -> Result:
        """Run `work` in a transaction; when this returns, it is committed and flushed."""
        with translated_errors():
            async with self._engine.begin() as connection:
                return await connection.run_sync(work)

    async def read(self, work: Work[Result]) -> Result:
        """Run `work` in a transaction that cannot write and sees one moment of the log."""
        options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        with translated_errors():
            async with self._engine.connect() as connection:
                await connection.execution_options(**options)
                return await connection.run_sync(work)

    async def close(self) -> None:
        """Close the connections."""
        await self._engine.dispose()
