"""How large a log is, and how long it takes to look after it, in SQLite and in PostgreSQL.

    python benchmarks/log_size.py [--events 100000 300000 1000000]

For each number a log of that many events, as markets make them (market_log.py), appended a thousand at a time
to each engine. Sizes are bytes an event: of each table and index, of PostgreSQL's write-ahead log (which is what
a standby or an archive of it is sent), of a backup and of a Parquet export. Times are of the commands that an
operator runs, each once, with the start of their process.
"""

import argparse
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from rich.console import Console
from rich.table import Table

from app.migrate import upgrade
from benchmarks.append_postgres import fresh_database, print_server
from benchmarks.market_log import fill
from benchmarks.peers import fresh_folder, print_machine, run_async
from benchmarks.record import Recorder, record_argument
from events.log import EventLog
from events.sql_store import SqlEventStore
from tests.postgres import PostgresServer, name_of, postgres_server

ROOT: Final = Path(__file__).resolve().parent.parent
SQLITE, POSTGRES = "SQLite", "PostgreSQL"
SQLITE_SIZES: Final = "SELECT name, sum(pgsize) FROM dbstat GROUP BY name"
POSTGRES_SIZES: Final = """
SELECT relname, CASE relkind WHEN 'i' THEN pg_relation_size(oid) ELSE pg_table_size(oid) END AS size
FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'i')
"""
PAYLOAD: Final = "SELECT avg(length(payload)) AS size FROM events"
WAL: Final = "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0') AS size"
SMALL: Final = 1.0
"""Tables and indexes with fewer bytes an event are told together."""

SHOWN: Final = {
    "all": "",
    "write-ahead log": ", write-ahead log",
    "backup": ", backup",
    "Parquet": ", exported to Parquet",
}
"""The sizes that are drawn, and what they are called behind the engine's name."""

Figures = dict[str, float]
"""By name, in the order in which they are told."""


def seconds_of(*words: str) -> float:
    """How long a command takes."""
    started = time.perf_counter()
    subprocess.run(words, check=True, capture_output=True, cwd=ROOT)
    return time.perf_counter() - started


def synapse(*words: str) -> float:
    """How long a command of ours takes."""
    return seconds_of(sys.executable, "-m", "app.cli", *words)


async def _fill(store: SqlEventStore, events: int) -> float:
    log = await EventLog.open(store)
    started = time.perf_counter()
    await fill(log, events)
    seconds = time.perf_counter() - started
    await log.close()
    return seconds


async def _fill_sqlite(path: Path, events: int) -> float:
    return await _fill(await SqlEventStore.open_sqlite(path, upgrade), events)


async def _fill_postgres(url: str, events: int) -> float:
    return await _fill(await SqlEventStore.open_postgres(url, upgrade), events)


def in_sqlite(folder: Path, events: int) -> tuple[Figures, Figures]:
    """Bytes an event and seconds of a log in a file."""
    path = folder / "synapse.db"
    taken = {"append": run_async(_fill_sqlite(path, events))}
    with closing(sqlite3.connect(path)) as connection:
        rows = [(name, size / events) for name, size in connection.execute(SQLITE_SIZES)]
        payload = connection.execute(PAYLOAD).fetchone()[0]
    sizes = {"payload alone": payload, **_told(rows), "all": path.stat().st_size / events}
    taken["verify"] = synapse("verify", "--db", str(path))
    backup = folder / "backup.db"
    taken["backup"] = synapse("backup", str(backup), "--db", str(path))
    sizes["backup"] = backup.stat().st_size / events
    _look_after(str(path), folder, events, sizes, taken)
    with closing(sqlite3.connect(path)) as connection:
        sizes["snapshots"] = dict(connection.execute(SQLITE_SIZES)).get("snapshots", 0) / events
    return sizes, taken


def in_postgres(server: PostgresServer, folder: Path, events: int) -> tuple[Figures, Figures]:
    """Bytes an event and seconds of a log in a database."""
    with fresh_database(server, migrated=True) as url:
        before = server.run(WAL)[0]["size"]
        taken = {"append": run_async(_fill_postgres(url, events))}
        wal = float(server.run(WAL)[0]["size"] - before) / events
        database = name_of(url)
        rows = [
            (row["relname"], row["size"] / events)
            for row in server.run("CHECKPOINT", POSTGRES_SIZES, database=database)
        ]
        payload = float(server.run(PAYLOAD, database=database)[0]["size"])
        sizes = {"payload alone": payload, **_told(rows), "all": sum(size for _, size in rows)}
        sizes["write-ahead log"] = wal
        taken["verify"] = synapse("verify", "--db", url)
        backup = folder / "backup.dump"
        taken["backup"] = seconds_of(_pg_dump(server), "-Fc", "-f", str(backup), url)
        sizes["backup"] = backup.stat().st_size / events
        _look_after(url, folder, events, sizes, taken)
        found = server.run(POSTGRES_SIZES, database=database)
        sizes["snapshots"] = next(r["size"] for r in found if r["relname"] == "snapshots") / events
    return sizes, taken


def _look_after(db: str, folder: Path, events: int, sizes: Figures, taken: Figures) -> None:
    """What is the same for both engines."""
    out = folder / "out.parquet"
    taken["export to Parquet"] = synapse("export", str(out), "--force", "--db", db)
    sizes["Parquet"] = out.stat().st_size / events
    taken["state, without snapshots"] = synapse("state", "--db", db)
    taken["rebuild"] = synapse("rebuild", "--db", db)
    taken["state, with snapshots"] = synapse("state", "--db", db)


def _told(rows: Sequence[tuple[str, float]]) -> Figures:
    large = {name: size for name, size in sorted(rows, key=lambda row: -row[1]) if size >= SMALL}
    return {**large, "the rest": sum(size for _, size in rows) - sum(large.values())}


def _pg_dump(server: PostgresServer) -> str:
    # Of the server's own version: an older one refuses. It lies beside the server's program.
    return str(Path(f"/proc/{server.pid}/exe").resolve().parent / "pg_dump")


def show(title: str, found: Mapping[str, Figures], digits: int) -> None:
    """A table; a column for each log."""
    table = Table(title=title, title_justify="left")
    table.add_column("")
    for name in found:
        table.add_column(name, justify="right")
    # The order of the first that has it; what only a later one has comes behind.
    for what in dict.fromkeys(what for figures in found.values() for what in figures):
        cells = [f"{each[what]:,.{digits}f}" if what in each else "" for each in found.values()]
        table.add_row(what, *cells)
    Console(width=150).print(table)


def main() -> None:
    """Make the logs, one after the other, and print what they come to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, nargs="+", default=[100_000, 300_000, 1_000_000])
    record_argument(parser)
    arguments = parser.parse_args()
    sizes: dict[str, Figures] = {}
    taken: dict[str, Figures] = {}
    with postgres_server() as server:
        with fresh_folder() as folder:
            print_machine(folder)
        print_server(server)
        print(f"load of the machine before: {os.getloadavg()[0]:.1f}", flush=True)
        for events in arguments.events:
            name = f"{SQLITE}, {events:,}"
            with fresh_folder() as folder:
                sizes[name], taken[name] = in_sqlite(folder, events)
            name = f"{POSTGRES}, {events:,}"
            with fresh_folder() as folder:
                sizes[name], taken[name] = in_postgres(server, folder, events)
    show("Bytes an event", sizes, 1)
    show("Seconds", taken, 1)
    record(Recorder.of(arguments), arguments.events, sizes, taken)


def record(
    recorder: Recorder,
    events: Sequence[int],
    sizes: Mapping[str, Figures],
    taken: Mapping[str, Figures],
) -> None:
    """The same, for the page: a line for each kind of file, and for each command."""
    lines = {
        f"{engine}{after}": [sizes[f"{engine}, {count:,}"].get(what) for count in events]
        for engine in (SQLITE, POSTGRES)
        for what, after in SHOWN.items()
        if what in sizes[f"{engine}, {events[0]:,}"]
    }
    recorder.growth(
        "log_size", "Size of a log", x="events", unit="bytes/event", xs=events, lines=lines
    )
    for engine in (SQLITE, POSTGRES):
        each = [taken[f"{engine}, {count:,}"] for count in events]
        recorder.growth(
            f"log_commands_{engine.lower()}",
            f"Looking after a log in {engine}",
            x="events",
            unit="s",
            xs=events,
            lines={what: [figures[what] for figures in each] for what in each[0]},
            says="Commands of an operator, each once, with the start of their process.",
        )


if __name__ == "__main__":
    main()
