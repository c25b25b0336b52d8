"""A process that takes a lease from others, appends under it, and goes on after it was stolen: its fence must stop it.

`python -m tests.cluster.lease_worker URL HOLDER FILE`. It never renews, so whoever asks next steals it. Each event's
text is `HOLDER FENCE NUMBER`; FILE gets a line for each append: what it was told.
"""

import asyncio
import json
import random
import sys
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Final, TextIO
from uuid import uuid4

from events.envelope import Append, Appended, NewEvent
from events.errors import EventError, FenceLost
from events.lease_rules import Lease
from events.sql_store import SqlEventStore
from tests.integration.postgres_worker import as_it_is
from tests.unit.events.builders import notice

LEASE: Final = "cluster:test"
TTL_S: Final = 0.2
PAUSE_S: Final = 0.03
RETRY_S: Final = 0.1


async def opened(url: str) -> SqlEventStore:
    """The log, as soon as it can be opened."""
    while True:
        with suppress(EventError):
            return await SqlEventStore.open_postgres(url, as_it_is)
        await asyncio.sleep(RETRY_S)


async def acquired(store: SqlEventStore, holder: str) -> Lease:
    """The lease, as soon as it can be had."""
    while True:
        with suppress(EventError):
            if lease := await store.acquire_lease(LEASE, holder, TTL_S):
                return lease
        await asyncio.sleep(RETRY_S)


async def append(
    store: SqlEventStore, lease: Lease, event: NewEvent
) -> tuple[Appended | FenceLost, bool]:
    """What becomes of an event, that is sent until it is known; and whether it was known at once."""
    for attempt in count():
        try:
            (outcome,) = await store.append([Append((event,), fence=lease.key)])
        except EventError:
            await asyncio.sleep(RETRY_S)
            continue
        assert isinstance(outcome, Appended | FenceLost), outcome
        return outcome, attempt == 0
    raise AssertionError("unreachable")


async def hold(store: SqlEventStore, holder: str, told: TextIO) -> None:
    """Take the lease and write until it is lost, again and again."""
    number = 0
    while True:
        lease = await acquired(store, holder)
        lost = False
        while not lost:
            number += 1
            event = NewEvent(
                payload=notice(f"{holder} {lease.fence} {number}"),
                event_id=uuid4(),
                source="manual",
            )
            outcome, at_once = await append(store, lease, event)
            lost = isinstance(outcome, FenceLost)
            position = outcome.positions[0] if isinstance(outcome, Appended) else None
            line = {"id": str(event.event_id), "position": position, "at_once": at_once}
            told.write(json.dumps(line) + "\n")
            told.flush()
            await asyncio.sleep(random.uniform(0, 2 * PAUSE_S))


async def main(url: str, holder: str, file: str) -> None:
    """Until it is killed."""
    store = await opened(url)
    with Path(file).open("a") as told:
        await hold(store, holder, told)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
