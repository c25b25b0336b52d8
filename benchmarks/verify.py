"""How fast a log is proven, against hashlib over the same bytes: what the proof costs beyond its hashing.

    python benchmarks/verify.py [--rounds 7] [--copies 12]

Rounds are interleaved and medians printed. `hashlib` takes one SHA-256 of each event's bytes, which lie
ready in memory; the proof reads them from an SQLite file, checks chain, density, versions and times, and,
as `synapse verify` does, also the file's structure and everything that is derived. The ratios travel to
other machines, the absolute numbers do not.
"""

import argparse
import asyncio
import hashlib
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from unittest.mock import patch

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from app.demo import record_bars
from app.feeds.samples import SAMPLES
from app.ingest import TickIngest
from app.log_schema import schema_faults
from app.migrate import upgrade
from benchmarks.peers import ratios_of
from benchmarks.record import Recorder, Series, record_argument
from events import chain
from events.engines import SqliteReader
from events.log import EventLog
from events.sql_store import SqlEventStore
from events.store import ReadQuery
from events.verify import verify_file, verify_rows
from events.verify_parts import walk_in_parts
from events.verify_report import Findings
from events.verify_tables import compare_side_tables, read_side_tables


async def fill(path: Path, copies: int) -> None:
    """Import the sample prices, each under as many symbols."""
    log = await EventLog.open(await SqlEventStore.open_sqlite(path, upgrade))
    ingest = await TickIngest.open(log)
    for copy in range(copies):
        ticks = [
            tick.model_copy(update={"symbol": f"{tick.symbol}{copy}"})
            for sample in SAMPLES.values()
            for tick in sample.bars()
        ]
        await record_bars(ingest, ticks, "import", lambda _done: None)
    await log.close()


async def hashed_bytes(path: Path) -> list[bytes]:
    """For each event the bytes that its hash covers."""
    taken: list[bytes] = []
    sha256 = hashlib.sha256

    def keep(content: bytes) -> "hashlib._Hash":
        taken.append(content)
        return sha256(content)

    store = SqlEventStore.read_sqlite(path)
    log = await EventLog.open(store)
    events = [event async for event in log.stream(ReadQuery(limit=5_000))]
    await log.close()
    with patch.object(chain, "_sha256", keep):  # the one place that lays the bytes out
        chain.check_chain(chain.GENESIS, 0, events)
    return taken


def hash_only(contents: list[bytes]) -> None:
    """One SHA-256 an event, nothing else."""
    sha256 = hashlib.sha256
    for content in contents:
        sha256(content).digest()


def prove_rows(path: Path) -> None:
    """Chain, density, versions, times and what is derived from the events."""

    async def run() -> bool:
        reader = SqliteReader(path)
        report = await verify_rows(reader)
        await reader.close()
        return report.ok

    assert asyncio.run(run())


def prove_in_parts(path: Path) -> None:
    """The same by several processes, as `synapse verify` does with a long log."""

    async def run() -> bool:
        reader = SqliteReader(path)
        findings = Findings()
        side = await reader.read(read_side_tables)
        walk = await walk_in_parts(path, side.names, side.last, findings.add)
        await reader.close()
        if walk is None:
            return False
        compare_side_tables(side, walk, findings)
        return findings.count == 0

    assert asyncio.run(run())


def prove_file(path: Path) -> None:
    """The whole of `synapse verify`: also the file's structure and the schema."""
    assert asyncio.run(verify_file(path, schema_faults)).ok


def seconds(work: Callable[[], None]) -> float:
    """How long it takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def main() -> None:
    """Run the rounds, interleaved, and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--copies", type=int, default=12)
    record_argument(parser)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "synapse.db"
        asyncio.run(fill(path, arguments.copies))
        contents = asyncio.run(hashed_bytes(path))
        works = {
            "hashlib": partial(hash_only, contents),
            "rows, one process": partial(prove_rows, path),
            "rows, in parts": partial(prove_in_parts, path),
            "all of synapse verify": partial(prove_file, path),
        }
        taken: dict[str, list[float]] = {name: [] for name in works}
        for _ in range(arguments.rounds):
            for name, work in works.items():
                taken[name].append(seconds(work))
    events, size = len(contents), sum(map(len, contents))
    print(f"{events} events, {size / events:.0f} hashed bytes each, medians of {arguments.rounds}")
    base = statistics.median(taken["hashlib"])
    for name, times in taken.items():
        median = statistics.median(times)
        rate = f"{events / median:12,.0f} events/s {size / median / 1e6:8,.0f} MB/s"
        print(f"{name:<26}{rate}   {base / median:5.2f} of hashlib")
    record(Recorder.of(arguments), taken, events)


def record(recorder: Recorder, taken: Mapping[str, Sequence[float]], events: int) -> None:
    """The same, for the page."""
    rates = {name: [events / each for each in times] for name, times in taken.items()}
    limit, *ours = rates
    rows = [Series(f"ours, {name}", "events/s", tuple(rates[name]), ours=True) for name in ours]
    says = f"{events:,} events of the sample prices. {limit} takes one SHA-256 of each event's bytes, which lie ready in memory: what the proof cannot go below in one process."
    rows.append(Series(limit, "events/s", tuple(rates[limit]), limit=True))
    recorder.table("verify", "Proving a log", better="higher", series=rows, says=says)
    for name in ours:
        each = ratios_of(rates[name], rates[limit])
        recorder.ratio("verify", f"ours, {name}", limit, each)


if __name__ == "__main__":
    main()
