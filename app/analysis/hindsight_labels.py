"""Hindsight: labels that use the future. For fitting and judging only, never for a live event. Pure."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from math import log

from events.catalog import Regime

CRASH_FALL = 0.12
CRASH_BARS = 21
SIDE_BARS = 63
SIDE_CHANGE = 0.03


def bear_label(closes: Sequence[float], threshold: float) -> list[bool]:
    """True in bear markets, by the dating of Lunde and Timmermann (2004).

    A fall of `threshold` (a fraction) from the running peak starts a bear market at that peak; a rise of
    `threshold` from the running trough ends it at that trough. The peak itself is no bear bar, the
    trough is one.
    """
    return bear_dating(closes, threshold)[0]


def bear_dating(closes: Sequence[float], threshold: float) -> tuple[list[bool], int]:
    """`bear_label`, and the last turn: labels after the running peak or trough may still change."""
    label = [False] * len(closes)
    in_bear, turn = False, 0
    for now, close in enumerate(closes):
        if (close < closes[turn]) if in_bear else (close > closes[turn]):
            turn = now
        elif not in_bear and close <= closes[turn] * (1 - threshold):
            label[turn + 1 : now + 1] = [True] * (now - turn)
            in_bear, turn = True, now
        elif in_bear and close >= closes[turn] * (1 + threshold):
            label[turn + 1 : now + 1] = [False] * (now - turn)
            in_bear, turn = False, now
        label[now] = in_bear
    return label, turn


def crash_label(closes: Sequence[float]) -> list[bool]:
    """True from the highest of the last 21 closes on, where a close lies 12 % or more below it."""
    return fallen(closes, [1 - CRASH_FALL] * len(closes))


def crash_spells(closes: Sequence[float]) -> list[range]:
    """The crashes of `crash_label`, each from its top on: its highest close, and its first bar.

    A run of the label is one crash, unless, with 12 % lost, it rises 12 % from its lowest close to another top from
    which 12 % are lost within 21 closes: there the next one begins.
    """
    falls = _falls(closes, [1 - CRASH_FALL] * len(closes))
    tops = sorted({top for top, _ in falls})
    return [part for spell in spells(crash_label(closes)) for part in _parts(closes, spell, tops)]


def crash_known(closes: Sequence[float], crash: range) -> int:
    """The bar of one of `crash_spells` at which it could be said: the first that lies so far below its top."""
    return next(now for now in crash if closes[now] <= closes[crash.start] * (1 - CRASH_FALL))


def _parts(closes: Sequence[float], spell: range, tops: Sequence[int]) -> Iterator[range]:
    start = seen = spell.start
    low = closes[start]
    for top in tops[bisect_right(tops, spell.start) : bisect_left(tops, spell.stop)]:
        low, seen = min(low, *closes[seen:top]), top
        fallen = low <= closes[start] * (1 - CRASH_FALL)
        if fallen and closes[top] >= low * (1 + CRASH_FALL):
            yield range(start, top)
            start, low = top, closes[top]
    yield range(start, spell.stop)


def fallen(closes: Sequence[float], remaining: Sequence[float]) -> list[bool]:
    """True from the highest of the last 21 closes to each close at or below `remaining` of it."""
    label = [False] * len(closes)
    for top, now in _falls(closes, remaining):
        label[top : now + 1] = [True] * (now - top + 1)
    return label


def _falls(closes: Sequence[float], remaining: Sequence[float]) -> Iterator[tuple[int, int]]:
    """Each close at or below `remaining` of the highest of the last 21, after that one."""
    for now, close in enumerate(closes):
        start = max(0, now - CRASH_BARS + 1)
        top = max(range(start, now + 1), key=closes.__getitem__)
        if close <= closes[top] * remaining[top]:
            yield top, now


def side_label(closes: Sequence[float], bear: Sequence[bool]) -> list[bool]:
    """True outside bears where the log change over the 63 bars around is below 3 % either way."""
    half, last = SIDE_BARS // 2, len(closes) - 1
    return [
        not bear[now]
        and abs(log(closes[min(last, now + half)] / closes[max(0, now - half)])) < SIDE_CHANGE
        for now in range(len(closes))
    ]


def spells(label: Iterable[bool]) -> list[range]:
    """The runs of True."""
    found, now = [], 0
    for true, group in groupby(label):
        length = sum(1 for _ in group)
        if true:
            found.append(range(now, now + length))
        now += length
    return found


def regimes_of(bear: Sequence[bool], crash: Sequence[bool], side: Sequence[bool]) -> list[Regime]:
    """One regime a bar, by hindsight: a crash comes before a bear, a bear before sideways."""
    named = (Regime.CRASH, Regime.BEAR, Regime.SIDEWAYS)
    return [
        next((regime for regime, true in zip(named, row, strict=True) if true), Regime.BULL)
        for row in zip(crash, bear, side, strict=True)
    ]
