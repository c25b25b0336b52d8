"""How fast prices become durable events: decide, append, hash and fsync, into a fresh SQLite log.

    python benchmarks/import_rate.py [--rounds 5]

Prints the median over rounds, and the same bars through the decision alone, so that the ratio says what
durability costs. Absolute numbers on a shared machine mean little; the ratio travels.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from app.demo import record_bars
from app.feeds.samples import SAMPLES
from app.ingest import TickIngest
from app.market.decide import RecordPrice, decide
from app.market.state import evolve, initial
from app.market.ticks import PriceTick
from app.migrate import upgrade
from events.log import EventLog
from events.sql_store import SqlEventStore


def decide_only(ticks: list[PriceTick]) -> float:
    """Seconds to decide on all ticks, nothing stored."""
    started = time.perf_counter()
    state = initial()
    for tick in ticks:
        for event in decide(state, RecordPrice(tick, "import")):
            state = evolve(state, event.payload)
    return time.perf_counter() - started


async def record_durably(ticks: list[PriceTick]) -> float:
    """Seconds to import all ticks into a fresh log."""
    with tempfile.TemporaryDirectory() as folder:
        store = await SqlEventStore.open_sqlite(Path(folder) / "synapse.db", upgrade)
        log = await EventLog.open(store)
        ingest = await TickIngest.open(log)
        started = time.perf_counter()
        await record_bars(ingest, ticks, "import", lambda _done: None)
        seconds = time.perf_counter() - started
        await log.close()
    return seconds


def main() -> None:
    """Run the rounds, interleaved, and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    ticks = [tick for sample in SAMPLES.values() for tick in sample.bars()]
    durable, decided = [], []
    for _ in range(rounds):
        decided.append(decide_only(ticks))
        durable.append(asyncio.run(record_durably(ticks)))
    bars = len(ticks)
    print(f"{bars} bars, {rounds} rounds, medians")
    print(f"decide and evolve     {bars / statistics.median(decided):10,.0f} bars/s")
    print(f"... append and fsync  {bars / statistics.median(durable):10,.0f} bars/s")
    print(f"ratio                 {statistics.median(decided) / statistics.median(durable):10.2f}")


if __name__ == "__main__":
    main()
