"""How fast a log is exported, and in how much memory; beside it, pyarrow writing the same columns.

    python benchmarks/export.py [--quick] [--rounds 3] [--events 1000000]

Every run is a process of its own, so that its peak of memory (resident set; Linux) is its own too. The log is
written before, and lies in the operating system's cache.

- ours: `synapse export`, from the SQLite log to a file on disk and its manifest;
- pyarrow: the same table, which lies in memory as Arrow's columns already, to a file: nothing is read from a
  log, no payload is parsed. It is what the format itself costs, and needs the whole table in memory.
"""

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from app.analysis.export import ExportFormat
from app.exporting.asked import Asked
from app.exporting.save import Target, save
from app.exporting.sources import StoreSource
from app.migrate import upgrade
from benchmarks.market_log import fill
from benchmarks.peers import (
    Rounds,
    fresh_folder,
    named,
    print_machine,
    ratios_of,
    run_async,
    untouched_garbage,
)
from benchmarks.record import Recorder, Series, record_argument
from events.log import EventLog
from events.sql_store import SqlEventStore

EVENTS, QUICK_EVENTS = 1_000_000, 100_000
OURS = tuple(format_.value for format_ in ExportFormat)
RAW = ("pyarrow-parquet", "pyarrow-csv")


async def write_log(path: Path, count: int) -> None:
    """Fill a log as markets do."""
    log = await EventLog.open(await SqlEventStore.open_sqlite(path, upgrade))
    await fill(log, count)
    await log.close()


async def export(format_: str, log: Path, out: Path) -> float:
    """Seconds that one export takes."""
    store = SqlEventStore.read_sqlite(log)
    target = Target(out, ExportFormat(format_), force=True)
    with untouched_garbage():
        started = time.perf_counter()
        await save(StoreSource(store), Asked(), target)
        seconds = time.perf_counter() - started
    await store.close()
    return seconds


def write_raw(name: str, table_file: Path, out: Path) -> float:
    """Seconds that pyarrow takes to write the table of a Parquet file again."""
    import pyarrow.csv  # type: ignore[import-untyped]
    import pyarrow.parquet  # type: ignore[import-untyped]

    from app.analysis.export_parquet import COMPRESSION

    table = pyarrow.parquet.read_table(table_file)
    started = time.perf_counter()
    if name == "pyarrow-csv":
        pyarrow.csv.write_csv(table, out)
    else:
        pyarrow.parquet.write_table(table, out, compression=COMPRESSION)
    return time.perf_counter() - started


def peak_kib() -> int:
    """This process's peak of memory so far; `getrusage` would begin with that of its parent."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))


def child(name: str, source: Path, out: Path) -> None:
    """Do one run, and tell what it took."""
    before = peak_kib()
    is_raw = name in RAW
    seconds = write_raw(name, source, out) if is_raw else run_async(export(name, source, out))
    print(json.dumps({"seconds": seconds, "before": before, "most": peak_kib()}))


class Runs:
    """Runs contenders in processes of their own, and remembers their memory."""

    def __init__(self, folder: Path, count: int) -> None:
        """`folder` holds the log and what is made of it."""
        self._folder = folder
        self._count = count
        self.peaks: dict[str, list[tuple[int, int]]] = {}
        self.seconds: dict[str, list[float]] = {}

    def run(self, name: str) -> float:
        """Events a second of one run."""
        source = self._folder / ("ours.parquet" if name in RAW else "ours.db")
        out = self._folder / ("ours.parquet" if name == "parquet" else f"out.{name}")
        command = [sys.executable, __file__, "--child", name, str(source), str(out)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        told = json.loads(done.stdout)
        self.peaks.setdefault(name, []).append((told["before"], told["most"]))
        self.seconds.setdefault(name, []).append(told["seconds"])
        return self._count / float(told["seconds"])

    def print_table(self) -> None:
        """One line a contender: seconds, memory, and the size of what it wrote."""
        print(f"{'':18} {'seconds':>9} {'peak RSS':>10} {'at start':>10} {'file':>10}")
        for name, peaks in self.peaks.items():
            before, most = (statistics.median(each) / 1024 for each in zip(*peaks, strict=True))
            out = self._folder / ("ours.parquet" if name == "parquet" else f"out.{name}")
            size = out.stat().st_size / 2**20
            seconds = statistics.median(self.seconds[name])
            print(f"{name:18} {seconds:9.2f} {most:6.0f} MiB {before:6.0f} MiB {size:6.0f} MiB")


def main() -> None:
    """Write the log, run the rounds, print seconds, memory and ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_EVENTS:,} events")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--events", type=int)
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    record_argument(parser)
    arguments = parser.parse_args()
    if arguments.child:
        name, source, out = arguments.child
        child(name, Path(source), Path(out))
        return
    count = arguments.events or (QUICK_EVENTS if arguments.quick else EVENTS)
    with fresh_folder() as folder:
        print_machine(folder)
        asyncio.run(write_log(folder / "ours.db", count))
        runs = Runs(folder, count)
        runs.run("parquet")  # what pyarrow writes again
        names: dict[str, Callable[[], float]] = {
            name: partial(runs.run, name) for name in (*OURS, *RAW)
        }
        rounds = Rounds(names)
        rounds.run(arguments.rounds)
        runs.print_table()
    rounds.print_rates()
    rounds.print_ratio("parquet", "pyarrow-parquet")
    rounds.print_ratio("csv", "pyarrow-csv")
    record(Recorder.of(arguments), rounds, runs, count)


def record(recorder: Recorder, rounds: Rounds, runs: Runs, count: int) -> None:
    """The same, for the page."""
    labels = {name: f"ours, {name}" for name in OURS}
    labels |= {
        name: named("pyarrow") + name.removeprefix("pyarrow").replace("-", ", ") for name in RAW
    }
    rows = [
        Series(labels[name], "events/s", tuple(rates), ours=name in OURS, limit=name in RAW)
        for name, rates in rounds.rates.items()
    ]
    says = f"A log of {count:,} events in SQLite to a file. pyarrow writes the same table, which lies in memory already: no log is read, no payload parsed."
    recorder.table("export", "Exporting a log", better="higher", series=rows, says=says)
    for one, other in zip(("parquet", "csv"), RAW, strict=True):
        each = ratios_of(rounds.rates[one], rounds.rates[other])
        recorder.ratio("export", labels[one], labels[other], each)
    rows = [
        Series(
            labels[name],
            "MiB",
            tuple(most / 1024 for _, most in peaks),
            ours=name in OURS,
            limit=name in RAW,
        )
        for name, peaks in runs.peaks.items()
    ]
    says = "The most memory that the process had resident, its start included."
    recorder.table("export_memory", "Memory of an export", better="lower", series=rows, says=says)


if __name__ == "__main__":
    main()
