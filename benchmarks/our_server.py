"""Synapse as `synapse serve` runs it, with a publisher inside: `python our_server.py LOG_FILE [PROFILE_FILE]`.

It obeys like the servers of stream_peers.py. A burst is one append of so many events, spread over 16 symbols;
the next burst follows when it has been acknowledged, that is, when it is on disk. `"durable"` in the answer
has the moments at which the commits were known: the earliest at which anybody may see their events.
"""

import asyncio
import cProfile
import os
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from app.config import Settings
from app.main import create_app, take_leave
from app.recorder import Recorder, open_recorder
from app.serving import bind, configure_logs, run, serve
from benchmarks.stream_peers import obey, say
from benchmarks.wire_clients import raise_open_files
from events.catalog import PriceUpdate
from events.clock import uuid7
from events.envelope import Append, Appended, NewEvent
from events.errors import AppendConflict
from events.log import EventLog

SYMBOLS = 16


def price(number: int) -> NewEvent:
    """One bar of one of the symbols; its message is as long as the peers' text, within a digit or two."""
    payload = PriceUpdate(
        timestamp=datetime(2026, 1, 16, 12, tzinfo=UTC),
        symbol=f"^^{number % SYMBOLS:02d}",
        price=Decimal("5021.84"),
        open=Decimal("5019.10"),
        high=Decimal("5022.96"),
        low=Decimal("5018.77"),
        volume=Decimal(120934),
        bar_s=60,
        corrects=None,
    )
    return NewEvent(payload=payload, event_id=uuid7(), source="simulated")


class Publisher:
    """Appends on command, and notes when each commit was known."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._commit = log.store.append
        self._number = 0
        self.durable: list[int] = []
        log.store.append = self._append  # type: ignore[method-assign]  # the one place to see it

    async def _append(self, appends: Sequence[Append]) -> list[Appended | AppendConflict]:
        outcomes = await self._commit(appends)
        self.durable.append(time.monotonic_ns())
        return outcomes

    async def publish(self, burst: int) -> None:
        """One append of so many events."""
        events = [price(number) for number in range(self._number, self._number + burst)]
        self._number += burst
        await self._log.append(events)

    def answer(self, **fields: object) -> None:
        """What `obey` says after each order, with the commits'."""
        say(**fields, durable=self.durable)
        self.durable = []


async def _serve(database: str) -> None:
    configure_logs("console")
    with bind("127.0.0.1", 0) as listener:
        recorder = await open_recorder(Settings(database_url=database, token="benchmark"))
        publisher = Publisher(recorder.log)

        async def opened(_settings: Settings) -> Recorder:
            return recorder

        app = create_app(Settings(database_url=database, token="benchmark"), (), opened)

        def viewers() -> int:
            connections = app.state.services.manager.connections
            return connections if isinstance(connections, int) else len(connections)

        def started() -> None:
            say(port=listener.getsockname()[1], pid=os.getpid())

        serving = asyncio.create_task(serve(app, listener, started, partial(take_leave, app)))
        await obey(publisher.publish, viewers, publisher.answer)
        serving.cancel()


def main() -> None:
    """Serve until the orders end."""
    raise_open_files()
    if len(sys.argv) == 2:
        run(_serve(sys.argv[1]))
    else:
        profile = cProfile.Profile()
        profile.runcall(run, _serve(sys.argv[1]))
        profile.dump_stats(sys.argv[2])
    os._exit(0)


if __name__ == "__main__":
    main()
