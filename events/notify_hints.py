"""Hints by PostgreSQL's own LISTEN/NOTIFY: nothing to install, and nothing in them but "look again".

One connection of its own, beside the store's, listens and tells. NOTIFY runs outside the append's transaction,
where it would hold a lock of the whole server until the commit is on disk; and once for any number of batches
that were committed while the one before it was under way. It needs a server that it reaches directly: a pooler
(PgBouncer) hands the connection to others, and notifications go astray.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from time import perf_counter
from typing import Any, Final, TypeVar

import structlog

from events.envelope import RecordedEvent
from events.errors import StoreUnavailable
from events.hints import Hint, HintKind, HintStatus
from events.postgres_hosts import hosts_one_by_one, place_of
from events.postgres_session import first_line, is_standby

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

RECONNECT_S_MIN: Final = 0.1
RECONNECT_S_MAX: Final = 5.0
"""A lost connection is tried again after the first, then twice as late each time, at most after the second."""

CLOSE_S_MAX: Final = 1.0
"""How long closing waits for a server that hangs."""

POOLED: Final = "a pooler stands between here and the server, and passes no notifications on"


_log = structlog.get_logger("hints")


class NotifyHints:
    """Tells and hears by LISTEN/NOTIFY. A server that is away is tried again until it is back.

    Attributes:
        status: how it fares. `sent` counts notifications, each for one batch or for several; `lost` batches
            that were committed while no connection was there: others are told once it is back.
    """

    def __init__(self, url: str) -> None:
        """`url`: of the log's database, `postgresql://...`, as `EventStore` is opened with."""
        self.status = HintStatus(HintKind.NOTIFY)
        self._url = url
        self._heard: Callable[[Hint], None] | None = None
        self._connection: Any = None
        self._pid = 0
        self._was_connected = False
        self._lost_is_told = False
        self._untold = False
        self._closing = False
        self._woken = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self, heard: Callable[[Hint], None]) -> None:
        """Begin to connect, and call `heard` for each notification of another process."""
        self._heard = heard
        self._task = asyncio.create_task(self._live(), name="notify-hints")

    def tell(self, epoch: str, events: Sequence[RecordedEvent]) -> None:  # noqa: ARG002
        """Let one NOTIFY follow; it is empty, so that whoever hears it looks in the log."""
        if not self.status.connected:
            self.status.lost += 1
        self._untold = True
        self._woken.set()

    async def close(self) -> None:
        """Send what waits, and let go of the connection, within twice `CLOSE_S_MAX`."""
        self._closing = True
        self._woken.set()
        if self._task is None:
            return
        if self._connection is None:
            self._task.cancel()
        _, hung = await asyncio.wait([self._task], timeout=CLOSE_S_MAX)
        if hung:
            # Cut off, not cancelled: that would ask the very server that does not answer.
            self._cut_off()
            await asyncio.wait(hung, timeout=CLOSE_S_MAX)

    async def _live(self) -> None:
        loop = asyncio.get_running_loop()
        wait_s = RECONNECT_S_MIN
        while True:
            began = loop.time()
            try:
                await self._session()
            except Exception as error:  # noqa: BLE001  # no fault of this way may stop it, or reach the log
                self._lose(first_line(error))
            finally:
                self.status.connected = False
                self._cut_off()
            if self._closing:
                return
            if loop.time() - began > RECONNECT_S_MAX:
                wait_s = RECONNECT_S_MIN
            await asyncio.sleep(wait_s * random.uniform(0.5, 1.0))
            wait_s = min(2 * wait_s, RECONNECT_S_MAX)

    async def _session(self) -> None:
        """One connection, from its beginning to its end.

        Raises:
            Exception: whatever ended it.
        """
        self._connection = connection = await _connect(self._url)
        self._pid = await _answered(connection, connection.fetchval("SELECT pg_backend_pid()"))
        if self._pid != connection.get_server_pid():
            raise StoreUnavailable(POOLED)
        connection.add_termination_listener(lambda _: self._woken.set())
        await _answered(connection, connection.add_listener(CHANNEL, self._notified))
        self.status.reconnects += self._was_connected
        self.status.connected, self.status.error = True, None
        self._was_connected, self._lost_is_told = True, False
        _log.info("hints_connected", way=self.status.kind, server=place_of(self._url))
        # What was told before this moment was heard by nobody here.
        self._hear()
        await self._serve(connection)
        with suppress(Exception):
            await connection.close(timeout=CLOSE_S_MAX)

    def _lose(self, why: str) -> None:
        self.status.error = why
        if not self._lost_is_told and not self._closing:
            self._lost_is_told = True
            _log.warning("hints_lost", way=self.status.kind, error=why)

    async def _serve(self, connection: Any) -> None:
        while True:
            if not self._untold:
                if self._closing:
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
            elif not self._closing:
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
            self._hear()

    def _hear(self) -> None:
        if self._heard is not None:
            self._heard(Hint())

    def _cut_off(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None and not connection.is_closed():
            connection.terminate()


async def _connect(url: str) -> Any:
    """Connect to the first host that answers, is what the URL wants, and is no standby.

    Raises:
        StoreUnavailable: none of them.
    """
    import asyncpg  # type: ignore[import-untyped]  # it has no types of its own

    why = "no host"
    for host in hosts_one_by_one(url):
        try:
            connection = await asyncpg.connect(
                host,
                timeout=CONNECT_S_MAX,
                statement_cache_size=0,
                server_settings={"application_name": APPLICATION},
            )
        except TimeoutError:
            why = f"{place_of(host)} does not answer within {CONNECT_S_MAX:g} s"
        except (OSError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            why = f"{place_of(host)}: {first_line(error)}"
        else:
            if not is_standby(connection):
                return connection
            connection.terminate()
            why = f"{place_of(host)}: a standby, which passes no notifications on"
    raise StoreUnavailable(f"cannot connect to PostgreSQL at {why}")


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
