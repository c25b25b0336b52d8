"""The log of the demo's sample prices, 1999 to 2018, with its paper portfolio: real, and made in three seconds."""

import asyncio
import os
from heapq import merge
from operator import attrgetter
from pathlib import Path

from app.config import Settings
from app.demo import record_bars
from app.feeds.samples import SAMPLES
from app.recorder import open_recorder

PAPER = "main=SPX,IXIC"


async def _record(path: Path) -> None:
    recorder = await open_recorder(Settings(database_url=str(path), paper=PAPER))
    bars = merge(*(sample.bars() for sample in SAMPLES.values()), key=attrgetter("timestamp"))
    try:
        await record_bars(recorder.ingest, bars, "import", lambda _done: None)
    finally:
        await recorder.close()


def make_sample_log(path: Path) -> None:
    """Record it, and give it its name when it is whole: another process may be about to do the same."""
    new = path.with_name(f"{path.name}.{os.getpid()}.new")
    asyncio.run(_record(new))
    new.replace(path)
