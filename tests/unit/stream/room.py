"""A log in memory, and clients at it."""

import asyncio
from collections.abc import AsyncIterator

from app.access.gate import OWNER
from app.access.grant import ANYONE
from app.metrics import StreamMetrics
from app.stream.connection import TypedConnection
from app.stream.connection_log import ConnectionRegister
from app.stream.context import StreamContext
from app.stream.fan_out import FanOut
from app.stream.protocol import MessageFactory
from app.stream.transport import FrameCache
from events.clock import uuid7
from events.log import EventLog
from events.messages import EventText, TextOf
from events.selection import Selection
from events.store import ReadQuery
from tests.unit.events.builders import NOON
from tests.unit.events.faulty_store import FaultyStore
from tests.unit.stream.talk import Wire


class SlowStore(FaultyStore):
    """A store whose reads wait at a gate, and may fail with any error."""

    def __init__(self) -> None:
        super().__init__()
        self.read_gate = asyncio.Event()
        self.read_gate.set()
        self.reads = 0

    async def read_texts(self, query: ReadQuery, text_of: TextOf) -> list[EventText]:
        self.reads += 1
        await self.read_gate.wait()
        return await super().read_texts(query, text_of)

    async def last_positions(self, selection: Selection, last: int, upto: int) -> list[int]:
        await self.read_gate.wait()
        if self.unreadable is not None:
            raise self.unreadable
        return await super().last_positions(selection, last, upto)


def context_of(log: EventLog, heartbeat_s: float) -> StreamContext:
    """What connections to a log share; its fan-out is not started yet."""
    frames, factory = FrameCache(), MessageFactory(lambda: NOON, lambda: str(uuid7()))
    register = ConnectionRegister(StreamMetrics(), lambda text: text == "right")
    return StreamContext(
        log=log,
        frames=frames,
        factory=factory,
        heartbeat_s=heartbeat_s,
        grant_of=lambda token: OWNER if token == "right" else None,
        holds=lambda _grant: True,
        fan_out=FanOut(log, frames, factory, heartbeat_s, register.metrics),
        register=register,
    )


class Room:
    """A log, and the clients at it."""

    def __init__(self, store: SlowStore, log: EventLog, heartbeat_s: float) -> None:
        self.store = store
        self.log = log
        self.context = context_of(log, heartbeat_s)
        self.tasks: list[asyncio.Task[None]] = []

    def connect(self, *texts: str) -> tuple[Wire, TypedConnection, asyncio.Task[None]]:
        """A client that says this."""
        wire = Wire()
        wire.say(*texts)
        connection = TypedConnection(self.context, wire, ANYONE)
        task = asyncio.create_task(connection.run())
        self.tasks.append(task)
        return wire, connection, task

    def client(self, *texts: str) -> Wire:
        """The same, for tests that need only the wire."""
        return self.connect(*texts)[0]


async def make_room(heartbeat_s: float) -> AsyncIterator[Room]:
    store = SlowStore()
    log = await EventLog.open(store)
    room = Room(store, log, heartbeat_s)
    room.context.fan_out.start()
    yield room
    store.read_gate.set()
    for task in room.tasks:
        task.cancel()
    await asyncio.gather(*room.tasks, return_exceptions=True)
    await room.context.fan_out.stop()
    await log.close()
    assert [task for task in asyncio.all_tasks() if "TypedConnection" in repr(task)] == []


async def ended(task: asyncio.Task[None]) -> None:
    await asyncio.wait_for(asyncio.shield(task), 5)
