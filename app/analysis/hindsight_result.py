"""What hindsight answers of a broadcast regime log. `docs/hindsight.md` defines every figure."""

from typing import Literal

from events.catalog import DetectorStamp, Record, Regime
from events.scalars import Finite, UtcTime

Label = Literal["bear", "crash"]


class Said(Record):
    """When the broadcast regimes first said what a label says by hindsight.

    Attributes:
        regime: what was said then.
        at: at which close.
        before_it_began: it was said of the bar before the top already, and of the top still.
        bars, days: from the top to that close.
        bars_after_known: from the close at which the label could be known to that close; negative: said before it.
        lost: what had been lost by then: its close / the top - 1.
        to_come: what was still to come: the lowest close from then on within the label / that close - 1.
    """

    regime: Regime
    at: UtcTime
    before_it_began: bool
    bars: int
    days: Finite
    bars_after_known: int
    lost: Finite
    to_come: Finite


class LabelEpisode(Record):
    """One bear market, or one crash, as hindsight dates it.

    Attributes:
        top_at, top: the highest close, from which it fell.
        first_at, last_at, bars: its first and last bar, and how many.
        bottom_at, bottom: its lowest close.
        fall: bottom / top - 1.
        known_at: at which close the label could first be said at all.
        settled: no later price can change it; else its bottom and its end are those so far.
        said: when the broadcast regimes first said so, from the top on; None: missed.
        regimes: its bars by what was broadcast.
    """

    label: Label
    top_at: UtcTime
    top: Finite
    first_at: UtcTime
    last_at: UtcTime
    bars: int
    bottom_at: UtcTime
    bottom: Finite
    fall: Finite
    known_at: UtcTime
    settled: bool
    said: Said | None
    regimes: dict[Regime, int]


class FalseAlarm(Record):
    """A time of BEAR or CRASH in which no bar has a label.

    Attributes:
        until: the last bar of it.
        change: from its first close to the close after its last bar, or to the last one there is.
        settled: later prices cannot give it a label any more.
    """

    since: UtcTime
    until: UtcTime
    bars: int
    change: Finite
    settled: bool


class Calls(Record):
    """Bars by what was said and what was true by hindsight.

    Attributes:
        true_calls, false_calls, missed, true_rests: said and true; said, not true; true, not said; neither.
        precision: the share of what was said that was true; None where nothing was said.
        recall: the share of what was true that was said; None where nothing was true.
    """

    true_calls: int
    false_calls: int
    missed: int
    true_rests: int
    precision: Finite | None
    recall: Finite | None


class BroadcastEpisode(Record):
    """One episode as it was broadcast, and what it was by hindsight.

    Attributes:
        until: the last bar of it.
        change: from its first close to the close after its last bar, or to the last one there is.
        hindsight: what most of its bars were; of two alike the graver one.
        share: of its bars that were so.
    """

    regime: Regime
    since: UtcTime
    until: UtcTime
    bars: int
    change: Finite
    hindsight: Regime
    share: Finite


class SymbolHindsight(Record):
    """One symbol's regimes as they were broadcast, beside labels that know the future.

    Attributes:
        detectors: who said them.
        bars, first_at, last_at: those of the span.
        bar_days: the middle time from one close to the next, in days: the labels are made for daily bars.
        settled_until: after this bar, the last peak or trough, the bear label may still change.
        warming_up: bars of the span of which the detector was.
        labels: bears and crashes that overlap the span, in the order of their tops.
        false_alarms: that overlap the span.
        calls: of the span: BEAR or CRASH against the bear label, CRASH against the crash label.
        episodes: broadcast ones that overlap the span.
    """

    symbol: str
    detectors: tuple[DetectorStamp, ...]
    bars: int
    first_at: UtcTime | None
    last_at: UtcTime | None
    bar_days: Finite | None
    settled_until: UtcTime | None
    warming_up: int
    labels: tuple[LabelEpisode, ...]
    false_alarms: tuple[FalseAlarm, ...]
    calls: dict[Label, Calls]
    episodes: tuple[BroadcastEpisode, ...]

    def missed(self, label: Label) -> int:
        """How many of a label were never said."""
        return sum(each.label == label and each.said is None for each in self.labels)


class Hindsight(Record):
    """A log's regimes as they were broadcast, beside labels that know the future.

    Attributes:
        by_hand: regimes that were set by hand: left out.
        symbols: by name.
    """

    since: UtcTime | None
    until: UtcTime | None
    by_hand: int
    symbols: dict[str, SymbolHindsight]
    limits: tuple[str, ...]
    disclaimer: str
