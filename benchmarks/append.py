"""How fast events become durable: ours, `eventsourcing` and bare sqlite3, side by side.

    python benchmarks/append.py [--rounds 5] [--producers 1000] [--each 20] [--alone 300]

Every event has 300 bytes of content and is on disk (`synchronous=FULL`) when its writer is told so.
All of them are made before the clock starts; encoding, checking, hashing and storing are timed.

- ours, N producers: N tasks, each of which appends one event, waits until it is durable, appends the next;
  `EventLog.append`, with ids checked, versions and hash chain;
- ours, batches: `EventLog.append` of 1,000 events at once;
- eventsourcing, one-event saves: `Application.save(event)`, one after the other (more of its threads would
  queue for SQLite's one write lock);
- eventsourcing, 1,000-event batches: `Application.save(*events)`; and the same events encoded beforehand
  and handed to its recorder (`insert_events`), which leaves out its own encoding;
- sqlite3: the same columns in a table without an index, rows made beforehand; one commit an event, or one
  for 1,000.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from app.migrate import upgrade
from benchmarks.peers import (
    NO_EVENTSOURCING,
    RAW_INSERT,
    Rounds,
    fresh_folder,
    has_eventsourcing,
    our_events,
    print_machine,
    raw_connection,
    raw_rows,
    run_async,
    seconds_of,
    untouched_garbage,
)
from benchmarks.record import Recorder, record_argument
from events.envelope import NewEvent
from events.log import EventLog
from events.sql_store import SqlEventStore

Item = TypeVar("Item")

BATCH = 1_000
OURS_MANY, OURS_ONE = "ours, many producers", "ours, 1 producer"
OURS_BATCH = f"ours, {BATCH:,}-event appends"
PEER_ONE = "eventsourcing, one-event saves"
PEER_BATCH = f"eventsourcing, {BATCH:,}-event saves"
PEER_ENCODED = f"eventsourcing, {BATCH:,} encoded to its recorder"
PEERS = (PEER_ONE, PEER_BATCH, PEER_ENCODED)
RAW_ONE, RAW_BATCH = "sqlite3, one commit an event", f"sqlite3, one commit for {BATCH:,}"
RATIOS = (
    (OURS_MANY, PEER_ONE, 15),
    (OURS_MANY, PEER_BATCH, 1.3),
    (OURS_BATCH, PEER_BATCH, None),
    (OURS_MANY, PEER_ENCODED, None),
    (OURS_ONE, PEER_ONE, None),
    (OURS_ONE, RAW_ONE, 0.5),
    (OURS_BATCH, RAW_BATCH, None),
)


async def _produce(log: EventLog, appends: list[list[NewEvent]]) -> None:
    for events in appends:
        await log.append(events)


async def _ours(folder: Path, producers: list[list[list[NewEvent]]]) -> float:
    log = await EventLog.open(await SqlEventStore.open_sqlite(folder / "ours.db", upgrade))
    with untouched_garbage():
        started = time.perf_counter()
        await asyncio.gather(*(_produce(log, appends) for appends in producers))
        seconds = time.perf_counter() - started
    await log.close()
    return seconds


def ours(producers: int, each: int, events_each: int = 1) -> float:
    """Events a second with so many producers of so many appends of so many events."""
    count = producers * each * events_each
    appends = parts(our_events(count), events_each)
    shares = [appends[number::producers] for number in range(producers)]
    with fresh_folder() as folder:
        return count / run_async(_ours(folder, shares))


def peer(count: int, events_each: int) -> float:
    """The peer's events a second with saves of so many events."""
    from benchmarks.eventsourcing_peer import Peer

    with fresh_folder() as folder:
        opened = Peer.open(folder)
        saves = parts(opened.events(count), events_each)
        return count / seconds_of(lambda: [opened.application.save(*events) for events in saves])


def peer_encoded(count: int, events_each: int) -> float:
    """The same with events that are encoded already."""
    from benchmarks.eventsourcing_peer import Peer

    with fresh_folder() as folder:
        opened = Peer.open(folder)
        recorder = opened.application.recorder
        groups = parts(opened.stored(opened.events(count)), events_each)
        return count / seconds_of(lambda: [recorder.insert_events(events) for events in groups])


def raw(count: int, rows_each: int) -> float:
    """Rows a second that SQLite itself makes durable, so many a commit."""
    groups = parts(raw_rows(count), rows_each)

    def commit_all() -> None:
        for rows in groups:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(RAW_INSERT, rows)
            connection.execute("COMMIT")

    with fresh_folder() as folder:
        connection = raw_connection(folder)
        rate = count / seconds_of(commit_all)
        connection.close()
    return rate


def parts(items: list[Item], size: int) -> list[list[Item]]:
    """The items in lists of `size`."""
    return [items[start : start + size] for start in range(0, len(items), size)]


def contenders(arguments: argparse.Namespace) -> dict[str, Callable[[], float]]:
    """Who is measured, and with how much."""
    many, alone = arguments.producers * arguments.each, arguments.alone
    chosen: dict[str, Callable[[], float]] = {
        OURS_MANY: lambda: ours(arguments.producers, arguments.each),
        OURS_BATCH: lambda: ours(1, many // BATCH, BATCH),
        OURS_ONE: lambda: ours(1, alone),
        RAW_ONE: lambda: raw(alone, 1),
        RAW_BATCH: lambda: raw(many, BATCH),
    }
    if has_eventsourcing():
        chosen[PEER_ONE] = lambda: peer(alone, 1)
        chosen[PEER_BATCH] = lambda: peer(many, BATCH)
        chosen[PEER_ENCODED] = lambda: peer_encoded(many, BATCH)
    return chosen


def main() -> None:
    """Run the rounds, print medians and ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--producers", type=int, default=1_000)
    parser.add_argument("--each", type=int, default=20, help="events of each producer")
    parser.add_argument("--alone", type=int, default=300, help="events where each is a commit")
    record_argument(parser)
    arguments = parser.parse_args()
    with fresh_folder() as folder:
        print_machine(folder)
    rounds = Rounds(contenders(arguments))
    rounds.run(arguments.rounds)
    rounds.report(
        Recorder.of(arguments),
        "append",
        "Durable events in SQLite",
        RATIOS,
        says=f"Events of 300 bytes, each on disk when its writer is told so. Many producers: {arguments.producers:,} tasks that each append one event and wait for it.",
        limits=(RAW_ONE, RAW_BATCH),
        missing={name: NO_EVENTSOURCING for name in PEERS if name not in rounds.rates},
    )


if __name__ == "__main__":
    main()
