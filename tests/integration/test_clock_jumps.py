"""The wall clock is set back by a day, and forward, below a running server: the log's own order stays."""

# covers: events.clock, events.plan, app.feed_runner, app.stream.fan_out

import asyncio
import random
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect

from app.feed_runner import LEASE_TTL_S
from app.feeds.simulated import SimulatedFeed
from events import clock as clock_module
from events.scalars import from_micros
from tests.integration.served import Json, Served, receive, serving, subscribe
from tests.integration.wall_clock import DAY_S, WallClock, wall_clock
from tests.unit.events.damage import verified
from tests.unit.feeds.test_simulated import closes

SEED = 7
JUMPS = (-DAY_S, 3_600.0, -90.0, DAY_S, -30 * DAY_S, 30 * DAY_S)


@pytest.fixture
def wall() -> Iterator[WallClock]:
    with wall_clock() as shown:
        yield shown


def simulated() -> SimulatedFeed:
    return SimulatedFeed(SEED, bars_per_s=100, clock=lambda: from_micros(clock_module.now_us()))


def serve(folder: Path) -> Any:
    return serving(folder, [simulated()], heartbeat_s=0.1)


def fences(served: Served) -> list[int]:
    return [lease.fence for lease in served.call(served.log.store.leases)]


async def prices_and_a_heartbeat(socket: ClientConnection, count: int) -> list[Json]:
    """The next prices, so many at least, up to a heartbeat behind them: neither stands still."""
    got: list[Json] = []
    while sum("version" in one for one in got) < count or got[-1]["type"] != "heartbeat":
        got.append(await receive(socket))
    return [one for one in got if "version" in one]


def check_log(events: list[Json]) -> None:
    """Commit times never go back, positions are dense, and the feed has neither a gap nor a double."""
    assert [one["position"] for one in events] == list(range(1, len(events) + 1))
    assert all(a["timestamp"] <= b["timestamp"] for a, b in pairwise(events))
    bars = [one["payload"] for one in events if one["type"] == "price_update"]
    assert [bar["price"] for bar in bars] == [str(close) for close in closes(SEED, len(bars))]
    assert all(a["timestamp"] < b["timestamp"] for a, b in pairwise(bars))


async def test_below_a_running_server_nothing_stops_doubles_or_goes_back(
    tmp_path: Path, wall: WallClock
) -> None:
    with serve(tmp_path) as served:
        async with connect(served.socket_url) as viewer:
            await viewer.send(subscribe("prices", history="none"))
            await prices_and_a_heartbeat(viewer, 5)
            first = fences(served)
            for jump in JUMPS:
                wall.set_by(jump)
                prices = await prices_and_a_heartbeat(viewer, 10)
                versions = [one["version"] for one in prices]
                assert versions == list(range(versions[0], versions[0] + len(versions)))
                assert served.get("/readyz")["feeds"]["simulated"]["phase"] == "running"
            assert fences(served) == first
        events = served.events()
        check_log(events)
        print(
            f"FIGURE {len(JUMPS)} jumps of up to 30 days under {len(events)} events: none out of order"
        )
    report = await asyncio.to_thread(verified, tmp_path / "synapse.db")
    assert report.findings == ()


async def test_a_start_with_a_clock_that_is_a_day_behind_the_log_goes_on_from_it(
    tmp_path: Path, wall: WallClock
) -> None:
    rng = random.Random(SEED)
    for _ in range(4):
        with serve(tmp_path) as served:
            head = served.head()
            async with asyncio.timeout(LEASE_TTL_S):
                while served.head() < head + 20:
                    await asyncio.sleep(0.01)
        wall.set_by(rng.choice((-1, 1)) * rng.uniform(0, 2 * DAY_S) - DAY_S)
    with serve(tmp_path) as served:
        check_log(served.events())
