"""`what_if` and `hindsight`: the questions of the commands, put to a `Log` from Python. The log is only read."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from app.client.errors import QuestionRefused
from app.client.log import Log, When
from app.market.detector.registry import variant
from app.market.paper import PAPER_FEE_MAX
from app.market.setup import DEFAULT_SETUP, MarketSetup
from app.market.ticks import MAX_BAR_S
from app.moments import bound_of, parse_bound
from app.whatif.answers import HindsightAnswer, WhatIfAnswer
from app.whatif.reading import Span, checked_head, compared, judged, refuse_no_bar

DETECTOR: Final = "anchored"
"""What is run where no detector is named."""


def what_if(  # noqa: PLR0913  # one parameter for each option of the command
    log: Log,
    detector: str = DETECTOR,
    constants: Mapping[str, float] | None = None,
    *,
    symbol: str | None = None,
    since: When | None = None,
    until: When | None = None,
    bar_s: int = DEFAULT_SETUP.bar_s,
    cash: Decimal = DEFAULT_SETUP.cash,
    fee: Decimal = DEFAULT_SETUP.paper_fee,
) -> WhatIfAnswer:
    """Run another detector, or one with other constants, over the prices of a log, and lay both side by side.

    Args:
        log: the prices, and what was said of them.
        detector: `anchored`, `sma200`, `hmm` or `jump`.
        constants: some of its constants, such as `{"band": 0.05}`.
        symbol: only this one.
        since: what closes before is run through, and not compared.
        until: what closes after is run through, so that a shift near the end finds its counterpart.
        bar_s: seconds of the bars that single ticks make, as the recorder had it.
        cash: the paper money of each symbol.
        fee: of each paper trade, as a fraction of its value.

    Raises:
        QuestionRefused: there is no such detector, constant, symbol or range, or nothing in it.
        LogUnavailable: the log cannot be read.
    """
    _check(bar_s, cash, fee)
    span, changed = span_of(since, until), dict(constants or {})
    setup = setup_of(detector, changed, MarketSetup(bar_s=bar_s, cash=cash, paper_fee=fee))
    found = compared(log, setup, span, symbol, checked_head(log, symbol))
    refuse_no_bar(sum(each.other.bars for each in found.symbols.values()), since, until)
    return WhatIfAnswer.of(found, changed)


def hindsight(
    log: Log,
    *,
    symbol: str | None = None,
    since: When | None = None,
    until: When | None = None,
) -> HindsightAnswer:
    """Lay the regimes as they were broadcast beside labels that know the future; these know all of the log.

    Raises:
        QuestionRefused: there is no such symbol or range, or nothing in it.
        LogUnavailable: the log cannot be read.
    """
    found = judged(log, span_of(since, until), symbol, checked_head(log, symbol))
    refuse_no_bar(sum(each.bars for each in found.symbols.values()), since, until)
    return HindsightAnswer.of(found)


def setup_of(detector: str, constants: dict[str, float], setup: MarketSetup) -> MarketSetup:
    """The same setup with another detector.

    Raises:
        QuestionRefused: there is no such detector, it has no such constant, or needs what is not installed.
    """
    try:
        chosen = variant(detector, constants)
    except ValueError as error:
        raise QuestionRefused("invalid_request", str(error)) from None
    return replace(setup, detector=chosen)


def span_of(since: When | None, until: When | None) -> Span:
    """The two ends of a range.

    Raises:
        QuestionRefused: one of them is no time, or it ends before it begins.
    """
    begin, end = _bound("since", since), _bound("until", until)
    if begin is not None and end is not None and end < begin:
        raise QuestionRefused(
            "empty_range", f"the range ends before it begins: since {since}, until {until}"
        )
    return begin, end


def _check(bar_s: int, cash: Decimal, fee: Decimal) -> None:
    if not 1 <= bar_s <= MAX_BAR_S:
        raise QuestionRefused(
            "invalid_request", f"bar_s must be from 1 to {MAX_BAR_S}, not {bar_s}"
        )
    if not (cash.is_finite() and cash > 0):
        raise QuestionRefused("invalid_request", f"cash must be more than 0, not {cash}")
    if not (fee.is_finite() and 0 <= fee <= PAPER_FEE_MAX):
        raise QuestionRefused(
            "invalid_request", f"fee must be from 0 to {PAPER_FEE_MAX}, not {fee}"
        )


def _bound(name: str, value: str | date | None) -> datetime | None:
    if value is None:
        return None
    read_end = name == "until"
    try:
        if isinstance(value, str):
            return parse_bound(value, end=read_end)
        return bound_of(value, end=read_end)
    except ValueError as error:
        raise QuestionRefused("invalid_request", f"{name}: {error}") from None
