"""Several processes over one log: a feed plays in one of them, and goes on in another without a gap.

Time is virtual: a lease runs out as fast as the work is done.
"""

# covers: app.broadcaster, app.feed_runner

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from inspect import iscoroutinefunction
from typing import Any, cast

import pytest

from app.broadcaster import MarketDataBroadcaster
from app.feed_runner import LEASE_RETRY_S, LEASE_TTL_S, RETRY_MAX_S, FeedPhase
from app.feeds.simulated import SimulatedFeed
from app.ingest import TickIngest
from events.log import EventLog
from events.memory_store import MemoryEventStore
from events.scalars import from_micros
from events.store import EventStore
from tests.simulation import virtual_time
from tests.unit.app.feeding import payloads
from tests.unit.feeds.test_simulated import closes

SEED = 7
POLL_S = 0.5
INTERVAL_S = 1_000.0
HANDOVER_S = LEASE_RETRY_S + 2.0
"""From a lease that is free to the first bar of who takes it: asking, one bar, and some polling."""

Scenario = Callable[[], Awaitable[None]]


def now_us() -> int:
    return 1_600_000_000_000_000 + round(asyncio.get_running_loop().time() * 1_000_000)


class Connection:
    """One process's way to the shared store; while the process is paused, nothing gets through."""

    def __init__(self, shared: MemoryEventStore) -> None:
        self._shared = shared
        self.awake = asyncio.Event()
        self.awake.set()

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._shared, name)
        if not iscoroutinefunction(method):
            return method

        async def call(*values: Any, **named: Any) -> Any:
            await self.awake.wait()
            answer = await method(*values, **named)
            await self.awake.wait()
            return answer

        return call


class Node:
    """A process that plays the simulated market, as long as nobody else does."""

    def __init__(self, connection: Connection, log: EventLog, ingest: TickIngest) -> None:
        self.awake = connection.awake
        self.log = log
        feed = SimulatedFeed(
            SEED,
            clock=lambda: from_micros(now_us()),
            monotonic_clock=asyncio.get_running_loop().time,
        )
        self.broadcaster = MarketDataBroadcaster(
            log, ingest, [feed], INTERVAL_S, monotonic=asyncio.get_running_loop().time
        )
        self.status = self.broadcaster.status["simulated"]
        self.broadcaster.start()

    @classmethod
    async def begin(cls, shared: MemoryEventStore) -> "Node":
        """Open the log, and play."""
        connection = Connection(shared)
        log = await EventLog.open(cast(EventStore, connection), POLL_S)
        return cls(connection, log, await TickIngest.open(log))

    async def ticks(self, count: int, within_s: float) -> None:
        """Wait until it has played so many ticks."""
        async with asyncio.timeout(within_s):
            while self.status.ticks < count:
                await asyncio.sleep(0.1)

    async def end(self) -> None:
        """Stop, as a process that is told to."""
        self.awake.set()
        await self.broadcaster.stop()
        await self.log.close()


@asynccontextmanager
async def nodes(count: int) -> AsyncIterator[tuple[MemoryEventStore, list[Node]]]:
    """So many processes; the first has the feed."""
    shared = MemoryEventStore(now_us)
    started = [await Node.begin(shared)]
    await started[0].ticks(1, within_s=5)
    started += [await Node.begin(shared) for _ in range(count - 1)]
    try:
        yield shared, started
    finally:
        for node in started:
            await node.end()


async def played(shared: MemoryEventStore) -> list[str]:
    """The prices in the log, which must be those that one process alone would have played."""
    log = await EventLog.open(shared)
    prices = [price["price"] for price in await payloads(log, "price_update")]
    assert prices == [str(price) for price in closes(SEED, len(prices))]
    return prices


async def one_plays_and_the_others_wait() -> None:
    async with nodes(3) as (shared, (first, *others)):
        await asyncio.sleep(3 * LEASE_TTL_S)
        assert first.status.phase is FeedPhase.RUNNING
        assert [node.status.phase for node in others] == [FeedPhase.WAITING] * 2
        assert [node.status.ticks for node in others] == [0, 0]
        assert len(await played(shared)) == first.status.ticks > 2 * LEASE_TTL_S


async def a_stopped_one_hands_over_at_once() -> None:
    async with nodes(2) as (shared, (first, second)):
        await asyncio.sleep(2 * LEASE_TTL_S)
        await first.broadcaster.stop()
        before = len(await played(shared))
        await second.ticks(1, within_s=HANDOVER_S)
        await second.ticks(20, within_s=25)
        assert len(await played(shared)) == before + second.status.ticks


async def a_dead_one_is_followed_when_its_lease_runs_out() -> None:
    async with nodes(2) as (shared, (first, second)):
        await first.ticks(10, within_s=12)
        first.awake.clear()
        await asyncio.sleep(LEASE_TTL_S * 2 / 3 - 1)
        assert second.status.phase is FeedPhase.WAITING
        await second.ticks(1, within_s=LEASE_TTL_S / 3 + 1 + HANDOVER_S)
        await second.ticks(20, within_s=25)
        await played(shared)


async def one_that_wakes_up_late_changes_nothing() -> None:
    async with nodes(2) as (shared, (first, second)):
        await first.ticks(10, within_s=12)
        first.awake.clear()
        await second.ticks(10, within_s=LEASE_TTL_S + HANDOVER_S + 12)
        head, told = (await shared.head()).position, first.status.ticks
        first.awake.set()
        await asyncio.sleep(LEASE_TTL_S)
        assert first.status.phase is FeedPhase.WAITING
        assert first.status.ticks == told
        assert second.status.phase is FeedPhase.RUNNING
        assert (await shared.head()).position > head
        await played(shared)


async def it_goes_from_one_to_the_other_and_back() -> None:
    async with nodes(2) as (shared, both):
        for turn in range(6):
            playing, waiting = both[turn % 2], both[1 - turn % 2]
            before = waiting.status.ticks
            playing.awake.clear()
            await waiting.ticks(before + 5, within_s=LEASE_TTL_S + RETRY_MAX_S + HANDOVER_S + 6)
            playing.awake.set()
            await asyncio.sleep(LEASE_RETRY_S)
        phases = {node.status.phase for node in both}
        assert phases == {FeedPhase.RUNNING, FeedPhase.WAITING}
        await played(shared)
        log = await EventLog.open(shared)
        kinds = {notice["kind"] for notice in await payloads(log, "system_notice")}
        assert kinds == {"feed_started"}


@pytest.mark.parametrize(
    "scenario",
    [
        one_plays_and_the_others_wait,
        a_stopped_one_hands_over_at_once,
        a_dead_one_is_followed_when_its_lease_runs_out,
        one_that_wakes_up_late_changes_nothing,
        it_goes_from_one_to_the_other_and_back,
    ],
)
def test_a_feed_never_runs_twice(scenario: Callable[[], Any]) -> None:
    virtual_time.run(scenario())
