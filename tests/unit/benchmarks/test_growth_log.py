"""A log that was made quickly is one that appends could have left: proven, and written as the codec writes."""

import asyncio
from itertools import islice, pairwise
from pathlib import Path

import orjson

from benchmarks.growth_log import make, market
from events.codec import rewritten
from events.envelope import RecordedEvent
from events.sql_store import SqlEventStore
from events.store import ReadQuery
from tests.unit.events.damage import verified

EVENTS = 2_000


async def read(path: Path) -> list[RecordedEvent]:
    store = SqlEventStore.read_sqlite(path)
    events = await store.read(ReadQuery(limit=EVENTS))
    await store.close()
    return events


def test_a_made_log_is_proven_and_reads_as_an_appended_one(tmp_path: Path) -> None:
    path = tmp_path / "synapse.db"
    make(path, EVENTS, symbols=5)
    report = verified(path)
    assert (report.findings, report.events) == ((), EVENTS)
    events = asyncio.run(read(path))
    assert [rewritten(event) for event in events] == [event.payload_json for event in events]


def test_the_mix_is_mostly_prices_and_regimes_that_last() -> None:
    made = list(islice(market(symbols=10), 20_000))
    regimes = [orjson.loads(text)["regime"] for stream, _, _, text in made if stream == "regime:S3"]
    shifts = sum(one != after for one, after in pairwise(regimes))
    assert 0 < shifts < len(regimes) / 20
    assert sum(kind in {"price_update", "regime_update"} for _, kind, _, _ in made) > 18_000
    assert {kind for _, kind, _, _ in made} > {"portfolio_update", "price_alert", "trade_execution"}
