"""A label of crashes that scales with the volatility: a second look at the detector, which only the benchmarks take."""

from collections.abc import Sequence
from math import exp, log, sqrt
from typing import Final

from app.analysis.hindsight_labels import CRASH_BARS, fallen
from app.market.detector import constants

CRASH_SPREADS: Final = 3.4
"""Standard deviations of a 21-bar move: 12 % at 13.0 %, the mean yearly volatility of 1950-1998."""


def scaled_crash_label(closes: Sequence[float]) -> list[bool]:
    """`crash_label` with a fall that scales with the volatility s that was known at the highest close.

    The fall is ln(top / close) >= 3.4 * s * sqrt(21 / 252): 12 % at s = 13 %, 18 % at s = 20 %.
    """
    spread = CRASH_SPREADS * sqrt(CRASH_BARS / constants.BARS_A_YEAR)
    return fallen(closes, [exp(-spread * s) for s in yearly_volatility(closes)])


def yearly_volatility(closes: Sequence[float]) -> list[float]:
    """The detector's s at each bar: sqrt(252 * EWMA_756[r^2])."""
    rate = 1 - 0.5 ** (1 / constants.VARIANCE_HALF_LIFE)
    variance, out = constants.FIRST_VARIANCE, []
    for now, close in enumerate(closes):
        if now:
            change = log(close / closes[now - 1])
            variance += (change * change - variance) * max(1 / (now + 1), rate)
        out.append(sqrt(constants.BARS_A_YEAR * variance))
    return out
