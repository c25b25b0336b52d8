"""`TypedWebSocketManager`: every connection to `/ws/synapse`, from accept to goodbye."""

import random
from typing import Final

import structlog
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from app.stream.connection import StreamContext, TypedConnection
from app.stream.transport import ClientGone

RECONNECT_SPREAD_S: Final = 5.0
"""Clients of a server that goes away are told to come back after 0.5 s to this, at random."""

_log = structlog.get_logger("stream")


class AsgiTransport:
    """A client's wire as plain ASGI gives it: works under every server."""

    def __init__(self, websocket: WebSocket) -> None:
        self._websocket = websocket

    async def receive(self) -> str | bytes | None:
        """The next message of the client; None when it has gone."""
        message = await self._websocket.receive()
        if message["type"] == "websocket.disconnect":
            return None
        text: str | bytes | None = message.get("text")
        return text if text is not None else message.get("bytes", b"")

    async def send(self, text: str) -> None:
        """Write one message; waits while the client does not read."""
        try:
            await self._websocket.send_text(text)
        except (WebSocketDisconnect, RuntimeError, OSError) as error:
            raise ClientGone from error

    async def close(self, code: int, reason: str) -> None:
        """Say goodbye with a close code."""
        if self._websocket.application_state is not WebSocketState.DISCONNECTED:
            try:
                await self._websocket.close(code, reason)
            except (RuntimeError, OSError):
                return  # it has gone already


class TypedWebSocketManager:
    """Accepts clients, keeps count of them, and takes leave of them all."""

    def __init__(self, context: StreamContext) -> None:
        self._context = context
        self._connections: set[TypedConnection] = set()

    @property
    def connections(self) -> int:
        """How many clients are connected."""
        return len(self._connections)

    async def serve(self, websocket: WebSocket) -> None:
        """Serve one client until it goes."""
        await websocket.accept()
        connection = TypedConnection(self._context, AsgiTransport(websocket))
        self._connections.add(connection)
        try:
            await connection.run()
        except Exception:  # noqa: BLE001  # one client's failure must not reach the others
            _log.exception("connection_failed")
            await AsgiTransport(websocket).close(1011, "internal error")
        finally:
            self._connections.discard(connection)

    def shut_down(self) -> None:
        """Tell every client that the server goes away, and when to come back."""
        for connection in self._connections:
            connection.shut_down(round(random.uniform(0.5, RECONNECT_SPREAD_S), 3))
