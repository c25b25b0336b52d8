"""How fast events become durable in PostgreSQL: ours, `eventsourcing` and bare asyncpg, side by side.

    python benchmarks/append_postgres.py [--rounds 5] [--producers 1000] [--each 20] [--alone 300]

All write to one server, started for this with its own defaults (`fsync` and `synchronous_commit` on), each to
a fresh database, after a checkpoint. Every event has 300 bytes of content and is on disk when its writer is
told so. All of them are made before the clock starts; encoding, checking, hashing and storing are timed.

- ours, N producers: N tasks, each of which appends one event, waits until it is durable, appends the next;
- ours, batches: `EventLog.append` of 1,000 events at once;
- eventsourcing, one-event saves: `Application.save(event)`, one after the other; and by 8 threads, each with
  a connection of its own, which queue for the lock on its table;
- eventsourcing, 1,000-event batches: `Application.save(*events)`;
- asyncpg: the same columns in a table without an index, rows made beforehand, one prepared INSERT on one
  connection; one commit an event, or one for 1,000; and 1,000 rows by COPY.

The peer needs psycopg: pip install "psycopg[binary,pool]".
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import asyncpg  # type: ignore[import-untyped]  # it has no types of its own

from app.migrate import upgrade
from benchmarks.append import BATCH, parts
from benchmarks.peers import (
    RAW_COLUMNS,
    RawRow,
    Rounds,
    fresh_folder,
    has_eventsourcing,
    our_events,
    print_machine,
    raw_rows,
    run_async,
    seconds_of,
    untouched_garbage,
)
from benchmarks.record import Recorder, record_argument
from events.envelope import NewEvent
from events.log import EventLog
from events.sql_store import SqlEventStore
from tests.postgres import PostgresServer, name_of, postgres_server

OURS_MANY, OURS_ONE = "ours, many producers", "ours, 1 producer"
OURS_BATCH = f"ours, {BATCH:,}-event appends"
THREADS = 8
PEER_ONE = "eventsourcing, one-event saves"
PEER_THREADS = f"eventsourcing, one-event saves, {THREADS} threads"
PEER_BATCH = f"eventsourcing, {BATCH:,}-event saves"
PEERS = (PEER_ONE, PEER_THREADS, PEER_BATCH)
NO_PEER = "eventsourcing or psycopg is not installed"
RAW_COPY = f"asyncpg, COPY of {BATCH:,}"
RAW_ONE, RAW_BATCH = "asyncpg, one commit an event", f"asyncpg, one commit for {BATCH:,}"
RATIOS = (
    (OURS_MANY, PEER_ONE, 30),
    (OURS_MANY, PEER_THREADS, None),
    (OURS_MANY, PEER_BATCH, 2),
    (OURS_BATCH, PEER_BATCH, None),
    (OURS_ONE, PEER_ONE, None),
    (OURS_ONE, RAW_ONE, None),
    (OURS_BATCH, RAW_BATCH, None),
    (OURS_BATCH, RAW_COPY, None),
)
RAW_TABLE = """
CREATE TABLE raw (
    position bigint, stream_id bigint, version bigint, event_id bytea, type text, schema_version smallint,
    occurred_at bigint, recorded_at bigint, source text, correlation_id bytea, causation_id bytea,
    payload text, hash bytea
)
"""
RAW_INSERT = f"INSERT INTO raw VALUES ({', '.join(f'${n + 1}' for n in range(RAW_COLUMNS))})"
SHOWN = ("server_version", "fsync", "synchronous_commit", "shared_buffers", "wal_sync_method")


@contextmanager
def fresh_database(server: PostgresServer, *, migrated: bool) -> Iterator[str]:
    """The URL of a database that goes again; what was written before it is on disk by then."""
    url = server.new_database(migrated=migrated)
    server.run("CHECKPOINT")
    try:
        yield url
    finally:
        server.run(f"DROP DATABASE {name_of(url)} WITH (FORCE)")


async def _produce(log: EventLog, appends: list[list[NewEvent]]) -> None:
    for events in appends:
        await log.append(events)


async def _ours(url: str, producers: list[list[list[NewEvent]]]) -> float:
    log = await EventLog.open(await SqlEventStore.open_postgres(url, upgrade))
    with untouched_garbage():
        started = time.perf_counter()
        await asyncio.gather(*(_produce(log, appends) for appends in producers))
        seconds = time.perf_counter() - started
    await log.close()
    return seconds


def ours(server: PostgresServer, producers: int, each: int, events_each: int = 1) -> float:
    """Events a second with so many producers of so many appends of so many events."""
    count = producers * each * events_each
    appends = parts(our_events(count), events_each)
    shares = [appends[number::producers] for number in range(producers)]
    with fresh_database(server, migrated=True) as url:
        return count / run_async(_ours(url, shares))


def peer(server: PostgresServer, count: int, events_each: int, threads: int = 1) -> float:
    """The peer's events a second with saves of so many events, by so many threads."""
    from benchmarks.eventsourcing_peer import Peer

    with fresh_database(server, migrated=False) as url, ThreadPoolExecutor(threads) as pool:
        opened = Peer.open_postgres(url)
        saves = parts(opened.events(count), events_each)

        def save_all(share: list[list[object]]) -> None:
            for events in share:
                opened.application.save(*events)

        shares = [saves[number::threads] for number in range(threads)]
        rate = count / seconds_of(lambda: list(pool.map(save_all, shares)))
        opened.close()
    return rate


async def _raw(url: str, groups: list[list[RawRow]], *, copied: bool) -> float:
    connection = await asyncpg.connect(url)
    await connection.execute(RAW_TABLE)
    statement = await connection.prepare(RAW_INSERT)
    with untouched_garbage():
        started = time.perf_counter()
        for rows in groups:
            if copied:
                await connection.copy_records_to_table("raw", records=rows)
            else:
                await statement.executemany(rows)
        seconds = time.perf_counter() - started
    await connection.close()
    return seconds


def raw(server: PostgresServer, count: int, rows_each: int, *, copied: bool = False) -> float:
    """Rows a second that PostgreSQL itself makes durable, so many a commit, by INSERT or by COPY."""
    with fresh_database(server, migrated=False) as url:
        return count / run_async(_raw(url, parts(raw_rows(count), rows_each), copied=copied))


def contenders(
    server: PostgresServer, arguments: argparse.Namespace
) -> dict[str, Callable[[], float]]:
    """Who is measured, and with how much."""
    many, alone = arguments.producers * arguments.each, arguments.alone
    chosen: dict[str, Callable[[], float]] = {
        OURS_MANY: lambda: ours(server, arguments.producers, arguments.each),
        OURS_BATCH: lambda: ours(server, 1, many // BATCH, BATCH),
        OURS_ONE: lambda: ours(server, 1, alone),
        RAW_ONE: lambda: raw(server, alone, 1),
        RAW_BATCH: lambda: raw(server, many, BATCH),
        RAW_COPY: lambda: raw(server, many, BATCH, copied=True),
    }
    if has_eventsourcing() and _has_psycopg():
        chosen[PEER_ONE] = lambda: peer(server, alone, 1)
        chosen[PEER_THREADS] = lambda: peer(server, alone, 1, THREADS)
        chosen[PEER_BATCH] = lambda: peer(server, many, BATCH)
    return chosen


def _has_psycopg() -> bool:
    has = find_spec("psycopg") is not None and find_spec("psycopg_pool") is not None
    if not has:
        print('psycopg is not installed, the peer is left out: pip install "psycopg[binary,pool]"')
    return has


def print_server(server: PostgresServer) -> None:
    """The server's version, and the settings that decide what a commit costs."""
    shown = (f"{name} {server.run(f'SHOW {name}')[0][0]}" for name in SHOWN)
    print("PostgreSQL: " + ", ".join(shown))


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
    with postgres_server() as server:
        print_server(server)
        rounds = Rounds(contenders(server, arguments))
        rounds.run(arguments.rounds)
        version = server.run("SHOW server_version")[0][0]
    rounds.report(
        Recorder.of(arguments),
        "append_postgres",
        "Durable events in PostgreSQL",
        RATIOS,
        says=f"The same events, in PostgreSQL {version} with its defaults (`fsync` and `synchronous_commit` on).",
        limits=(RAW_ONE, RAW_BATCH, RAW_COPY),
        missing={name: NO_PEER for name in PEERS if name not in rounds.rates},
    )


if __name__ == "__main__":
    main()
