"""The demo: the sample prices up to 2017 imported, 2018 played as if live, and a simulated market for ever."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from heapq import merge
from itertools import islice
from operator import attrgetter
from typing import Final, TypeVar

from app.feeds.base import Feed
from app.feeds.csv_feed import CsvFeed
from app.feeds.samples import SAMPLES
from app.feeds.simulated import SimulatedFeed
from app.ingest import TickIngest
from app.market.state import MarketState
from app.market.ticks import PriceTick
from app.tick_batch import TooMuchAtOnce
from events.errors import VersionConflict

HISTORY_ENDS: Final = datetime(2017, 12, 29, 21, tzinfo=UTC)
"""Sample bars up to this, the last close of 2017, are imported at first start; later ones are played."""

DEMO_SEED: Final = 2008
DEMO_PAPER: Final = "main=SPX,IXIC;sim=SIM"
"""The demo's paper portfolios: the simulated market's clock is another, so it has one of its own."""

IMPORT_TICKS: Final = 500
"""Ticks in one append of an import."""

Item = TypeVar("Item")


async def record_bars(
    ingest: TickIngest, ticks: Iterable[PriceTick], source: str, progress: Callable[[int], None]
) -> tuple[int, int]:
    """Record many ticks, some hundred an append; returns how many events and duplicates came of it.

    Args:
        ingest: where they go.
        ticks: oldest first.
        source: what their events carry.
        progress: called with the number of ticks after each append.

    Raises:
        VersionConflict: other writers of a symbol were always first; what was recorded until then stays.
    """
    events = duplicates = 0
    for chunk in _chunks(iter(ticks), IMPORT_TICKS):
        left = [chunk]
        while left:
            part = left.pop()
            try:
                done = await ingest.record(part, source)
            except (VersionConflict, TooMuchAtOnce):
                # Half of it is decided in half the time, before a feed of the same symbol is first again.
                if len(part) == 1:
                    raise
                half = len(part) // 2
                left += [part[half:], part[:half]]
                continue
            events += done.events
            duplicates += done.duplicates
            progress(len(part))
    return events, duplicates


def _chunks(items: Iterator[Item], size: int) -> Iterator[list[Item]]:
    while chunk := list(islice(items, size)):
        yield chunk


def missing_history(state: MarketState) -> list[PriceTick]:
    """The sample bars up to `HISTORY_ENDS` that the log does not hold yet.

    In the order of their times, for a portfolio holds both symbols. A start that was interrupted goes on
    after the newest bar of each.
    """
    missing: list[list[PriceTick]] = []
    for sample in SAMPLES.values():
        last_at = state.of(sample.symbol).last_at
        if last_at is None or last_at < HISTORY_ENDS:
            missing.append(
                [
                    tick
                    for tick in sample.bars()
                    if tick.timestamp <= HISTORY_ENDS
                    and (last_at is None or tick.timestamp > last_at)
                ]
            )
    return list(merge(*missing, key=attrgetter("timestamp")))


def demo_feeds(bars_per_s: float) -> Sequence[Feed]:
    """2018 at `bars_per_s` bars a second for each symbol, and the simulated market at one bar a second."""
    played: list[Feed] = [
        CsvFeed(
            sample.path,
            sample.symbol,
            bars_per_s=bars_per_s,
            name=sample.symbol.lower(),
            since=HISTORY_ENDS + timedelta(microseconds=1),
        )
        for sample in SAMPLES.values()
    ]
    return [*played, SimulatedFeed(DEMO_SEED)]
