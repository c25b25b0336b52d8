"""`NatsHints`: hints through NATS servers, with the events in them. What is not told or heard is found by asking.

A new connection is made whenever one is lost, with a client of its own: nats-py's own way to reconnect gives up for
good after some of the errors that a server can send, and this must not.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, suppress
from hashlib import sha256
from random import sample
from typing import TYPE_CHECKING, Final

from events.envelope import RecordedEvent
from events.errors import first_line
from events.hint_codec import HINT_BYTES_MAX, InvalidHint, decode_hint, encode_hint
from events.hint_connection import HintConnection
from events.hints import Hint, HintKind
from events.nats_connection import (
    LET_GO_S_MAX,
    PING_S,
    Connection,
    check_installed,
    connected,
    servers_of,
)

if TYPE_CHECKING:
    from nats.aio.msg import Msg

WAITING_EVENTS_MAX: Final = 10_000
"""Events that may wait to be sent; a batch beyond that is not told, and others find it by asking."""

CLOSE_S_MAX: Final = 1.0
"""How long what waits may take to be sent when the log is closed."""


def subject_of(key: bytes) -> str:
    """Where the hints of a log are told: elsewhere for each key, of which it gives nothing away."""
    return f"synapse.{sha256(key).hexdigest()[:16]}.log"


class NatsHints:
    """Tells and hears over NATS. A server that is away is tried again until it is back.

    Attributes:
        status: how it fares.
    """

    def __init__(self, servers: str, key: bytes) -> None:
        """Name the servers, and give the log's key.

        Args:
            servers: `nats://` and `tls://` URLs, separated by commas; any of them will do.
            key: of the log, for all its nodes (`SqlEventStore.hint_key`).

        Raises:
            ValueError: a URL cannot be read.
            StoreUnavailable: nats-py is not installed.
        """
        self._kept = HintConnection(HintKind.NATS, self._session)
        self.status = self._kept.status
        self._servers = servers_of(servers)
        check_installed()
        self._key = key
        self._subject = subject_of(key)
        self._waiting: deque[tuple[str, Sequence[RecordedEvent]]] = deque()
        self._waiting_events = 0
        self._woken = asyncio.Event()

    def start(self, heard: Callable[[Hint], None]) -> None:
        """Begin to connect, and call `heard` for each hint of another process."""
        self._kept.start(heard)

    def tell(self, epoch: str, events: Sequence[RecordedEvent]) -> None:
        """Let a hint follow. Without a connection, or with too much before it, it is lost."""
        # A single batch may be larger than what may wait, and is told all the same.
        full = self._waiting and self._waiting_events + len(events) > WAITING_EVENTS_MAX
        if full or self._kept.closing or not self.status.connected:
            self.status.lost += 1
            return
        self._waiting.append((epoch, events))
        self._waiting_events += len(events)
        self._woken.set()

    async def close(self) -> None:
        """Send what waits and let go of the connection, within a few seconds even where NATS hangs."""
        self._kept.closing = True
        self._woken.set()
        if (task := self._kept.task) is None:
            return
        if self.status.connected:
            await asyncio.wait([task], timeout=CLOSE_S_MAX)
        # nats-py swallows some cancellations, so it is told in two ways that this is the end.
        self.status.connected = False
        task.cancel()
        await asyncio.wait([task], timeout=2 * LET_GO_S_MAX)

    async def _session(self) -> None:
        """One connection, from its beginning to its end.

        Raises:
            Exception: whatever ended it.
        """
        try:
            async with AsyncExitStack() as stack:
                connection = await self._connected(stack)
                place = connection.server.place
                self._kept.found(place)
                try:
                    await self._send(connection)
                except Exception as error:
                    raise RuntimeError(f"{place}: {_said(error)}") from error
                finally:
                    self.status.connected = False
        finally:
            self.status.lost += len(self._waiting)
            self._waiting.clear()
            self._waiting_events = 0

    async def _connected(self, stack: AsyncExitStack) -> Connection:
        """A connection to any of the servers.

        Raises:
            Exception: what the last one said.
        """
        servers = sample(self._servers, len(self._servers))
        while True:
            server = servers.pop()
            try:
                return await stack.enter_async_context(
                    connected(server, self._begin, self._woken.set)
                )
            except Exception as error:  # noqa: BLE001  # as above
                fault = RuntimeError(f"{server.place}: {_said(error)}")
            if not servers:
                raise fault

    async def _begin(self, connection: Connection) -> None:
        await connection.client.subscribe(self._subject, cb=self._take)
        # Others look for what was not told meanwhile; and who may not publish is told so now.
        await connection.client.publish(self._subject, encode_hint(self._key, None, ()))

    async def _send(self, connection: Connection) -> None:
        """Send what is told, until the log is closed.

        Raises:
            Exception: the connection is lost.
        """
        client = connection.client
        while self.status.connected:
            if connection.fault is not None:
                raise connection.fault
            if self._waiting:
                epoch, events = self._waiting.popleft()
                self._waiting_events -= len(events)
                most = min(HINT_BYTES_MAX, client.max_payload)
                await client.publish(self._subject, encode_hint(self._key, epoch, events, most))
                self.status.sent += 1
            elif self._kept.closing:
                return
            else:
                self._woken.clear()
                # A connection that hangs while it is closed wakes nobody.
                with suppress(TimeoutError):
                    async with asyncio.timeout(PING_S):
                        await self._woken.wait()

    async def _take(self, message: "Msg") -> None:
        try:
            hint = decode_hint(self._key, message.data)
        except InvalidHint:
            self.status.refused += 1
        else:
            self.status.heard += 1
            self._kept.hear(hint)


def _said(error: Exception) -> str:
    """What an error says, in one line."""
    return first_line(error).removeprefix("nats: ")
