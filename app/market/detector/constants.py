"""Every constant of the anchored detector, and one hash over them all.

The weights were fitted on the S&P 500's daily closes of 1950-1998 and are frozen. Names are anchored by
the labels that they were fitted on, so no run can switch them.
"""

import hashlib
from typing import Final

from app.market.detector.calibration import TABLE

NAME: Final = "anchored"
VERSION: Final = "1"

BARS_A_YEAR: Final = 252
WARM_UP_BARS: Final = 252
TREND_SPAN: Final = 200
PULLBACK_SPAN: Final = 50
VARIANCE_HALF_LIFE: Final = 756
DOWNSIDE_HALF_LIFE: Final = 10
MOMENTUM_BARS: Final = (21, 63, 126)
FIRST_VARIANCE: Final = 1e-4
FIRST_DOWNSIDE: Final = 0.5e-4
SCALE_FLOOR: Final = 1e-9
DOWNSIDE_FLOOR: Final = 1e-10
VARIANCE_FLOOR: Final = 1e-300

BEAR_WEIGHTS: Final = (-1.0758, -2.0561, 0.3913, -0.1938)
"""Intercept, trend, dv, m126."""
CRASH_WEIGHTS: Final = (-4.5553, 2.4307, -1.5886, -1.6578)
"""Intercept, dv, m21, t50."""
SIDE_WEIGHTS: Final = (-1.3464, 0.5590, -1.6970, 0.2031)
"""Intercept, trend, m63, m126."""

RISK_OFF_ENTER: Final = 0.40
RISK_OFF_LEAVE: Final = 0.15
CRASH_ENTER: Final = 0.30
CRASH_LEAVE: Final = 0.10
SIDE_ENTER: Final = 0.30
SIDE_LEAVE: Final = 0.20

_ALL: Final = (
    (BARS_A_YEAR, WARM_UP_BARS, TREND_SPAN, PULLBACK_SPAN, VARIANCE_HALF_LIFE, DOWNSIDE_HALF_LIFE),
    MOMENTUM_BARS,
    (FIRST_VARIANCE, FIRST_DOWNSIDE, SCALE_FLOOR, DOWNSIDE_FLOOR, VARIANCE_FLOOR),
    (BEAR_WEIGHTS, CRASH_WEIGHTS, SIDE_WEIGHTS),
    (RISK_OFF_ENTER, RISK_OFF_LEAVE, CRASH_ENTER, CRASH_LEAVE, SIDE_ENTER, SIDE_LEAVE),
    tuple((regime.value, knots) for regime, knots in TABLE.items()),
)
CONSTANTS_HASH: Final = hashlib.sha256(repr(_ALL).encode()).hexdigest()[:16]
"""The first 16 hex digits of SHA-256 over the `repr` of all constants, calibration included."""
