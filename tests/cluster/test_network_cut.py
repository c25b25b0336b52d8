"""Nodes in networks of their own, whose wires to the database and to NATS are cut by the kernel: as root, on Linux."""

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.cluster import HINTS, TOLD, Cluster
from tests.cluster.links import Network
from tests.cluster.namespaces import Namespace, namespaces
from tests.cluster.run import Run
from tests.nats import nats_server
from tests.postgres import PostgresServer
from tests.waiting import until

if sys.platform == "win32":
    pytest.skip("needs fork and SIGKILL", allow_module_level=True)

BARS = 10_000
SEED = 8


@pytest.fixture
def networks() -> Iterator[tuple[Network, list[Namespace]]]:
    with Network() as network, namespaces(network, 2) as places:
        yield network, places


async def cut_off(run: Run, number: int) -> None:
    """Until a node's viewers have heard its heartbeats for a while, and nothing new, and all others go on."""
    here = run.viewers[number :: len(run.cluster.nodes)]
    elsewhere = [viewer for viewer in run.viewers if viewer not in here]
    heard = [viewer.heartbeats for viewer in here]
    await until(lambda: all(v.heartbeats > n + 1 for v, n in zip(here, heard, strict=True)))
    at = {viewer.seen.name: viewer.cursor or 0 for viewer in run.viewers}
    await until(lambda: all(v.heartbeats > n + 4 for v, n in zip(here, heard, strict=True)))
    await until(lambda: all((v.cursor or 0) > at[v.seen.name] for v in elsewhere))
    assert {viewer.seen.name: viewer.cursor for viewer in here}.items() <= at.items()


@pytest.mark.timeout(240)
async def test_a_node_that_is_cut_off_keeps_its_viewers_and_nothing_is_missed_or_doubled(
    postgres: PostgresServer, networks: tuple[Network, list[Namespace]], tmp_path: Path
) -> None:
    network, places = networks
    with nats_server() as nats:
        cluster = Cluster(postgres, nats, network, tmp_path, BARS, places=places)
        try:
            await asyncio.to_thread(cluster.start)
            run = Run(cluster, SEED)
            async with run.at_work():
                for number, place in enumerate(places):
                    place.cut()
                    await cut_off(run, number)
                    place.heal()
                    await run.progress()
            counts = [TOLD[HINTS]] if HINTS in TOLD else []
            heard = [node.counted(count) for node in cluster.nodes for count in counts]
        finally:
            cluster.close()
    print(f"FIGURE networks cut: {run.figures()}")
    assert run.found == []
    assert all(heard), "healed, each hears of events by hints again"
    for viewer in run.viewers:
        assert viewer.losses == []
