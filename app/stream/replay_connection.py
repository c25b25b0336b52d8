"""`ReplayConnection`: drives one client's `ReplaySession` between its wire, the log and the loop's clock.

One task listens, one plays. Whatever a replay asks of the store, it asks for one page at a time, and only
one replay asks at once: who follows the live stream never waits for more than that.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from app.access.grant import NOBODY, Grant, Scope
from app.access.rules import UNAUTHORISED, refusal
from app.metrics import Way
from app.stream.abuse import ABUSE_GOODBYE_S_MAX, FLOODING, HangUp, too_many_messages
from app.stream.close_codes import (
    CLOSE_FORBIDDEN,
    CLOSE_RESTART,
    CLOSE_STORE_UNAVAILABLE,
    CLOSE_UNAUTHORISED,
)
from app.stream.connection_log import ConnectionRegister
from app.stream.past import PastTurns, PastWriter
from app.stream.protocol import MessageFactory, ShutdownPayload
from app.stream.rate import MESSAGES_PER_MINUTE_MAX, Allowance
from app.stream.replay_clock import occurred_at_us
from app.stream.replay_effects import (
    CheckToken,
    Deliver,
    Effect,
    FindTime,
    Open,
    Project,
    Read,
    Say,
    Search,
)
from app.stream.replay_protocol import REPLAY_CONTROL, ReplayStart
from app.stream.replay_session import PULSE_S, ReplaySession
from app.stream.transport import ClientGone, Transport, present_text, size_of
from events.catalog import Channel, Record
from events.clock import now_us, uuid7
from events.errors import InvalidCursor, ProjectionParked, StoreUnavailable
from events.log import EventLog
from events.messages import EventText
from events.scalars import from_micros, to_micros
from events.store import ReadQuery

REPLAY_READS_MAX: Final = 1
"""Pages that all replays together read at once; the others wait their turn. With two readers, and pages of
500 events, 1,000 replays held live viewers up for 860 ms (p99); so, for 62."""

REPLAY_STATES_MAX: Final = 1
"""States that all replays together project at once, for their snapshots."""

PULSES_PER_S_MAX: Final = 2_000
"""How often in a second events fall due in all replays together: the more there are, the longer each pulse."""

COMMANDS_WAITING_MAX: Final = 32
"""Commands of one client that wait to be carried out; the next one is not read before."""

_REPLAY_TYPE: Final = {model: name for name, model in REPLAY_CONTROL.items()}


@dataclass(frozen=True, slots=True)
class ReplayContext:
    """What all replays share.

    Attributes:
        grant_of: what a token allows; None for one that is wrong.
        state_at: the public state right after a position, of some channels, as `GET /api/state?position=` shows it.
        reads: held by whoever reads a page.
        states: held by whoever projects a state.
        connections: those that are open.
        past: the turns in which the pages to be sent are read.
        messages_per_minute: what one client may send.
    """

    log: EventLog
    factory: MessageFactory
    grant_of: Callable[[str], Grant | None]
    state_at: Callable[[int, frozenset[Channel]], Awaitable[Mapping[str, Any]]]
    register: ConnectionRegister
    reads: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(REPLAY_READS_MAX))
    states: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(REPLAY_STATES_MAX))
    connections: set["ReplayConnection"] = field(default_factory=set)
    past: PastTurns = field(default_factory=PastTurns)
    messages_per_minute: int = MESSAGES_PER_MINUTE_MAX

    @property
    def pulse_s(self) -> float:
        """What falls due within so many seconds goes out together, in each replay."""
        return max(PULSE_S, len(self.connections) / PULSES_PER_S_MAX)


class _Refused(Exception):
    """The client may not do what it wants to do."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


@dataclass(frozen=True, slots=True)
class _Goodbye:
    """How the server ends a connection; `reconnect_after_s`: announced first, unless None."""

    code: int
    reason: str
    reconnect_after_s: float | None = None


class ReplayConnection:
    """One client of `/ws/replay`."""

    def __init__(self, context: ReplayContext, transport: Transport, grant: Grant) -> None:
        """`grant`: what the client may do, as far as its handshake tells."""
        self.grant = grant
        self._context = context
        self._log = context.log
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._session = ReplaySession(self._loop.time())
        self._allowance = Allowance(context.messages_per_minute)
        self._past = PastWriter(transport)
        self._commands: asyncio.Queue[str | bytes] = asyncio.Queue(COMMANDS_WAITING_MAX)
        self._reading: tuple[ReadQuery, asyncio.Task[list[EventText]]] | None = None
        self._wake = asyncio.Event()
        self._leaving: asyncio.Future[_Goodbye] = self._loop.create_future()
        self.id = str(uuid7())
        self.way = Way.REPLAY
        self.since = from_micros(now_us())
        self.channels: Sequence[Channel] = ()
        self.symbols: Sequence[str] | None = None
        self._asked: tuple[Sequence[Channel], Sequence[str] | None] = (), None
        self.user_id = None
        self.position = None
        self.parked = False

    @property
    def messages_sent(self) -> int:
        """Messages that were handed to its wire."""
        return self._transport.messages_sent

    @property
    def bytes_sent(self) -> int:
        """Bytes of these messages."""
        return self._transport.bytes_sent

    async def run(self) -> None:
        """Serve the client until it goes, is closed, or fails.

        Raises:
            EventError: what was read contradicts the log's rules: a bug, never to be passed over.
        """
        self._context.connections.add(self)
        tasks = [self._loop.create_task(self._listen()), self._loop.create_task(self._play())]
        try:
            waits: list[asyncio.Future[Any]] = [*tasks, self._leaving]
            done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._context.connections.discard(self)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._forget_reading(cancel=True)
        for error in [task.exception() for task in tasks if task in done]:
            match error:
                case ClientGone():
                    return
                case _Refused():
                    await self._transport.close(error.code, error.reason)
                    return
                case StoreUnavailable():
                    await self._transport.close(CLOSE_STORE_UNAVAILABLE, error.code)
                    return
                case Exception():
                    raise error
        await self._say_goodbye(self._leaving.result())

    def shut_down(self, reconnect_after_s: float) -> None:
        """Announce that the server goes away, then close."""
        if not self._leaving.done():
            self._leaving.set_result(_Goodbye(CLOSE_RESTART, "restart", reconnect_after_s))

    def dismiss(self, code: int, reason: str) -> None:
        """Close at once, whatever is under way."""
        if not self._leaving.done():
            self._leaving.set_result(_Goodbye(code, reason))

    async def _say_goodbye(self, goodbye: _Goodbye) -> None:
        if goodbye.reconnect_after_s is not None:
            try:
                await self._say(ShutdownPayload(reconnect_after_s=goodbye.reconnect_after_s))
            except ClientGone:
                return
        await self._transport.close(goodbye.code, goodbye.reason)

    async def _say_at_last(self, payload: Record) -> None:
        """Say why the connection ends, unless the client does not read."""
        with suppress(TimeoutError):
            async with asyncio.timeout(ABUSE_GOODBYE_S_MAX):
                await self._say(payload)

    async def _listen(self) -> None:
        while (message := await self._transport.receive()) is not None:
            if not self._allowance.take(self._loop.time()):
                await self._say_at_last(too_many_messages(self._context.messages_per_minute))
                raise _Refused(FLOODING.code, FLOODING.reason)
            await self._commands.put(message)
            self._wake.set()
        raise ClientGone

    # --- playing --------------------------------------------------------------------------------

    async def _play(self) -> None:
        while True:
            await self._carry_out(await self._next())
            # Nothing in a round need wait: without this, one busy replay would hold up everybody else.
            await asyncio.sleep(0)

    async def _next(self) -> list[Effect]:
        """What the session wants as the next thing happens: a command, a page, a moment."""
        session, now = self._session, self._loop.time()
        self._wake.clear()
        if session.takes_commands and not self._commands.empty():
            effects = session.receive(self._commands.get_nowait(), now)
            # The first message of who has shown nothing yet must be an `authenticate`.
            if self.grant is NOBODY and not any(isinstance(one, CheckToken) for one in effects):
                raise _Refused(CLOSE_UNAUTHORISED, UNAUTHORISED)
            return effects
        if self._reading is not None and self._reading[1].done():
            (query, task), self._reading = self._reading, None
            return session.page(query, task.result(), now)
        at = session.next_tick(self._context.pulse_s)
        if at is not None and at <= now:
            return session.tick(now)
        try:
            async with asyncio.timeout_at(at):
                await self._wake.wait()
        except TimeoutError:
            return session.tick(self._loop.time())
        return []

    async def _carry_out(self, effects: Sequence[Effect]) -> None:
        """Do what is asked, and at once what follows from it."""
        waiting = deque(effects)
        while waiting:
            waiting.extendleft(reversed(await self._do(waiting.popleft())))

    async def _do(self, effect: Effect) -> list[Effect]:
        match effect:
            case Say(payload):
                await self._say(payload)
            case Deliver(events):
                await self._past.send(events)
                self._context.register.metrics.delivered(len(events), size_of(events))
            case Read(query):
                await self._begin_reading(query)
            case Open(request):
                return await self._open(request)
            case FindTime(request_id, time_us):
                position = await self._before(time_us)
                return self._session.go(request_id, position, time_us)
            case Search(_, query):
                found = await self._texts(query)
                # Between two pages of a long search, the others have their turn.
                await asyncio.sleep(0)
                return self._session.searched(effect, found, self._loop.time())
            case Project():
                return await self._project(effect)
            case CheckToken(token):
                self._authenticate(token)
            case HangUp(code, reason):
                raise _Refused(code, reason)
        return []

    async def _say(self, payload: Record) -> None:
        factory, name = self._context.factory, _REPLAY_TYPE.get(type(payload))
        self._context.register.said(self, payload)
        text = factory.control(payload) if name is None else factory.message(name, payload)
        await self._transport.send(text)

    # --- asking the log -------------------------------------------------------------------------

    def _authenticate(self, token: str) -> None:
        """From now on the client may do what its token says, which must cover what it replays already."""
        grant = self._context.grant_of(token)
        if grant is None:
            raise _Refused(CLOSE_UNAUTHORISED, UNAUTHORISED)
        refused = refusal(grant, Scope.READ, self.channels)
        if refused is not None:
            raise _Refused(CLOSE_FORBIDDEN, refused.code)
        self.grant = grant

    async def _open(self, request: ReplayStart) -> list[Effect]:
        chosen = request.payload
        refused = refusal(self.grant, Scope.READ, chosen.channels)
        if refused is not None:
            return self._session.refuse(request.msg_id, refused.code, refused.message)
        try:
            await self._log.check_cursor(chosen.after or 0, chosen.epoch)
        except InvalidCursor as error:
            return self._session.refuse(request.msg_id, error.code, str(error))
        head, begin, clock_us = self._log.head.position, chosen.after or 0, None
        if chosen.since is not None:
            clock_us = to_micros(chosen.since)
            begin = await self._before(clock_us)
        end = head if chosen.before is None else min(max(chosen.before - 1, 0), head)
        if chosen.until is not None:
            end = min(await self._before(to_micros(chosen.until) + 1), head)
        begin = min(begin, head)
        self._asked = chosen.channels, chosen.symbols
        return self._session.open(request, begin, max(begin, end), clock_us)

    async def _before(self, time_us: int) -> int:
        """The position right before the first event whose market time is not before this."""
        async with self._context.reads:
            return await self._log.store.first_since(time_us) - 1

    async def _project(self, move: Project) -> list[Effect]:
        try:
            async with self._context.states:
                state = await self._context.state_at(move.position, self.grant.channels)
        except (ProjectionParked, InvalidCursor) as error:
            return self._session.refuse(move.request_id, error.code, str(error))
        clock_us = move.clock_us
        if clock_us is None:
            upto = ReadQuery(0, move.position, move.course.selection, limit=1, descending=True)
            last = await self._texts(upto)
            clock_us = occurred_at_us(last[0]) if last else None
        # Not before: until here it may still be refused, and what was replayed before goes on.
        self.channels, self.symbols = self._asked
        return self._session.land(move, state, clock_us, self._loop.time())

    async def _texts(self, query: ReadQuery) -> list[EventText]:
        async with self._context.reads:
            return await self._log.store.read_texts(query, present_text)

    async def _begin_reading(self, query: ReadQuery) -> None:
        # One that nobody waits for any more comes to its end first: a replay reads one page at a time.
        await self._forget_reading(cancel=False)
        turn = self._context.past.page(partial(self._texts, query))
        task = self._loop.create_task(turn)
        task.add_done_callback(lambda _task: self._wake.set())
        self._reading = query, task

    async def _forget_reading(self, *, cancel: bool) -> None:
        if self._reading is None:
            return
        (_query, task), self._reading = self._reading, None
        if cancel:
            task.cancel()
        await asyncio.gather(task, return_exceptions=True)
