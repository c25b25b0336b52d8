"""How fast prices become durable events through `decide`, in one process, in batches.

    python benchmarks/ingest.py [--rounds 5] [--ticks 20000] [--batch 500] [--symbols 10]

Bare ticks of several symbols, and ready bars (the samples, with the alerts, the paper trader and the marks of its
portfolio), each into a fresh SQLite log; beside them the decisions alone, nothing stored, and the same number of
rows through plain sqlite3, committed in as many batches. Rounds are interleaved; medians are printed. Absolute
numbers on a shared machine mean little; the ratios travel.
"""

import argparse
import asyncio
import gc
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from math import sin
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from app.demo import missing_history
from app.ingest import TickIngest
from app.market.commands import RecordPrice
from app.market.decide import consider
from app.market.setup import MarketSetup, parse_paper
from app.market.state import initial
from app.market.ticks import PriceTick
from app.migrate import upgrade
from benchmarks.peers import named, ratios_of
from benchmarks.record import Recorder, Series, record_argument
from events.envelope import NewEvent
from events.log import EventLog
from events.sql_store import SqlEventStore

SETUP = MarketSetup(paper=parse_paper("main=*"))
SOURCE = "feed:benchmark"
DURABLE, ALONE, PLAIN = "durable", "decide alone", "plain sqlite3"
LABELS = {
    DURABLE: "ours, decided and durable",
    ALONE: "ours, decided alone",
    PLAIN: named("sqlite3, rows of the same texts"),
}


def bare_ticks(count: int, symbols: int) -> list[PriceTick]:
    """Ticks a second apart, of one symbol after the other, around 100."""
    start = datetime(2026, 1, 5, tzinfo=UTC)
    return [
        PriceTick(
            symbol=f"S{number % symbols}",
            price=Decimal(f"{100 + 5 * sin(number / 700) + number % 7 / 100:.2f}"),
            timestamp=start + timedelta(seconds=number),
        )
        for number in range(count)
    ]


def decided(ticks: Sequence[PriceTick]) -> list[NewEvent]:
    """Every event that the ticks lead to."""
    state = initial(SETUP)
    events: list[NewEvent] = []
    for tick in ticks:
        decision = consider(state, RecordPrice(tick, SOURCE))
        state = decision.state
        events += decision.events
    return events


def decide_only(ticks: Sequence[PriceTick]) -> float:
    """Seconds to decide on all ticks, nothing stored."""
    started = time.perf_counter()
    decided(ticks)
    return time.perf_counter() - started


async def record(ticks: Sequence[PriceTick], batch: int) -> float:
    """Seconds to record all ticks in a fresh log, each batch fsynced."""
    with tempfile.TemporaryDirectory() as folder:
        store = await SqlEventStore.open_sqlite(Path(folder) / "synapse.db", upgrade)
        log = await EventLog.open(store)
        ingest = await TickIngest.open(log, setup=SETUP)
        started = time.perf_counter()
        for at in range(0, len(ticks), batch):
            await ingest.record(ticks[at : at + batch], SOURCE)
        seconds = time.perf_counter() - started
        await log.close()
    return seconds


def plain_sqlite(rows: Sequence[tuple[bytes, str, int, str]], batches: int) -> float:
    """Seconds to insert rows of the same texts with plain sqlite3, fsynced as often."""
    with tempfile.TemporaryDirectory() as folder:
        connection = sqlite3.connect(Path(folder) / "plain.db", isolation_level=None)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(
            "CREATE TABLE events (position INTEGER PRIMARY KEY, event_id BLOB UNIQUE,"
            " stream TEXT, occurred_at INTEGER, payload TEXT)"
        )
        size = -(-len(rows) // batches)
        started = time.perf_counter()
        for at in range(0, len(rows), size):
            connection.execute("BEGIN")
            connection.executemany(
                "INSERT INTO events (event_id, stream, occurred_at, payload) VALUES (?, ?, ?, ?)",
                rows[at : at + size],
            )
            connection.execute("COMMIT")
        seconds = time.perf_counter() - started
        connection.close()
    return seconds


def main() -> None:
    """Run the rounds, interleaved, and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--ticks", type=int, default=20_000)
    parser.add_argument("--batch", type=int, default=500, help="ticks in one append")
    parser.add_argument("--symbols", type=int, default=10, help="symbols of the bare ticks")
    record_argument(parser)
    chosen = parser.parse_args()
    kinds = {
        "bare ticks": bare_ticks(chosen.ticks, chosen.symbols),
        "ready bars": missing_history(initial(SETUP))[: chosen.ticks],
    }
    took: dict[tuple[str, str], list[float]] = {}
    counts = {}
    for _ in range(chosen.rounds):
        for kind, ticks in kinds.items():
            events = decided(ticks)
            counts[kind] = len(events)
            rows = [
                (e.event_id.bytes, e.stream, int(e.occurred_at.timestamp()), e.payload_json)
                for e in events
            ]
            del events
            # As `serve` does: what is there by now is not walked through by every full collection.
            gc.collect()
            gc.freeze()
            batches = -(-len(ticks) // chosen.batch)
            seconds = {
                ALONE: decide_only(ticks),
                DURABLE: asyncio.run(record(ticks, chosen.batch)),
                PLAIN: plain_sqlite(rows, batches),
            }
            for name, each in seconds.items():
                took.setdefault((kind, name), []).append(each)
    for kind, ticks in kinds.items():
        print(f"\n{len(ticks)} {kind}, {counts[kind]} events, {chosen.batch} an append")
        durable = statistics.median(took[kind, DURABLE])
        for name in LABELS:
            median = statistics.median(took[kind, name])
            print(
                f"  {name:<14} {len(ticks) / median:10,.0f} ticks/s"
                f" {counts[kind] / median:10,.0f} events/s   x {durable / median:.2f}"
            )
        rates = {name: [len(ticks) / each for each in took[kind, name]] for name in LABELS}
        says = f"{len(ticks):,} {kind}, which become {counts[kind]:,} events, {chosen.batch} ticks a commit."
        record_rates(Recorder.of(chosen), kind, rates, says)


def record_rates(
    recorder: Recorder, kind: str, rates: Mapping[str, Sequence[float]], says: str
) -> None:
    """The same, for the page."""
    key = f"ingest_{kind.replace(' ', '_')}"
    rows = [
        Series(label, "ticks/s", tuple(rates[name]), name != PLAIN, name == PLAIN)
        for name, label in LABELS.items()
    ]
    recorder.table(key, f"Taking in prices: {kind}", better="higher", series=rows, says=says)
    recorder.ratio(key, LABELS[DURABLE], LABELS[PLAIN], ratios_of(rates[DURABLE], rates[PLAIN]))


if __name__ == "__main__":
    main()
