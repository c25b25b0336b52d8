"""Holders that pause at the worst moments: what stands in the log is one fence after the other.

Each holder reaches the store over a way of its own, on which everything may be held up for longer than a
lease lasts: an acquire, a renewal, a release, and an append between the look at its fence and the commit.
"""

# covers: events.leases, events.lease_rules, events.memory_leases

import asyncio
import random
from collections import Counter
from uuid import UUID

import pytest

from events.envelope import Append, Appended, Fence
from events.errors import FenceLost
from events.lease_rules import Lease
from events.leases import Hold
from events.memory_store import MemoryEventStore
from events.store import ReadQuery
from tests.simulation import virtual_time
from tests.unit.events.builders import new, notice

TTL_S = 10.0
HOLDERS = 4
DURATION_S = 1_200.0


class Way:
    """One holder's way to the store: it takes its time, now and then longer than a lease."""

    def __init__(self, store: MemoryEventStore, rng: random.Random) -> None:
        self._store = store
        self._rng = rng

    async def _pass(self) -> None:
        longest = self._rng.choice([0.0, 0.01, 0.5, TTL_S / 2, 3 * TTL_S])
        await asyncio.sleep(self._rng.random() * longest)

    async def acquire_lease(self, name: str, holder: str, ttl_s: float) -> Lease | None:
        await self._pass()
        lease = await self._store.acquire_lease(name, holder, ttl_s)
        await self._pass()
        return lease

    async def renew_lease(self, lease: Lease, ttl_s: float) -> Lease | None:
        await self._pass()
        renewed = await self._store.renew_lease(lease, ttl_s)
        await self._pass()
        return renewed

    async def release_lease(self, lease: Lease) -> None:
        await self._pass()
        await self._store.release_lease(lease)

    async def leases(self) -> list[Lease]:
        return await self._store.leases()

    async def append(self, one: Append) -> object:
        await self._pass()
        (outcome,) = await self._store.append([one])
        await self._pass()
        return outcome


class Feeds:
    """Several holders who write under one lease; `heeded` is False where nobody looks at the fence."""

    def __init__(self, seed: int, *, heeded: bool = True) -> None:
        self._rng = random.Random(seed)
        self._heeded = heeded
        clock = asyncio.get_running_loop().time
        self.store = MemoryEventStore(lambda: round(clock() * 1_000_000))
        self.told: Counter[str] = Counter()
        self.recorded: set[UUID] = set()
        self.refused: set[UUID] = set()

    async def run(self) -> None:
        holders = [asyncio.create_task(self._feed(f"holder-{n}")) for n in range(HOLDERS)]
        await asyncio.sleep(DURATION_S)
        for holder in holders:
            holder.cancel()
        await asyncio.gather(*holders, return_exceptions=True)

    async def _feed(self, name: str) -> None:
        way = Way(self.store, self._rng)
        while True:
            try:
                async with Hold(way, "feed:x", name, TTL_S) as hold:
                    await self._write(way, hold)
            except FenceLost:
                self.told["lost"] += 1
            await asyncio.sleep(self._rng.random() * TTL_S)

    async def _write(self, way: Way, hold: Hold) -> None:
        while self._rng.random() < 0.9:
            fence = hold.fence
            event = new(notice(f"{fence.number}"))
            outcome = await way.append(Append((event,), fence=fence if self._heeded else None))
            if isinstance(outcome, FenceLost):
                self.refused.add(event.event_id)
                raise outcome
            assert isinstance(outcome, Appended)
            self.recorded.add(event.event_id)

    async def fences(self) -> list[int]:
        """The fence that each event of the log was written under, in the log's order."""
        events = await self.store.read(ReadQuery(limit=100_000))
        ids = {event.event_id for event in events}
        # What was told is so; an append whose holder was cancelled may or may not be there.
        assert self.recorded <= ids
        assert not self.refused & ids
        return [int(event.payload_json.split('"text":"')[1].split('"')[0]) for event in events]


async def _simulated(seed: int, *, heeded: bool) -> tuple[list[int], Feeds]:
    feeds = Feeds(seed, heeded=heeded)
    await feeds.run()
    return await feeds.fences(), feeds


@pytest.mark.parametrize("seed", range(30))
def test_no_append_comes_after_one_of_a_later_fence(seed: int) -> None:
    fences, feeds = virtual_time.run(_simulated(seed, heeded=True))
    assert fences == sorted(fences)
    # All of it happened: the lease changed hands, and some came too late.
    assert len(set(fences)) > 10
    assert feeds.refused
    assert feeds.told["lost"]


def test_without_the_fence_appends_of_two_holders_are_mixed() -> None:
    mixed = [virtual_time.run(_simulated(seed, heeded=False))[0] for seed in range(10)]
    assert any(fences != sorted(fences) for fences in mixed)


async def test_fences_of_different_leases_do_not_hinder_each_other() -> None:
    store = MemoryEventStore()
    fences = []
    for name in ("feed:a", "feed:b"):
        lease = await store.acquire_lease(name, "one", TTL_S)
        assert lease is not None
        fences.append(lease.key)
    assert fences == [Fence("feed:a", 1), Fence("feed:b", 1)]
    outcomes = await store.append([Append((new(notice()),), fence=one) for one in fences])
    assert all(isinstance(outcome, Appended) for outcome in outcomes)
