"""The plain way to a client, as ASGI gives it: works under every server."""

import asyncio
from collections.abc import Sequence

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from app.metrics import Way
from app.stream.close_codes import CLOSED_WITHOUT_A_WORD
from app.stream.transport import ClientGone, Frames
from events.messages import EventText


class AsgiTransport:
    """A client's wire over ASGI's `send`, which waits while the client does not read."""

    def __init__(self, websocket: WebSocket) -> None:
        self._websocket = websocket
        self._offered: asyncio.Task[None] | None = None
        self.way = Way.WS
        self.address = "" if websocket.client is None else websocket.client.host
        self.close_code = CLOSED_WITHOUT_A_WORD
        self.messages_sent = 0
        self.bytes_sent = 0

    async def receive(self) -> str | bytes | None:
        """The next message of the client; None when it has gone."""
        message = await self._websocket.receive()
        if message["type"] == "websocket.disconnect":
            self.close_code = message.get("code") or CLOSED_WITHOUT_A_WORD
            return None
        text: str | bytes | None = message.get("text")
        return text if text is not None else message.get("bytes", b"")

    async def send(self, text: str) -> None:
        """Write one control message; waits while the client does not read."""
        await self._send_all([text])

    async def send_events(self, events: Sequence[EventText]) -> None:
        """Write the messages of these events; waits while the client does not read."""
        await self._send_all([event.text for event in events])

    def offer(self, frames: Frames) -> bool:
        """Begin to write prepared messages, if what was offered before has been written."""
        if self._offered is not None:
            return False
        self._offered = asyncio.create_task(self._send_offered(frames.texts))
        return True

    async def _send_offered(self, texts: Sequence[str]) -> None:
        try:
            await self._send_each(texts)
        except ClientGone:
            return  # whoever listens hears of it
        finally:
            self._offered = None

    async def _send_all(self, texts: Sequence[str]) -> None:
        while self._offered is not None:
            await asyncio.wait([self._offered])
        await self._send_each(texts)

    async def _send_each(self, texts: Sequence[str]) -> None:
        try:
            for text in texts:
                await self._websocket.send_text(text)
                self.messages_sent += 1
                self.bytes_sent += len(text)
        except (WebSocketDisconnect, RuntimeError, OSError) as error:
            raise ClientGone from error

    async def close(self, code: int, reason: str) -> None:
        """Say goodbye with a close code."""
        if self._offered is not None:
            self._offered.cancel()
        if self._websocket.application_state is not WebSocketState.DISCONNECTED:
            try:
                self.close_code = code
                await self._websocket.close(code, reason)
            except (WebSocketDisconnect, RuntimeError, OSError):
                return  # it has gone already
