"""A feed's task is killed again and again in a running server: it plays on, and no price is lost or doubled."""

# covers: app.feed_runner, app.broadcaster

import asyncio
import os
import random
from pathlib import Path
from typing import Final

import pytest

from app import feed_runner
from app.feeds.simulated import SimulatedFeed
from tests.integration.served import Served, serving
from tests.unit.feeds.test_simulated import closes
from tests.waiting import eventually

KILLS: Final = int(os.environ.get("SYNAPSE_FEED_KILLS", "10"))
SEED: Final = 7
TASKS: Final = ("simulated-play", "simulated-lease")
"""What plays the feed, and what waits for the loss of its lease: either may die."""


async def kill_task(name: str) -> bool:
    """Cancel a task of the server's from outside, as nothing in the program does; whether there was one."""
    found = [task for task in asyncio.all_tasks() if task.get_name() == name]
    for task in found:
        task.cancel()
    return bool(found)


def kill(served: Served, name: str) -> None:
    eventually(lambda: bool(served.call(lambda: kill_task(name))))


def ticks(served: Served) -> int:
    """How many prices the feed has brought."""
    return int(served.get("/readyz")["feeds"]["simulated"]["ticks"])


@pytest.mark.timeout(60 + 2 * KILLS)
def test_a_killed_feed_is_started_again_without_a_gap_or_a_double(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_runner, "LEASE_RETRY_S", 0.02)
    rng = random.Random(SEED)
    with serving(tmp_path, [SimulatedFeed(SEED, bars_per_s=400)]) as served:
        for _ in range(KILLS):
            before = ticks(served)
            eventually(lambda before=before: ticks(served) > before + 3)  # type: ignore[misc]
            kill(served, rng.choice(TASKS))
        before = ticks(served)
        eventually(lambda: ticks(served) > before + 3)
        eventually(lambda: served.get("/readyz")["feeds"]["simulated"]["phase"] == "running")
        prices = [event["payload"]["price"] for event in served.events("types=price_update")]
    assert prices == [str(close) for close in closes(SEED, len(prices))]
    print(f"FIGURE {KILLS} kills of a feed's task, {len(prices)} prices: 0 lost, 0 doubled")
