"""The direct way to a client under uvicorn: prepared frames, written to the connection's transport as they are.

`DirectProtocol` is uvicorn's own WebSocket protocol; it hands each connection a `DirectWriter` through
`scope["extensions"]`. The handshake, what the client says, and goodbyes stay uvicorn's and FastAPI's.

It also watches over the connection. A peer counts as alive while bytes move: it takes what is sent, or
sends something. (Answers to pings alone would cut off a slow reader, who finds our ping only behind all that
he has not read yet.)
"""

import asyncio
import socket
import struct
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from http import HTTPStatus
from importlib import import_module
from typing import Any, Final

from starlette.websockets import WebSocket
from websockets.frames import CloseCode
from websockets.protocol import State

from app.metrics import Way
from app.stream.asgi import AsgiTransport
from app.stream.guarded_http import GuardedHttpProtocol
from app.stream.guarded_socket import GuardedSocketProtocol
from app.stream.transport import ClientGone, Frames, frame, frames_of
from events.messages import EventText

EXTENSION: Final = "synapse.writer"
"""Where in the ASGI scope the writer is found."""

CUT_OFF: Final = "synapse.cut_off"
"""Where in the ASGI scope of an HTTP request is found what ends its connection at once.

Closing one in good order waits until its client has taken all that was written: for ever, if it never reads.
"""

SEND_BUFFER_BYTES: Final = 131_072
"""The kernel's buffer for one client (SO_SNDBUF), by HTTP too: what a stalled client costs, instead of megabytes."""

WRITE_BUFFER_BYTES: Final = 65_536
"""Bytes waiting in the process for one client, beyond which it counts as behind."""

PING_AFTER_S: Final = 10.0
"""A connection on which nothing was seen to be written for so long is pinged, so that a dead one is noticed."""

DEAD_AFTER_S: Final = 25.0
"""A peer that acknowledges nothing of what is sent, and sends nothing, for so long is cut off."""

STALLED_AFTER_S: Final = 300.0
"""One whose system has acknowledged all that it has room for, but whose program takes nothing, for so long."""

WATCH_S: Final = 5.0
"""How often a connection is looked at; so a peer that dies while it reads is gone within 45 s."""

CLOSE_S_MAX: Final = 2.0
"""How long a goodbye waits for a client that does not read; then it is cut off."""

UNREADABLE_UPGRADE: Final = (
    b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\n"
    b"Content-Length: 37\r\n\r\na WebSocket's handshake has no body.\n"
)
"""The answer to an upgrade that cannot be read as one."""

SIOCOUTQNSD: Final = 0x894B
"""Linux: how many bytes of a socket have not been sent yet."""

_fcntl: Any = None
_TIOCOUTQ: Any = None
# There are systems without; then only the process's own buffer is looked at.
with suppress(ImportError):
    _fcntl, _TIOCOUTQ = import_module("fcntl"), import_module("termios").TIOCOUTQ


def _keep_small(handle: socket.socket | None) -> None:
    if handle is not None and handle.family in {socket.AF_INET, socket.AF_INET6}:
        handle.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)


def _is_utf8(parts: Iterable[bytes]) -> bool:
    try:
        b"".join(parts).decode()
    except UnicodeDecodeError:
        return False
    return True


class DirectWriter:
    """Writes frames to one connection, and knows how far the client has taken them.

    Attributes:
        is_open: whether messages may be written: after the handshake, before any goodbye.
        bytes_sent: bytes of frames handed over so far.
        keeps_up: whether the client takes what it is sent.
    """

    __slots__ = (
        "_alive_at",
        "_descriptor",
        "_loop",
        "_protocol",
        "_seen",
        "_taken",
        "_transport",
        "_watch",
        "_write",
        "_written_at",
        "bytes_sent",
        "is_open",
        "keeps_up",
    )

    def __init__(self, protocol: "DirectProtocol") -> None:
        self._protocol = protocol
        self._transport = protocol.transport
        self._loop = protocol.loop
        self._write = protocol.transport.write
        self.keeps_up: Callable[[], bool] = protocol.writable.is_set
        self.is_open = False
        self.bytes_sent = 0
        self._alive_at = self._written_at = self._loop.time()
        self._taken = self._seen = 0
        self._watch: asyncio.TimerHandle | None = None
        handle = self._transport.get_extra_info("socket")
        self._descriptor: int | None = None if handle is None else handle.fileno()
        _keep_small(handle)
        self._transport.set_write_buffer_limits(high=WRITE_BUFFER_BYTES)

    async def until_it_keeps_up(self) -> None:
        """Wait until the client has taken most of what it was sent, or has gone."""
        await self._protocol.writable.wait()

    def write(self, data: bytes) -> None:
        """Hand frames over."""
        self._write(data)
        self.bytes_sent += len(data)

    def abort(self) -> None:
        """Cut the connection off."""
        self._transport.abort()

    # --- is anybody there? ----------------------------------------------------------------------

    def begin_watching(self) -> None:
        """From now on, cut off a peer that has died."""
        self._watch = self._loop.call_later(WATCH_S, self._look)

    def stop_watching(self) -> None:
        """The connection has ended."""
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None

    def heard(self) -> None:
        """The peer sent something."""
        self._alive_at = self._loop.time()

    def _look(self) -> None:
        now, (waiting, is_stalled) = self._loop.time(), self._waiting()
        taken = self.bytes_sent - waiting
        if taken > self._taken or not waiting:
            self._taken, self._alive_at = taken, now
        if now - self._alive_at >= (STALLED_AFTER_S if is_stalled else DEAD_AFTER_S):
            self.abort()
            return
        if self.bytes_sent != self._seen:
            self._seen, self._written_at = self.bytes_sent, now
        if self.is_open and not waiting and now - self._written_at >= PING_AFTER_S:
            self._written_at = now
            self._protocol.ping()
        self._watch = self._loop.call_later(WATCH_S, self._look)

    def _waiting(self) -> tuple[int, bool]:
        """Bytes that the peer has not acknowledged, in this process and in the kernel; and whether it is full.

        A slow reader's system opens its window again only after a good part of its buffer has been read,
        which may take minutes. Meanwhile nothing is on its way: all that waits has not been sent at all.
        """
        waiting = int(self._transport.get_write_buffer_size())
        in_kernel = self._ask(_TIOCOUTQ)
        return waiting + in_kernel, in_kernel > 0 and self._ask(SIOCOUTQNSD) == in_kernel

    def _ask(self, question: int) -> int:
        if self._descriptor is not None and _fcntl is not None:
            with suppress(OSError):  # no such question on this system, or the socket has gone
                answer = _fcntl.ioctl(self._descriptor, question, bytes(4))
                return int(struct.unpack("i", answer)[0])
        return 0


class DirectProtocol(GuardedSocketProtocol):
    """uvicorn's protocol, with a writer of prepared frames beside it."""

    writer: DirectWriter

    def connection_made(self, transport: Any) -> None:
        """Begin to watch over the connection."""
        super().connection_made(transport)
        self.writer = DirectWriter(self)
        self.writer.begin_watching()

    def connection_lost(self, exc: Exception | None) -> None:
        """The peer has gone."""
        self.writer.is_open = False
        self.writer.stop_watching()
        super().connection_lost(exc)

    def handle_close(self, event: Any) -> None:
        """The peer says goodbye."""
        self.writer.is_open = False
        super().handle_close(event)

    def handle_parser_exception(self) -> None:
        """The peer breaks the rules, and is told goodbye."""
        self.writer.is_open = False
        super().handle_parser_exception()

    def hang_up(self, code: int, reason: str) -> None:
        """The peer is too slow, or says too much, and is told goodbye."""
        self.writer.is_open = False
        super().hang_up(code, reason)

    def shutdown(self) -> None:
        """The server stops."""
        self.writer.is_open = False
        if self.handshake_complete and self.conn.state is not State.OPEN:
            self.transport.abort()  # goodbyes have been said, and cannot be said twice
        else:
            super().shutdown()

    async def send(self, message: Any) -> None:
        """What the application says; after its goodbye nothing more is written."""
        if message["type"] == "websocket.close":
            self.writer.is_open = False
        await super().send(message)
        if message["type"] == "websocket.http.response.body" and self.close_sent:
            # Refused, not forgotten: uvicorn would log an error for each.
            self.handshake_complete = True
        if message["type"] == "websocket.accept":
            self.writer.is_open = True
            # Read by nobody any more, and some KB for as long as the connection lasts.
            del self.request, self.response

    def data_received(self, data: bytes) -> None:
        """The peer sent something."""
        self.writer.heard()
        super().data_received(data)
        if not self.handshake_initiated:
            # What comes first is the whole request, and this is none that can be read. The library has an answer
            # where a line or the headers are too long, and none where there is a body.
            self._refuse(b"".join(self.conn.data_to_send()) or UNREADABLE_UPGRADE)

    def handle_cont(self, event: Any) -> None:
        """A fragment; empty ones are not kept: no limit of bytes would ever end a message of them."""
        if event.data or event.fin:
            super().handle_cont(event)

    def send_receive_event_to_app(self) -> None:
        """A message is whole; a text that is no UTF-8 ends the connection, without a traceback in the log."""
        if self.curr_msg_data_type == "text" and not _is_utf8(self.frames):
            self.frames = []
            self.conn.fail(CloseCode.INVALID_DATA, "not UTF-8")
            self.handle_parser_exception()
        else:
            super().send_receive_event_to_app()

    def _refuse(self, answer: bytes) -> None:
        """Answer a handshake that does not come to be."""
        self.handshake_initiated = self.handshake_complete = self.close_sent = True
        self.transport.write(answer)
        self.transport.close()

    def handle_connect(self, event: Any) -> None:
        """Hand the writer to the application, which runs from the loop's next turn on."""
        if event.headers.get_all("Sec-WebSocket-Version") not in ([], ["13"]):
            response = self.conn.reject(
                HTTPStatus.UPGRADE_REQUIRED, "this server speaks version 13\n"
            )
            response.headers["Sec-WebSocket-Version"] = "13"
            self.conn.send_response(response)
            self._refuse(b"".join(self.conn.data_to_send()))
            return
        super().handle_connect(event)
        if self.response.status_code == 101:
            extensions: dict[str, Any] = self.scope["extensions"]
            extensions[EXTENSION] = self.writer

    def ping(self) -> None:
        """Send a ping, so that there is something to acknowledge."""
        self.conn.send_ping(b"")
        self.transport.write(b"".join(self.conn.data_to_send()))


class DirectTransport:
    """A client's wire, written to past ASGI."""

    def __init__(self, websocket: WebSocket, writer: DirectWriter) -> None:
        self._asgi = AsgiTransport(websocket)
        self._writer = writer
        self.way = Way.WS
        self.messages_sent = 0

    @property
    def address(self) -> str:
        """The address that the client comes from."""
        return self._asgi.address

    @property
    def close_code(self) -> int:
        """The code that it was closed with, by either side."""
        return self._asgi.close_code

    @property
    def bytes_sent(self) -> int:
        """Bytes of frames handed over so far."""
        return self._writer.bytes_sent

    async def receive(self) -> str | bytes | None:
        """The next message of the client; None when it has gone."""
        return await self._asgi.receive()

    async def send(self, text: str) -> None:
        """Write one control message; waits while the client does not read."""
        await self._write(frame(text), 1)

    async def send_events(self, events: Sequence[EventText]) -> None:
        """Write the messages of these events in one go; waits while the client does not read."""
        await self._write(frames_of(events), len(events))

    async def _write(self, data: bytes, count: int) -> None:
        writer = self._writer
        if not writer.keeps_up():
            await writer.until_it_keeps_up()
        if not writer.is_open:
            raise ClientGone
        writer.write(data)
        self.messages_sent += count

    def offer(self, frames: Frames) -> bool:
        """Write prepared frames without waiting, if the client keeps up."""
        writer = self._writer
        if not writer.keeps_up():
            return False
        if writer.is_open:  # who has gone is told so where it listens
            writer.write(frames.data)
            self.messages_sent += frames.count
        return True

    async def close(self, code: int, reason: str) -> None:
        """Say goodbye with a close code; who does not read is cut off after a while."""
        try:
            async with asyncio.timeout(CLOSE_S_MAX):
                await self._asgi.close(code, reason)
        except TimeoutError:
            self._writer.abort()


class DirectHttpProtocol(GuardedHttpProtocol):
    """uvicorn's HTTP protocol, which does not hand a connection over while an answer is still on its way.

    The answer would no longer hear that its client does not read, and fill the memory.
    """

    def connection_made(self, transport: Any) -> None:
        """Keep the kernel's share of its memory small, whatever comes over it."""
        _keep_small(transport.get_extra_info("socket"))
        super().connection_made(transport)

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        scope: Any = self.scope
        scope["extensions"] = {CUT_OFF: self.transport.abort}

    def handle_websocket_upgrade(self) -> None:
        """The client asks for a WebSocket."""
        cycle: Any = self.cycle  # None before the first request
        if cycle is not None and not cycle.response_complete:
            self.transport.abort()
        elif self.scope["http_version"] != "1.1":
            self.send_400_response("a WebSocket needs HTTP/1.1")
        else:
            super().handle_websocket_upgrade()
