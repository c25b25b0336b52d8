"""A log in memory, and the replays of it, in virtual time."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from app.access.gate import OWNER
from app.access.grant import ANYONE
from app.live_state import LiveState
from app.market.persona import PERSONAS
from app.metrics import StreamMetrics
from app.stream.connection_log import ConnectionRegister
from app.stream.protocol import MessageFactory
from app.stream.replay_connection import ReplayConnection, ReplayContext
from events.catalog import Channel, Payload
from events.errors import ProjectionParked
from events.log import EventLog
from events.messages import EventText, TextOf
from events.store import ReadQuery
from tests.simulation.virtual_time import run
from tests.unit.events.builders import NOON, new, price
from tests.unit.events.faulty_store import FaultyStore
from tests.unit.stream.talk import Wire


class CountingStore(FaultyStore):
    """A store whose pages take a hundredth of a second.

    Attributes:
        pages: what was read.
        at_once, most_at_once: reads under way, now and at most.
    """

    def __init__(self) -> None:
        super().__init__()
        self.pages: list[ReadQuery] = []
        self.at_once = self.most_at_once = 0

    async def read_texts(self, query: ReadQuery, text_of: TextOf) -> list[EventText]:
        self.pages.append(query)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(0.01)
        self.at_once -= 1
        return await super().read_texts(query, text_of)


class Machine:
    """A log, and the replays of it."""

    def __init__(self, store: CountingStore, log: EventLog) -> None:
        self.store = store
        self.log = log
        self.live_state = LiveState(log, PERSONAS["big_pickle"])
        self.context = ReplayContext(
            log,
            MessageFactory(lambda: NOON, lambda: "id"),
            lambda token: OWNER if token == "right" else None,
            self._state_at,
            ConnectionRegister(StreamMetrics(), lambda _text: False),
        )
        self.parked = False
        self.tasks: list[asyncio.Task[None]] = []
        self.last: ReplayConnection | None = None

    async def _state_at(self, position: int, channels: frozenset[Channel]) -> dict[str, Any]:
        if self.parked:
            raise ProjectionParked("public_state", position, "planted")
        return await self.live_state.at_position(position, channels)

    def client(self, *texts: str) -> Wire:
        """A client that says this."""
        wire = Wire()
        wire.say(*texts)
        self.last = ReplayConnection(self.context, wire, ANYONE)
        self.tasks.append(asyncio.create_task(self.last.run()))
        return wire


@asynccontextmanager
async def machine(payloads: Sequence[Payload]) -> AsyncIterator[Machine]:
    store = CountingStore()
    log = await EventLog.open(store)
    await log.append([new(payload) for payload in payloads])
    made = Machine(store, log)
    yield made
    for task in made.tasks:
        task.cancel()
    await asyncio.gather(*made.tasks, return_exceptions=True)
    await log.close()


def over(payloads: Sequence[Payload], scene: Callable[[Machine], Awaitable[None]]) -> None:
    """Play a scene over a log, in virtual time."""

    async def play() -> None:
        async with machine(payloads) as made:
            await scene(made)

    run(play())


def ticks(count: int, every_s: float = 1) -> list[Payload]:
    return [price("A", "1", number * every_s) for number in range(count)]


async def finished(wire: Wire) -> list[dict[str, Any]]:
    """What the client was told, once it was told that the replay is finished."""
    while not [one for one in states(wire) if one["status"] == "finished"]:
        await wire.until("replay_state", wire.types().count("replay_state") + 1)
    return wire.messages


def states(wire: Wire) -> list[dict[str, Any]]:
    return [one["payload"] for one in wire.messages if one["type"] == "replay_state"]
