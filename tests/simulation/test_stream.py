"""Seeded simulations of the whole stream: store, log, connections, clients. One seed, one history.

A failure prints its seed; `SYNAPSE_SEEDS=20000` runs so many, `SYNAPSE_SEEDS=17:18` just that one.
"""

import asyncio
import os
from functools import partial

import pytest

from app.stream import connection as connection_module
from app.stream import fan_out as fan_out_module
from events import subscription as subscription_module
from events.store import ReadQuery
from tests.simulation.virtual_time import Stuck, run
from tests.simulation.world import World

SEEDS_USUAL = 200
CHUNKS = 20


def seeds() -> range:
    first, _, end = os.environ.get("SYNAPSE_SEEDS", f"0:{SEEDS_USUAL}").rpartition(":")
    return range(int(first or 0), int(end))


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages and batches so small that a log of a hundred events has many of them."""
    monkeypatch.setattr(subscription_module, "PAGE_EVENTS", 3)
    monkeypatch.setattr(subscription_module, "ReadQuery", partial(ReadQuery, limit=3))
    monkeypatch.setattr(connection_module, "LIVE_BATCH_EVENTS", 4)
    monkeypatch.setattr(fan_out_module, "BATCH_EVENTS_MAX", 4)
    monkeypatch.setattr(fan_out_module, "WRITES_AT_ONCE", 1)


def simulate(seed: int) -> list[str]:
    async def world() -> list[str]:
        return await World(seed).live()

    return run(world())


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_every_client_receives_what_it_was_promised(chunk: int) -> None:
    for seed in seeds()[chunk::CHUNKS]:
        print(f"seed {seed}")
        assert simulate(seed) == [], f"seed {seed}"


def test_one_seed_is_one_history() -> None:
    def history(seed: int) -> list[str]:
        texts: list[str] = []

        async def live() -> None:
            world = World(seed)
            await world.live()
            texts.extend(event.payload_json + str(event.event_id) for event in world.recorded)

        run(live())
        return texts

    assert history(1) == history(1)
    assert history(1) != history(2)


def test_a_lost_wake_up_would_be_noticed() -> None:
    async def wait_for_nobody() -> None:
        await asyncio.Event().wait()

    with pytest.raises(Stuck):
        run(wait_for_nobody())
