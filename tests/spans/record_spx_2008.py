"""Record the span of autumn 2008 anew: `python -m tests.spans.record_spx_2008`, from the repository's root.

The whole of the S&P 500's sample up to then goes in, so that the detector is as warm as it would have been.
"""

from datetime import UTC, datetime
from pathlib import Path

from app.feeds.samples import SAMPLES
from app.ingest import TickIngest
from app.market.setup import MarketSetup, parse_paper
from events.log import EventLog
from events.memory_store import MemoryEventStore
from events.scalars import to_micros
from events.store import EventStore
from events.testing import LogUnderTest, save_span

PATH = Path(__file__).with_name("spx-2008-09.ndjson")
BEGIN, END = datetime(2008, 9, 8, tzinfo=UTC), datetime(2008, 10, 18, tzinfo=UTC)
COMMITTED = datetime(2026, 1, 16, 12, tzinfo=UTC)


async def _store() -> EventStore:
    return MemoryEventStore(lambda: to_micros(COMMITTED))


async def _record(log: EventLog) -> None:
    ingest = await TickIngest.open(log, setup=MarketSetup(paper=parse_paper("main=SPX")))
    await ingest.record([bar for bar in SAMPLES["SPX"].bars() if bar.timestamp < END], "import")


def record(path: Path = PATH) -> int:
    """Write the span; returns how many events it has."""
    with LogUnderTest(_store) as log:
        log.run(_record)
        after = max(one.position for one in log.events if one.occurred_at < BEGIN)
        return save_span(log, path, after=after)


if __name__ == "__main__":
    print(record())
