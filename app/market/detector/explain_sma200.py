"""Why the 200-day average says what it says, and what close of the next bar would make it say otherwise.

The oldest close, which leaves the average at the next bar, is not public: it is taken to lie at the average.
"""

from collections.abc import Mapping
from typing import Final

from app.market.detector import sma200
from app.market.detector.explain_base import Flip, Score, Term
from events.catalog import Regime


class Sma200Explainer:
    """Explains the 200-day average; implements `Explainer`. Its only score is the gap itself."""

    name: Final = sma200.NAME
    version: Final = sma200.VERSION
    constants_hash: Final = sma200.CONSTANTS_HASH
    needs: Final = frozenset({"gap"})

    def scores(self, features: Mapping[str, float]) -> tuple[Score, ...]:
        """`gap`: the close over its average, less 1; no share, so it may be negative."""
        gap = features["gap"]
        return (Score("gap", gap, 0.0, (Term("gap", gap, 1.0),)),)

    def flips(
        self, regime: Regime, features: Mapping[str, float], bars: int | None
    ) -> tuple[Flip, ...]:
        """BEAR below the band, BULL above it."""
        del bars  # there are enough: nothing is asked while it warms up
        gap, falls = features["gap"], regime is Regime.BULL
        threshold = -sma200.BAND if falls else sma200.BAND
        # With the average as the unit, the next one is 1 + (close - 1) / 200; the close over it is the limit.
        window, limit = sma200.AVERAGE_BARS, 1 + threshold
        close = limit * (window - 1) / (window - limit)
        to = Regime.BEAR if falls else Regime.BULL
        change = close / (1 + gap) - 1
        return (Flip(to, "gap", gap, threshold, "below" if falls else "above", change),)

    def deciding(self, before: Regime, after: Regime) -> frozenset[str]:
        """There is only one."""
        del before, after
        return frozenset({"gap"})


EXPLAINER: Final = Sma200Explainer()
