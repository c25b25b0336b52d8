"""`SynapseClient`: the recorder's events as an async iterator that outlives its connections."""

import asyncio
import random
from collections.abc import AsyncGenerator, Callable, Sequence
from datetime import UTC, datetime
from types import TracebackType
from typing import Literal, NoReturn, Self
from uuid import uuid4

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import (
    ConnectionClosed,
    InvalidHandshake,
    InvalidStatus,
    SecurityError,
)

from app.client.continuity import Continuity, Cursor
from app.client.errors import (
    CursorRefused,
    EpochChanged,
    PositionBeyondHead,
    Refused,
    SubscriptionRefused,
    Unreachable,
)
from app.client.limits import (
    MESSAGE_BYTES_MAX,
    RECONNECT_ASKED_S_MAX,
    SILENT_HEARTBEATS,
    Limits,
    backoff_s,
    is_final_close,
    is_final_status,
)
from app.client.messages import Event, Heartbeat, read_message
from app.client.opening import open_socket, untrusted
from app.client.refusals import detail_of
from app.client.request import History, socket_url, subscribe_payload, subscribe_text
from app.client.signals import (
    CatchingUp,
    CaughtUp,
    Connecting,
    Lagging,
    Reconnecting,
    Restarted,
    Signal,
)
from app.stream.close_codes import CLOSED_WITHOUT_A_WORD
from app.stream.protocol import (
    CaughtUpPayload,
    ErrorPayload,
    LaggingPayload,
    Severity,
    ShutdownPayload,
    SubscribePayload,
    SubscriptionConfirmedPayload,
)
from events.catalog import Record

OnEpochChange = Literal["raise", "restart"]
Observer = Callable[[Signal], None]


class _Lost(Exception):
    """The connection is gone, and another one may help; `delay_s` if it is known when."""

    def __init__(self, reason: str, delay_s: float | None = None) -> None:
        super().__init__(reason)
        self.delay_s = delay_s


class Subscription:
    """The events of one subscribe: iterate it, once; leave the loop, or `aclose` it, to end it.

    As an async context manager it ends with its block.
    """

    def __init__(self, follower: "_Follower") -> None:
        self._follower = follower
        # The generator knows the follower, not this: whoever drops the subscription drops the socket.
        self._events = follower.events()

    @property
    def cursor(self) -> Cursor | None:
        """What to keep to resume later; None while nothing has come."""
        return self._follower.continuity.cursor

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        return await anext(self._events)

    async def aclose(self) -> None:
        """Close the connection; the iteration is over."""
        await self._events.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()


class SynapseClient:
    """A recorder that one may subscribe to, any number of times."""

    def __init__(self, url: str, *, token: str | None = None, limits: Limits | None = None) -> None:
        """`token` goes in the `Authorization` header, never in the address.

        Raises:
            InvalidSubscription: the address is none, or it carries a secret.
        """
        self.url = socket_url(url)
        self._token = token
        self._limits = limits or Limits()

    def subscribe(
        self,
        channels: Sequence[str],
        symbols: Sequence[str] | None = None,
        *,
        history: History = {"last": 50},  # noqa: B006  # never changed
        epoch: str | None = None,
        delivery: Literal["every", "latest"] = "every",
        user_id: str | None = None,
        on_epoch_change: OnEpochChange = "raise",
        observer: Observer | None = None,
    ) -> Subscription:
        """History, then live: every event once, in order, over as many connections as it takes.

        Args:
            channels: of the catalogue, at least one.
            symbols: which ones of the channels whose entity is a symbol; None for all.
            history: how much of the past.
            epoch: with `{"after": position}`, the epoch that the position belongs to.
            delivery: every event, or only the newest of each stream and type while the client is behind.
            user_id: a label for the server's statistics.
            on_epoch_change: what to do when the log turns out to be in another lifetime than the cursor:
                raise `CursorRefused`, or begin again with `history`.
            observer: called with each `Signal`.

        Raises:
            InvalidSubscription: it does not fit the protocol. (While iterating: any `ClientError`.)
        """
        payload = subscribe_payload(
            channels, symbols, history=history, epoch=epoch, delivery=delivery, user_id=user_id
        )
        restarts = on_epoch_change == "restart"
        follower = _Follower(self.url, self._token, self._limits, payload, restarts, observer)
        return Subscription(follower)


class _Follower:
    """Follows the log over one connection after another."""

    def __init__(
        self,
        url: str,
        token: str | None,
        limits: Limits,
        asked: SubscribePayload,
        restarts: bool,
        observer: Observer | None,
    ) -> None:
        self.continuity = Continuity(asked)
        self._url = url
        self._token = token
        self._limits = limits
        self._restarts = restarts
        self._observer = observer
        self._attempt = 0
        self._silence_s = limits.opening_s_max
        self._asked_delay_s: float | None = None

    async def events(self) -> AsyncGenerator[Event, None]:
        """Every event, until the one who reads stops or what is wrong cannot be mended."""
        while True:
            socket: ClientConnection | None = None
            lost: _Lost | None = None
            try:
                socket = await self._open()
                while lost is None:
                    yield await self._next_event(socket)
            except _Lost as error:
                lost = error
            finally:
                if socket is not None:
                    await socket.close()
            await asyncio.sleep(self._delay_s(lost))

    def _tell(self, signal: Signal) -> None:
        if self._observer is not None:
            self._observer(signal)

    # --- connecting -----------------------------------------------------------------------------

    async def _open(self) -> ClientConnection:
        self._tell(Connecting(self._attempt))
        self._silence_s = self._limits.opening_s_max
        self._asked_delay_s = None
        socket = await self._connect()
        text = subscribe_text(self.continuity.request(), str(uuid4()), datetime.now(UTC))
        try:
            await socket.send(text)
        except ConnectionClosed as closed:
            raise _lost_or_refused(closed) from closed
        return socket

    async def _connect(self) -> ClientConnection:
        try:
            return await open_socket(
                self._url,
                self._token,
                compression=None,
                open_timeout=self._limits.opening_s_max,
                close_timeout=self._limits.closing_s_max,
                # The heartbeats tell whether the server lives. A ping's answer would wait behind what
                # the consumer has not taken yet, and a slow consumer would look like a dead server.
                ping_interval=None,
                max_size=MESSAGE_BYTES_MAX,
                max_queue=self._limits.waiting_max,
            )
        except InvalidStatus as error:
            status = error.response.status_code
            said = detail_of(error.response.body) or error.response.reason_phrase
            if is_final_status(status):
                raise Refused(status, said) from error
            raise _Lost(f"the server answered with status {status}: {said}") from error
        except SecurityError as error:
            raise Refused(CLOSED_WITHOUT_A_WORD, str(error)) from error
        except (OSError, EOFError, InvalidHandshake) as error:
            if reason := untrusted(error):
                raise Refused(CLOSED_WITHOUT_A_WORD, reason) from error
            raise _Lost(str(error) or type(error).__name__) from error

    def _delay_s(self, lost: _Lost) -> float:
        """How long to wait before the next attempt.

        Raises:
            Unreachable: there have been as many as there may be.
        """
        self._attempt += 1
        if self._limits.attempts_max is not None and self._attempt >= self._limits.attempts_max:
            raise Unreachable(self._attempt, str(lost)) from lost
        delay_s = self._asked_delay_s if lost.delay_s is None else lost.delay_s
        if delay_s is None:
            delay_s = backoff_s(self._attempt - 1, self._limits, random.random())
        self._tell(Reconnecting(delay_s, str(lost)))
        return delay_s

    # --- reading --------------------------------------------------------------------------------

    async def _next_event(self, socket: ClientConnection) -> Event:
        while True:
            match read_message(await self._receive(socket)):
                case Event() as event:
                    if self.continuity.take(event.position, event.stream, event.version):
                        return event
                case Record() as payload:
                    try:
                        self._control(payload)
                    except CursorRefused as error:
                        self._cursor_refused(error)

    async def _receive(self, socket: ClientConnection) -> str | bytes:
        try:
            # Counted only while waiting: however long the consumer takes, the server is not to blame.
            async with asyncio.timeout(self._silence_s):
                return await socket.recv()
        except TimeoutError as error:
            raise _Lost(f"nothing came for {self._silence_s:g} s") from error
        except ConnectionClosed as closed:
            raise _lost_or_refused(closed) from closed

    def _control(self, payload: Record) -> None:
        match payload:
            case SubscriptionConfirmedPayload():
                self._confirmed(payload)
            case CaughtUpPayload(position=position):
                self.continuity.advance(position)
                self._attempt = 0
                self._tell(CaughtUp(position))
            case LaggingPayload(from_position=position):
                self._tell(Lagging(position))
            case Heartbeat(head=head):
                self.continuity.advance(head)
            case ShutdownPayload(reconnect_after_s=asked):
                self._asked_delay_s = min(max(asked, 0.0), RECONNECT_ASKED_S_MAX)
            case ErrorPayload():
                self._failed(payload)

    def _confirmed(self, payload: SubscriptionConfirmedPayload) -> None:
        self.continuity.confirmed(payload.epoch, payload.head)
        heard = payload.heartbeat_s * SILENT_HEARTBEATS
        self._silence_s = max(heard, self._limits.silence_s_min)
        self._tell(CatchingUp(payload.resumed, payload.epoch, payload.head))

    def _failed(self, error: ErrorPayload) -> NoReturn:
        # The subscribe is all that this client says, so every error is the answer to it.
        cursor = self.continuity.cursor
        if cursor is not None and error.code == EpochChanged.wire_code:
            raise EpochChanged(cursor.epoch)
        if cursor is not None and error.code == PositionBeyondHead.wire_code:
            raise PositionBeyondHead(cursor.position)
        if error.severity is Severity.SYSTEM_ERROR:
            raise _Lost(f"{error.code}: {error.message}")
        raise SubscriptionRefused(error.code, error.message, error.details)

    def _cursor_refused(self, error: CursorRefused) -> NoReturn:
        # A history that was refused as it was given would be refused again.
        if not self._restarts or not self.continuity.moved:
            raise error
        self.continuity.restart()
        self._tell(Restarted(str(error)))
        raise _Lost(str(error), delay_s=0.0) from error


def _lost_or_refused(closed: ConnectionClosed) -> Exception:
    frame = closed.rcvd or closed.sent
    code, reason = (CLOSED_WITHOUT_A_WORD, "") if frame is None else (frame.code, frame.reason)
    if is_final_close(code):
        return Refused(code, reason)
    return _Lost(f"the connection closed: {reason or 'no reason'} ({code})")
