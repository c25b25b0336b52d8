"""How fast a log is read: ours, `eventsourcing` and bare sqlite3, side by side.

    python benchmarks/read.py [--rounds 5] [--events 100000]

Each contender reads its own log from the first event to the last, in pages of 500; every event has 300 bytes
of content. The logs are written before the clock starts, and lie in the operating system's cache.

- ours, decoded: `EventStore.read`, then `codec.decode`: pydantic's payloads, with exact decimals and times;
- eventsourcing, decoded: its recorder's `select_notifications`, then its mapper's `to_domain_event`, with
  exact decimals and times (its notification log would read the same in sections);
- ours, message texts: `EventStore.read_texts`: what is sent to subscribers, envelope and all;
- ours, message texts made in Python: `EventStore.read`, then the same texts from the events;
- sqlite3, rows: the columns that a message is made of, from the same file, as tuples; nothing is made of
  them. "Joined": the columns of each row joined to one text as they are, no id or time formatted.
"""

import argparse
import asyncio
import sqlite3
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from app.migrate import upgrade
from app.stream.transport import present_text
from benchmarks.peers import (
    NO_EVENTSOURCING,
    Rounds,
    fresh_folder,
    has_eventsourcing,
    our_events,
    print_machine,
    run_async,
    seconds_of,
    untouched_garbage,
)
from benchmarks.record import Recorder, record_argument
from events.codec import decode
from events.envelope import Append
from events.sql_store import SqlEventStore
from events.store import PAGE_EVENTS, ReadQuery

BATCH = 1_000
OURS_TYPED, PEER_TYPED = "ours, decoded and typed", "eventsourcing, decoded and typed"
OURS_TEXTS, OURS_PYTHON = "ours, message texts", "ours, message texts made in Python"
RAW_ROWS, RAW_JOINED = "sqlite3, rows", "sqlite3, rows joined"
RAW_PAGE = """
SELECT e.position, e.event_id, e.type, e.payload, e.recorded_at, s.name, e.version, e.occurred_at, e.source
FROM events AS e JOIN streams AS s ON s.stream_id = e.stream_id
WHERE e.position > ? AND e.position <= ? ORDER BY e.position
"""


async def write_ours(path: Path, count: int) -> None:
    """Fill a log of ours."""
    store = await SqlEventStore.open_sqlite(path, upgrade)
    for first in range(0, count, BATCH):
        await store.append([Append(tuple(our_events(min(BATCH, count - first), first)))])
    await store.close()


def write_peer(folder: Path, count: int) -> None:
    """Fill a log of the peer's."""
    from benchmarks.eventsourcing_peer import Peer

    peer = Peer.open(folder)
    for first in range(0, count, BATCH):
        peer.application.save(*peer.events(min(BATCH, count - first), first))


def ours_typed(path: Path, count: int) -> float:
    """Events a second that we read and decode."""

    async def read(store: SqlEventStore) -> int:
        after = 0
        while page := await store.read(ReadQuery(after=after)):
            payloads = [decode(event) for event in page]
            after += len(payloads)
        return after

    return run_async(_timed(path, count, read))


def ours_texts(path: Path, count: int) -> float:
    """Events a second that we read as messages."""

    async def read(store: SqlEventStore) -> int:
        after = 0
        while page := await store.read_texts(ReadQuery(after=after), present_text):
            after += len(page)
        return after

    return run_async(_timed(path, count, read))


def ours_python(path: Path, count: int) -> float:
    """Events a second that we read and make messages of."""

    async def read(store: SqlEventStore) -> int:
        after = 0
        while page := await store.read(ReadQuery(after=after)):
            after += len([present_text(event) for event in page])
        return after

    return run_async(_timed(path, count, read))


async def _timed(path: Path, count: int, read: Callable[[SqlEventStore], Awaitable[int]]) -> float:
    store = SqlEventStore.read_sqlite(path)
    with untouched_garbage():
        started = time.perf_counter()
        seen = await read(store)
        seconds = time.perf_counter() - started
    await store.close()
    assert seen == count
    return count / seconds


def peer_typed(folder: Path, count: int) -> float:
    """Events a second that the peer reads and decodes."""
    from benchmarks.eventsourcing_peer import Peer

    application = Peer.open(folder).application
    decode_one = application.mapper.to_domain_event

    def read() -> None:
        start, seen = 1, 0
        while page := application.recorder.select_notifications(start, PAGE_EVENTS):
            events = [decode_one(notification) for notification in page]
            seen, start = seen + len(events), page[-1].id + 1
        assert seen == count

    return count / seconds_of(read)


def raw_rows(path: Path, count: int, *, joined: bool) -> float:
    """Rows a second that SQLite itself hands out."""
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)

    def read() -> None:
        after = 0
        places = (after, after + PAGE_EVENTS)
        while rows := connection.execute(RAW_PAGE, places).fetchall():
            if joined:
                _ = ["|".join(map(str, row)) for row in rows]
            after += len(rows)
            places = (after, after + PAGE_EVENTS)
        assert after == count

    rate = count / seconds_of(read)
    connection.close()
    return rate


def main() -> None:
    """Write the logs, run the rounds, print medians and ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--events", type=int, default=100_000)
    record_argument(parser)
    arguments = parser.parse_args()
    count = arguments.events
    with fresh_folder() as folder:
        print_machine(folder)
        ours = folder / "ours.db"
        asyncio.run(write_ours(ours, count))
        # As beside a server that writes: without it a read-only connection has to read the write-ahead
        # log's index anew for every page.
        beside = sqlite3.connect(ours)
        beside.execute("SELECT position FROM log_head").fetchall()
        contenders: dict[str, Callable[[], float]] = {
            OURS_TYPED: lambda: ours_typed(ours, count),
            OURS_TEXTS: lambda: ours_texts(ours, count),
            OURS_PYTHON: lambda: ours_python(ours, count),
            RAW_ROWS: lambda: raw_rows(ours, count, joined=False),
            RAW_JOINED: lambda: raw_rows(ours, count, joined=True),
        }
        if has_eventsourcing():
            write_peer(folder, count)
            contenders[PEER_TYPED] = lambda: peer_typed(folder, count)
        rounds = Rounds(contenders)
        rounds.run(arguments.rounds)
        beside.close()
    rounds.report(
        Recorder.of(arguments),
        "read",
        "Reading a whole log",
        (
            (OURS_TYPED, PEER_TYPED, 2),
            (OURS_TEXTS, RAW_JOINED, 0.6),
            (OURS_TEXTS, RAW_ROWS, None),
            (OURS_TEXTS, OURS_PYTHON, None),
        ),
        says=f"{count:,} events of 300 bytes, each contender's own log in SQLite, in pages of {PAGE_EVENTS}.",
        limits=(RAW_ROWS, RAW_JOINED),
        missing={} if PEER_TYPED in rounds.rates else {PEER_TYPED: NO_EVENTSOURCING},
    )


if __name__ == "__main__":
    main()
