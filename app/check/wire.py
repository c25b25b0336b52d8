"""The two ways in, raw: a WebSocket, and Server-Sent Events. What comes is handed on as it came."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, Protocol

import httpx
import orjson
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from app.check.http import CannotCheck, Http, problem, told
from app.check.plan import SLOW_BUFFER_BYTES
from app.check.sse import Block, Blocks
from app.client.limits import MESSAGE_BYTES_MAX, is_final_close, is_final_status
from app.client.opening import open_socket, untrusted
from app.client.refusals import detail_of, with_hint
from app.client.request import socket_url
from events.scalars import format_time

Payload = Mapping[str, Any]

CLOSE_S_MAX: Final = 0.2
"""How long a goodbye may take: it is not heard behind what was not read, and then the connection is cut."""
WAITING_MAX: Final = 16
"""Messages that may wait in this process for a subscriber; then its socket is not read."""


class Gone(Exception):
    """The connection is lost, or never was; another one may help."""


class Wire(Protocol):
    """One connection of a subscriber."""

    def texts(self) -> AsyncIterator[str]:
        """What the server says, until the connection is gone (`Gone`)."""
        ...

    async def say(self, text: str) -> None:
        """Send a message."""
        ...

    async def close(self, *, abruptly: bool) -> None:
        """Say goodbye, or break off without a word."""
        ...


def message(kind: str, payload: Payload, msg_id: str) -> str:
    """The text of a client's message."""
    fields = {"msg_id": msg_id, "type": kind, "payload": payload}
    envelope = fields | {"direction": "c2s", "timestamp": format_time(datetime.now(UTC))}
    return orjson.dumps(envelope).decode()


class SocketWire:
    """`/ws/synapse`."""

    def __init__(self, connection: ClientConnection) -> None:
        self._socket = connection

    @classmethod
    async def open(
        cls, url: str, token: str | None, limit_s: float, *, slow: bool = False
    ) -> "SocketWire":
        """Connect.

        Raises:
            Gone: it did not work this time.
            CannotCheck: it never will.
        """
        try:
            connection = await open_socket(
                socket_url(url),
                token,
                compression=None,
                open_timeout=limit_s,
                close_timeout=CLOSE_S_MAX,
                ping_interval=None,
                max_size=MESSAGE_BYTES_MAX,
                max_queue=WAITING_MAX,
                proxy=None,
            )
        except InvalidStatus as error:
            status = error.response.status_code
            if is_final_status(status):
                said = with_hint(status, detail_of(error.response.body))
                raise CannotCheck(
                    f"{url} has no socket for us: it answers {status} {said}"
                ) from error
            raise Gone(f"the handshake was answered with {status}") from error
        except (OSError, EOFError, InvalidHandshake) as error:
            if reason := untrusted(error):
                raise CannotCheck(f"{url}: {reason}") from error
            raise Gone(told(error)) from error
        if slow:
            raw = connection.transport.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SLOW_BUFFER_BYTES)
        return cls(connection)

    async def texts(self) -> AsyncIterator[str]:
        """What the server says."""
        try:
            while True:
                said = await self._socket.recv()
                yield said if isinstance(said, str) else said.decode(errors="replace")
        except ConnectionClosed as closed:
            raise _gone(closed) from closed

    async def say(self, text: str) -> None:
        """Send a message."""
        try:
            await self._socket.send(text)
        except ConnectionClosed as closed:
            raise _gone(closed) from closed

    async def close(self, *, abruptly: bool) -> None:
        """Say goodbye, or break off."""
        try:
            if not abruptly:
                await self._socket.close()
        finally:  # also when the goodbye is broken off: nobody comes back to close it
            self._socket.transport.abort()
            await self._socket.wait_closed()


def _gone(closed: ConnectionClosed) -> Exception:
    frame = closed.rcvd
    if frame is not None and is_final_close(frame.code):
        said = with_hint(frame.code, f"{frame.reason} ({frame.code})")
        return CannotCheck(f"the server closes the socket: {said}")
    return Gone(told(closed))


class SseWire:
    """`GET /api/stream`: the request is the one subscribe."""

    def __init__(self, answer: httpx.Response, look: Callable[[Block], None]) -> None:
        self._answer = answer
        self._look = look

    @classmethod
    async def open(
        cls, http: Http, payload: Payload, limit_s: float, look: Callable[[Block], None]
    ) -> "SseWire":
        """Ask for the events of a subscribe's payload; a cursor goes as `Last-Event-ID`.

        `look` is shown each block before its text is handed on.

        Raises:
            Gone: it did not work this time.
            Refused: the server did not take the cursor.
        """
        history, epoch = payload["history"], payload.get("epoch")
        resumes = isinstance(history, dict)
        query = {name: ",".join(payload[name]) for name in ("channels", "symbols")}
        headers = {"Last-Event-ID": f"{epoch}:{history['after']}"} if resumes else {}
        more = {} if resumes else {"history": history}
        request = http.client.build_request(
            "GET", "/api/stream", params=query | more, headers=headers, timeout=_STREAM_TIMEOUT
        )
        try:
            async with asyncio.timeout(limit_s):
                answer = await http.client.send(request, stream=True)
                if answer.status_code == httpx.codes.OK:
                    return cls(answer, look)
                await answer.aread()
        except (TimeoutError, httpx.TransportError) as error:
            raise Gone(told(error)) from error
        await answer.aclose()
        if answer.status_code == httpx.codes.CONFLICT:
            raise Refused(problem(answer))
        if is_final_status(answer.status_code):
            raise CannotCheck(f"GET /api/stream is answered with {problem(answer)}")
        raise Gone(problem(answer))

    async def texts(self) -> AsyncIterator[str]:
        """What the server says: the data of each block."""
        blocks = Blocks()
        try:
            async for text in self._answer.aiter_text():
                for block in blocks.take(text):
                    self._look(block)
                    yield block.data
        except (httpx.TransportError, httpx.StreamError) as error:
            raise Gone(told(error)) from error
        raise Gone("the stream ended")

    async def say(self, text: str) -> None:
        """Nothing can be said on this way: the request was the subscribe."""

    async def close(self, *, abruptly: bool) -> None:  # noqa: ARG002  # there is no goodbye
        """Break off."""
        await self._answer.aclose()


class Refused(Exception):
    """The server did not take a subscribe that it has to take."""


_STREAM_TIMEOUT: Final = httpx.Timeout(None)
"""It may be silent for long; that it opens at all is waited for by `limit_s`."""
