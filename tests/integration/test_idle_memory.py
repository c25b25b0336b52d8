"""An idle `synapse serve` is small, and as small over a long log as over a short one: what it holds is bounded."""

import asyncio
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
import pytest

from app.migrate import upgrade
from events.catalog import Regime
from events.envelope import Append, NewEvent
from events.sql_store import SqlEventStore
from tests.integration.guarded_process import resident_kb
from tests.ports import free_port
from tests.unit.events.builders import at, new, price, regime
from tests.waiting import eventually

ROOT = Path(__file__).resolve().parents[2]
SYMBOLS = 20
SHORT, LONG = 1_000, 40_000
"""Events. With all episodes of the long one in memory, it took 20 MB more."""
BATCH = 2_000
RESIDENT_MB_MAX = 120
GROWTH_MB_MAX = 6
PATIENCE_S = 120.0


def restless() -> Iterator[NewEvent]:
    """Prices, and a regime that is another one at every bar: more episodes than any market has."""
    minute = 0
    while True:
        for number in range(SYMBOLS):
            symbol = f"S{number}"
            yield new(price(symbol, "100.25", 60 * minute))
            shift = {"regime": list(Regime)[minute % len(Regime)], "timestamp": at(60 * minute)}
            yield new(regime(symbol).model_copy(update=shift))
        minute += 1


async def write(path: Path, events: int) -> None:
    store, made = await SqlEventStore.open_sqlite(path, upgrade), restless()
    for start in range(0, events, BATCH):
        await store.append([Append(tuple(islice(made, min(BATCH, events - start))))])
    await store.close()


@contextmanager
def serving(path: Path) -> Iterator[int]:
    """A server over a log, once it has folded all of it; its process."""
    port = free_port()
    command = [sys.executable, "-m", "app.cli", "serve", "--db", str(path)]
    process = subprocess.Popen(
        [*command, "--port", str(port), "--no-browser"],
        cwd=ROOT,
        env={**os.environ, "SYNAPSE_TOKEN": "the-token-of-an-idle-server"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        eventually(lambda: folded(port), PATIENCE_S)
        yield process.pid
    finally:
        process.terminate()
        process.wait()


def folded(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=10) as answer:
            told: dict[str, Any] = orjson.loads(answer.read())
    except OSError:
        return False
    head = told["database"]["head"]
    return all(each["position"] == head for each in told["projections"].values())


@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc")
def test_an_idle_server_holds_no_more_of_a_long_log(tmp_path: Path) -> None:
    resident = []
    for events in (SHORT, LONG):
        path = tmp_path / f"{events}.db"
        asyncio.run(write(path, events))
        if events == LONG:
            with serving(path):
                pass  # what is folded for the first time is not held, but its memory may not be given back yet
        with serving(path) as process:
            resident.append(resident_kb(process) * 1_024 / 1e6)
    short, long = resident
    print(
        f"FIGURE an idle server takes {short:.0f} MB over {SHORT} events, {long:.0f} MB over {LONG}"
    )
    assert long <= RESIDENT_MB_MAX
    assert long - short <= GROWTH_MB_MAX
