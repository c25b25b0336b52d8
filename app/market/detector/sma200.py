"""The baseline: the 200-day average with a band of 3 %. The rule that any better one has to beat.

Above the average by more than the band it is BULL, below by more than the band BEAR, and inside the
band it stays what it was. The rule has no probabilities of its own; what it sends are frozen shares:
how often each regime was true by hindsight while the rule said BULL, or BEAR, in 1950-1998.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from math import fsum
from typing import Any, Final

from app.market.detector.base import REGIMES, Four, Reading
from app.market.detector.tunable import VARIANT, Constant, Values, variant_hash
from events.catalog import Regime

NAME: Final = "sma200"
VERSION: Final = "1"

AVERAGE_BARS: Final = 200
BAND: Final = 0.03
SHARES: Final[Mapping[Regime, Four]] = {
    Regime.BULL: (0.5827, 0.077, 0.0058, 0.3345),
    Regime.BEAR: (0.3284, 0.4164, 0.0719, 0.1833),
}
"""Made by `benchmarks/jump_fit.py` from 1950-1998, in the order of `REGIMES`."""

CONSTANTS_HASH: Final = hashlib.sha256(
    repr((AVERAGE_BARS, BAND, [(regime.value, four) for regime, four in SHARES.items()])).encode()
).hexdigest()[:16]

CONSTANTS: Final = (
    Constant("average_bars", AVERAGE_BARS, 2, 2_520, "closes in the average"),
    Constant("band", BAND, 0.0, 0.5, "how far from the average a regime changes, as a fraction"),
)
"""What `tuned` may set. The shares that it sends as probabilities stay those of the frozen rule."""


@dataclass(frozen=True, slots=True)
class Sma200State:
    """The newest 200 closes (or as many as the average has), oldest first, and the last emitted regime; BULL before the first bar."""

    regime: Regime
    closes: tuple[float, ...]


class Sma200Detector:
    """The average with its band; implements `Detector[Sma200State]`. Holds no state of its own."""

    name: Final = NAME

    def __init__(
        self,
        average_bars: int = AVERAGE_BARS,
        band: float = BAND,
        version: str = VERSION,
        constants_hash: str = CONSTANTS_HASH,
    ) -> None:
        """Use `SMA200`, or `tuned`."""
        self.average_bars: Final = average_bars
        self.band: Final = band
        self.version: Final = version
        self.constants_hash: Final = constants_hash

    def initial(self) -> Sma200State:
        """The state before the first bar."""
        return Sma200State(Regime.BULL, ())

    def step(self, state: Sma200State, price: float) -> tuple[Sma200State, Reading]:
        """The state after a bar that closed at `price` (> 0, finite), and its reading.

        Until there are 200 closes, the average is that of those there are.
        """
        average_bars, band = self.average_bars, self.band
        closes = (*state.closes[-(average_bars - 1) :], price)
        gap = price / (fsum(closes) / len(closes)) - 1
        regime = state.regime
        if gap > band:
            regime = Regime.BULL
        elif gap < -band:
            regime = Regime.BEAR
        shares = SHARES[regime]
        reading = Reading(
            regime,
            shares,
            shares[REGIMES.index(regime)],
            {"gap": gap},
            len(closes) < average_bars,
        )
        return Sma200State(regime, closes), reading

    def dump(self, state: Sma200State) -> dict[str, Any]:
        """The state as JSON-able values; JSON keeps the bits of every float."""
        return {"regime": state.regime.value, "closes": list(state.closes)}

    def load(self, dumped: Mapping[str, Any]) -> Sma200State:
        """The state that `dump` wrote.

        Raises:
            ValueError: when a value is missing or is not what `dump` writes.
        """
        try:
            return Sma200State(
                Regime(dumped["regime"]), tuple(float(close) for close in dumped["closes"])
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"not a state of the 200-day average: {error!r}") from error


SMA200: Final = Sma200Detector()


def tuned(values: Values) -> Sma200Detector:
    """The rule with some of `CONSTANTS` changed."""
    return Sma200Detector(
        int(values.get("average_bars", AVERAGE_BARS)),
        values.get("band", BAND),
        VERSION + VARIANT,
        variant_hash(CONSTANTS_HASH, values),
    )
