"""`TypedConnection`: drives one client's `Session` between its wire and the log."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from app.stream.protocol import (
    HistoryAfter,
    HistoryLast,
    HistorySince,
    MessageFactory,
    ShutdownPayload,
    Subscribe,
)
from app.stream.session import CheckToken, Effect, OpenHistory, Say, Send, Session, Stage
from app.stream.transport import ClientGone, FrameCache, Transport
from events.catalog import Record
from events.clock import now_us
from events.envelope import Head, RecordedEvent
from events.errors import InvalidCursor, StoreUnavailable
from events.log import TAIL_EVENTS, EventLog
from events.scalars import to_micros
from events.store import ReadQuery
from events.subscription import ReadPositions

CONTROL_WAITING_MAX: Final = 1_000
"""Control messages that may wait for a client that does not read; then it is closed with 4008."""

LIVE_BATCH_EVENTS: Final = 500
"""Events of the tail sent in one round; then control messages and what catches up have their turn."""

CLOSE_RESTART: Final = 1012
CLOSE_STORE_UNAVAILABLE: Final = 4001
CLOSE_TOO_SLOW: Final = 4008
CLOSE_UNAUTHORISED: Final = 4401


@dataclass(frozen=True, slots=True)
class StreamContext:
    """What all connections share."""

    log: EventLog
    frames: FrameCache
    factory: MessageFactory
    heartbeat_s: float
    is_token: Callable[[str], bool]


class _Hangup(Exception):
    """End the connection with this code."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class TypedConnection:
    """One client: a task that listens, a task that delivers, one session between them."""

    def __init__(self, context: StreamContext, transport: Transport) -> None:
        self._context = context
        self._log = context.log
        self._transport = transport
        self._session = Session(context.heartbeat_s)
        self._control: deque[str] = deque()
        self._wake = asyncio.Event()
        self._heartbeat_at = 0.0
        self._goodbye: _Hangup | None = None
        self.messages_sent = 0

    async def run(self) -> None:
        """Serve the client until it goes, is closed, or fails.

        Raises:
            EventError: what was read contradicts the log's rules: a bug, never to be passed over.
        """
        tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._deliver())]
        try:
            done, _pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for error in [task.exception() for task in tasks if task in done]:
            match error:
                case _Hangup():
                    await self._transport.close(error.code, error.reason)
                case StoreUnavailable():
                    await self._transport.close(CLOSE_STORE_UNAVAILABLE, error.code)
                case Exception() if not isinstance(error, ClientGone):
                    raise error

    def shut_down(self, reconnect_after_s: float) -> None:
        """Announce that the server goes away, then close."""
        self._say(ShutdownPayload(reconnect_after_s=reconnect_after_s))
        self._goodbye = _Hangup(CLOSE_RESTART, "restart")

    # --- listening ------------------------------------------------------------------------------

    async def _listen(self) -> None:
        while (message := await self._transport.receive()) is not None:
            for effect in self._session.receive(message):
                await self._carry_out(effect)
            # Seen here, not where they are sent: that is where a client that does not read holds us up.
            if len(self._control) > CONTROL_WAITING_MAX:
                raise _Hangup(CLOSE_TOO_SLOW, "too slow to drain control messages")
        raise ClientGone

    async def _carry_out(self, effect: Effect) -> None:
        match effect:
            case Say(payload):
                self._say(payload)
            case OpenHistory(request):
                await self._open(request)
            case CheckToken(token):
                if not self._context.is_token(token):
                    raise _Hangup(CLOSE_UNAUTHORISED, "unauthorised")
            case Send(events):
                for event in events:
                    await self._write(self._context.frames.text(event))

    async def _open(self, request: Subscribe) -> None:
        history = request.payload.history
        try:
            if isinstance(history, HistoryAfter):
                await self._log.check_cursor(history.after, request.payload.epoch)
            # Only now: the check may have found that the log has moved.
            head = self._log.head
            after, positions = await self._beginning(request, head)
        except InvalidCursor as error:
            await self._carry_out(self._session.refuse(request, error))
            return
        await self._carry_out(self._session.open(request, head, after, positions))

    async def _beginning(self, request: Subscribe, head: Head) -> tuple[int, Sequence[int]]:
        """Where the history of a request begins: a cursor, and single positions before it."""
        match request.payload.history:
            case HistoryAfter(after=after):
                return after, ()
            case HistorySince(since=since):
                first = await self._log.store.first_since(to_micros(since))
                return min(first - 1, head.position), ()
            case HistoryLast(last=last):
                wanted = self._session.wanted(request)
                chosen = await self._log.store.last_positions(wanted, last, head.position)
                return head.position, chosen
            case "all":
                return 0, ()
            case "none":
                return head.position, ()

    def _say(self, payload: Record) -> None:
        self._control.append(self._context.factory.control(payload))
        self._wake.set()

    # --- delivering -----------------------------------------------------------------------------

    async def _deliver(self) -> None:
        while True:
            self._wake.clear()
            if await self._deliver_once():
                # Nothing in a round need wait: without this, one busy client would hold up the others.
                await asyncio.sleep(0)
            else:
                await self._wait()

    async def _deliver_once(self) -> bool:
        """One round: control messages, some of the tail, then a page for each that catches up.

        Returns:
            Whether there is more to do at once.
        """
        while self._control:
            await self._write(self._control.popleft())
        if self._goodbye:
            raise self._goodbye
        # Taken now: a request that comes in from here on has its confirmation still waiting.
        stages = list(self._session.stages)
        await self._follow_tail()
        for stage in stages:
            await self._catch_up(stage)
        await self._beat()
        return bool(self._session.stages or self._control or self._is_behind())

    def _is_behind(self) -> bool:
        return self._session.cursor is not None and self._session.cursor < self._log.head.position

    async def _follow_tail(self) -> None:
        if self._session.cursor is None or not self._is_behind():
            return
        most = TAIL_EVENTS if self._session.conflates else LIVE_BATCH_EVENTS
        events = self._log.tail.after(self._session.cursor, most)
        if events is None:
            effects = self._session.fall_behind(self._log.head.position)
        else:
            effects = self._session.tail(events)
        for effect in effects:
            await self._carry_out(effect)

    async def _catch_up(self, stage: Stage) -> None:
        asked = self._session.next_read(stage)
        if asked is None:
            effects = self._session.join(stage)
        else:
            effects = self._session.page(stage, asked, await self._read(asked))
        for effect in effects:
            if isinstance(effect, Say):
                await self._write(self._context.factory.control(effect.payload))
            else:
                await self._carry_out(effect)

    async def _read(self, asked: ReadQuery | ReadPositions) -> list[RecordedEvent]:
        if isinstance(asked, ReadPositions):
            return await self._log.store.read_at(asked.positions)
        return await self._log.store.read(asked)

    async def _beat(self) -> None:
        now = asyncio.get_running_loop().time()
        if not self._session.is_live or now < self._heartbeat_at:
            return
        first = self._heartbeat_at == 0
        self._heartbeat_at = now + self._context.heartbeat_s
        if first:
            return
        for effect in self._session.heartbeat(now_us(), self._log.newest_by_channel):
            await self._carry_out(effect)

    async def _wait(self) -> None:
        """Until the client asked for something, the log moved, or a heartbeat is due."""
        waits: list[asyncio.Future[object]] = [asyncio.ensure_future(self._wake.wait())]
        timeout = None
        if self._session.cursor is not None:
            waits.append(asyncio.ensure_future(self._log.moved_beyond(self._session.cursor)))
            timeout = max(0.0, self._heartbeat_at - asyncio.get_running_loop().time())
        try:
            await asyncio.wait(waits, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    async def _write(self, text: str) -> None:
        await self._transport.send(text)
        self.messages_sent += 1
