"""Calibration: from the model's scores to probabilities that mean what they say."""

from itertools import pairwise
from typing import Final

from app.market.detector.base import Four

Knots = tuple[tuple[float, float], ...]
"""(score, probability): from 0 to 1 in the first, never falling in the second."""

TABLE: Final[Knots] = ((0.0, 0.0), (0.52, 0.52), (1.0, 0.52))
"""Of the bear score. Frozen; made by `benchmarks/detector_fit.py` from 1950-1998.

On years that were left out of the fit, a bear score above the middle says nothing more: whatever it is,
about half of such bars lay in a bear market. The scores of CRASH and SIDEWAYS need no table.
"""

Segment = tuple[float, float, float, float]
"""(upper end, start, value at start, slope)."""


def segments(knots: Knots) -> tuple[Segment, ...]:
    """The straight pieces between the knots, so that a lookup is one multiplication."""
    return tuple((x1, x0, y0, (y1 - y0) / (x1 - x0)) for (x0, y0), (x1, y1) in pairwise(knots))


def interpolate(pieces: tuple[Segment, ...], x: float) -> float:
    """The table's value at `x`, which lies in [0, 1], by linear interpolation."""
    for end, start, value, slope in pieces:
        if x <= end:
            return value + (x - start) * slope
    return value + (end - start) * slope


_PIECES: Final = segments(TABLE)


def calibrate(bear: float, crash: float, side: float) -> Four:
    """The four probabilities of the three scores, in the order of `REGIMES`; they sum to 1.

    P(BEAR) + P(CRASH) is the larger one of the two scores; that of SIDEWAYS is about what is left.
    """
    off = max(interpolate(_PIECES, bear), crash)
    on = 1 - off
    side *= on
    return on - side, off - crash, crash, side
