"""What the commands read of a log: prices, regimes and trades, with progress, and what they refuse."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from app.analysis.hindsight import HindsightRun
from app.analysis.hindsight_result import Hindsight
from app.analysis.whatif import WhatIfRun
from app.analysis.whatif_result import WhatIf
from app.client.errors import QuestionRefused
from app.client.log import Log, When
from app.client.messages import Event
from app.market.setup import MarketSetup
from app.whatif.progress import progress, watched

Span = tuple[datetime | None, datetime | None]

PRICES: Final = "price_update"
REGIMES: Final = "regime_update"
TRADES: Final = "trade_execution"
MARKS: Final = "portfolio_update"


def checked_head(log: Log, symbol: str | None) -> int:
    """The head of a log, at or below which there are prices (of the symbol, if one is named).

    Raises:
        QuestionRefused: the log is empty, does not know the symbol, or has no price.
    """
    head = log.head().position
    wanted = None if symbol is None else [symbol]
    if next(iter(log.events(types=[PRICES], symbols=wanted, limit=1)), None) is None:
        of_it = "" if symbol is None else f" of {symbol}"
        raise QuestionRefused("no_prices", f"this log has no price{of_it}: there is nothing to run")
    return head


def refuse_no_bar(bars: int, since: When | None, until: When | None) -> None:
    """Say that there is nothing in a span.

    Raises:
        QuestionRefused: no bar closes in it.
    """
    if not bars:
        raise QuestionRefused(
            "no_bars",
            f"no bar closes from {since or 'the beginning'} to {until or 'the end'} of this log",
        )


def events_of(
    log: Log, title: str | None, types: Sequence[str], symbol: str | None, head: int
) -> Iterator[Event]:
    """The events of some types up to the head, in order; with progress, if there is a title for it."""
    symbols = None if symbol is None else [symbol]
    events = log.events(types=types, symbols=symbols, before=head + 1)
    if title is None:
        yield from events
        return
    with progress(title, head) as tell:
        yield from watched(events, tell)


def compared(  # what is asked, of which log, and whether somebody watches
    log: Log,
    setup: MarketSetup,
    span: Span,
    symbol: str | None,
    head: int,
    title: str | None = None,
) -> WhatIf:
    """A log beside what another detector would have made of its prices; with progress, if it has a title."""
    run = WhatIfRun(setup, *span)
    # What it gave a symbol is the same for all.
    for mark in log.events(types=[MARKS], before=head + 1, limit=1):
        run.take(mark)
    for event in events_of(log, title, [PRICES, REGIMES, TRADES], symbol, head):
        run.take(event)
    return run.result()


def judged(
    log: Log, span: Span, symbol: str | None, head: int, title: str | None = None
) -> Hindsight:
    """A log beside what hindsight knows; with progress, if it has a title."""
    run = HindsightRun(*span)
    for event in events_of(log, title, [PRICES, REGIMES], symbol, head):
        run.take(event)
    return run.result()
