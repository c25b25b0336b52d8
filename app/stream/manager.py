"""`TypedWebSocketManager`: every connection to a socket, from accept to goodbye."""

import random
from collections.abc import Callable
from functools import partial
from typing import Final, Protocol

import structlog
from starlette.websockets import WebSocket

from app.access.grant import GRANT, NOBODY, Grant
from app.stream.asgi import AsgiTransport
from app.stream.close_codes import CLOSE_FAULT
from app.stream.connection import TypedConnection
from app.stream.connection_view import ConnectionView
from app.stream.context import StreamContext
from app.stream.crowd import Crowd
from app.stream.direct import EXTENSION, DirectTransport, DirectWriter
from app.stream.sweep import Sweep
from app.stream.transport import Transport

SUBPROTOCOL: Final = "synapse"
"""What a socket speaks; a client that offers it may offer its token beside it."""

RECONNECT_SPREAD_S: Final = 5.0
"""Clients of a server that goes away are told to come back after 0.5 s to this, at random."""

_log = structlog.get_logger("stream")


def open_transport(websocket: WebSocket) -> Transport:
    """The wire to a client: the direct one where the server offers it, else ASGI's."""
    writer = websocket.scope.get("extensions", {}).get(EXTENSION)
    if isinstance(writer, DirectWriter):
        return DirectTransport(websocket, writer)
    return AsgiTransport(websocket)


class Connection(ConnectionView, Protocol):
    """One client's connection, whichever socket it came to."""

    @property
    def grant(self) -> Grant:
        """What its client may do."""

    async def run(self) -> None:
        """Serve the client until it goes, is closed, or fails."""

    def dismiss(self, code: int, reason: str) -> None:
        """Close at once, whatever is under way."""

    def shut_down(self, reconnect_after_s: float) -> None:
        """Announce that the server goes away, then close."""


class TypedWebSocketManager:
    """Accepts clients, keeps count of them, and takes leave of them all."""

    def __init__(self, context: StreamContext, crowd: Crowd | None = None) -> None:
        """`crowd`: how many there may be; the event streams' endpoint counts its own there."""
        self.crowd = Crowd() if crowd is None else crowd
        self._context = context
        self._connections: set[Connection] = set()
        self._is_leaving = False
        self._sweep = Sweep(lambda: self._connections, context.holds, context.refresh)

    def start(self) -> None:
        """Begin to follow the log."""
        self._context.fan_out.start()
        self._sweep.start()

    async def stop(self) -> None:
        """Follow no longer."""
        await self._sweep.stop()
        await self._context.fan_out.stop()

    @property
    def connections(self) -> int:
        """How many clients are connected."""
        return len(self._connections)

    async def serve(self, websocket: WebSocket) -> None:
        """Serve one client of `/ws/synapse` until it goes."""
        await self.serve_as(websocket, partial(TypedConnection, self._context))

    async def serve_as(
        self, websocket: WebSocket, connect: Callable[[Transport, Grant], Connection]
    ) -> None:
        """Serve one client until it goes, by a connection that is made around its wire.

        Raises:
            Crowded: there are too many already; nothing was said to the client.
        """
        with self.crowd.place(websocket.client.host if websocket.client else ""):
            offered = websocket.scope.get("subprotocols", ())
            await websocket.accept(SUBPROTOCOL if SUBPROTOCOL in offered else None)
            transport = open_transport(websocket)
            await self._run(connect(transport, websocket.scope.get(GRANT, NOBODY)), transport)

    async def serve_over(self, transport: Transport, grant: Grant) -> None:
        """Serve one client as `/ws/synapse` does, over another wire, which is open already."""
        await self._run(TypedConnection(self._context, transport, grant), transport)

    async def _run(self, connection: Connection, transport: Transport) -> None:
        self._connections.add(connection)
        if self._is_leaving:  # it came over a connection that was open before
            connection.shut_down(_reconnect_after_s())
        self._context.register.opened(connection, transport.address)
        try:
            await connection.run()
        except Exception:  # noqa: BLE001  # one client's failure must not reach the others
            _log.exception("connection_failed")
            await transport.close(CLOSE_FAULT, "internal error")
        finally:
            self._connections.discard(connection)
            self._context.register.closed(connection, transport.close_code)

    def shut_down(self) -> None:
        """Tell every client that the server goes away, and when to come back."""
        self._is_leaving = True
        for connection in self._connections:
            connection.shut_down(_reconnect_after_s())


def _reconnect_after_s() -> float:
    return round(random.uniform(0.5, RECONNECT_SPREAD_S), 3)
