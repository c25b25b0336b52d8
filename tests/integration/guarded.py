"""A server of the wire layer alone, with deadlines short enough to wait for, and clients that write bytes."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import orjson
from websockets.frames import Frame, Opcode

from app.serving import Server, bind, run
from app.stream.crowd import Crowd
from app.stream.deadlines import Deadlines, Guard
from tests.integration.served import PATIENCE_S

SHORT: Final = Deadlines(
    header_s=0.2, body_s=0.2, first_message_s=0.2, untaken_s=0.2, untaken_rest_s=0.2
)
UPGRADE: Final = (
    b"GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)
"""A handshake but for its last, empty line."""

BIG: Final = 8 * 2**20
"""Bytes of the answer at `/big`, and at `/made`, whose end waits until they are taken: more than the kernel
takes for a client that does not read."""


def text(content: bytes, *, fin: bool = True) -> bytes:
    """A client's text frame."""
    return Frame(Opcode.TEXT, content, fin=fin).serialize(mask=True)


class Client:
    """One connection."""

    def __init__(self, port: int) -> None:
        self.wire = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)

    def send(self, *parts: bytes) -> "Client":
        """Write some bytes."""
        self.wire.sendall(b"".join(parts))
        return self

    def rest(self) -> bytes:
        """All that the server writes until it hangs up, in whichever way."""
        got = bytearray()
        try:
            while chunk := self.wire.recv(65_536):
                got += chunk
        except ConnectionError:
            pass
        return bytes(got)

    def until(self, mark: bytes) -> bytes:
        """What the server writes, up to and with some bytes."""
        got = b""
        while mark not in got:
            chunk = self.wire.recv(65_536)
            assert chunk, got
            got += chunk
        return got

    def upgraded(self) -> "Client":
        """The same, once it is a socket."""
        self.send(UPGRADE, b"\r\n").until(b"\r\n\r\n")
        return self

    def problem(self) -> tuple[int, Any]:
        """The status and the problem that the server hangs up with."""
        head, _, body = self.rest().partition(b"\r\n\r\n")
        assert b"application/problem+json" in head.lower(), head
        return int(head.split()[1]), orjson.loads(body)

    def close_code(self) -> int:
        """The code of the server's close frame; then the client hangs up."""
        got = b""
        while chunk := self.wire.recv(65_536):
            got += chunk
            tail = got.rpartition(b"\x88")[2]
            if b"\x88" in got and tail and len(tail) > tail[0]:
                self.wire.close()
                return int.from_bytes(tail[1:3])
        raise AssertionError(f"no close frame: {got[-100:]!r}")


class Guarded:
    """The server.

    Attributes:
        said: what came to the application: bodies, messages, and how each ended.
    """

    def __init__(self, guard: Guard) -> None:
        self.guard = guard
        self.said: list[Any] = []
        self._listener = bind("127.0.0.1", 0)
        self.port: int = self._listener.getsockname()[1]
        self._started = threading.Event()

        async def app(scope: Any, receive: Any, send: Any) -> None:  # uvicorn knows functions
            await self._app(scope, receive, send)

        self._server = Server(app, self._started.set, guard=guard)
        self._thread = threading.Thread(target=self._run)
        self.clients: list[Client] = []

    def start(self) -> None:
        """Serve in a thread."""
        self._thread.start()
        assert self._started.wait(PATIENCE_S)

    def stop(self) -> None:
        """Hang up on all, and stop."""
        for client in self.clients:
            client.wire.close()
        self._server.should_exit = True
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()

    def _run(self) -> None:
        run(self._server.serve([self._listener]))

    def transports(self) -> list[Any]:
        """The server's ends of its connections."""
        return [one.transport for one in self._server.server_state.connections]

    def client(self) -> Client:
        """One more connection."""
        self.clients.append(Client(self.port))
        return self.clients[-1]

    async def _app(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            for _ in range(2):
                await send({"type": f"{(await receive())['type']}.complete"})
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.accept"})
            while (message := await receive())["type"] != "websocket.disconnect":
                self.said.append(message.get("text"))
            self.said.append(message["code"])
        else:
            await self._answer(scope, receive, send)

    async def _answer(self, scope: Any, receive: Any, send: Any) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                self.said.append("gone")
                return
            body, more = body + message["body"], message["more_body"]
        self.said.append(body)
        is_made, answer = scope["path"] == "/made", b"ok"
        if is_made or scope["path"] == "/big":
            answer = bytes(BIG)
        length = str(len(answer)).encode()
        headers = [] if is_made else [(b"content-length", length)]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer, "more_body": is_made})
        if is_made:  # the second part waits until the first was taken
            await send({"type": "http.response.body", "body": b"", "more_body": False})
            self.said.append("made")


@contextmanager
def guarded(deadlines: Deadlines = SHORT, sockets: Crowd | None = None) -> Iterator[Guarded]:
    """Serve for the time of a block; in the end nobody is left in the crowd."""
    server = Guarded(Guard(deadlines, Crowd() if sockets is None else sockets))
    server.start()
    try:
        yield server
    finally:
        server.stop()
    assert len(server.guard.sockets) == 0
