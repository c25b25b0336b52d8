"""What befalls a cluster, drawn from a seed: each fault begins, lasts for a while, and is mended."""

import asyncio
import random
import signal
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from tests.cluster.cluster import HOLDERS, Cluster
from tests.cluster.links import Link
from tests.cluster.node import LEASE_S

SHORT_S: Final = (0.1, 1.5)
"""How long a fault lasts, that need not outlast anything."""

STOPPED_S: Final = (1.2 * LEASE_S, 2.5 * LEASE_S)
"""Of a node that stands still: longer than its lease, so that another one plays its feed."""


class Faults:
    """Breaks a cluster and mends it.

    Attributes:
        counts: how often each fault has been.
    """

    def __init__(self, cluster: Cluster, chance: random.Random) -> None:
        self.counts: Counter[str] = Counter()
        self._cluster = cluster
        self._chance = chance
        self.kinds: dict[str, Callable[[], Awaitable[None]]] = {
            "node killed": self._kill_node,
            "node stopped": self._stop_node,
            "database wire cut": self._cut,
            "database wire half-open": self._half_open,
            "connections terminated": self._terminate,
            "database crashed": self._crash,
            "nats killed": self._kill_nats,
            "nats wire cut": self._cut_nats,
            "nats wire half-open": self._half_open_nats,
            "holder stopped": self._stop_holder,
            "holder killed": self._kill_holder,
        }

    async def one(self, kind: str) -> None:
        """One fault, from its beginning until it is mended."""
        self.counts[kind] += 1
        await self.kinds[kind]()

    async def _lasts(self, span: tuple[float, float] = SHORT_S) -> None:
        await asyncio.sleep(self._chance.uniform(*span))

    async def _kill_node(self) -> None:
        node = self._chance.choice(self._cluster.nodes)
        await asyncio.to_thread(node.kill)
        await self._lasts()
        await asyncio.to_thread(node.start_at_last)

    async def _stop_node(self) -> None:
        node = self._chance.choice(self._cluster.nodes)
        node.stop()
        await self._lasts(STOPPED_S)
        node.go_on()

    async def _cut(self) -> None:
        await self._cut_one(self._cluster.to_database)

    async def _cut_nats(self) -> None:
        await self._cut_one(self._cluster.to_nats)

    async def _cut_one(self, links: Sequence[Link]) -> None:
        link = self._chance.choice(links)
        link.cut()
        await self._lasts()
        link.heal()

    async def _half_open(self) -> None:
        await self._freeze_one(self._cluster.to_database)

    async def _half_open_nats(self) -> None:
        await self._freeze_one(self._cluster.to_nats)

    async def _freeze_one(self, links: Sequence[Link]) -> None:
        link = self._chance.choice(links)
        link.freeze()
        await self._lasts(STOPPED_S)
        link.heal(forgets=self._chance.random() < 0.5)

    async def _kill_nats(self) -> None:
        self._cluster.nats.kill()
        await self._lasts()
        await asyncio.to_thread(self._cluster.nats.start)

    async def _terminate(self) -> None:
        await asyncio.to_thread(self._cluster.terminate_connections)

    async def _crash(self) -> None:
        await asyncio.to_thread(self._cluster.server.crash)
        await self._lasts()
        await asyncio.to_thread(self._cluster.server.start)

    async def _stop_holder(self) -> None:
        name = self._chance.choice(HOLDERS)
        self._cluster.signal_holder(name, signal.SIGSTOP)
        await self._lasts()
        self._cluster.signal_holder(name, signal.SIGCONT)

    async def _kill_holder(self) -> None:
        name = self._chance.choice(HOLDERS)
        self._cluster.kill_holder(name)
        await self._lasts()
        self._cluster.start_holder(name)
