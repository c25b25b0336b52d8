"""uvicorn's HTTP protocol for clients that mean harm: too slow, too long, too many.

uvicorn waits for a request as long as it takes, and keeps as many headers as come. Here every request has a
deadline and a size before the application hears of it; and after its answer, a client that takes none of it
does not keep it in memory for ever.
"""

import asyncio
from collections.abc import Sequence
from enum import Enum, auto
from http import HTTPStatus
from typing import Any, Final

import orjson
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from app.stream.crowd import Crowded
from app.stream.deadlines import HEAD_BYTES_MAX, HEADERS_MAX, LINGER_S, Deadlines, Guard

_MEDIA_TYPE: Final = b"application/problem+json"


class _Phase(Enum):
    """What a connection is expected to bring."""

    NOTHING = auto()
    HEAD = auto()
    BODY = auto()


class _Refused(Exception):
    """Breaks off the parser; what is answered has been said already."""


def problem_bytes(
    status: int, code: str, detail: str, headers: Sequence[tuple[bytes, bytes]]
) -> bytes:
    """A whole answer of the same shape as the application's problems, after which the connection ends."""
    title = HTTPStatus(status).phrase
    fields = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    body = orjson.dumps({**fields, "code": code, "details": []})
    lines = [
        *headers,
        (b"content-type", _MEDIA_TYPE),
        (b"content-length", str(len(body)).encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"connection", b"close"),
    ]
    head = b"".join(b"%b: %b\r\n" % line for line in lines)
    return STATUS_LINE[status] + head + b"\r\n" + body


class GuardedHttpProtocol(HttpToolsProtocol):
    """One HTTP connection, under a guard."""

    def __init__(self, *args: Any, guard: Guard | None = None, **more: Any) -> None:
        super().__init__(*args, **more)
        self._sockets = None if guard is None else guard.sockets
        self._deadlines = Deadlines() if guard is None else guard.deadlines
        self._phase = _Phase.NOTHING
        self._began_at = 0.0
        self._deadline: asyncio.TimerHandle | None = None
        self._watch: asyncio.TimerHandle | None = None
        self._untaken = 0
        self._is_refused = self._has_spoken = False
        # Of the request that comes in: what the parser has told of it, and what it keeps to itself.
        self._head_bytes = self._body_bytes = self._untold_bytes = 0
        self._was_told = False

    # --- the connection -------------------------------------------------------------------------

    def connection_made(self, transport: Any) -> None:
        """Count it, or cut it off; a request is due from now on."""
        super().connection_made(transport)
        try:
            if self._sockets is not None:
                self._sockets.enter(self._peer)
        except Crowded:
            self._sockets, self._is_refused = None, True
            transport.abort()
            return
        self._expect(_Phase.HEAD, self._deadlines.header_s)

    def connection_lost(self, exc: Exception | None) -> None:
        """It has gone."""
        self._expect(_Phase.NOTHING)
        self._stop_watching()
        if self._sockets is not None:
            self._sockets.leave(self._peer)
        super().connection_lost(exc)

    def handle_websocket_upgrade(self) -> None:
        """From here on it is a socket's, which leaves the crowd when it ends."""
        self._expect(_Phase.NOTHING)
        super().handle_websocket_upgrade()
        self._sockets = None

    @property
    def _peer(self) -> str:
        return self.client[0] if self.client else ""

    def _unsupported_upgrade_warning(self) -> None:
        """Whoever asks for what there is not is no fault of ours: uvicorn would log two lines for each byte."""

    # --- what comes in --------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        """Some bytes, of which the parser tells what it has understood."""
        if self._is_refused:
            return
        if self._phase is _Phase.NOTHING and not self._is_answering:
            self._expect(_Phase.HEAD, self._deadlines.header_s)
        self._has_spoken, self._was_told = True, False
        super().data_received(data)
        self._untold_bytes = 0 if self._was_told else self._untold_bytes + len(data)
        if self._untold_bytes > HEAD_BYTES_MAX:
            self._refuse_head(f"a header may have {HEAD_BYTES_MAX} bytes")

    def on_message_begin(self) -> None:
        """A request begins; its deadline does, unless it runs since the connection was opened."""
        super().on_message_begin()
        self._was_told = True
        self._head_bytes = self._body_bytes = 0
        if self._phase is not _Phase.HEAD:
            self._expect(_Phase.HEAD, self._deadlines.header_s)

    def on_url(self, url: bytes) -> None:
        """A part of its line."""
        self._count_head(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header, or a trailer behind the body."""
        self._count_head(len(name) + len(value))
        if len(self.headers) >= HEADERS_MAX:
            self._refuse_head(f"a request may have {HEADERS_MAX} headers")
            raise _Refused
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The application hears of the request now; its body is due."""
        self._was_told = True
        self._expect(_Phase.BODY, self._deadlines.body_s)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        self._was_told = True
        self._body_bytes += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is whole."""
        self._was_told = True
        self._expect(_Phase.NOTHING)
        super().on_message_complete()

    def _count_head(self, size: int) -> None:
        self._was_told = True
        self._head_bytes += size
        if self._head_bytes > HEAD_BYTES_MAX:
            self._refuse_head(f"a request's line and headers may have {HEAD_BYTES_MAX} bytes")
            raise _Refused

    def send_400_response(self, msg: str) -> None:
        """What the parser cannot read, unless it was broken off."""
        if not self._is_refused:
            super().send_400_response(msg)

    # --- deadlines ------------------------------------------------------------------------------

    @property
    def _is_answering(self) -> bool:
        cycle: Any = self.cycle  # None before the first request
        return bool(self.pipeline) or (cycle is not None and not cycle.response_complete)

    def _expect(self, phase: _Phase, within_s: float | None = None) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        self._phase = phase
        if within_s is not None:
            self._began_at = self.loop.time()
            self._deadline = self.loop.call_later(within_s, self._is_due)

    def _is_due(self) -> None:
        self._deadline = None
        if self.flow.read_paused or (self._phase is _Phase.HEAD and self._is_answering):
            # Nothing is read before an earlier answer, or the application, is done: not the client's delay.
            limits = self._deadlines
            within_s = limits.header_s if self._phase is _Phase.HEAD else limits.body_s
            self._expect(self._phase, within_s)
        elif self._phase is _Phase.HEAD:
            if self._has_spoken:
                self._refuse(408, "request_timeout", self._late("headers"))
            else:
                self.transport.close()  # nobody to tell
        elif (left_s := self._body_left_s()) > 0:
            self._deadline = self.loop.call_later(left_s, self._is_due)
        else:
            self._refuse(408, "request_timeout", self._late("body"))

    def _late(self, what: str) -> str:
        took_s = self.loop.time() - self._began_at
        return f"the request's {what} had not come as a whole after {round(took_s, 1):g} s"

    def _body_left_s(self) -> float:
        if not self._is_answering:
            return 0  # it has its answer, and sends on
        limits = self._deadlines
        earned_s = limits.body_s + self._body_bytes / limits.body_bytes_per_s
        return self._began_at + min(earned_s, limits.body_total_s) - self.loop.time()

    # --- refusing -------------------------------------------------------------------------------

    def _refuse_head(self, detail: str) -> None:
        self._refuse(431, "headers_too_large", detail)

    def _refuse(self, status: int, code: str, detail: str) -> None:
        """Answer, unless that would mix two answers up, and hang up."""
        phase, cycle = self._phase, self.cycle
        self._is_refused = True
        self._expect(_Phase.NOTHING)
        is_late = phase is _Phase.HEAD and self._is_answering  # an earlier request comes first
        if is_late or self._is_begun or self.transport.is_closing():
            self.transport.abort()
            return
        if self._is_answering:  # the application waits for the rest, and is told that there is none
            cycle.disconnected = True
            cycle.message_event.set()
        if self._is_answering or phase is _Phase.HEAD:
            headers = self.server_state.default_headers
            self.transport.write(problem_bytes(status, code, detail, headers))
        self._deadline = self.loop.call_later(LINGER_S, self.transport.abort)
        if self.transport.can_write_eof():
            self.transport.write_eof()
        else:
            self.transport.close()

    @property
    def _is_begun(self) -> bool:
        """Whether a part of an answer has been written."""
        cycle: Any = self.cycle
        return bool(self.pipeline) or (self._is_answering and cycle.response_started)

    # --- a client that takes nothing ------------------------------------------------------------

    def on_response_complete(self) -> None:
        """The application is done; the client may not be."""
        super().on_response_complete()
        if self.transport.is_closing() or self._watch is not None:
            self._stop_watching()
            self._watch_taking()

    def timeout_keep_alive_handler(self) -> None:
        """No further request came."""
        super().timeout_keep_alive_handler()
        self._watch_taking()

    def pause_writing(self) -> None:
        """More of an answer waits than a client should let wait."""
        super().pause_writing()
        self._watch_taking()

    def resume_writing(self) -> None:
        """It takes it."""
        super().resume_writing()
        if not self.transport.is_closing():
            self._stop_watching()

    def _watch_taking(self) -> None:
        if self._watch is None:
            limits = self._deadlines
            within_s = limits.untaken_s if self._is_answering else limits.untaken_rest_s
            self._untaken = self.transport.get_write_buffer_size()
            self._watch = self.loop.call_later(within_s, self._look_if_taken)

    def _stop_watching(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None

    def _look_if_taken(self) -> None:
        self._watch = None
        if self.transport.get_write_buffer_size() >= self._untaken:
            self.transport.abort()
        else:
            self._watch_taking()
