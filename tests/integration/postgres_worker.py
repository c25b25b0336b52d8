"""A process that writes a log in PostgreSQL, or follows it: `python -m ... write|read|follow URL NUMBER COUNT FILE`.

It says `ready`, begins when it is given a line, and leaves what it was told or has seen in FILE.
"""

import asyncio
import pickle
import sys
from contextlib import suppress
from pathlib import Path
from uuid import UUID

from sqlalchemy import Connection

from events.envelope import RecordedEvent
from events.errors import VersionConflict
from events.log import EventLog
from events.sql_store import SqlEventStore
from events.store import ReadQuery
from tests.unit.events.builders import new, notice, price

SHARED = "prices:SHARED"
"""All writers write this stream, so that they run into one another."""

SHARED_EVERY = 8
POLL_S = 0.02


def as_it_is(_connection: Connection) -> None:
    """The database is migrated already: loading Alembic would be most of a process's start."""


async def opened(url: str, poll_s: float | None = None) -> EventLog:
    return await EventLog.open(await SqlEventStore.open_postgres(url, as_it_is), poll_s)


async def begin() -> None:
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)


async def write(url: str, number: int, count: int) -> dict[UUID, int]:
    """Append `count` times to a stream of its own, now and then to the shared one, at known versions."""
    log = await opened(url)
    await begin()
    own, shared = f"W{number}", 0
    told: dict[UUID, int] = {}
    for turn in range(count):
        events = [new(price(own, second=turn)), new(notice(f"{own} {turn}", turn))]
        expected = {f"prices:{own}": turn}
        appended = None
        while appended is None:
            if turn % SHARED_EVERY == 0:
                events[1], expected[SHARED] = new(price("SHARED", second=turn)), shared
            with suppress(VersionConflict):
                appended = await log.append(events, expected=expected)
            if appended is None:
                ends = await log.store.streams()
                # Nobody else writes this one: what was acknowledged is there.
                assert f"prices:{own}" not in ends or ends[f"prices:{own}"].version == turn
                shared = ends[SHARED].version
        told.update(zip((e.event_id for e in events), appended.positions, strict=True))
    await log.close()
    return told


async def read(url: str, _number: int, count: int) -> list[RecordedEvent]:
    """Ask the store for what follows the last position, again and again."""
    store = await SqlEventStore.open_postgres(url, as_it_is)
    await begin()
    seen: list[RecordedEvent] = []
    while len(seen) < count:
        after = seen[-1].position if seen else 0
        page = await store.read(ReadQuery(after=after, limit=7))
        seen += page
        if not page:
            await asyncio.sleep(POLL_S)
    await store.close()
    return seen


async def follow(url: str, _number: int, count: int) -> list[RecordedEvent]:
    """Follow the tail of a log that polls."""
    log = await opened(url, POLL_S)
    seen = [event async for event in log.stream(ReadQuery())]
    await begin()
    while len(seen) < count:
        after = seen[-1].position if seen else 0
        await log.moved_beyond(after)
        events = log.tail.after(after, 100)
        assert events is not None
        seen += events
    await log.close()
    return seen


def main() -> None:
    role, url, number, count, file = sys.argv[1:]
    work = {"write": write, "read": read, "follow": follow}[role]
    result = asyncio.run(work(url, int(number), int(count)))
    Path(file).write_bytes(pickle.dumps(result))


if __name__ == "__main__":
    main()
