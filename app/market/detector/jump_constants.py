"""Every constant of the jump model, and one hash over them all.

Made by `benchmarks/jump_fit.py` from the S&P 500's daily closes of 1950-1998, and frozen.
"""

import hashlib
from collections.abc import Mapping
from typing import Final

from app.market.detector.base import Four
from events.catalog import Regime

NAME: Final = "jump"
VERSION: Final = "1"

WARM_UP_BARS: Final = 252
VARIANCE_HALF_LIFE: Final = 756
DOWNSIDE_HALF_LIFE: Final = 10
RETURN_HALF_LIVES: Final = (20, 60)
FIRST_VARIANCE: Final = 1e-4
FIRST_DOWNSIDE: Final = 0.5e-4
DOWNSIDE_FLOOR: Final = 1e-10
VARIANCE_FLOOR: Final = 1e-18
CLIP: Final = 3.0
"""Standard deviations from the mean of 1950-1998 beyond which a feature says no more."""

MEANS: Final = (-0.2252, 0.0408, 0.0412)
DEVIATIONS: Final = (0.4439, 0.1459, 0.0856)
CENTROIDS: Final = ((-0.2011, 0.2013, 0.2562), (1.2703, -1.2257, -1.5958))
"""Of the two states BULL and BEAR, in standard deviations; dv, m20, m60."""
PENALTY: Final = 100.0
"""What a jump from one state to the other costs."""
SHARES: Final[Mapping[Regime, Four]] = {
    Regime.BULL: (0.5392, 0.1309, 0.0106, 0.3193),
    Regime.BEAR: (0.343, 0.4189, 0.1034, 0.1347),
}
"""How often each regime was true by hindsight while the model said this, in the order of `REGIMES`."""

_ALL: Final = (
    (WARM_UP_BARS, VARIANCE_HALF_LIFE, DOWNSIDE_HALF_LIFE, RETURN_HALF_LIVES),
    (FIRST_VARIANCE, FIRST_DOWNSIDE, DOWNSIDE_FLOOR, VARIANCE_FLOOR, CLIP),
    (MEANS, DEVIATIONS, CENTROIDS, PENALTY),
    tuple((regime.value, shares) for regime, shares in SHARES.items()),
)
CONSTANTS_HASH: Final = hashlib.sha256(repr(_ALL).encode()).hexdigest()[:16]
