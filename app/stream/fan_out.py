"""`FanOut`: one reader of the log's tail for everybody who is caught up.

It follows the head, and for each batch makes the frames once for every interest that is held; each client
then costs one write. There is no delay to wait for more: while a batch is being written the next one
grows, so batches are single events when little happens and wide when much does. Who does not keep up is
let go, with the position up to which everything was sent, and catches up on its own.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Final

import structlog

from app.metrics import StreamMetrics
from app.stream.protocol import HeartbeatPayload, MessageFactory
from app.stream.session import Interest
from app.stream.transport import FrameCache, Frames, Transport, size_of
from events.catalog import Channel
from events.clock import now_us
from events.log import EventLog
from events.messages import EventText
from events.scalars import from_micros

BATCH_EVENTS_MAX: Final = 500
"""Events of one batch to everybody: more at a time would let a wide one hold up all else."""

WRITES_AT_ONCE: Final = 25
"""Writes after which everything else in the server has its turn: so commits go on while a batch goes out."""

_log = structlog.get_logger("fan_out")


class Seat:
    """One client that is caught up.

    Attributes:
        cursor: everything that it wants up to here has been sent.
    """

    __slots__ = ("cursor", "on_behind", "row", "transport")

    def __init__(
        self, row: "_Row", transport: Transport, cursor: int, on_behind: Callable[[int], None]
    ) -> None:
        self.row: _Row | None = row
        self.transport = transport
        self.cursor = cursor
        self.on_behind = on_behind


class _Row:
    """The seats of one interest; all that it wants up to `done` was sent to all of them."""

    __slots__ = ("done", "interest", "seats")

    def __init__(self, interest: Interest) -> None:
        self.interest = interest
        self.done = 0
        self.seats: dict[Seat, None] = {}


class FanOut:
    """Writes what is new to every client that keeps up.

    Attributes:
        cursor: the end of the last batch that was begun.
    """

    def __init__(
        self,
        log: EventLog,
        frames: FrameCache,
        factory: MessageFactory,
        heartbeat_s: float,
        metrics: StreamMetrics,
    ) -> None:
        """`heartbeat_s`: how often every client is told how far it is."""
        self._log = log
        self._frames = frames
        self._factory = factory
        self._heartbeat_s = heartbeat_s
        self._metrics = metrics
        self._rows: dict[Interest, _Row] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self.cursor = log.head.position

    def start(self) -> None:
        """Begin to follow the log."""
        self._tasks = [
            asyncio.create_task(self._follow(), name="fan-out"),
            asyncio.create_task(self._beat(), name="heartbeat"),
        ]

    async def stop(self) -> None:
        """Follow no longer; nobody is told anything."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()

    # --- coming and going -----------------------------------------------------------------------

    def join(
        self,
        transport: Transport,
        interest: Interest,
        cursor: int,
        on_behind: Callable[[int], None],
    ) -> Seat:
        """Take a seat; from now on the client gets what is new without a task of its own.

        Args:
            transport: where to write.
            interest: what is wanted.
            cursor: everything wanted up to here was sent; not before this fan-out's own cursor.
            on_behind: called with the cursor when the client does not keep up; its seat is gone then.
        """
        if cursor < self.cursor:
            raise AssertionError(
                f"a client at {cursor} would miss what was sent up to {self.cursor}"
            )
        row = self._rows.get(interest)
        if row is None:
            row = self._rows[interest] = _Row(interest)
        seat = Seat(row, transport, cursor, on_behind)
        row.seats[seat] = None
        return seat

    def leave(self, seat: Seat) -> int:
        """Give up a seat; returns the position up to which everything wanted was sent."""
        row = seat.row
        if row is not None:
            seat.cursor = self.reached(seat)
            seat.row = None
            del row.seats[seat]
            if not row.seats and self._rows.get(row.interest) is row:
                del self._rows[row.interest]
        return seat.cursor

    def reached(self, seat: Seat) -> int:
        """The position up to which everything wanted was sent to a seat."""
        return seat.cursor if seat.row is None else max(seat.cursor, seat.row.done)

    def _let_go(self, seat: Seat) -> None:
        if seat.row is not None:
            seat.on_behind(self.leave(seat))

    # --- what is new ----------------------------------------------------------------------------

    async def _follow(self) -> None:
        while True:
            await self._log.moved_beyond(self.cursor)
            try:
                await self._send_batch()
            except Exception:  # noqa: BLE001  # nobody else follows for them
                # Whatever it is, everybody can still catch up on their own, and is told if that fails too.
                _log.exception("fan_out_failed", position=self.cursor)
                await self._let_all_go()
            await asyncio.sleep(0)

    async def _send_batch(self) -> None:
        before = self.cursor
        recorded = self._log.tail.after(before, BATCH_EVENTS_MAX) if self._rows else None
        if recorded is None:  # nobody is here, or the tail was outrun
            self.cursor = self._log.head.position
            await self._let_all_go()
            return
        events = self._frames.texts(recorded)
        self.cursor = events[-1].position
        for row in list(self._rows.values()):
            chosen = row.interest.chosen(events)
            if chosen:
                written = await self._send(row, chosen, before)
                self._metrics.delivered(written * len(chosen), written * size_of(chosen))
                self._metrics.conflated(written * row.interest.left_out(events, chosen))
            row.done = max(row.done, events[-1].position)
        # The oldest of the batch: it has waited longest.
        self._metrics.delivery_seconds(max(0, now_us() - recorded[0].recorded_at_us) / 1e6)

    async def _send(self, row: _Row, chosen: tuple[EventText, ...], before: int) -> int:
        """Write to every seat of a row; returns to how many."""
        frames, end, written = Frames(chosen), self.cursor, 0
        for number, seat in enumerate(list(row.seats), start=1):
            if seat.row is row and seat.cursor < end:
                # One that came while the batch was on its way has had the first of it.
                own = frames if seat.cursor <= before else _rest(chosen, seat.cursor)
                if seat.transport.offer(own):
                    seat.cursor = end
                    written += 1
                else:
                    self._let_go(seat)
            if number % WRITES_AT_ONCE == 0:
                await asyncio.sleep(0)
        return written

    async def _let_all_go(self) -> None:
        for row in list(self._rows.values()):
            for number, seat in enumerate(list(row.seats), start=1):
                self._let_go(seat)
                if number % WRITES_AT_ONCE == 0:
                    await asyncio.sleep(0)

    # --- heartbeats -----------------------------------------------------------------------------

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self._heartbeat_s)
            try:
                for row in list(self._rows.values()):
                    await self._beat_row(row)
            except Exception:  # noqa: BLE001  # the next one is as important
                _log.exception("heartbeat_failed")

    async def _beat_row(self, row: _Row) -> None:
        beats: dict[int, Frames] = {}
        for number, seat in enumerate(list(row.seats), start=1):
            if seat.row is row:
                # What a client was sent, not what the log holds: it may take the number as its cursor.
                reached = self.reached(seat)
                if reached not in beats:
                    beats[reached] = self._heartbeat(reached, self._log.newest_by_channel)
                if not seat.transport.offer(beats[reached]):
                    self._let_go(seat)
            if number % WRITES_AT_ONCE == 0:
                await asyncio.sleep(0)

    def _heartbeat(self, reached: int, newest: Mapping[str, int]) -> Frames:
        channels = {channel: newest[channel] for channel in Channel if channel in newest}
        payload = HeartbeatPayload(
            head=reached, server_time=from_micros(now_us()), channels=channels
        )
        return Frames(control=self._factory.control(payload))


def _rest(chosen: tuple[EventText, ...], after: int) -> Frames:
    return Frames([event for event in chosen if event.position > after])
