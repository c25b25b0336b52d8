"""A simulated world: a log whose store dawdles and fails, publishers, and clients of every temper."""

import asyncio
import json
import random
from collections.abc import Coroutine, Sequence
from typing import Any
from uuid import UUID

from app.access.gate import OWNER
from app.access.grant import ANYONE
from app.check.transcript import Checker
from app.metrics import StreamMetrics
from app.stream.connection import CONTROL_WAITING_MAX, TypedConnection
from app.stream.connection_log import ConnectionRegister
from app.stream.context import StreamContext
from app.stream.fan_out import FanOut
from app.stream.protocol import MessageFactory
from app.stream.transport import FrameCache, Frames
from events.catalog import Payload
from events.chain import GENESIS, check_chain
from events.envelope import NO_STREAM, Append, Appended, RecordedEvent
from events.errors import StoreUnavailable, VersionConflict
from events.log import EventLog
from events.memory_store import MemoryEventStore
from events.selection import Selection
from events.store import Outcome, ReadQuery
from events.tail import Tail
from tests.simulation.spans import span_of
from tests.unit.events.builders import NOON, new, notice, price, regime
from tests.unit.stream.talk import Wire, message, ping, subscribe, unsubscribe

HEARTBEAT_S = 1.0
CHANNELS = ("prices", "regime", "system", "trades")
SYMBOLS = ("A", "B", "C")


class DawdlingStore(MemoryEventStore):
    """A store that takes its time, and fails as often as it is told; a failed commit may have succeeded."""

    def __init__(self, rng: random.Random, failures: float) -> None:
        super().__init__(lambda: 0)
        self._rng = rng
        self.failures = failures

    async def _dawdle(self) -> None:
        if self._rng.random() < 0.7:
            await asyncio.sleep(self._rng.choice([0, 0.001, 0.01, 0.05]))
        if self._rng.random() < self.failures:
            raise StoreUnavailable("planted")

    async def append(self, appends: Sequence[Append]) -> list[Outcome]:
        await self._dawdle()
        outcomes = await super().append(appends)
        await self._dawdle()
        return outcomes

    async def read(self, query: ReadQuery) -> list[RecordedEvent]:
        await self._dawdle()
        page = await super().read(query)
        await asyncio.sleep(0)
        return page

    async def read_at(self, positions: Sequence[int]) -> list[RecordedEvent]:
        await self._dawdle()
        return await super().read_at(positions)

    async def last_positions(self, selection: Selection, last: int, upto: int) -> list[int]:
        await self._dawdle()
        return await super().last_positions(selection, last, upto)

    async def first_since(self, occurred_at_us: int) -> int:
        await self._dawdle()
        return await super().first_since(occurred_at_us)


class MoodyWire(Wire):
    """A wire whose client reads at its own pace."""

    def __init__(self, rng: random.Random, slowness: float) -> None:
        super().__init__()
        self._rng = rng
        self._slowness = slowness

    async def send(self, text: str) -> None:
        if self._rng.random() < self._slowness:
            await asyncio.sleep(self._rng.choice([0, 0.01, 0.1, 0.5]))
        await super().send(text)

    def offer(self, frames: Frames) -> bool:
        return self._rng.random() >= self._slowness and super().offer(frames)


class World:
    """One log and everybody at it, all by one seed."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.store = DawdlingStore(self.rng, self.rng.choice([0, 0, 0.02]))
        self._ids = 0
        self.published = asyncio.Event()
        self.lost_acknowledgements: list[int] = []
        self.clients: list[Client] = []
        self.is_down = False
        self._crashed = asyncio.Event()

    async def _start(self) -> None:
        """A server begins, over whatever the store holds."""
        self.log = await EventLog.open(self.store)
        self.log.end.tail = Tail(self.log.head.position, self.rng.choice([1, 2, 5, 20, 1_000]))
        frames = FrameCache(self.rng.choice([1, 10, 1_000]))
        factory = MessageFactory(lambda: NOON, self._next_id)
        register = ConnectionRegister(StreamMetrics(), lambda _text: False)
        fan_out = FanOut(self.log, frames, factory, HEARTBEAT_S, register.metrics)
        self.context = StreamContext(
            log=self.log,
            frames=frames,
            factory=factory,
            heartbeat_s=HEARTBEAT_S,
            grant_of=lambda _token: OWNER,
            holds=lambda _grant: True,
            fan_out=fan_out,
            register=register,
        )
        fan_out.start()

    async def _crash(self) -> None:
        """The server dies in the midst of everything, and another one begins.

        Every connection breaks, and no append that was on its way is answered: it was recorded or not.
        """
        await asyncio.sleep(self.rng.choice([0.05, 0.2, 0.5, 1]))
        dead, self.is_down = self.log, True
        for wire in [wire for client in self.clients for wire in client.wires]:
            wire.leave()
        await self.context.fan_out.stop()
        # As a kill would leave it: nothing is finished, nobody is told.
        tasks = [task for task in (dead._committer, dead._recovery) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._start()
        self.is_down = False
        crashed, self._crashed = self._crashed, asyncio.Event()
        crashed.set()

    async def live(self) -> list[str]:
        """Everything that happens; returns what was wrong."""
        await self._start()
        publishing = [asyncio.create_task(self._publish()) for _ in range(self.rng.randint(1, 3))]
        self.clients = [Asker(self) for _ in range(self.rng.randint(1, 3))]
        self.clients += [Resumer(self) for _ in range(self.rng.randint(1, 2))]
        self.clients += [Flooder(self) for _ in range(self.rng.randint(0, 1))]
        attending = [asyncio.create_task(client.attend()) for client in self.clients]
        for _ in range(self.rng.choice([0, 0, 1, 2])):
            await self._crash()
        await asyncio.gather(*publishing)
        self.store.failures = 0
        await self._append([new(notice("the end"), self.event_id())])
        self.published.set()
        await asyncio.gather(*attending)
        problems = self._check_log()
        for client in self.clients:
            problems += client.check()
        await self.context.fan_out.stop()
        await self.log.close()
        return problems

    def _check_log(self) -> list[str]:
        check_chain(GENESIS, 0, self.recorded)
        lost = [p for p in self.lost_acknowledgements if not 1 <= p <= len(self.recorded)]
        in_tail = self.log.tail.head == self.log.head.position == len(self.recorded)
        return [f"lost: {lost}"] * bool(lost) + ["the tail is not at the end"] * (not in_tail)

    @property
    def recorded(self) -> list[RecordedEvent]:
        """The whole log."""
        return self.store._events  # the truth, without a dawdle

    def _next_id(self) -> str:
        self._ids += 1
        return f"server-{self._ids}"

    def event_id(self) -> UUID:
        """An id by the seed, for an event."""
        return UUID(int=self.rng.getrandbits(128), version=4)

    def payload(self) -> Payload:
        """Something that may happen, at a market time that wanders."""
        symbol, second = self.rng.choice(SYMBOLS), self.rng.randint(0, 60)
        kinds = [price(symbol, "100", second), regime(symbol, second), notice("x", second)]
        return self.rng.choice(kinds)

    async def _publish(self) -> None:
        for _ in range(self.rng.randint(5, 25)):
            await asyncio.sleep(self.rng.choice([0, 0, 0.01, 0.1, 0.3]))
            count = self.rng.choice([1, 1, 2, 3, 12])
            await self._append([new(self.payload(), self.event_id()) for _ in range(count)])

    async def _append(self, events: list[Any]) -> None:
        """Append until it is acknowledged, as a writer does who gave its events their ids."""
        guess = self.rng.random() < 0.2
        while True:
            expected = {"prices:A": self.rng.choice([NO_STREAM, 3])} if guess else {}
            try:
                appended = await self._answered(self.log.append(events, expected=expected))
            except StoreUnavailable:
                await asyncio.sleep(0.05)
            except VersionConflict:
                guess = False
            else:
                self.lost_acknowledgements += appended.positions
                return

    async def _answered(self, append: Coroutine[Any, Any, Appended]) -> Appended:
        """What an append is answered, unless the server dies first."""
        answer = asyncio.create_task(append)
        death = asyncio.create_task(self._crashed.wait())
        await asyncio.wait({answer, death}, return_when=asyncio.FIRST_COMPLETED)
        death.cancel()
        if not answer.done():
            answer.cancel()
            raise StoreUnavailable("planted: the server died")
        return answer.result()


class Client:
    """One client and its connections."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.rng = world.rng
        self.said: list[str] = []
        self.wires: list[MoodyWire] = []
        self.slowness = self.rng.choice([0, 0.1, 0.5])
        self._number = 0

    async def attend(self) -> None:
        """Live until everything was published and received."""
        raise NotImplementedError

    def check(self) -> list[str]:
        """What was wrong with what it received."""
        raise NotImplementedError

    def connect(self) -> tuple[MoodyWire, asyncio.Task[None]]:
        """Begin a new connection."""
        wire = MoodyWire(self.rng, self.slowness)
        self.wires.append(wire)
        if self.world.is_down:
            wire.leave()
        connection = TypedConnection(self.world.context, wire, ANYONE)
        return wire, asyncio.create_task(connection.run())

    def say(self, wire: Wire, text: str) -> None:
        """Say something, and remember it for the checker."""
        self.said.append(text)
        wire.say(text)

    def name(self) -> str:
        """A message id of its own."""
        self._number += 1
        return f"m{self._number}"

    def history(self) -> Any:
        """Any beginning that there is."""
        head = self.world.log.head.position
        return self.rng.choice(
            [
                "all",
                "none",
                {"last": self.rng.choice([1, 3, 50])},
                {"after": self.rng.randint(0, head)},
                {"since": f"2026-01-16T12:{self.rng.randint(0, 1):02}:30Z"},
            ]
        )

    async def until_complete(self, wire: MoodyWire, serving: asyncio.Task[None]) -> None:
        """Until the server says that all of the finished log was sent, or hangs up."""
        await self.world.published.wait()
        self.slowness = 0
        end = self.world.log.head.position
        while not serving.done() and not (beats(wire) and beats(wire)[-1] >= end):
            await asyncio.sleep(HEARTBEAT_S / 2)
        wire.leave()
        await serving

    def problems_of(self, wire: Wire) -> list[str]:
        """What the checker says about one connection."""
        world = self.world
        log = span_of(world.recorded, world.log.head.epoch)
        return [str(finding) for finding in Checker(self.said, log).check(wire.texts)]


def beats(wire: Wire) -> list[int]:
    """The heads of the heartbeats that a client received."""
    found = [json.loads(text) for text in wire.texts if '"type":"heartbeat"' in text]
    return [one["payload"]["head"] for one in found]


class Asker(Client):
    """Subscribes, overlaps, unsubscribes and talks nonsense on one connection."""

    async def attend(self) -> None:
        wire, serving = self.connect()
        self._subscribe(wire)
        for _ in range(self.rng.randint(2, 10)):
            await asyncio.sleep(self.rng.choice([0, 0, 0.01, 0.2, 1]))
            self.rng.choice([self._subscribe, self._subscribe, self._unsubscribe, self._talk])(wire)
        await self.until_complete(wire, serving)

    def _subscribe(self, wire: Wire) -> None:
        channels = self.rng.sample(CHANNELS, self.rng.randint(1, 4))
        payload: dict[str, Any] = {"history": self.history()}
        if self.rng.random() < 0.5:
            payload["symbols"] = self.rng.sample(SYMBOLS, self.rng.randint(1, 2))
        if self.rng.random() < 0.25:
            payload["delivery"] = "latest"
        self.say(wire, subscribe(*channels, msg_id=self.name(), **payload))

    def _unsubscribe(self, wire: Wire) -> None:
        channels = self.rng.sample(CHANNELS, self.rng.randint(1, 2))
        narrowed = {"symbols": [self.rng.choice(SYMBOLS)]} if self.rng.random() < 0.5 else {}
        self.say(wire, unsubscribe(*channels, msg_id=self.name(), **narrowed))

    def _talk(self, wire: Wire) -> None:
        nonsense = ["{", message("shout", {}, self.name()), ping(self.name())]
        beyond = {"history": {"after": 10**6}}
        stale = {"history": {"after": 0}, "epoch": "another"}
        nonsense += [subscribe(msg_id=self.name(), **wrong) for wrong in (beyond, stale)]
        self.say(wire, self.rng.choice(nonsense))

    def check(self) -> list[str]:
        return [problem for wire in self.wires for problem in self.problems_of(wire)]


class Flooder(Client):
    """Asks and asks, and does not read what is answered: the others must not notice."""

    async def attend(self) -> None:
        wire, serving = self.connect()
        self.say(wire, subscribe("prices", "system", msg_id=self.name(), history="all"))
        await asyncio.sleep(self.rng.choice([0, 0.1]))
        wire.stop_reading()
        for _ in range(self.rng.choice([10, 2 * CONTROL_WAITING_MAX])):
            self.say(wire, ping(self.name()))
        await self.world.published.wait()
        wire.leave()
        await serving

    def check(self) -> list[str]:
        return [problem for wire in self.wires for problem in self.problems_of(wire)]


class Resumer(Client):
    """Follows a few channels, is dropped again and again, and goes on with its cursor."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.channels = self.rng.sample(CHANNELS, self.rng.randint(1, 3))
        self.cursor = 0

    async def attend(self) -> None:
        drops = self.rng.randint(1, 5)
        while True:
            wire, serving = self.connect()
            history = {"after": self.cursor}
            epoch = self.world.log.head.epoch
            text = subscribe(*self.channels, msg_id=self.name(), history=history, epoch=epoch)
            self.say(wire, text)
            if drops:
                drops -= 1
                await asyncio.sleep(self.rng.choice([0, 0.01, 0.1, 0.5, 2]))
                wire.leave()
                await serving
            else:
                await self.until_complete(wire, serving)
            self.cursor = max([self.cursor, *wire.positions(), *beats(wire)])
            if self.world.published.is_set() and self.cursor >= len(self.world.recorded):
                return

    def check(self) -> list[str]:
        problems = [problem for wire in self.wires for problem in self.problems_of(wire)]
        got = [position for wire in self.wires for position in wire.positions()]
        wanted = Selection.of(self.channels)
        owed = [e.position for e in self.world.recorded if wanted.matches(e.stream)]
        return problems if got == owed else [*problems, f"over all drops: {got} is not {owed}"]
