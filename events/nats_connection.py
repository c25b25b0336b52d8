"""One connection to a NATS server: what its URL says, how it begins, and how it ends whatever the server does.

It reaches under nats-py's public surface in two places: `_check_encrypted`, before a password is sent, and `_cut_off`.
So one minor version of nats-py is asked for (`pyproject.toml`), and a newer one taken only with a run of
`tests/integration/test_nats_connection.py`.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Final
from urllib.parse import unquote, urlsplit

from events.errors import StoreUnavailable

CONNECT_S_MAX: Final = 5.0
"""How long a server may take until its hints are heard."""

PING_S: Final = 5.0
"""How often a server is asked whether it lives."""

PINGS_OPEN_MAX: Final = 2
"""So many of these may be unanswered; when the next one is due, the server is given up."""

LET_GO_S_MAX: Final = 1.0
"""How long the end of a connection may take before it is cut off."""

DEFAULT_PORT: Final = 4222
SCHEMES: Final = ("nats", "tls")
UNREADABLE: Final = "a NATS server is written nats://HOST:4222 or tls://USER:PASSWORD@HOST:4222, special characters as %XX"


@dataclass(frozen=True, slots=True)
class NatsServer:
    """One server of the setting.

    Attributes:
        scheme: `tls` where it must encrypt; with `nats` it may.
        place: its host and port.
        user: who comes, if it asks; not shown, as the others.
        password: what proves it.
        token: what proves it where there is no user.
    """

    scheme: str
    place: str
    user: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)


def servers_of(text: str) -> tuple[NatsServer, ...]:
    """The servers that a setting names, separated by commas.

    Raises:
        ValueError: one of them cannot be read; what may be a password is not repeated.
    """
    return tuple(_server_of(part.strip()) for part in text.split(","))


def _server_of(url: str) -> NatsServer:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port or DEFAULT_PORT
    except ValueError:
        raise ValueError(UNREADABLE) from None
    more = parts.path.strip("/") or parts.query or parts.fragment
    if not host or more or parts.scheme not in SCHEMES:
        raise ValueError(UNREADABLE)
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    # Here, not in nats-py: that sends a password as it is written, %XX and all.
    user = None if parts.username is None else unquote(parts.username)
    if parts.password is None:
        return NatsServer(parts.scheme, place, token=user)
    return NatsServer(parts.scheme, place, user, unquote(parts.password))


class NotEncrypted(ConnectionError):
    """A server of a `tls://` URL that does not encrypt: whoever it is, it is not told the password."""

    def __init__(self, place: str) -> None:
        super().__init__(f"{place} does not offer TLS, which a tls:// URL asks for")


def check_installed() -> None:
    """Make sure that nats-py is there.

    Raises:
        StoreUnavailable: it is not.
    """
    try:
        import nats.aio.client  # noqa: F401
    except ImportError as error:
        raise StoreUnavailable(
            "hints over NATS need nats-py: pip install 'regime-synapse[nats]'"
        ) from error


class Connection:
    """A connection from its beginning to its loss; another one is made after that."""

    def __init__(self, server: NatsServer, lost: Callable[[], None]) -> None:
        """`lost`: called as soon as it is of no more use."""
        from nats.aio.client import Client

        self.server = server
        self.client: Client = Client()
        self._lost = lost
        self._error: Exception | None = None

    @property
    def fault(self) -> Exception | None:
        """Why it is of no more use; None while it is."""
        if self._error is None and not self.client.is_connected:
            return ConnectionResetError("the server has closed the connection")
        return self._error

    async def open(self) -> None:
        """Connect, once.

        Raises:
            Exception: whatever is in the way.
        """
        server = self.server
        try:
            await self.client.connect(
                [f"{server.scheme}://{server.place}"],
                error_cb=self._note,
                disconnected_cb=self._end,
                closed_cb=self._end,
                name="synapse",
                no_echo=True,
                allow_reconnect=False,
                max_reconnect_attempts=1,
                reconnect_time_wait=0,
                ping_interval=PING_S,  # type: ignore[arg-type]  # it only sleeps so long
                max_outstanding_pings=PINGS_OPEN_MAX,
                flush_timeout=PING_S,
                user=self._guarded(server.user),
                password=self._guarded(server.password),
                token=self._guarded(server.token),
            )
        except Exception as error:
            # What it noted first says more than that no server is left.
            raise self._error or error from error
        self._check_encrypted()
        # A second try may have succeeded.
        self._error = None

    async def confirm(self) -> None:
        """Return once the server has taken everything so far, and refused none of it.

        Raises:
            Exception: it has, or is gone.
        """
        await self.client.flush()
        if self.fault is not None:
            raise self.fault

    def _guarded(self, secret: str | None) -> Callable[[], str] | None:
        return None if secret is None else partial(self._told, secret)

    def _told(self, secret: str) -> str:
        # nats-py asks for it after the server has said whether it encrypts, and before it is sent.
        self._check_encrypted()
        return secret

    def _check_encrypted(self) -> None:
        if self.server.scheme == "tls" and not self.client._server_info.get("tls_required"):
            raise NotEncrypted(self.server.place)

    async def _note(self, error: Exception) -> None:
        # After any error, also of one that only drops what was heard: a new connection begins with a look.
        self._error = self._error or error
        self._lost()

    async def _end(self) -> None:
        self._lost()

    async def let_go(self) -> None:
        """Send what waits and close, for `LET_GO_S_MAX` at most."""
        closing = asyncio.create_task(self.client.close(), name="close-nats")
        try:
            await asyncio.wait([closing], timeout=LET_GO_S_MAX)
        finally:
            self._cut_off()
            closing.cancel()
            closing.add_done_callback(_look_at)

    def _cut_off(self) -> None:
        # Its own way to close waits for the very server that does not answer.
        client = self.client
        writer = getattr(client._transport, "_io_writer", None)
        if writer is not None:
            writer.transport.abort()
        for task in (client._ping_interval_task, client._flusher_task, client._reading_task):
            if task is not None:
                task.add_done_callback(_look_at)


def _look_at(task: asyncio.Task[None]) -> None:
    # Whatever ended it is known by now; unread, it would be logged as a traceback.
    if not task.cancelled():
        task.exception()


@asynccontextmanager
async def connected(
    server: NatsServer, begin: Callable[[Connection], Awaitable[None]], lost: Callable[[], None]
) -> AsyncIterator[Connection]:
    """A connection that is open and begun, and let go of in the end.

    Args:
        server: where to.
        begin: what it begins with; the server must have taken it, all within `CONNECT_S_MAX`.
        lost: called as soon as it is of no more use.

    Raises:
        Exception: whatever is in the way.
    """
    connection = Connection(server, lost)
    try:
        async with asyncio.timeout(CONNECT_S_MAX):
            await connection.open()
            await begin(connection)
            await connection.confirm()
        yield connection
    finally:
        await connection.let_go()
