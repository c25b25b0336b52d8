"""Three nodes over one PostgreSQL: whatever breaks, every viewer on each sees every event once, and nothing is doubled.

The short round makes the same choices each time. `SYNAPSE_CLUSTER_S=600` breaks things for so long after it, by choices
that are drawn anew; a failure prints its seed, and `SYNAPSE_SEED=17` makes the same again. The instants are the machine's.
"""

# covers: events.follower, events.leases, app.feed_runner, app.recorder

import asyncio
import os
import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from itertools import count, pairwise
from typing import Final

import httpx
import pytest

from app.check.wire import message
from tests.cluster.checker import view_faults
from tests.cluster.cluster import HINTS, TAPE_PER_S, TOLD, Cluster, running_cluster
from tests.cluster.node import TOKEN, Node
from tests.cluster.run import Run, whole_log
from tests.cluster.subscribing import UNAVAILABLE, end_of, first_answer, first_said
from tests.cluster.viewer import EVERYTHING, Viewer
from tests.integration.served import daily
from tests.postgres import postgres_server
from tests.waiting import until

if sys.platform == "win32":
    pytest.skip("needs fork and SIGKILL", allow_module_level=True)

SECONDS: Final = float(os.environ.get("SYNAPSE_CLUSTER_S", "0"))
USUAL_SEED: Final = 8
SEED: Final = int(
    os.environ.get("SYNAPSE_SEED") or (random.randrange(10**6) if SECONDS else USUAL_SEED)
)
SHORT_ROUND: Final = (
    "node killed",
    "database wire cut",
    "node stopped",
    "database crashed",
    "connections terminated",
    "database wire half-open",
    "holder stopped",
    "nats killed",
    "nats wire half-open",
)
ROUND_S_MAX: Final = 300
BARS: Final = int((SECONDS + ROUND_S_MAX) * TAPE_PER_S)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    folder = tmp_path_factory.mktemp("cluster")
    # It writes to the disk as it would in earnest.
    with postgres_server() as server, running_cluster(folder, BARS, server) as running:
        yield running


@pytest.mark.timeout(ROUND_S_MAX + 2 * SECONDS)
async def test_whatever_breaks_nothing_is_missed_doubled_reordered_or_written_under_an_old_fence(
    cluster: Cluster,
) -> None:
    run = Run(cluster, SEED)
    async with run.at_work():
        await run.through(SHORT_ROUND, SECONDS)
    print(f"FIGURE {run.figures()}")
    assert run.found == [], f"seed {SEED}"
    assert any(one.position is None for one in run.evidence.fenced)


# --- the database is away -----------------------------------------------------------------------


@contextmanager
def database_away(cluster: Cluster) -> Iterator[None]:
    cluster.server.crash()
    try:
        yield
    finally:
        cluster.server.start()


async def test_viewers_stay_connected_while_the_database_is_away_and_then_go_on(
    cluster: Cluster,
) -> None:
    viewers = [
        Viewer(f"patient {node.name}", [node], str, SEED)
        for node in [*cluster.nodes, *cluster.nodes]
    ]
    following = [asyncio.create_task(viewer.follow()) for viewer in viewers]
    await until(lambda: all(viewer.heartbeats for viewer in viewers))
    with database_away(cluster):
        before = [viewer.heartbeats for viewer in viewers]
        await until(lambda: all(v.heartbeats > n + 3 for v, n in zip(viewers, before, strict=True)))
        reached = [viewer.cursor for viewer in viewers]
        for node in cluster.nodes:
            assert node.get("/healthz").status_code == 200
            assert node.get("/readyz").status_code == 503
            # Who comes meanwhile, and needs the past, is told to come back.
            for history in ("all", {"last": 1}, {"since": "2026-01-01T00:00:00Z"}):
                assert await end_of(node, history) == UNAVAILABLE
    await until(
        lambda: all((v.cursor or 0) > (at or 0) for v, at in zip(viewers, reached, strict=True))
    )
    for task in following:
        task.cancel()
    await asyncio.gather(*following, return_exceptions=True)
    log = await whole_log(cluster.url)
    for viewer in viewers:
        assert viewer.losses == []
        assert len(viewer.seen.connections) == 1
        assert list(view_faults(log, viewer.cursor or 0, viewer.seen)) == []


# --- what hints bring ---------------------------------------------------------------------------


def test_events_of_other_nodes_come_by_hints(cluster: Cluster) -> None:
    if HINTS not in TOLD:
        pytest.skip("by the poll alone nothing is told")
    for one, other in pairwise([*cluster.nodes, cluster.nodes[0]]):
        before = other.counted(TOLD[HINTS])
        written_at(one, next(numbers))
        other.until(partial(has_heard, other, before))


def has_heard(node: Node, before: float) -> bool:
    return node.counted(TOLD[HINTS]) > before


# --- what another node has written just now -----------------------------------------------------


def written_at(node: Node, number: int) -> int:
    """The last position of a price that a node has just recorded."""
    body = {"prices": [daily("JUSTNOW", "7", number)]}
    headers = {"Authorization": f"Bearer {TOKEN}"}
    answer = httpx.post(f"{node.url}/api/prices", json=body, headers=headers, trust_env=False)
    return int(answer.raise_for_status().json()["positions"][1])


POSITIONS_ASKED = (
    "/api/state?position={}",
    "/api/events?after={}",
    "/api/events/{}",
    "/api/bars?symbol=JUSTNOW&position={}",
    "/api/episodes?symbol=JUSTNOW&position={}",
    "/api/explain?symbol=JUSTNOW&at={}",
    "/api/events?format=ndjson&after={}",
)
numbers = count()


@pytest.mark.parametrize("path", POSITIONS_ASKED)
def test_a_node_knows_the_position_that_another_one_has_just_told(
    cluster: Cluster, path: str
) -> None:
    for one, other in pairwise([*cluster.nodes, cluster.nodes[0]]):
        answer = other.get(path.format(written_at(one, next(numbers))))
        assert answer.status_code == 200, answer.text
        if path.startswith("/api/events?after={}") and "format" not in path:
            assert answer.json()["head"] >= answer.json()["next_after"] > 0


async def test_a_node_takes_the_cursor_that_another_one_has_just_told(cluster: Cluster) -> None:
    for one, other in pairwise([*cluster.nodes, cluster.nodes[0]]):
        position = await asyncio.to_thread(written_at, one, next(numbers))
        confirmed = await first_answer(other, {"after": position})
        assert confirmed["type"] == "subscription_confirmed", confirmed
        assert confirmed["payload"]["head"] >= position
        replay = message("replay_start", {**EVERYTHING, "after": position}, "replay 1")
        assert (await first_said(other, "/ws/replay", replay))["type"] == "replay_state"


async def test_without_the_database_a_node_does_not_say_that_a_position_is_beyond_the_head(
    cluster: Cluster,
) -> None:
    node, beyond = cluster.nodes[0], len(await whole_log(cluster.url)) + 1_000_000
    with database_away(cluster):
        for path in POSITIONS_ASKED:
            answer = await asyncio.to_thread(node.get, path.format(beyond))
            assert (answer.status_code, answer.json()["code"]) == (503, "store_unavailable"), path
        assert await end_of(node, {"after": beyond}) == UNAVAILABLE
    await asyncio.to_thread(node.until, lambda: node.get("/readyz").status_code == 200)
    told = await first_answer(node, {"after": beyond})
    assert told["payload"]["code"] == "position_beyond_head"
