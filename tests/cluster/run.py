"""A run: writers and viewers on every node while faults befall the cluster, and the verdict on all of it."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from events.envelope import Head, RecordedEvent
from events.sql_store import SqlEventStore
from events.store import ReadQuery
from events.verify import verify_rows
from tests.cluster.checker import Evidence, violations
from tests.cluster.cluster import HOLDERS, Cluster
from tests.cluster.faults import Faults
from tests.cluster.viewer import Viewer
from tests.cluster.writer import Writer
from tests.integration.postgres_worker import as_it_is

PROGRESS_S_MAX: Final = 60.0
"""How long after a fault was mended every writer must have been acknowledged something, and every viewer be at the head."""

TOGETHER_SHARE: Final = 0.3
"""Of the faults that come two at a time."""

ACKNOWLEDGED_BETWEEN: Final = 3
"""Requests of each writer between two faults."""


@dataclass
class Run:
    """One run over a cluster that has started.

    Attributes:
        found: what was wrong, a line each.
        events: in the log, in the end.
        slowest_s: the longest that everybody had to wait for progress after a fault was mended.
    """

    cluster: Cluster
    seed: int
    writers_a_node: int = 1
    viewers_a_node: int = 2
    holders: Sequence[str] = HOLDERS
    found: list[str] = field(default_factory=list)
    events: int = 0
    slowest_s: float = 0.0

    def __post_init__(self) -> None:
        nodes = self.cluster.nodes
        self.evidence = Evidence(tape=self.cluster.tape)
        self.faults = Faults(self.cluster, random.Random(f"{self.seed} faults"))
        self._chance = random.Random(f"{self.seed} run")
        texts: dict[str, str] = {}
        homes = [[*nodes[n:], *nodes[:n]] for n in range(len(nodes))]
        self.writers = [
            Writer(number, homes[number % len(nodes)], self.evidence, self.seed)
            for number in range(self.writers_a_node * len(nodes))
        ]
        self.viewers = [
            Viewer(
                f"viewer {n}", homes[n % len(nodes)], lambda t: texts.setdefault(t, t), self.seed
            )
            for n in range(self.viewers_a_node * len(nodes))
        ]

    # --- at work --------------------------------------------------------------------------------

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """Everybody writes and views meanwhile; then it is judged."""
        for holder in self.holders:
            self.cluster.start_holder(holder)
        writing = [asyncio.create_task(writer.write()) for writer in self.writers]
        viewing = [asyncio.create_task(viewer.follow()) for viewer in self.viewers]
        try:
            await self.progress()
            yield
            await self.progress()
            for writer in self.writers:
                writer.leave()
            await asyncio.wait_for(asyncio.gather(*writing), PROGRESS_S_MAX)
            for holder in self.holders:
                self.cluster.kill_holder(holder)
            await self._judge(viewing)
        finally:
            for task in (*writing, *viewing):
                task.cancel()
            await asyncio.gather(*writing, *viewing, return_exceptions=True)

    async def through(self, faults: Sequence[str], seconds: float = 0.0) -> None:
        """Let the named faults befall the cluster, and then drawn ones for so long."""
        for kind in faults:
            await self.faults.one(kind)
            await self.progress()
        ends_at = time.monotonic() + seconds
        while time.monotonic() < ends_at:
            count = 2 if self._chance.random() < TOGETHER_SHARE else 1
            kinds = self._chance.sample(list(self.faults.kinds), count)
            await asyncio.gather(*map(self.faults.one, kinds))
            await self.progress()

    async def progress(self) -> None:
        """Until everybody has come further: writers by some requests, viewers by an event."""
        before = [writer.acknowledged for writer in self.writers]
        cursors = [viewer.cursor or 0 for viewer in self.viewers]
        began = time.monotonic()
        await self._until(
            lambda: (
                all(
                    writer.acknowledged >= count + ACKNOWLEDGED_BETWEEN
                    for writer, count in zip(self.writers, before, strict=True)
                )
                and all(
                    (viewer.cursor or 0) > cursor
                    for viewer, cursor in zip(self.viewers, cursors, strict=True)
                )
            )
        )
        self.slowest_s = max(self.slowest_s, time.monotonic() - began)

    async def _until(self, met: Callable[[], bool]) -> None:
        ends_at = time.monotonic() + PROGRESS_S_MAX
        while not met():
            if time.monotonic() > ends_at or any(writer.wrong for writer in self.writers):
                raise AssertionError(self._stuck())
            await asyncio.sleep(0.02)

    def _stuck(self) -> str:
        lines = [f"{w.name}: {w.acknowledged} acknowledged; {w.wrong[-1:]}" for w in self.writers]
        lines += [f"{v.seen.name}: at {v.cursor}; {v.losses[-1:]}" for v in self.viewers]
        lines += [f"{node.name}: {node.said[-2000:]}" for node in self.cluster.nodes]
        return "\n".join([f"seed {self.seed}: no progress after {self.faults.counts}", *lines])

    async def _judge(self, viewing: Sequence[asyncio.Task[None]]) -> None:
        """The feed goes on: every viewer is waited for up to where the log is now, and may see more."""
        upto = len(await whole_log(self.cluster.url))
        await self._until(lambda: all((viewer.cursor or 0) >= upto for viewer in self.viewers))
        for task in viewing:
            task.cancel()
        await asyncio.gather(*viewing, return_exceptions=True)
        log = await whole_log(self.cluster.url)
        self.events = len(log)
        self.evidence.seen = [viewer.seen for viewer in self.viewers]
        self.evidence.fenced = self.cluster.fenced()
        self.found = await asyncio.to_thread(violations, log, upto, self.evidence)
        self.found += await unproven(self.cluster.url)
        self.found += [line for writer in self.writers for line in writer.wrong]
        self.found += [
            f"{viewer.seen.name}: began again" for viewer in self.viewers if viewer.before
        ]
        if self.cluster.ended_holders:
            self.found.append(f"{self.cluster.ended_holders} holders of the lease have failed")

    def figures(self) -> str:
        """What was done, in a line."""
        refused = sum(one.position is None for one in self.evidence.fenced)
        return (
            f"seed {self.seed}: {sum(self.faults.counts.values())} faults"
            f" ({', '.join(f'{count} {name}' for name, count in sorted(self.faults.counts.items()))}),"
            f" {len(self.evidence.answered)} requests acknowledged, {sum(w.retries for w in self.writers)} sent again,"
            f" {self.events} events, {len(self.viewers)} viewers over"
            f" {sum(len(v.seen.connections) for v in self.viewers)} connections,"
            f" {refused} appends under an old fence refused; waited at most {self.slowest_s:.1f} s;"
            f" wrong: {len(self.found)}"
        )


async def whole_log(url: str) -> list[RecordedEvent]:
    """Every event of a log in PostgreSQL."""
    events: list[RecordedEvent] = []
    async with _opened(url) as store:
        while page := await store.read(
            ReadQuery(after=events[-1].position if events else 0, limit=5_000)
        ):
            events += page
    return events


async def unproven(url: str) -> list[str]:
    """What `synapse verify` would find: every table is held against the chain."""
    async with _opened(url) as store:
        report = await verify_rows(store._engines)
    return [f"verify: {finding.what}: {finding.text}" for finding in report.findings]


async def head_of(url: str) -> Head:
    """Where a log in PostgreSQL ends."""
    async with _opened(url) as store:
        return await store.head()


@asynccontextmanager
async def _opened(url: str) -> AsyncIterator[SqlEventStore]:
    store = await SqlEventStore.open_postgres(url, as_it_is)
    try:
        yield store
    finally:
        await store.close()
