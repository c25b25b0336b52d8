"""Every constant of the anchored detector, and one hash over them all.

Weights, limits and the calibration were fitted on the S&P 500's daily closes of 1950-1998 by
`benchmarks/detector_fit.py` and are frozen. Names are anchored by the labels that they were fitted on, so
no run can switch them.
"""

import hashlib
from typing import Final, NamedTuple

from app.market.detector.calibration import TABLE


class Limits(NamedTuple):
    """The probabilities at which a regime is entered and left, on the scores before calibration."""

    off_enter: float
    off_leave: float
    crash_enter: float
    crash_leave: float
    side_enter: float
    side_leave: float


NAME: Final = "anchored"
VERSION: Final = "2"

BARS_A_YEAR: Final = 252
WARM_UP_BARS: Final = 252
TREND_SPAN: Final = 200
PULLBACK_SPAN: Final = 50
VARIANCE_HALF_LIFE: Final = 756
DOWNSIDE_HALF_LIFE: Final = 10
MOMENTUM_BARS: Final = 126
HIGH_BARS: Final = 21
LOW_BARS: Final = 42
FIRST_VARIANCE: Final = 1e-4
FIRST_DOWNSIDE: Final = 0.5e-4
SCALE_FLOOR: Final = 1e-9
DOWNSIDE_FLOOR: Final = 1e-10
VARIANCE_FLOOR: Final = 1e-300

BEAR_WEIGHTS: Final = (-1.0996, -2.2008, 0.3778, -0.1404)
"""Intercept, trend, dv, m126."""
CRASH_WEIGHTS: Final = (-5.6143, 2.1528, -5.0184)
"""Intercept, dv, high21."""
SIDE_WEIGHTS: Final = (0.8312, -25.6102, -17.6303)
"""Intercept, |t50| vol, low42 vol."""

LIMITS: Final = Limits(
    off_enter=0.5,
    off_leave=0.15,
    crash_enter=0.6,
    crash_leave=0.4,
    side_enter=0.6,
    side_leave=0.2,
)

_ALL: Final = (
    (BARS_A_YEAR, WARM_UP_BARS, TREND_SPAN, PULLBACK_SPAN, VARIANCE_HALF_LIFE, DOWNSIDE_HALF_LIFE),
    (MOMENTUM_BARS, HIGH_BARS, LOW_BARS),
    (FIRST_VARIANCE, FIRST_DOWNSIDE, SCALE_FLOOR, DOWNSIDE_FLOOR, VARIANCE_FLOOR),
    (BEAR_WEIGHTS, CRASH_WEIGHTS, SIDE_WEIGHTS),
    tuple(LIMITS),
    TABLE,
)
CONSTANTS_HASH: Final = hashlib.sha256(repr(_ALL).encode()).hexdigest()[:16]
"""The first 16 hex digits of SHA-256 over the `repr` of all constants, calibration included."""
