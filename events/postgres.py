"""PostgreSQL behind the log: the same work as on SQLite, run under SQLAlchemy's greenlet over asyncpg.

The head row is locked by `SELECT ... FOR UPDATE`, so writers of several processes commit in position order.
Any URL that `psql` takes will do: asyncpg reads it, with its password file and its environment variables.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from types import ModuleType
from typing import Any, Final
from urllib.parse import urlsplit

from sqlalchemy import Connection, NullPool, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from events import failpoints
from events.engines import Result, Work, translated_errors
from events.errors import CorruptLog, EventError, StoreUnavailable

CONNECTIONS: Final = 8
"""Connections to PostgreSQL that one process keeps open."""

CONNECT_S_MAX: Final = 10.0
"""How long connecting may take."""

COMMAND_S_MAX: Final = 30.0
"""How long one statement may take; a server that went away without a word is noticed after this."""

CLOSE_S_MAX: Final = 5.0
"""How long closing waits for what is under way, and then for the connections: the server may hang."""

MIGRATION_LOCK: Final = 0x53594E41
"""The advisory lock under which one process at a time migrates."""

SESSION: Final = """
    -- Every question has its index, and reads a few rows in the index's order. The planner must not think
    -- otherwise, be it that the table was empty when it made its plan, be it that it guesses badly how many
    -- rows pass a filter: a bitmap reads the whole range before the first row comes out.
    SET enable_seqscan = off;
    SET enable_bitmapscan = off;
    SET jit = off;
    -- A writer that is frozen holds the head row: the server lets the others go on without it.
    SET idle_in_transaction_session_timeout = '30s';
    -- What is acknowledged is on disk.
    SELECT set_config('synchronous_commit', 'on', false)
    WHERE current_setting('synchronous_commit') = 'off';
"""
_DAMAGE: Final = ("XX001", "XX002")
_READ_OPTIONS: Final = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}


class PostgresEngines:
    """One PostgreSQL database, through asyncpg."""

    def __init__(self, engine: AsyncEngine) -> None:
        """Use `PostgresEngines.open`."""
        self._engine = engine
        self._reader = engine.execution_options(**_READ_OPTIONS)
        self._under_way: set[asyncio.Task[Any]] = set()
        self._at_work: set[Any] = set()
        self._closed = False

    @classmethod
    async def open(cls, url: str, prepare: Work[None]) -> "PostgresEngines":
        """Connect to `postgresql://...`; `prepare` then brings the schema up to date.

        Raises:
            StoreUnavailable: the server cannot be reached or refuses, or asyncpg is not installed.
        """

        def alone(connection: Connection) -> None:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
            prepare(connection)

        # It may have to wait for another process's migration, and its own may take long.
        patient = cls(_engine(url, command_s_max=None, poolclass=NullPool))
        try:
            await patient.write(alone)
        finally:
            await patient.close()
        return cls(
            _engine(
                url,
                command_s_max=COMMAND_S_MAX,
                pool_size=CONNECTIONS,
                max_overflow=0,
                pool_timeout=COMMAND_S_MAX,
            )
        )

    async def write(self, work: Work[Result]) -> Result:
        """Run `work` in a transaction; when this returns, it is committed and flushed.

        `work` may run twice: when the connection turns out to be lost before the commit.
        """

        async def committed(connection: AsyncConnection) -> Result:
            result = await _of_living(connection, work)
            failpoints.reach("before_commit")
            await connection.commit()
            failpoints.reach("after_commit")
            return result

        return await self._run(self._engine, committed)

    async def read(self, work: Work[Result]) -> Result:
        """Run `work` in a transaction that cannot write and sees one moment of the log.

        A caller that is cancelled goes at once; the read ends on its own.
        """
        return await self._run(self._reader, lambda connection: _of_living(connection, work))

    async def _run(
        self, engine: AsyncEngine, use: Callable[[AsyncConnection], Awaitable[Result]]
    ) -> Result:
        if self._closed:
            raise StoreUnavailable("the log is closed")
        # A connection that is cancelled in mid-statement is of no more use, and hard to get rid of.
        task = asyncio.create_task(self._use(engine, use))
        self._under_way.add(task)
        task.add_done_callback(self._done)
        return await asyncio.shield(task)

    async def _use(
        self, engine: AsyncEngine, use: Callable[[AsyncConnection], Awaitable[Result]]
    ) -> Result:
        with _translated():
            try:
                return await self._in_transaction(engine, use)
            except _ConnectionLost as lost:
                if self._closed:
                    raise lost.error from lost
                # Those of the pool are of the same age: a server that was restarted knows none.
                await self._engine.dispose()
            try:
                return await self._in_transaction(engine, use)
            except _ConnectionLost as lost:
                raise lost.error from lost

    async def _in_transaction(
        self, engine: AsyncEngine, use: Callable[[AsyncConnection], Awaitable[Result]]
    ) -> Result:
        async with engine.connect() as connection:
            driver = (await connection.get_raw_connection()).driver_connection
            self._at_work.add(driver)
            try:
                # Told, not left to the first statement: one that goes straight to the driver would begin a
                # transaction that SQLAlchemy knows nothing of, and rolls back.
                await connection.begin()
                return await use(connection)
            finally:
                self._at_work.discard(driver)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._under_way.discard(task)
        if not task.cancelled():
            task.exception()  # whoever asked may have been cancelled, and then nobody else reads it

    async def close(self) -> None:
        """Finish what is under way, for `CLOSE_S_MAX` at most, then close the connections."""
        self._closed = True
        if self._under_way:
            _, hung = await asyncio.wait(self._under_way, timeout=CLOSE_S_MAX)
            # Cut off, not cancelled: that would ask the very server that does not answer.
            for connection in list(self._at_work):
                connection.terminate()
            if hung:
                await asyncio.wait(hung, timeout=CLOSE_S_MAX)
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_S_MAX):
                await self._engine.dispose()


class _ConnectionLost(Exception):
    """The connection was lost before anything was committed."""

    def __init__(self, error: DBAPIError) -> None:
        super().__init__(str(error))
        self.error = error


async def _of_living(connection: AsyncConnection, work: Work[Result]) -> Result:
    try:
        return await connection.run_sync(work)
    except DBAPIError as error:
        if error.connection_invalidated:
            raise _ConnectionLost(error) from error
        raise


def _driver() -> ModuleType:
    try:
        import asyncpg  # type: ignore[import-untyped]  # it has no types of its own
    except ImportError as error:
        raise StoreUnavailable(
            "a log in PostgreSQL needs asyncpg: pip install 'regime-synapse[postgres]'"
        ) from error
    return asyncpg  # type: ignore[no-any-return]  # nor has this


def _engine(url: str, command_s_max: float | None, **pool: Any) -> AsyncEngine:
    asyncpg = _driver()
    dsn = url.replace("postgresql+asyncpg://", "postgresql://", 1)
    place = urlsplit(dsn).netloc.rpartition("@")[2] or "its socket"

    async def connect() -> Any:
        try:
            connection = await asyncpg.connect(
                dsn, timeout=CONNECT_S_MAX, command_timeout=command_s_max
            )
            await connection.execute(SESSION)
        except (OSError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise StoreUnavailable(
                f"cannot connect to PostgreSQL at {place}: {_first_line(error)}"
            ) from error
        return connection

    return create_async_engine(
        "postgresql+asyncpg://", async_creator=connect, isolation_level="READ COMMITTED", **pool
    )


@contextmanager
def _translated() -> Iterator[None]:
    """Turn what SQLAlchemy and asyncpg raise into the log's own errors.

    Raises:
        CorruptLog: the database says that it is damaged.
        StoreUnavailable: anything else that is not a fault of ours.
    """
    try:
        with translated_errors():
            yield
    except (EventError, IntegrityError):
        raise
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) in _DAMAGE:
            raise CorruptLog(f"the database is damaged: {_first_line(error.orig)}") from error
        raise StoreUnavailable(f"the database cannot be used: {_first_line(error.orig)}") from error
    except OSError as error:
        raise StoreUnavailable(f"the database does not answer: {_first_line(error)}") from error


def _first_line(error: BaseException | None) -> str:
    """What an error says, without the details that PostgreSQL adds below."""
    said = (getattr(error, "strerror", None) or str(error)).strip() or type(error).__name__
    return said.splitlines()[0]
