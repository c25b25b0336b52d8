"""Calibration: from the model's probabilities to ones that mean what they say."""

from collections.abc import Mapping
from itertools import pairwise
from types import MappingProxyType
from typing import Final

from app.market.detector.base import REGIMES, Four
from events.catalog import Regime

Knots = tuple[tuple[float, float], ...]
"""(model's probability, share that came true): rising in both, from 0 to 1 in the first."""

TABLE: Final[Mapping[Regime, Knots]] = MappingProxyType(
    {
        Regime.BULL: (
            (0.0, 0.1098),
            (0.014, 0.1098),
            (0.2567, 0.2271),
            (0.4815, 0.3604),
            (0.6379, 0.4244),
            (0.7739, 0.6421),
            (0.8784, 0.8535),
            (1.0, 0.8535),
        ),
        Regime.BEAR: (
            (0.0, 0.005),
            (0.0011, 0.005),
            (0.0224, 0.005),
            (0.0542, 0.0322),
            (0.113, 0.0921),
            (0.1924, 0.2104),
            (0.3177, 0.3902),
            (0.5409, 0.5311),
            (1.0, 0.5311),
        ),
        Regime.CRASH: (
            (0.0, 0.005),
            (0.003, 0.005),
            (0.0171, 0.0169),
            (0.0491, 0.044),
            (0.1078, 0.0898),
            (0.1921, 0.2034),
            (0.5517, 0.6435),
            (1.0, 0.6435),
        ),
        Regime.SIDEWAYS: (
            (0.0, 0.0651),
            (0.0179, 0.0651),
            (0.0603, 0.1317),
            (0.1191, 0.2287),
            (0.2016, 0.3662),
            (1.0, 0.3662),
        ),
    }
)
"""Frozen; made by `benchmarks/detector_fit.py` from 1950-1998."""

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


_BULL, _BEAR, _CRASH, _SIDE = (segments(TABLE[regime]) for regime in REGIMES)


def calibrate(bull: float, bear: float, crash: float, side: float) -> Four:
    """The four calibrated probabilities, made to sum to 1 again; in the order of `REGIMES`."""
    bull = interpolate(_BULL, bull)
    bear = interpolate(_BEAR, bear)
    crash = interpolate(_CRASH, crash)
    side = interpolate(_SIDE, side)
    total = bull + bear + crash + side
    return bull / total, bear / total, crash / total, side / total
