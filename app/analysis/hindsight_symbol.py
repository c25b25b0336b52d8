"""One symbol's broadcast regimes, judged by labels that know the future. Pure."""

from array import array
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import pairwise
from statistics import median
from typing import Final, NamedTuple

from app.analysis.hindsight_labels import (
    CRASH_BARS,
    bear_dating,
    crash_known,
    crash_label,
    crash_spells,
    regimes_of,
    side_label,
    spells,
)
from app.analysis.hindsight_result import (
    BroadcastEpisode,
    Calls,
    FalseAlarm,
    Label,
    LabelEpisode,
    Said,
    SymbolHindsight,
)
from app.market.detector.base import REGIMES
from events.catalog import DetectorStamp, Regime
from events.scalars import from_micros, to_micros

BEAR_FALL: Final = 0.20
"""The fall from a peak that makes a bear, and the rise from its trough that ends it."""

_DAY_US: Final = 86_400_000_000
_BEAR: Final = frozenset({Regime.BEAR, Regime.CRASH})
_SAYS: Final[dict[Label, frozenset[Regime]]] = {"bear": _BEAR, "crash": frozenset({Regime.CRASH})}
"""What has to be said for a label to be said."""


class SymbolPast(NamedTuple):
    """Every bar of a symbol, as it was broadcast.

    Attributes:
        at: when each closed, microseconds since 1970.
        closes: what at.
        regimes: what was said, as places in `REGIMES`.
        warming_up: whether the detector was.
        detectors: who said it, and from when to when.
    """

    at: "array[int]"
    closes: "array[float]"
    regimes: bytearray
    warming_up: bytearray
    detectors: dict[DetectorStamp, tuple[datetime, datetime]]


class _Judge:
    """The labels of a symbol's bars, and what they say of what was said."""

    def __init__(self, past: SymbolPast) -> None:
        self.past = past
        self.said = [REGIMES[place] for place in past.regimes]
        self.bear, self.turn = bear_dating(past.closes, BEAR_FALL)
        self.crash = crash_label(past.closes)
        self.truth = regimes_of(self.bear, self.crash, side_label(past.closes, self.bear))

    def settled(self, bars: range, label: Label) -> bool:
        """Whether no later price can change the label of any of these bars."""
        if label == "bear":
            return bars.stop <= self.turn + 1
        return bars.stop - 1 + CRASH_BARS <= len(self.said)

    def labels(self) -> list[LabelEpisode]:
        """All bears and crashes, in the order of their tops."""
        found = [self._episode(spell, "bear") for spell in spells(self.bear)]
        found += [self._episode(spell, "crash") for spell in crash_spells(self.past.closes)]
        return sorted(found, key=lambda each: (each.top_at, each.label))

    def false_alarms(self) -> Iterator[tuple[range, FalseAlarm]]:
        """Every run of BEAR and CRASH in which no bar has a label."""
        for spell in spells(regime in _BEAR for regime in self.said):
            if not any(self.bear[now] or self.crash[now] for now in spell):
                yield (
                    spell,
                    FalseAlarm(
                        since=self._time(spell.start),
                        until=self._time(spell[-1]),
                        bars=len(spell),
                        change=self._change(spell),
                        settled=self.settled(spell, "bear") and self.settled(spell, "crash"),
                    ),
                )

    def episodes(self) -> Iterator[tuple[range, BroadcastEpisode]]:
        """Every broadcast episode."""
        starts = [0, *(now for now, (a, b) in enumerate(pairwise(self.said), 1) if a is not b)]
        for start, stop in pairwise([*starts, len(self.said)]):
            spell = range(start, stop)
            most = Counter(self.truth[start:stop])
            true = max(most, key=lambda regime: (most[regime], _GRAVITY[regime]))
            yield (
                spell,
                BroadcastEpisode(
                    regime=self.said[start],
                    since=self._time(start),
                    until=self._time(stop - 1),
                    bars=len(spell),
                    change=self._change(spell),
                    hindsight=true,
                    share=most[true] / len(spell),
                ),
            )

    def calls(self, bars: range, label: Label) -> Calls:
        """What was said of some bars beside what was true of them."""
        says, truth = _SAYS[label], self.bear if label == "bear" else self.crash
        found = Counter((self.said[now] in says, truth[now]) for now in bars)
        hits, false, missed = found[True, True], found[True, False], found[False, True]
        return Calls(
            true_calls=hits,
            false_calls=false,
            missed=missed,
            true_rests=found[False, False],
            precision=hits / (hits + false) if hits + false else None,
            recall=hits / (hits + missed) if hits + missed else None,
        )

    def _episode(self, spell: range, label: Label) -> LabelEpisode:
        closes = self.past.closes
        # The peak before a bear is no bar of it; the highest close of a crash is its first.
        top = spell.start - 1 if label == "bear" else spell.start
        bottom = min(spell, key=closes.__getitem__)
        known = self._known(spell, label, top)
        return LabelEpisode(
            label=label,
            top_at=self._time(top),
            top=closes[top],
            first_at=self._time(spell.start),
            last_at=self._time(spell[-1]),
            bars=len(spell),
            bottom_at=self._time(bottom),
            bottom=closes[bottom],
            fall=closes[bottom] / closes[top] - 1,
            known_at=self._time(known),
            # With the bar after it, which ends it.
            settled=self.settled(range(spell.start, spell.stop + 1), label),
            said=self._said(spell, label, top, known),
            regimes=dict(sorted(Counter(self.said[spell.start : spell.stop]).items())),
        )

    def _known(self, spell: range, label: Label, top: int) -> int:
        closes = self.past.closes
        if label == "crash":
            return crash_known(closes, spell)
        return next(now for now in spell if closes[now] <= closes[top] * (1 - BEAR_FALL))

    def _said(self, spell: range, label: Label, top: int, known: int) -> Said | None:
        says, closes = _SAYS[label], self.past.closes
        first = next((now for now in range(top, spell.stop) if self.said[now] in says), None)
        if first is None:
            return None
        lowest = min(closes[first : spell.stop])
        return Said(
            regime=self.said[first],
            at=self._time(first),
            before_it_began=first == top and top > 0 and self.said[top - 1] in says,
            bars=first - top,
            days=(self.past.at[first] - self.past.at[top]) / _DAY_US,
            bars_after_known=first - known,
            lost=closes[first] / closes[top] - 1,
            to_come=lowest / closes[first] - 1,
        )

    def _change(self, spell: range) -> float:
        closes = self.past.closes
        return closes[min(spell.stop, len(closes) - 1)] / closes[spell.start] - 1

    def _time(self, bar: int) -> datetime:
        return from_micros(self.past.at[bar])


_GRAVITY: Final = {
    Regime.BULL: 0,
    Regime.SIDEWAYS: 1,
    Regime.BEAR: 2,
    Regime.CRASH: 3,
}


def judged(
    symbol: str, past: SymbolPast, since: datetime | None, until: datetime | None
) -> SymbolHindsight:
    """What hindsight says of a symbol's bars, as far as it overlaps a span (inclusive)."""
    judge, span = _Judge(past), _span(past.at, since, until)
    begin = None if not span else from_micros(past.at[span.start])
    end = None if not span else from_micros(past.at[span[-1]])
    return SymbolHindsight(
        symbol=symbol,
        detectors=tuple(
            stamp
            for stamp, (first, last) in past.detectors.items()
            if begin and end and first <= end and last >= begin
        ),
        bars=len(span),
        first_at=begin,
        last_at=end,
        bar_days=_middle_days(past.at),
        settled_until=from_micros(past.at[judge.turn]),
        warming_up=sum(past.warming_up[span.start : span.stop]),
        labels=_overlapping(judge.labels(), begin, end),
        false_alarms=tuple(each for bars, each in judge.false_alarms() if _meet(bars, span)),
        calls={label: judge.calls(span, label) for label in _SAYS},
        episodes=tuple(each for bars, each in judge.episodes() if _meet(bars, span)),
    )


def labels_of(
    past: SymbolPast, since: datetime | None, until: datetime | None
) -> tuple[LabelEpisode, ...]:
    """The bears and crashes alone of what `judged` says."""
    span = _span(past.at, since, until)
    if not span:
        return ()
    ends = from_micros(past.at[span.start]), from_micros(past.at[span[-1]])
    return _overlapping(_Judge(past).labels(), *ends)


def _overlapping(
    labels: Sequence[LabelEpisode], begin: datetime | None, end: datetime | None
) -> tuple[LabelEpisode, ...]:
    return tuple(
        each for each in labels if begin and end and each.first_at <= end and each.last_at >= begin
    )


def _meet(one: range, other: range) -> bool:
    return max(one.start, other.start) < min(one.stop, other.stop)


def _span(at: Sequence[int], since: datetime | None, until: datetime | None) -> range:
    start = 0 if since is None else bisect_left(at, to_micros(since))
    stop = len(at) if until is None else bisect_right(at, to_micros(until))
    return range(start, max(start, stop))


def _middle_days(at: Sequence[int]) -> float | None:
    return median(b - a for a, b in pairwise(at)) / _DAY_US if len(at) > 1 else None
