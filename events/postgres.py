"""PostgreSQL behind the log: the same work as on SQLite, run under SQLAlchemy's greenlet over asyncpg.

The head row is locked by `SELECT ... FOR UPDATE`, so writers of several processes commit in position order.
The URL is read by asyncpg, with its password file and its environment variables (docs/postgresql.md has the list).
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

import structlog
from sqlalchemy import Connection, NullPool, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from events import failpoints
from events.engines import Result, Work, translated_errors
from events.errors import CorruptLog, EventError, StoreUnavailable, first_line
from events.postgres_session import Sessions, driver_module, is_lost, is_standby
from events.postgres_statements import END_FROZEN

CONNECTIONS: Final = 8
"""Connections to PostgreSQL that one process keeps open."""

COMMAND_S_MAX: Final = 30.0
"""How long one statement may take; a server that went away without a word is noticed after this."""

COMMIT_S_MAX: Final = 30.0
"""How long a commit may take, which may have to wait for a standby; then the connection is hung up."""

CLOSE_S_MAX: Final = 5.0
"""How long closing waits for what is under way, and then for the connections: the server may hang."""

FROZEN_S_MAX: Final = 10.0
"""How long an append waits for the head before it ends the sessions of writers that take no answers.

The server's own limit ends those that say nothing; one that has an answer to send waits for its client for ever.
"""

MIGRATION_LOCK: Final = 0x53594E41
"""The advisory lock under which one process at a time migrates."""

_log = structlog.get_logger("postgres")
_DAMAGE: Final = ("XX001", "XX002")
_NEVER_S: Final = 86_400.0
_WRITING: Final = "ISOLATION LEVEL READ COMMITTED"
_READING: Final = "ISOLATION LEVEL REPEATABLE READ READ ONLY"

Use = Callable[[AsyncConnection, Any], Awaitable[Result]]
"""Work over a connection, and over the driver's own below it."""


class PostgresEngines:
    """One PostgreSQL database, through asyncpg."""

    def __init__(self, sessions: Sessions, **pool: Any) -> None:
        """Use `PostgresEngines.open`."""
        self._sessions = sessions
        self._engine = sessions.engine(**pool)
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
        patient = cls(Sessions(url, None), poolclass=NullPool)
        try:
            await patient.write(alone)
        finally:
            await patient.close()
        return cls(
            Sessions(url, COMMAND_S_MAX),
            pool_size=CONNECTIONS,
            max_overflow=0,
            pool_timeout=COMMAND_S_MAX,
        )

    async def write(self, work: Work[Result]) -> Result:
        """Run `work` in a transaction; when this returns, it is committed and flushed.

        `work` may run twice: when the connection turns out to be lost before the commit.
        """

        async def use(connection: AsyncConnection, _driver: Any) -> Result:
            return await connection.run_sync(work)

        return await self._run("", use, writing=True)

    async def direct(self, first: str, work: Callable[[Any], Awaitable[Result]]) -> Result:
        """Run `work` over asyncpg itself, in a transaction that begins with the statement `first`.

        The two are one message. `work` may run twice, as in `write`.
        """
        return await self._run(first, lambda _connection, driver: work(driver), writing=True)

    async def read(self, work: Work[Result]) -> Result:
        """Run `work` in a transaction that cannot write and sees one moment of the log.

        A caller that is cancelled goes at once; the read ends on its own.
        """

        async def use(connection: AsyncConnection, _driver: Any) -> Result:
            return await connection.run_sync(work)

        return await self._run("", use, writing=False)

    async def _run(self, first: str, use: Use[Result], *, writing: bool) -> Result:
        if self._closed:
            raise StoreUnavailable("the log is closed")
        # A connection that is cancelled in mid-statement is of no more use, and hard to get rid of.
        task = asyncio.create_task(self._use(first, use, writing=writing))
        self._under_way.add(task)
        task.add_done_callback(self._done)
        return await asyncio.shield(task)

    async def _use(self, first: str, use: Use[Result], *, writing: bool) -> Result:
        with _translated():
            try:
                return await self._in_transaction(first, use, writing=writing)
            except _ConnectionLost as lost:
                if self._closed:
                    raise lost.error from lost
                # Those of the pool are of the same age: a server that was restarted knows none.
                await self._engine.dispose()
            try:
                return await self._in_transaction(first, use, writing=writing)
            except _ConnectionLost as lost:
                raise lost.error from lost

    async def _in_transaction(self, first: str, use: Use[Result], *, writing: bool) -> Result:
        async with self._engine.connect() as connection:
            driver: Any = (await connection.get_raw_connection()).driver_connection
            self._at_work.add(driver)
            try:
                try:
                    await self._begin(driver, first, writing=writing)
                    # To SQLAlchemy alone: one that is not told rolls back what it takes for its own.
                    await connection.begin()
                    result = await use(connection, driver)
                except Exception as error:
                    if is_lost(_cause(error), driver, writing=writing):
                        raise _ConnectionLost(error) from error
                    raise
                await _commit(driver, writing=writing)
                return result
            finally:
                self._at_work.discard(driver)
                await _clean(connection, driver)

    async def _begin(self, driver: Any, first: str, *, writing: bool) -> None:
        begin = self._sessions.begin(_WRITING if writing else _READING, first)
        if not first:
            await driver.execute(begin)
            return
        timer = asyncio.get_running_loop().call_later(FROZEN_S_MAX, self._end_frozen)
        try:
            await driver.execute(begin)
        finally:
            timer.cancel()

    def _end_frozen(self) -> None:
        """Begin to end the sessions of writers that take nothing from the server, and hold the lock meanwhile."""
        if not self._closed:
            task = asyncio.create_task(self._ended_frozen(), name="end-frozen-writers")
            self._under_way.add(task)
            task.add_done_callback(self._done)

    async def _ended_frozen(self) -> None:
        async def use(_connection: AsyncConnection, driver: Any) -> int:
            return len(await driver.fetch(END_FROZEN, FROZEN_S_MAX))

        ended = await self._use("", use, writing=True)
        _log.warning("frozen_writers_ended", sessions=ended)

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

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


def _cause(error: BaseException) -> BaseException:
    return (error.orig or error) if isinstance(error, DBAPIError) else error


async def _commit(driver: Any, *, writing: bool) -> None:
    """End the transaction.

    Never by asking the server to cancel, as asyncpg would after its limit or when it is cancelled: a commit that
    waits for a standby would be told to wait no more, and be seen by everybody. Whoever hangs up leaves it waiting.

    Raises:
        StoreUnavailable: the commit takes longer than `COMMIT_S_MAX`, or came to nothing.
    """
    if writing:
        failpoints.reach("before_commit")
    loop, limit_s = asyncio.get_running_loop(), COMMIT_S_MAX
    timer = loop.call_later(limit_s, driver.terminate)
    try:
        said = await driver.execute("COMMIT", timeout=_NEVER_S)
    except BaseException as error:
        # Before asyncpg's request to cancel is on its way: it is a task that has not begun.
        driver.terminate()
        if isinstance(error, Exception) and loop.time() >= timer.when():
            raise StoreUnavailable(
                f"the database did not commit within {limit_s:g} s, and may do so later"
            ) from error
        raise
    finally:
        timer.cancel()
    if said != "COMMIT":
        raise StoreUnavailable(f"the database cannot be used: the commit became a {said}")
    if writing:
        failpoints.reach("after_commit")


async def _clean(connection: AsyncConnection, driver: Any) -> None:
    """Leave the connection as the pool expects it, or leave it out of the pool."""
    try:
        if not driver.is_closed() and driver.is_in_transaction():
            await driver.execute("ROLLBACK")
    except Exception:  # noqa: BLE001  # what went wrong is told by the work itself
        driver.terminate()
    # A server that became a standby, or always was one, may be another's by the next time.
    if driver.is_closed() or is_standby(driver):
        await connection.invalidate()


@contextmanager
def _translated() -> Iterator[None]:
    """Turn what SQLAlchemy and asyncpg raise into the log's own errors.

    Raises:
        CorruptLog: the database says that it is damaged.
        StoreUnavailable: anything else that is not a fault of ours.
    """
    asyncpg = driver_module()
    try:
        with translated_errors():
            yield
    except (EventError, IntegrityError, asyncpg.IntegrityConstraintViolationError):
        raise
    except (
        DBAPIError,
        asyncpg.PostgresError,
        asyncpg.InterfaceError,
        asyncpg.InternalClientError,
    ) as error:
        cause = _cause(error)
        if getattr(cause, "sqlstate", None) in _DAMAGE:
            raise CorruptLog(f"the database is damaged: {first_line(cause)}") from error
        raise StoreUnavailable(f"the database cannot be used: {first_line(cause)}") from error
    except OSError as error:
        raise StoreUnavailable(f"the database does not answer: {first_line(error)}") from error
