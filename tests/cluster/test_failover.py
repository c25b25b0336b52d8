"""A primary is lost with its machine, and its standby promoted: with all that was acknowledged, or knowingly without.

The nodes are given both servers' addresses and look for the one that takes writes.
"""

# covers: events.postgres_hosts, events.sql_lifetime

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from events.envelope import Head
from tests.cluster.checker import view_faults
from tests.cluster.cluster import Cluster, running_cluster
from tests.cluster.node import TOKEN, Node
from tests.cluster.run import Run, head_of, whole_log
from tests.cluster.standby import Pair, replicated
from tests.cluster.viewer import EPOCH_MISMATCH, Viewer
from tests.integration.served import PATIENCE_S, daily
from tests.postgres import name_of
from tests.waiting import until

if sys.platform == "win32":
    pytest.skip("needs fork and SIGKILL", allow_module_level=True)

BARS = 10_000
SEED = 8
LOST = range(5)
BACK_S_MAX = 2 * PATIENCE_S


@contextmanager
def cluster_over(pair: Pair, folder: Path) -> Iterator[Cluster]:
    with running_cluster(folder, BARS, pair.primary, [lambda: pair.socket]) as cluster:
        yield cluster


async def fail_over(pair: Pair, cluster: Cluster) -> None:
    """Lose the primary; promote the standby once every node has found that nobody takes writes."""
    await asyncio.to_thread(pair.lose_primary)
    for node in cluster.nodes:
        await asyncio.to_thread(node.until, lambda: node.get("/readyz").status_code == 503)  # noqa: B023
    await asyncio.to_thread(pair.promote)
    cluster.url = pair.url(name_of(cluster.url))


@pytest.mark.timeout(240)
async def test_a_promoted_standby_has_all_that_was_acknowledged_and_viewers_stay(
    tmp_path: Path,
) -> None:
    with replicated() as pair:
        pair.synchronous()
        with cluster_over(pair, tmp_path) as cluster:
            epoch = (await head_of(cluster.url)).epoch
            run = Run(cluster, SEED, holders=())
            async with run.at_work():
                await fail_over(pair, cluster)
            assert run.found == []
            assert (await head_of(cluster.url)).epoch == epoch
            for viewer in run.viewers:
                assert viewer.losses == []
            print(f"FIGURE failover to a synchronous standby: {run.figures()}")


# --- a standby that lags ------------------------------------------------------------------------


@pytest.mark.timeout(240)
async def test_when_acknowledged_events_are_lost_the_log_has_a_new_epoch_and_viewers_are_told(
    tmp_path: Path,
) -> None:
    with replicated() as pair, cluster_over(pair, tmp_path) as cluster:
        viewers = [Viewer(f"of {node.name}", [node], str, SEED) for node in cluster.nodes]
        following = [asyncio.create_task(viewer.follow()) for viewer in viewers]
        pair.fall_behind()
        for number in LOST:
            await record(cluster.nodes[0], "LOST", number)
        before = await head_of(cluster.url)
        await until(
            lambda: all((viewer.cursor or 0) >= before.position for viewer in viewers), BACK_S_MAX
        )
        await fail_over(pair, cluster)
        await until(lambda: all(viewer.before and viewer.cursor for viewer in viewers), BACK_S_MAX)
        for node in cluster.nodes:
            await record(node, "KEPT", cluster.nodes.index(node))
        after = await head_of(cluster.url)
        await until(
            lambda: all((viewer.cursor or 0) >= after.position for viewer in viewers), BACK_S_MAX
        )
        for task in following:
            task.cancel()
        await asyncio.gather(*following, return_exceptions=True)
        await assert_nobody_is_misled(cluster, viewers, before)


async def assert_nobody_is_misled(cluster: Cluster, viewers: list[Viewer], before: Head) -> None:
    log = await whole_log(cluster.url)
    assert (await head_of(cluster.url)).epoch != before.epoch
    assert {event.stream for event in log} >= {"prices:KEPT"}
    assert "prices:LOST" not in {event.stream for event in log}
    for viewer in viewers:
        (old,) = viewer.before
        assert [told.partition(":")[0] for told in old.refusals] == [EPOCH_MISMATCH]
        assert any("1012" in why for why in viewer.losses), viewer.losses
        assert list(view_faults(log, viewer.cursor or 0, viewer.seen)) == []


async def record(node: Node, symbol: str, number: int) -> None:
    """Have a price recorded, however long it takes."""
    headers = {"Authorization": f"Bearer {TOKEN}", "Idempotency-Key": f"{symbol}-{number}"}
    body = {"prices": [daily(symbol, "7", number)]}
    async with asyncio.timeout(BACK_S_MAX), httpx.AsyncClient(trust_env=False) as client:
        while True:
            try:
                answer = await client.post(f"{node.url}/api/prices", json=body, headers=headers)
            except httpx.TransportError:
                await asyncio.sleep(0.1)
                continue
            if answer.status_code == 200:
                return
            assert answer.status_code in {503, 409}, answer.text
            await asyncio.sleep(0.1)
