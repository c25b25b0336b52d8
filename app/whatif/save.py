"""A what-if as a log of its own: the same prices through the real recorder, with the other detector."""

from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, groupby, islice
from operator import itemgetter
from pathlib import Path

from app.analysis.regime_bars import Told
from app.analysis.whatif import tick_of
from app.demo import record_bars
from app.market.setup import MarketSetup, PaperPortfolio
from app.market.state import PAPER
from app.market.ticks import PriceTick
from app.new_file import LOCK, RefusedToReplace, files_of, unfinished
from app.recorder import record
from app.whatif.mark import mark
from app.whatif.stopping import stopped_in_order
from events.catalog import PriceUpdate, TradeExecution
from events.log import EventLog


@dataclass(frozen=True, slots=True)
class Saved:
    """A log that was made.

    Attributes:
        file: where it is.
        epoch, head: the end of it.
        prices: the log's, late ones too.
        events: all that came of them, and the mark.
        duplicates: prices that were left out, since the log has them twice.
    """

    file: str
    epoch: str
    head: int
    prices: int
    events: int
    duplicates: int


def refuse_existing(file: Path) -> None:
    """Make sure that nothing is in the way.

    Raises:
        RefusedToReplace: a file, or what lies beside a log's file, is there.
    """
    for path in files_of(file, LOCK):
        raise RefusedToReplace(f"{path} exists already: name another file to save to")


def paper_of(events: Iterable[Told]) -> tuple[PaperPortfolio, ...]:
    """The paper portfolios of a log, as its trades show them: which follows what."""
    found: dict[str, list[str]] = {}
    for event in events:
        trade = event.payload
        if event.source == PAPER and isinstance(trade, TradeExecution):
            symbols = found.setdefault(trade.portfolio_id, [])
            if trade.symbol not in symbols:
                symbols.append(trade.symbol)
    return tuple(PaperPortfolio(name, tuple(symbols)) for name, symbols in sorted(found.items()))


async def save(
    file: Path,
    prices: Iterable[Told],
    setup: MarketSetup,
    opened: Callable[[Path], Awaitable[EventLog]],
) -> Saved:
    """Make a log of recorded prices, each with the source that it had; it gets its name when it is whole.

    It begins with the mark of a what-if, where there is a price at all.

    Args:
        file: where it shall be.
        prices: the events of the prices, in the order of the log; others are ignored.
        setup: the other detector, the bars and the paper portfolios.
        opened: opens a log for writing, making its file.

    Raises:
        SystemExit: the process was told to stop; nothing is left of the log.
        RefusedToReplace: there is a file already.
        StoreUnavailable: it cannot be written.
    """
    refuse_existing(file)
    with stopped_in_order(), unfinished(file) as new:
        told = iter(prices)
        first = list(islice(told, 1))
        marks = [mark(setup.stamp, at) for at in _times(first)]
        recorder = await record(await opened(new), setup, marks)
        try:
            events, duplicates = len(marks), 0
            for source, ticks in _by_source(chain(first, told)):
                more, repeated = await record_bars(
                    recorder.ingest, ticks, source, lambda _count: None
                )
                events, duplicates = events + more, duplicates + repeated
            recorded = sum(each.prices_version for each in recorder.ingest.state.symbols.values())
            head = recorder.log.head
        finally:
            await recorder.close()
        refuse_existing(file)
        new.rename(file)
    return Saved(str(file), head.epoch, head.position, recorded, events, duplicates)


def _times(events: Iterable[Told]) -> Iterator[datetime]:
    return (event.payload.timestamp for event in events if isinstance(event.payload, PriceUpdate))


def _by_source(events: Iterable[Told]) -> Iterator[tuple[str, Iterator[PriceTick]]]:
    """Runs of ticks with one source, in the order of the log; each has to be read before the next."""
    prices = ((event.source, event.payload) for event in events)
    for source, run in groupby(prices, key=itemgetter(0)):
        yield source, (tick_of(price) for _, price in run if isinstance(price, PriceUpdate))
