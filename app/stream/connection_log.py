"""Who is connected: the list, what is counted at the door, and one bound logger for each connection.

Nothing that a client wrote is logged as it came, but for its message ids, shortened and escaped: an id
could hold a line break, or, from a client that mixed its fields up, the token.
"""

import asyncio
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Final

import structlog

from app.metrics import StreamMetrics
from app.stream.connection_view import ConnectionView
from app.stream.crowd import address_told
from app.stream.protocol import ErrorPayload, LaggingPayload, Subscribe
from events.catalog import Record

LOGGED_ID_MAX: Final = 64
"""Characters of a message id that are logged."""

REFUSALS_LOGGED_MAX: Final = 20
"""Refused messages of one connection that are logged, each in a line; the rest is only counted."""

SUBSCRIBES_LOGGED_MAX: Final = 20
"""The same of its subscribes: a line costs more than what it tells of."""

_log = structlog.get_logger("stream")


class ConnectionLog:
    """What is logged and counted about one connection."""

    __slots__ = ("_holds_token", "_metrics", "_opened_at", "_refusals", "_subscribes", "_view")

    def __init__(
        self,
        view: ConnectionView,
        client: str,
        metrics: StreamMetrics,
        holds_token: Callable[[str], bool],
    ) -> None:
        """Use `ConnectionRegister.opened`. `client`: the address that it connects from, as far as anybody knows."""
        self._view = view
        self._metrics = metrics
        self._holds_token = holds_token
        self._refusals = 0
        self._subscribes = 0
        self._opened_at = asyncio.get_running_loop().time()
        self._log.info("connection_opened", client=address_told(client))

    @property
    def _log(self) -> structlog.typing.FilteringBoundLogger:
        # Bound when there is something to say: kept, it would cost each silent connection a KB.
        bound: structlog.typing.FilteringBoundLogger = _log.bind(
            connection=self._view.id, way=self._view.way.value
        )
        return bound

    def subscribed(self, request: Subscribe) -> None:
        """The client asked for streams."""
        self._subscribes += 1
        if self._subscribes > SUBSCRIBES_LOGGED_MAX:
            return
        payload = request.payload
        history = payload.history
        self._log.info(
            "subscribed",
            msg_id=self._id(request.msg_id),
            channels=[channel.value for channel in payload.channels],
            symbols=None if payload.symbols is None else len(payload.symbols),
            history=history if isinstance(history, str) else next(iter(type(history).model_fields)),
            delivery=payload.delivery.value,
        )

    def said(self, payload: Record) -> None:
        """The server says a control message: logs and counts the ones that tell of trouble."""
        match payload:
            case ErrorPayload():
                self._refused(payload)
            case LaggingPayload():
                self._metrics.lagging()
                request = self._id(payload.request_msg_id)
                position = payload.from_position
                self._log.info("lagging", msg_id=request, from_position=position)

    def _refused(self, payload: ErrorPayload) -> None:
        self._metrics.refused(payload.code)
        self._refusals += 1
        if self._refusals <= REFUSALS_LOGGED_MAX:
            request = self._id(payload.request_msg_id)
            self._log.info("message_refused", code=payload.code, msg_id=request)

    def closed(self, code: int) -> None:
        """The connection has ended."""
        view = self._view
        self._log.info(
            "connection_closed",
            code=code,
            seconds=round(asyncio.get_running_loop().time() - self._opened_at, 3),
            messages=view.messages_sent,
            bytes=view.bytes_sent,
            subscribed=self._subscribes,
            refused=self._refusals,
        )

    def _id(self, msg_id: str | None) -> str | None:
        if msg_id is None:
            return None
        if self._holds_token(msg_id):
            return "[token]"
        return msg_id[:LOGGED_ID_MAX].encode("unicode_escape").decode()


class ConnectionRegister(Collection[ConnectionView]):
    """Every open connection of one application, whatever its way in."""

    def __init__(self, metrics: StreamMetrics, holds_token: Callable[[str], bool]) -> None:
        """`holds_token`: whether a text has the server's token in it, so that no log line shows it."""
        self.metrics = metrics
        self._holds_token = holds_token
        self._logs: dict[ConnectionView, ConnectionLog] = {}

    def opened(self, view: ConnectionView, client: str) -> ConnectionLog:
        """Take up a connection; `closed` must follow.

        Args:
            view: the connection, hashed by identity.
            client: the address that it comes from, for the log.

        Returns:
            Where to tell what happens to it.
        """
        log = self._logs[view] = ConnectionLog(view, client, self.metrics, self._holds_token)
        self.metrics.connection_opened(view.way)
        return log

    def subscribed(self, view: ConnectionView, request: Subscribe) -> None:
        """A client asked for streams; of one that was not taken up, nothing is told."""
        if (log := self._logs.get(view)) is not None:
            log.subscribed(request)

    def said(self, view: ConnectionView, payload: Record) -> None:
        """A client is sent a control message; of one that was not taken up, nothing is told."""
        if (log := self._logs.get(view)) is not None:
            log.said(payload)

    def closed(self, view: ConnectionView, code: int) -> None:
        """A connection has ended, with this close code (1006: without one)."""
        self._logs.pop(view).closed(code)
        self.metrics.connection_closed(view.way, code)

    def views(self) -> Sequence[ConnectionView]:
        """The connections as they are now."""
        return tuple(self._logs)

    def __len__(self) -> int:
        return len(self._logs)

    def __iter__(self) -> Iterator[ConnectionView]:
        return iter(self._logs)

    def __contains__(self, view: object) -> bool:
        return view in self._logs
