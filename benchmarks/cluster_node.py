"""One node as `synapse serve` runs it, over PostgreSQL: `python cluster_node.py DATABASE_URL HINTS [NATS_URL]`.

It prints `{"port": ..., "pid": ...}` once it serves, obeys JSON lines on its standard input, and answers each with a
line:

- `{"do": "publish", "events": n, "every_s": s}`: appends of one event, the next one s seconds after the last,
  whether that is on disk or not. Answer: when each was called (CLOCK_MONOTONIC, ns), in the order of the log;
- `{"do": "prepare", "clients": c, "appends": k, "size": m}`: makes the events of c clients, each k appends of m;
- `{"do": "append"}`: the clients append what was made, each its next when the one before is on disk. Answer: when
  that began and ended, and how many commits it took;
- `{"do": "count"}`: the head's position, and what the follower and its hints have counted.
"""

import asyncio
import json
import os
import sys
import time
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from app.config import Settings
from app.main import create_app, take_leave
from app.recorder import Recorder, open_recorder
from app.serving import bind, configure_logs, run, serve
from benchmarks.append import parts
from benchmarks.our_server import Publisher, price
from benchmarks.peers import our_events, untouched_garbage
from benchmarks.stream_peers import say
from benchmarks.wire_clients import raise_open_files
from events.envelope import NewEvent
from events.log import EventLog


class Orders:
    """What a node does when it is told to."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._commits = Publisher(log)
        self._prepared: list[list[list[NewEvent]]] = []

    async def obey(self) -> None:
        """Do what the lines say, until there are no more."""
        loop = asyncio.get_running_loop()
        lines = asyncio.StreamReader()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
        while line := await lines.readline():
            order = json.loads(line)
            say(**await getattr(self, order.pop("do"))(**order))

    async def publish(self, events: int, every_s: float) -> dict[str, Any]:
        """One event after the other, at a steady rate."""
        loop = asyncio.get_running_loop()
        called, next_at = [], loop.time()
        async with asyncio.TaskGroup() as appends:
            for number in range(events):
                await asyncio.sleep(max(0.0, next_at - loop.time()))
                next_at += every_s
                event = price(number)
                called.append(time.monotonic_ns())
                appends.create_task(self._log.append([event]))
        return {"called": called}

    async def prepare(self, clients: int, appends: int, size: int) -> dict[str, Any]:
        """Make the events of so many clients."""
        made = parts(our_events(clients * appends * size), size)
        self._prepared = [made[number::clients] for number in range(clients)]
        return {}

    async def append(self) -> dict[str, Any]:
        """Append what was made."""
        self._commits.durable = []
        with untouched_garbage():
            began = time.monotonic_ns()
            await asyncio.gather(*map(self._append_each, self._prepared))
            ended = time.monotonic_ns()
        return {"began": began, "ended": ended, "commits": len(self._commits.durable)}

    async def _append_each(self, appends: list[list[NewEvent]]) -> None:
        for events in appends:
            await self._log.append(events)

    async def count(self) -> dict[str, Any]:
        """The head, how others' events came, and how the hints fare."""
        follower = self._log.follower
        counted = asdict(follower.counts) | asdict(follower.hint_status)
        return {"head": self._log.head.position, **counted}


async def _serve(settings: Settings) -> None:
    configure_logs("console")
    with bind("127.0.0.1", 0) as listener:
        recorder = await open_recorder(settings)

        async def opened(_settings: Settings) -> Recorder:
            return recorder

        app = create_app(settings, (), opened)
        port = listener.getsockname()[1]
        started = partial(say, port=port, pid=os.getpid())
        serving = asyncio.create_task(serve(app, listener, started, partial(take_leave, app)))
        try:
            await Orders(recorder.log).obey()
        finally:
            serving.cancel()
            await asyncio.wait([serving])


def main() -> None:
    """Serve until the orders end."""
    raise_open_files()
    url, hints, nats_url = [*sys.argv[1:], None][:3]
    settings = Settings.model_validate(
        {"database_url": url, "hints": hints, "nats_url": nats_url, "token": "benchmark"}
    )
    run(_serve(settings))


if __name__ == "__main__":
    main()
