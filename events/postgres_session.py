"""A session of PostgreSQL as the log needs it: how it is reached, what holds in it, when it is of no more use.

A pooler that hands a server's session to others after each transaction (PgBouncer's transaction mode) is noticed by
the process id: the one that the pooler tells its client is not that of the server. Then what a session would be told
once is told in the message that begins each transaction, and no statement keeps a name.
"""

from types import ModuleType
from typing import Any, Final

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.util import await_only

from events.errors import StoreUnavailable
from events.postgres_hosts import first_host

CONNECT_S_MAX: Final = 10.0
"""How long connecting to one host may take."""

IDLE_S_MAX: Final = 30
"""After how many seconds of silence in mid-transaction the server ends a session."""

SESSION: Final = f"""
    -- Every question has its index, and reads a few rows in the index's order. The planner must not think
    -- otherwise, be it that the table was empty when it made its plan, be it that it guesses badly how many
    -- rows pass a filter: a bitmap reads the whole range before the first row comes out.
    SET enable_seqscan = off;
    SET enable_bitmapscan = off;
    SET jit = off;
    -- A writer that is frozen holds the head row: the server lets the others go on without it.
    SET idle_in_transaction_session_timeout = '{IDLE_S_MAX}s';
    -- One whose machine is gone takes nothing any more; the kernel would try for a quarter of an hour.
    SET tcp_user_timeout = '{IDLE_S_MAX}s';
    -- What is acknowledged is on disk.
    SELECT set_config('synchronous_commit', 'on', false)
    WHERE current_setting('synchronous_commit') = 'off';
"""
IN_TRANSACTION: Final = SESSION.replace("SET ", "SET LOCAL ").replace("false", "true")
"""The same until the end of the transaction."""

READ_ONLY: Final = "25006"
_GONE: Final = ("57P01", "57P02", "57P03", "57P05")
"""The server shuts down, has crashed, is starting, or has ended this session."""


class Sessions:
    """Makes the connections of one pool.

    Attributes:
        pooled: whether a pooler was found between here and the server.
    """

    def __init__(self, url: str, command_s_max: float | None) -> None:
        """`command_s_max`: how long one statement may take, in seconds; None for as long as it does."""
        self.pooled = False
        self._url = url
        self._command_s_max = command_s_max
        self._asyncpg = driver_module()

    def begin(self, how: str, first: str = "") -> str:
        """The message that begins a transaction, and executes its first statement."""
        return f"BEGIN {how};{IN_TRANSACTION if self.pooled else ''}{first}"

    def engine(self, **pool: Any) -> AsyncEngine:
        """A pool of these connections. Whoever uses one begins and ends its transactions himself.

        SQLAlchemy's own `BEGIN` is a message of its own, before any that says what shall hold.
        """

        def creator() -> Any:
            connection = await_only(self._connect())

            async def connected() -> Any:
                return connection

            return engine.dialect.dbapi.connect(  # type: ignore[union-attr]  # asyncpg's is there
                async_creator_fn=connected,
                prepared_statement_cache_size=0 if self.pooled else 100,
                prepared_statement_name_func=(lambda: "") if self.pooled else None,
            )

        engine = create_async_engine(
            "postgresql+asyncpg://", creator=creator, isolation_level="AUTOCOMMIT", **pool
        )
        event.listen(engine.sync_engine, "connect", _end_first_transaction)
        return engine

    async def _connect(self) -> Any:
        return await first_host(self._url, self._connect_to)

    async def _connect_to(self, dsn: str) -> Any:
        if not self.pooled:
            connection = await self._reach(dsn)
            pid = connection.get_server_pid()
            # The status of what asyncpg executes without parameters tells how many rows there were.
            if await connection.execute(f"SELECT WHERE pg_backend_pid() = {pid}") == "SELECT 1":
                await connection.execute(SESSION)
                return connection
            self.pooled = True
            await connection.close()
        connection = await self._reach(dsn, statement_cache_size=0)
        # What SQLAlchemy asks of a new connection asks one server, not one for each half of a question.
        await connection.execute(self.begin("READ ONLY"))
        return connection

    async def _reach(self, dsn: str, **options: Any) -> Any:
        return await self._asyncpg.connect(
            dsn, timeout=CONNECT_S_MAX, command_timeout=self._command_s_max, **options
        )


def _end_first_transaction(adapted: Any, _record: Any) -> None:
    if adapted.driver_connection.is_in_transaction():
        adapted.run_async(lambda connection: connection.execute("COMMIT"))


def is_lost(error: BaseException, connection: Any, *, writing: bool) -> bool:
    """Whether a connection is of no more use, so that another one may do better."""
    # asyncpg's own: the server has said that it ends the session, and has not hung up yet.
    if connection.is_closed() or isinstance(error, driver_module().InternalClientError):
        return True
    state = getattr(error, "sqlstate", None) or ""
    # A server that only reads is no primary, or none any more.
    return state in _GONE or state.startswith("08") or (writing and state == READ_ONLY)


def is_standby(connection: Any) -> bool:
    """Whether its server is a standby, as far as it tells."""
    return getattr(connection.get_settings(), "in_hot_standby", "off") == "on"


def driver_module() -> ModuleType:
    """The module asyncpg.

    Raises:
        StoreUnavailable: it is not installed.
    """
    try:
        import asyncpg  # type: ignore[import-untyped]  # it has no types of its own
    except ImportError as error:
        raise StoreUnavailable(
            "a log in PostgreSQL needs asyncpg: pip install 'regime-synapse[postgres]'"
        ) from error
    return asyncpg  # type: ignore[no-any-return]  # nor has this
