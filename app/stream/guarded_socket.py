"""uvicorn's WebSocket protocol for clients that mean harm: silent ones, and ones that send too much of too little.

Messages have their limits where they are understood (`Session`). Here are those of what is below a message:
that a first one comes, pings and pongs, fragments, and the bytes of one read that hold thousands of frames.
"""

import asyncio
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from app.stream.close_codes import CLOSE_FIRST_MESSAGE, CLOSE_FLOODING, CLOSE_TOO_BIG
from app.stream.deadlines import (
    FRAGMENTS_MAX,
    LINGER_S,
    PINGS_PER_MINUTE_MAX,
    SLICE_BYTES,
    Deadlines,
    Guard,
)
from app.stream.rate import MINUTE_S


class GuardedSocketProtocol(WebSocketsSansIOProtocol):
    """One WebSocket, under a guard."""

    def __init__(self, *args: Any, guard: Guard | None = None, **more: Any) -> None:
        super().__init__(*args, **more)
        self._guard = guard
        self._first_message: asyncio.TimerHandle | None = None
        self._rest = b""
        self._goes_on = False
        self._pings = 0
        self._pings_since = 0.0

    def connection_lost(self, exc: Exception | None) -> None:
        """It has gone; its place was taken when it was opened, as an HTTP connection."""
        self._has_spoken()
        if self._guard is not None:
            self._guard.sockets.leave(self.client[0] if self.client else "")
        super().connection_lost(exc)

    def hang_up(self, code: int, reason: str) -> None:
        """Say goodbye; who does not answer is cut off soon."""
        if self.close_sent or self.transport.is_closing():
            return
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        self.conn.send_close(code, reason)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.close_timer = self.loop.call_later(LINGER_S, self.transport.abort)

    # --- the first message ----------------------------------------------------------------------

    async def send(self, message: Any) -> None:
        """What the application says; once it has accepted, the client has its turn."""
        await super().send(message)
        if message["type"] == "websocket.accept" and not self.disconnected:
            deadlines = Deadlines() if self._guard is None else self._guard.deadlines
            within_s = deadlines.first_message_s
            self._first_message = self.loop.call_later(within_s, self._is_silent)
        elif message["type"] == "websocket.close":
            self._take_rest()  # where the client's own goodbye may be

    def send_receive_event_to_app(self) -> None:
        """A message is whole."""
        self._has_spoken()
        super().send_receive_event_to_app()

    def _has_spoken(self) -> None:
        if self._first_message is not None:
            self._first_message.cancel()
            self._first_message = None

    def _is_silent(self) -> None:
        self._first_message = None
        self.hang_up(CLOSE_FIRST_MESSAGE, "no message came")

    # --- a little at a time ---------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        """Take the first slice apart; what is behind it waits until the others, and its messages, had a turn."""
        if self._rest:
            self._rest += data
            self._pause()
        elif not self.handshake_complete or len(data) <= SLICE_BYTES:
            super().data_received(data)
        else:
            self._rest = data[SLICE_BYTES:]
            super().data_received(data[:SLICE_BYTES])
            self._pause()
            self._take_rest()

    async def receive(self) -> Any:
        """The next message for the application; reading goes on when there is none left."""
        message = await self.queue.get()
        if self.read_paused and self.queue.empty():
            self.read_paused = False
            self._resume()
        return message

    def _resume(self) -> None:
        if self._rest:
            self._take_rest()
        elif not self.read_paused and not self.transport.is_closing():
            self.transport.resume_reading()

    def _pause(self) -> None:
        if not self.transport.is_closing():
            self.transport.pause_reading()

    def _take_rest(self) -> None:
        if self._rest and not self._goes_on:
            self._goes_on = True
            self.loop.call_soon(self._go_on)

    def _go_on(self) -> None:
        self._goes_on = False
        if self.transport.is_closing() or self.conn.parser_exc is not None:
            self._rest = b""
        elif not self.read_paused:
            data, self._rest = self._rest, b""
            self.data_received(data)
            self._resume()

    # --- pings and fragments --------------------------------------------------------------------

    def handle_ping(self) -> None:
        """Count it, and answer it."""
        self._count_ping()
        super().handle_ping()

    def handle_pong(self, event: Any) -> None:
        """Count it."""
        self._count_ping()
        super().handle_pong(event)

    def _count_ping(self) -> None:
        now = self.loop.time()
        if now - self._pings_since >= MINUTE_S:
            self._pings, self._pings_since = 0, now
        self._pings += 1
        if self._pings > PINGS_PER_MINUTE_MAX:
            self.hang_up(CLOSE_FLOODING, "too many pings")

    def handle_cont(self, event: Any) -> None:
        """A fragment of a message."""
        if len(self.frames) >= FRAGMENTS_MAX:
            self.hang_up(CLOSE_TOO_BIG, "too many fragments")
        else:
            super().handle_cont(event)
