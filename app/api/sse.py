"""Server-Sent Events as a `Transport`: what a connection sends, written to the body of one response."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Final

import orjson
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.api.problems import too_many_connections
from app.metrics import Way
from app.stream.close_codes import CLOSE_NORMAL, CLOSED_WITHOUT_A_WORD
from app.stream.crowd import Crowded
from app.stream.direct import CLOSE_S_MAX, CUT_OFF
from app.stream.protocol import SubscribePayload
from app.stream.transport import ClientGone, Frames
from events.clock import now_us
from events.messages import EventText
from events.scalars import format_micros

RECONNECT_MS: Final = 2_000
"""How long a browser waits before it comes back, unless a `shutdown` says otherwise."""

REQUEST_ID: Final = "stream"
"""The `request_msg_id` of everything that answers the one subscribe of a stream."""

WRITE_BYTES: Final = 256 * 1024
"""Roughly; a page of long events goes out in several writes, each of which waits for the client."""


class SseTransport:
    """A client's wire over the body of a response, which waits while the client does not read.

    The client says one thing: the subscribe that its request amounts to.
    """

    def __init__(
        self,
        asked: SubscribePayload,
        receive: Receive,
        send: Send,
        address: str = "",
        cut_off: Callable[[], None] | None = None,
    ) -> None:
        """`address`: where the client comes from; `cut_off`: ends its connection without a word."""
        self._asked: SubscribePayload | None = asked
        self._receive = receive
        self._send = send
        self._cut_off = cut_off
        self._epoch = ""
        self._offered: asyncio.Task[None] | None = None
        self._ended = False
        self.way = Way.SSE
        self.address = address
        self.close_code = CLOSED_WITHOUT_A_WORD
        self.messages_sent = 0
        self.bytes_sent = 0

    async def receive(self) -> str | bytes | None:
        """The subscribe; after it None, when the client has gone."""
        asked, self._asked = self._asked, None
        if asked is not None:
            return (
                f'{{"msg_id":"{REQUEST_ID}","type":"subscribe","payload":{asked.model_dump_json()},'
                f'"direction":"c2s","timestamp":"{format_micros(now_us())}"}}'
            )
        while (await self._receive())["type"] != "http.disconnect":
            pass
        return None

    async def begin(self) -> None:
        """Write what a browser needs at once: when to come back if the stream ends."""
        await self._write(f"retry: {RECONNECT_MS}\n\n")

    async def send(self, text: str) -> None:
        """Write one control message; waits while the client does not read."""
        await self._wait_for_offered()
        message = orjson.loads(text)
        await self._write(self._control_block(message, text))
        self.messages_sent += 1
        if message["type"] == "error":
            raise ClientGone  # its one subscribe was refused: nothing would follow

    async def send_events(self, events: Sequence[EventText]) -> None:
        """Write the messages of these events; waits while the client does not read."""
        await self._wait_for_offered()
        await self._write_events(events)

    def offer(self, frames: Frames) -> bool:
        """Begin to write prepared messages, if what was offered before has been written."""
        if self._offered is not None:
            return False
        self._offered = asyncio.create_task(self._write_offered(frames))
        return True

    async def close(self, code: int, reason: str) -> None:  # noqa: ARG002  # there is no place for them
        """End the body: the client comes back by itself. One that does not read is cut off after a while."""
        self.close_code = code
        if self._offered is not None:
            self._offered.cancel()
        if not self._ended:
            self._ended = True
            try:
                async with asyncio.timeout(CLOSE_S_MAX):
                    await self._send(
                        {"type": "http.response.body", "body": b"", "more_body": False}
                    )
            except TimeoutError:
                if self._cut_off is not None:
                    self._cut_off()
            except OSError:
                return  # it has gone already

    async def _write_offered(self, frames: Frames) -> None:
        try:
            await self._write_events(frames.events)
            if frames.control is not None:
                message = orjson.loads(frames.control)
                await self._write(self._control_block(message, frames.control))
                self.messages_sent += 1
        except ClientGone:
            return  # whoever listens hears of it
        finally:
            self._offered = None

    async def _wait_for_offered(self) -> None:
        while self._offered is not None:
            await asyncio.wait([self._offered])

    async def _write_events(self, events: Sequence[EventText]) -> None:
        blocks: list[str] = []
        waiting = 0
        for event in events:
            blocks.append(
                f"id: {self._epoch}:{event.position}\nevent: {event.type}\ndata: {event.text}\n\n"
            )
            waiting += len(event.text)
            if waiting >= WRITE_BYTES:
                await self._write("".join(blocks))
                blocks.clear()
                waiting = 0
        if blocks:
            await self._write("".join(blocks))
        self.messages_sent += len(events)

    def _control_block(self, message: dict[str, Any], text: str) -> str:
        """A control message; with an id where everything up to a position has been sent."""
        kind, payload = message["type"], message["payload"]
        fields = f"event: {kind}\ndata: {text}\n\n"
        match kind:
            case "subscription_confirmed":
                self._epoch = payload["epoch"]
            case "caught_up":
                return f"id: {self._epoch}:{payload['position']}\n{fields}"
            case "heartbeat":
                return f"id: {self._epoch}:{payload['head']}\n{fields}"
            case "shutdown":
                return f"retry: {round(payload['reconnect_after_s'] * 1000)}\n{fields}"
        return fields

    async def _write(self, text: str) -> None:
        body = text.encode()
        try:
            await self._send({"type": "http.response.body", "body": body, "more_body": True})
        except OSError as error:
            raise ClientGone from error
        self.bytes_sent += len(body)


class EventStreamResponse(Response):
    """A response whose body is one connection's stream, for as long as it lasts."""

    media_type = "text/event-stream"

    def __init__(
        self,
        asked: SubscribePayload,
        serve: Callable[[SseTransport], Awaitable[None]],
        place: Callable[[str], AbstractContextManager[None]],
    ) -> None:
        """`serve` runs the connection over the wire, from the subscribe to its end, in a place for its address."""
        self._asked = asked
        self._serve = serve
        self._place = place
        self.status_code = 200
        self.background = None
        # Nobody may keep it, and no proxy may hold it back until a buffer is full.
        self.init_headers({"Cache-Control": "no-store", "X-Accel-Buffering": "no"})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the stream, or that there are too many."""
        client = scope.get("client")
        address = client[0] if client else ""
        try:
            with self._place(address):
                start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
                await send(start)
                cut_off = scope.get("extensions", {}).get(CUT_OFF)
                transport = SseTransport(self._asked, receive, send, address, cut_off)
                await transport.begin()
                await self._serve(transport)
                await transport.close(CLOSE_NORMAL, "")
        except Crowded as crowded:
            raise too_many_connections(crowded) from None
