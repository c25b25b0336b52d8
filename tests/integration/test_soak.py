"""Long runs, only on request (`pytest -m soak`, `python3 dev.py soak`): a server through many kills, a crowd that stalls.

`SYNAPSE_RESTARTS=20` kills the checked server so often, `SYNAPSE_STALLED_EVENTS=60000` sends so much past a crowd that
does not read.
"""

# covers: app.check.run, app.stream.direct

import asyncio
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

import httpx
import pytest
from websockets.asyncio.client import connect

from app.check.certificate import Outcome
from app.check.run import run
from app.check.stage import Stage
from tests.integration.programs import Running
from tests.integration.served import AUTHORISED, TOKEN, day, receive_until, subscribe
from tests.integration.test_check import faults, plan
from tests.unit.events.damage import verified

pytestmark = pytest.mark.soak

RESTARTS: Final = int(os.environ.get("SYNAPSE_RESTARTS", "10"))
PRICES_A_LIFE: Final = 300
STALLED: Final = 40
STALLED_EVENTS: Final = int(os.environ.get("SYNAPSE_STALLED_EVENTS", "30000"))
WARM_EVENTS: Final = 12_000
"""Prices after which the server keeps all that it keeps in any case: the tail and its messages."""

GROWTH_BYTES_MAX: Final = 24_000_000
"""40 clients with their documented buffers (64 KiB in the process) and what a busy process gains by itself."""


def start(folder: Path, port: str = "0") -> Running:
    """A server process over the log in a folder."""
    arguments = ("serve", "--db", "log.db", "--no-browser", "--port", port)
    env = {"SYNAPSE_TOKEN": TOKEN, "SYNAPSE_PAPER": "off", "SYNAPSE_HEARTBEAT_S": "0.5"}
    return Running(*arguments, folder=folder, env=env)


@pytest.mark.timeout(120 + 30 * RESTARTS)
async def test_a_checked_server_that_is_killed_again_and_again_passes(tmp_path: Path) -> None:
    marks: list[asyncio.Event] = [asyncio.Event() for _ in range(RESTARTS)]

    def watch(stage: Stage) -> None:
        for number, mark in enumerate(marks, start=1):
            if stage.progress > number / (RESTARTS + 1):
                mark.set()

    running = await asyncio.to_thread(start, tmp_path)
    try:
        url = await asyncio.to_thread(running.url)
        asked = plan(url, prices=PRICES_A_LIFE * RESTARTS, subscribers=8, patience_s=60)
        checking = asyncio.create_task(run(asked, watch))
        for mark in marks:
            waiting = asyncio.create_task(mark.wait())
            await asyncio.wait({checking, waiting}, return_when="FIRST_COMPLETED")
            assert not checking.done(), "the check ended before the last kill"
            await asyncio.to_thread(running.stop, signal.SIGKILL)
            running = await asyncio.to_thread(start, tmp_path, url.rpartition(":")[2])
        found = await checking
    finally:
        running.__exit__()
    assert (found.outcome, faults(found)) == (Outcome.PASSED, {})
    assert found.writing.prices_acknowledged == PRICES_A_LIFE * RESTARTS
    report = await asyncio.to_thread(verified, tmp_path / "log.db")
    assert report.findings == ()
    print(
        f"FIGURE {RESTARTS} kills of a checked server: {found.events_written} events,"
        f" {found.reading.events_delivered} deliveries to 8 subscribers, 0 lost, 0 doubled"
    )


# --- a crowd that does not read ------------------------------------------------------------------


def resident_bytes(process: int) -> int:
    pages = int(Path(f"/proc/{process}/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def bodies(first: int, count: int) -> Iterator[dict[str, object]]:
    """Requests with 500 prices each, of a hundred symbols; `first` is the number of the first price."""
    for begin in range(first, first + count, 500):
        bars = (
            {
                "symbol": f"S{number % 100}",
                "price": "5",
                "timestamp": day(number // 100),
                "bar_s": 86_400,
            }
            for number in range(begin, begin + 500)
        )
        yield {"prices": list(bars)}


@pytest.mark.timeout(600)
async def test_a_crowd_that_never_reads_leaves_the_servers_memory_flat(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack, httpx.AsyncClient(headers=AUTHORISED) as http:
        running = stack.enter_context(start(tmp_path))
        url = await asyncio.to_thread(running.url)

        async def publish(first: int, count: int) -> None:
            for body in bodies(first, count):
                answer = await http.post(f"{url}/api/prices", json=body, timeout=60)
                assert answer.status_code == 200, answer.text

        await publish(0, WARM_EVENTS)
        host, port = url.removeprefix("http://").split(":")
        for _ in range(STALLED):
            small = socket.socket()
            small.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            small.connect((host, int(port)))
            address = f"{url.replace('http', 'ws')}/ws/synapse"
            client = await connect(address, sock=small, max_queue=1, ping_interval=None)
            stack.callback(client.transport.abort)
            await client.send(subscribe("prices", "regime", history="none"))
            await receive_until(client, "caught_up")
            client.transport.pause_reading()
        before = resident_bytes(running.process.pid)
        await publish(WARM_EVENTS, STALLED_EVENTS)
        grown = resident_bytes(running.process.pid) - before
        assert (await http.get(f"{url}/readyz")).status_code == 200
    print(
        f"FIGURE {STALLED} clients that never read while {STALLED_EVENTS} prices went past:"
        f" the server grew by {grown / 1e6:.1f} MB"
    )
    assert grown < GROWTH_BYTES_MAX
