"""Hints by PostgreSQL's own LISTEN/NOTIFY: nothing to install, and nothing in them but "look again".

One connection of its own, beside the store's, listens and tells. NOTIFY runs outside the append's transaction,
where it would hold a lock of the whole server until the commit is on disk; and once for any number of batches
that were committed while the one before it was under way. It needs a server that it reaches directly: a pooler
(PgBouncer) hands the connection to others, and notifications go astray.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from time import perf_counter
from typing import Any, Final, TypeVar

from events.envelope import RecordedEvent
from events.errors import StoreUnavailable, first_line
from events.hint_connection import HintConnection
from events.hints import Hint, HintKind
from events.postgres_hosts import first_host, hosts_of
from events.postgres_session import is_standby

Result = TypeVar("Result")

CHANNEL: Final = "synapse_log"
"""A channel is one database's: a log has it to itself."""

NOTIFY: Final = "NOTIFY synapse_log"

APPLICATION: Final = "synapse hints"
"""The name of this connection in `pg_stat_activity`."""

CONNECT_S_MAX: Final = 5.0
"""How long connecting to one host may take."""

ANSWER_S_MAX: Final = 5.0
"""How long the server may take to answer; one that went away without a word is noticed after this."""

CHECK_S: Final = 5.0
"""How often a connection on which nothing is told is asked whether it lives."""

CLOSE_S_MAX: Final = 1.0
"""How long closing waits for a server that hangs."""

POOLED: Final = "a pooler stands between here and the server, and passes no notifications on"
STANDBY: Final = "it is a standby, which passes no notifications on"


class NotifyHints:
    """Tells and hears by LISTEN/NOTIFY. A server that is away is tried again until it is back.

    Attributes:
        status: how it fares. `sent` counts notifications, each for one batch or for several; `lost` batches
            that were committed while no connection was there: others are told once it is back.
    """

    def __init__(self, url: str) -> None:
        """`url`: of the log's database, `postgresql://...`, as `EventStore` is opened with."""
        self._kept = HintConnection(HintKind.NOTIFY, self._session)
        self.status = self._kept.status
        self._url = url
        self._connection: Any = None
        self._pid = 0
        self._untold = False
        self._woken = asyncio.Event()

    def start(self, heard: Callable[[Hint], None]) -> None:
        """Begin to connect, and call `heard` for each notification of another process."""
        self._kept.start(heard)

    def tell(self, epoch: str, events: Sequence[RecordedEvent]) -> None:  # noqa: ARG002
        """Let one NOTIFY follow; it is empty, so that whoever hears it looks in the log."""
        if not self.status.connected:
            self.status.lost += 1
        self._untold = True
        self._woken.set()

    async def close(self) -> None:
        """Send what waits, and let go of the connection, within twice `CLOSE_S_MAX`."""
        self._kept.closing = True
        self._woken.set()
        if (task := self._kept.task) is None:
            return
        if self._connection is None:
            task.cancel()
        _, hung = await asyncio.wait([task], timeout=CLOSE_S_MAX)
        if hung:
            # Cut off, not cancelled: that would ask the very server that does not answer.
            self._cut_off()
            await asyncio.wait(hung, timeout=CLOSE_S_MAX)

    async def _session(self) -> None:
        """One connection, from its beginning to its end.

        Raises:
            Exception: whatever ended it.
        """
        connection = await first_host(self._url, _connect)
        self._connection = connection
        try:
            await self._listen(connection)
            await self._serve(connection)
            with suppress(Exception):
                await connection.close(timeout=CLOSE_S_MAX)
        finally:
            self.status.connected = False
            self._cut_off()

    async def _listen(self, connection: Any) -> None:
        self._pid = await _answered(connection, connection.fetchval("SELECT pg_backend_pid()"))
        if self._pid != connection.get_server_pid():
            raise StoreUnavailable(POOLED)
        connection.add_termination_listener(lambda _: self._woken.set())
        await _answered(connection, connection.add_listener(CHANNEL, self._notified))
        self._kept.found(hosts_of(self._url))

    async def _serve(self, connection: Any) -> None:
        while True:
            if not self._untold:
                if self._kept.closing:
                    return
                with suppress(TimeoutError):
                    async with asyncio.timeout(CHECK_S):
                        await self._woken.wait()
            self._woken.clear()
            if connection.is_closed():
                raise ConnectionResetError("the server has closed the connection")
            if self._untold:
                self._untold = False
                await self._notify(connection)
            elif not self._kept.closing:
                await _answered(connection, connection.execute("SELECT 1"))

    async def _notify(self, connection: Any) -> None:
        try:
            await _answered(connection, connection.execute(NOTIFY))
        except Exception as error:
            self.status.lost += 1
            if connection.is_closed():
                self._untold = True
                raise
            # Refused, as when the server's queue of notifications is full; the connection is as good as before.
            self.status.error = first_line(error)
        else:
            self.status.sent += 1
            self.status.error = None

    def _notified(self, _connection: object, pid: int, _channel: str, _payload: object) -> None:
        if pid != self._pid:
            self.status.heard += 1
            self._kept.hear(Hint())

    def _cut_off(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None and not connection.is_closed():
            connection.terminate()


async def _connect(host: str) -> Any:
    """Connect to a host that answers, is what the URL wants, and is no standby.

    Raises:
        StoreUnavailable: it does not answer, or is a standby.
        Exception: whatever asyncpg says.
    """
    import asyncpg  # type: ignore[import-untyped]  # it has no types of its own

    try:
        connection = await asyncpg.connect(
            host,
            timeout=CONNECT_S_MAX,
            statement_cache_size=0,
            server_settings={"application_name": APPLICATION},
        )
    except TimeoutError:
        raise StoreUnavailable(f"it does not answer within {CONNECT_S_MAX:g} s") from None
    if is_standby(connection):
        connection.terminate()
        raise StoreUnavailable(STANDBY)
    return connection


async def _answered(connection: Any, asked: Awaitable[Result]) -> Result:
    """What the server answers within `ANSWER_S_MAX`.

    Raises:
        TimeoutError: nothing came; the connection is closed.
    """
    # Cut off, not cancelled, for the same reason as in `close`.
    late = asyncio.get_running_loop().call_later(ANSWER_S_MAX, connection.terminate)
    began = perf_counter()
    try:
        return await asked
    except Exception as error:
        if connection.is_closed() and perf_counter() - began >= ANSWER_S_MAX:
            raise TimeoutError(f"the server has not answered for {ANSWER_S_MAX:g} s") from error
        raise
    finally:
        late.cancel()
