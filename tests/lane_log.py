"""A second log over the sample prices, as a saved what-if is one: the same bars, another detector's regimes."""

from itertools import islice
from pathlib import Path
from typing import Final

from app.config import Settings
from app.demo import record_bars
from app.feeds.samples import SAMPLES
from app.recorder import Recorder, open_recorder

SYMBOL: Final = "SPX"
BARS: Final = 700


async def record_sample(recorder: Recorder, first: int, last: int) -> None:
    """Record the sample's bars from one number on, up to another."""
    bars = islice(SAMPLES[SYMBOL].bars(), first, last)
    await record_bars(recorder.ingest, bars, "import", lambda _done: None)


async def make_lane_log(
    path: Path, detector: str = "sma200", first: int = 0, last: int = BARS
) -> None:
    """Record them into a file, or go on in it."""
    settings = Settings(database_url=str(path), detector=detector, paper="off")
    recorder = await open_recorder(settings)
    try:
        await record_sample(recorder, first, last)
    finally:
        await recorder.close()
