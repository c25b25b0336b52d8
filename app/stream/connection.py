"""`TypedConnection`: one client's `Session` between its wire and the log.

A client that is caught up has no task but the one that listens: the fan-out writes to it. All else is done
by its pump, a task that lives while there is something to do: control messages, a history, or catching up
after the client did not read.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, NoReturn, TypeAlias

from app.access.grant import NOBODY, Grant, Scope
from app.access.rules import UNAUTHORISED, refusal
from app.metrics import Way
from app.stream.abuse import ABUSE_GOODBYE_S_MAX, FLOODING, HangUp, too_many_messages
from app.stream.close_codes import (
    CLOSE_FORBIDDEN,
    CLOSE_RESTART,
    CLOSE_STORE_UNAVAILABLE,
    CLOSE_TOO_SLOW,
    CLOSE_UNAUTHORISED,
)
from app.stream.context import StreamContext
from app.stream.crowd import client_of
from app.stream.fan_out import Seat
from app.stream.past import PageAhead, PastWriter, where_history_begins
from app.stream.protocol import (
    HistoryAfter,
    ShutdownPayload,
    Subscribe,
)
from app.stream.rate import Allowance
from app.stream.session import CheckToken, Effect, OpenHistory, Say, Send, Session, Stage
from app.stream.transport import ClientGone, Transport, size_of
from events.catalog import SYMBOL_CHANNELS, Channel, Record
from events.clock import now_us, uuid7
from events.errors import InvalidCursor, StoreUnavailable
from events.log_end import TAIL_EVENTS
from events.messages import EventText
from events.scalars import from_micros

CONTROL_WAITING_MAX: Final = 1_000
"""Control messages that may wait for a client that does not read; then it is closed with 4008."""

LIVE_BATCH_EVENTS: Final = 500
"""Events of the tail sent in one round; then control messages and what catches up have their turn."""

Write: TypeAlias = Callable[[Sequence[EventText]], Awaitable[None]]


class _Hangup(Exception):
    """End the connection with this code."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class TypedConnection:
    """One client, from its first message to its last."""

    def __init__(self, context: StreamContext, transport: Transport, grant: Grant) -> None:
        """`grant`: what the client may do, as far as its handshake tells."""
        self.grant = grant
        self._context = context
        self._log = context.log
        self._transport = transport
        self._session = Session(context.heartbeat_s)
        self._client = client_of(transport.address)
        self._named = 0
        self._allowance = Allowance(context.messages_per_minute)
        self._stirred = asyncio.Event()
        self._past = PastWriter(transport)
        self._ahead = PageAhead(context.past, context.log.store, self._stirred.set)
        self._control: deque[str] = deque()
        self._seat: Seat | None = None
        self._pump: asyncio.Task[None] | None = None
        self._listener: asyncio.Task[None] | None = None
        self._ended: Exception | None = None
        self._waiting: dict[int, Stage] = {}
        self._goodbye: _Hangup | None = None
        self.id = str(uuid7())
        self.since = from_micros(now_us())
        self.user_id: str | None = None
        self.parked = False

    # --- what it tells about itself -------------------------------------------------------------

    @property
    def way(self) -> Way:
        """How it is connected."""
        return self._transport.way

    @property
    def channels(self) -> Sequence[Channel]:
        """What it is subscribed to."""
        held = self._session.held.channels
        return [channel for channel in Channel if channel in held]

    @property
    def symbols(self) -> Sequence[str] | None:
        """The symbols that it narrowed its channels to; None for all."""
        held = self._session.held.channels
        chosen = [held[channel] for channel in SYMBOL_CHANNELS if channel in held]
        if not chosen or any(entities.all_but for entities in chosen):
            return None
        return sorted({name for entities in chosen for name in entities.names})

    @property
    def position(self) -> int | None:
        """Everything wanted up to here has been sent; None before the first request."""
        if self._seat is not None:
            return self._context.fan_out.reached(self._seat)
        if self._session.cursor is not None:
            return self._session.cursor
        return min((stage.subscription.cursor for stage in self._session.stages), default=None)

    @property
    def messages_sent(self) -> int:
        """Messages that were handed to its wire."""
        return self._transport.messages_sent

    @property
    def bytes_sent(self) -> int:
        """Bytes of these messages."""
        return self._transport.bytes_sent

    # --- its life -------------------------------------------------------------------------------

    async def run(self) -> None:
        """Serve the client until it goes, is closed, or fails.

        Raises:
            EventError: what was read contradicts the log's rules: a bug, never to be passed over.
        """
        self._listener = asyncio.current_task()
        try:
            if self._goodbye is not None:
                self._start_pump()
            await self._listen()
        except asyncio.CancelledError:
            # The pump has ended the connection, or the server this task.
            if self._ended is None or self._listener is None or self._listener.uncancel():
                raise
        except Exception as error:  # noqa: BLE001  # told apart below
            self._ended = error
        finally:
            self._listener = None
            self._stand_up()
            self._unpark()
            if self._pump is not None:
                self._pump.cancel()
                await asyncio.gather(self._pump, return_exceptions=True)
            await self._ahead.stop()
            self._count_names(0)
        match self._ended:
            case None | ClientGone():
                return
            case _Hangup() as hangup:
                await self._transport.close(hangup.code, hangup.reason)
            case StoreUnavailable() as fault:
                await self._transport.close(CLOSE_STORE_UNAVAILABLE, fault.code)
            case bug:
                raise bug

    def dismiss(self, code: int, reason: str) -> None:
        """Close at once, whatever is under way."""
        if self._listener is not None and self._ended is None:
            self._ended = _Hangup(code, reason)
            self._listener.cancel()

    def shut_down(self, reconnect_after_s: float) -> None:
        """Announce that the server goes away, then close."""
        self._say(ShutdownPayload(reconnect_after_s=reconnect_after_s))
        self._goodbye = _Hangup(CLOSE_RESTART, "restart")
        self._start_pump()

    # --- listening ------------------------------------------------------------------------------

    async def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        while (message := await self._transport.receive()) is not None:
            self._stand_up()
            if not self._allowance.take(loop.time()):
                self._say(too_many_messages(self._context.messages_per_minute))
                await self._hang_up(FLOODING)
            effects = self._session.receive(message, self._context.names.room(self._client))
            self._count_names()
            # The first message of who has shown nothing yet must be an `authenticate`.
            if self.grant is NOBODY and not any(isinstance(one, CheckToken) for one in effects):
                raise _Hangup(CLOSE_UNAUTHORISED, UNAUTHORISED)
            for effect in effects:
                await self._carry_out(effect)
            self._start_pump()
            async with self._context.turn:
                # One message of all clients in a turn of the loop: whatever they flood it with, all else goes on.
                await asyncio.sleep(0)
            if len(self._control) > CONTROL_WAITING_MAX:
                raise _Hangup(CLOSE_TOO_SLOW, "too slow to drain control messages")
        raise ClientGone

    async def _hang_up(self, why: HangUp) -> NoReturn:
        """Listen no more; end the connection when the client has been told, or will not hear it."""
        self._goodbye = _Hangup(why.code, why.reason)
        self._start_pump()
        await asyncio.sleep(ABUSE_GOODBYE_S_MAX)  # it is the pump that ends this
        raise self._goodbye

    async def _carry_out(self, effect: Effect, write: Write | None = None) -> None:
        match effect:
            case Say(payload):
                self._say(payload)
            case OpenHistory(request):
                await self._open(request)
            case CheckToken(token):
                self._authenticate(token)
            case HangUp():
                await self._hang_up(effect)
            case Send(events):
                await (write or self._transport.send_events)(events)
                self._context.register.metrics.delivered(len(events), size_of(events))

    def _authenticate(self, token: str) -> None:
        """From now on the client may do what its token says, which must cover what it holds already."""
        grant = self._context.grant_of(token)
        if grant is None:
            raise _Hangup(CLOSE_UNAUTHORISED, UNAUTHORISED)
        refused = refusal(grant, Scope.READ, self.channels)
        if refused is not None:
            raise _Hangup(CLOSE_FORBIDDEN, refused.code)
        self.grant = grant

    async def _open(self, request: Subscribe) -> None:
        history = request.payload.history
        refused = refusal(self.grant, Scope.READ, request.payload.channels)
        if refused is not None:
            await self._carry_out(self._session.refuse(request, refused.code, refused.message))
            return
        self.user_id = request.payload.user_id
        self._context.register.subscribed(self, request)
        self._start_pump()  # what is live goes on while the store is asked
        try:
            if isinstance(history, HistoryAfter):
                await self._log.check_cursor(history.after, request.payload.epoch)
            # Only now: the check may have found that the log has moved.
            head = self._log.head
            wanted = self._session.wanted(request)
            after, positions = await where_history_begins(self._log.store, request, wanted, head)
        except InvalidCursor as error:
            await self._carry_out(self._session.refuse(request, error.code, str(error)))
            return
        # Once more: meanwhile the client's other connections may have named as many as there may be.
        room = self._context.names.room(self._client)
        if (refusal_now := self._session.too_many_names(request, room)) is not None:
            await self._carry_out(refusal_now)
            return
        self._stand_up()
        confirmed = self._session.open(request, head, after, positions)
        self._count_names()
        await self._carry_out(confirmed)

    def _count_names(self, now: int | None = None) -> None:
        named = self._session.named if now is None else now
        self._context.names.change(self._client, named - self._named)
        self._named = named

    def _say(self, payload: Record) -> None:
        self._context.register.said(self, payload)
        self._control.append(self._context.factory.control(payload))

    # --- delivering -----------------------------------------------------------------------------

    def _start_pump(self) -> None:
        """Let everything that is to be sent be sent, and then take a seat in the fan-out."""
        self._stirred.set()
        if self._pump is None and self._listener is not None:
            self._stand_up()
            self._pump = asyncio.create_task(self._run_pump(), name="TypedConnection.pump")

    async def _run_pump(self) -> None:
        try:
            while await self._deliver_once():  # noqa: ASYNC110  # nothing is polled
                # Nothing in a round need wait: without this, one busy client would hold up the others.
                await asyncio.sleep(0)
            # Nothing gives way between the last look and this: no event is missed.
            self._sit_down()
        except Exception as error:  # noqa: BLE001  # whoever listens ends the connection with it
            # Who was dismissed meanwhile is being ended already: cancelled twice, it would not end as it should.
            if self._ended is None:
                self._ended = error
                if self._listener is not None:
                    self._listener.cancel()
        finally:
            self._pump = None

    def _sit_down(self) -> None:
        cursor, interest = self._session.cursor, self._session.interest
        if cursor is not None and self._listener is not None:
            fan_out = self._context.fan_out
            self._seat = fan_out.join(self._transport, interest, cursor, self._fell_behind)
            self._unpark()

    def _stand_up(self) -> None:
        if self._seat is not None:
            self._session.cursor = self._context.fan_out.leave(self._seat)
            self._seat = None

    def _unpark(self) -> None:
        if self.parked:
            self.parked = False
            self._context.register.metrics.unparked()

    def _fell_behind(self, cursor: int) -> None:
        self.parked = True
        self._context.register.metrics.parked()
        self._seat = None
        self._session.cursor = cursor
        self._start_pump()

    async def _deliver_once(self) -> bool:
        """One round: control messages, some of the tail, then a page for each that catches up.

        Returns:
            Whether there is more to do at once.
        """
        while self._control:
            await self._transport.send(self._control.popleft())
        if self._goodbye:
            raise self._goodbye
        # Taken now: a request that comes in from here on has its confirmation still waiting.
        stages = list(self._session.stages)
        await self._follow_tail()
        # While a page is on its way, who waits for the next one is looked at once: there may be 256 of them.
        if not self._ahead.is_awaited:
            self._waiting.clear()
        for stage in stages:
            if id(stage) not in self._waiting:
                await self._catch_up(stage)
                self._waiting[id(stage)] = stage
                # Each may ask for a page: everybody else has a turn between two.
                await asyncio.sleep(0)
        if self._ahead.is_awaited and not (self._control or self._goodbye or self._is_behind()):
            await self._rest()
        return bool(self._session.stages or self._control or self._goodbye or self._is_behind())

    def _is_behind(self) -> bool:
        return self._session.cursor is not None and self._session.cursor < self._log.head.position

    async def _rest(self) -> None:
        """Until the page comes or something else does; not in the fan-out, whose heartbeats would claim too much."""
        self._stirred.clear()
        if self._session.cursor is None:  # nothing is live that could go on
            await self._stirred.wait()
            return
        moved = asyncio.create_task(self._log.moved_beyond(self._log.head.position))
        moved.add_done_callback(lambda _moved: self._stirred.set())
        try:
            await self._stirred.wait()
        finally:
            moved.cancel()

    async def _follow_tail(self) -> None:
        if self._session.cursor is None or not self._is_behind():
            return
        most = TAIL_EVENTS if self._session.interest.conflates else LIVE_BATCH_EVENTS
        events = self._log.tail.after(self._session.cursor, most)
        if events is None:
            effects = self._session.fall_behind(self._log.head.position)
        else:
            texts = self._context.frames.texts(events)
            effects = self._session.tail(texts)
            sent = [
                event for effect in effects if isinstance(effect, Send) for event in effect.events
            ]
            left_out = self._session.interest.left_out(texts, sent)
            self._context.register.metrics.conflated(left_out)
        for effect in effects:
            await self._carry_out(effect)

    async def _catch_up(self, stage: Stage) -> None:
        if self._ahead.stage is stage:
            if self._ahead.is_awaited:
                return
            effects = self._session.page(stage, *self._ahead.take())
        elif (asked := self._session.next_read(stage)) is not None:
            if self._ahead.stage is None:
                self._ahead.begin(stage, asked)
            return
        else:
            effects = self._session.join(stage)
        # That it has caught up is said after what waits to be said: an unsubscribe may have come in meanwhile,
        # and its answer is the reason why some of the history is missing.
        for effect in effects:
            await self._carry_out(effect, self._past.send)
