"""Hindsight: labels that use the future. For fitting and judging only, never for a live event."""

from collections.abc import Sequence
from math import log

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
    return label


def crash_label(closes: Sequence[float]) -> list[bool]:
    """True from the highest of the last 21 closes on, where a close lies 12 % or more below it."""
    label = [False] * len(closes)
    for now, close in enumerate(closes):
        start = max(0, now - CRASH_BARS + 1)
        top = max(range(start, now + 1), key=closes.__getitem__)
        if close <= closes[top] * (1 - CRASH_FALL):
            label[top : now + 1] = [True] * (now - top + 1)
    return label


def side_label(closes: Sequence[float], bear: Sequence[bool]) -> list[bool]:
    """True outside bears where the log change over the 63 bars around is below 3 % either way."""
    half, last = SIDE_BARS // 2, len(closes) - 1
    return [
        not bear[now]
        and abs(log(closes[min(last, now + half)] / closes[max(0, now - half)])) < SIDE_CHANGE
        for now in range(len(closes))
    ]
