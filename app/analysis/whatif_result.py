"""What a what-if answers. `docs/whatif.md` defines every figure."""

from app.analysis.hindsight_result import Label, Said
from app.analysis.whatif_paper import PaperResult
from app.analysis.whatif_shifts import Kind, ShiftPair
from events.catalog import DetectorStamp, Record, Regime
from events.scalars import ExactNumber, Finite, UtcTime


class RegimeTime(Record):
    """How long one log shows a regime within the span.

    Attributes:
        bars, share: bars that closed in it, and their share of all of the span.
        days: from the close of each of them to the next bar's.
    """

    bars: int
    share: Finite
    days: Finite


class Side(Record):
    """One regime log of a symbol within the span.

    Attributes:
        detectors: who said it; more than one where the recorder was started with another one meanwhile.
        bars: that closed.
        warming_up: bars of which the detector was.
        shifts: into another regime.
        shifts_a_year: in years of 365.25 days from the first bar to the last; None for fewer than two bars.
        regimes: the time in each; those without a bar are left out.
        paper: what following it would have made of the same money.
    """

    detectors: tuple[DetectorStamp, ...]
    bars: int
    warming_up: int
    shifts: int
    shifts_a_year: Finite | None
    regimes: dict[Regime, RegimeTime]
    paper: PaperResult


class RecordedPaper(Record):
    """A paper portfolio of the log that traded the symbol within the span.

    Attributes:
        trades: how many of the symbol.
        as_shown: whether they are, to the last digit, those of `recorded.paper`.
        other_cash: what the log gave a symbol, where that is not what both sides were given here.
        other_fee: the share of a trade's value that it took, where that is not what both sides paid here.
    """

    portfolio_id: str
    trades: int
    as_shown: bool
    other_cash: ExactNumber | None
    other_fee: ExactNumber | None


class LabelDelays(Record):
    """A bear or a crash, as hindsight dates it, and when each of both logs said so.

    Attributes:
        top_at, bottom_at, fall, known_at, settled: as in `LabelEpisode`.
        recorded, other: when that log first said so; None: it never did.
    """

    label: Label
    top_at: UtcTime
    bottom_at: UtcTime
    fall: Finite
    known_at: UtcTime
    settled: bool
    recorded: Said | None
    other: Said | None


class SymbolWhatIf(Record):
    """Both regime logs of one symbol.

    Attributes:
        first_at, last_at: the first and the last bar of the span; None where it has none.
        compared: bars that both have.
        only_recorded, only_other: bars that one of them lacks: other bars were made of the same ticks.
        agreement: the share of the compared bars with the same regime; None where there is none.
        price_change: from the last close before the span (the first in it, where there is none) to the last in it.
        counts: shifts by kind.
        shifts: all of them, oldest first.
        labels: the bears and crashes that overlap the span, in the order of their tops; None where the two logs have
            other bars, which have other labels.
        portfolios: the log's own, beside which the recorded side may be held.
        no_difference: every bar, shift and trade is the same.
    """

    symbol: str
    first_at: UtcTime | None
    last_at: UtcTime | None
    price_before: ExactNumber | None
    price_after: ExactNumber | None
    price_change: Finite | None
    compared: int
    only_recorded: int
    only_other: int
    agreement: Finite | None
    recorded: Side
    other: Side
    counts: dict[Kind, int]
    shifts: tuple[ShiftPair, ...]
    labels: tuple[LabelDelays, ...] | None
    portfolios: tuple[RecordedPaper, ...]
    no_difference: bool


class WhatIf(Record):
    """A log beside what another detector would have made of its prices.

    Attributes:
        detector: the other one.
        prices, late_prices: that were run through it, and that made no regime, for they came late.
        by_hand: regimes that were set by hand: left out of the recorded log.
        no_difference: of no symbol.
        symbols: by name.
    """

    detector: DetectorStamp
    since: UtcTime | None
    until: UtcTime | None
    prices: int
    late_prices: int
    by_hand: int
    no_difference: bool
    symbols: dict[str, SymbolWhatIf]
    disclaimer: str
