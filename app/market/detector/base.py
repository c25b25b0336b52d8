"""The protocol of every regime detector, and what a detector says about one bar."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeVar

from events.catalog import Regime

REGIMES: Final = (Regime.BULL, Regime.BEAR, Regime.CRASH, Regime.SIDEWAYS)
"""The order of the four numbers in `Reading.probabilities`."""

Four = tuple[float, float, float, float]
"""One number for each of `REGIMES`, in that order."""

S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Reading:
    """What a detector says at the close of one bar.

    Attributes:
        regime: the emitted regime. Hysteresis may make it another than the most probable one.
        probabilities: in the order of `REGIMES`; they sum to 1. Calibrated on 1950-1998, but for the
            detector `hmm`, whose own they are.
        confidence: the probability of `regime` among them.
        features: name -> value: the reasons.
        warming_up: True while the detector has seen too few bars to be trusted.
    """

    regime: Regime
    probabilities: Four
    confidence: float
    features: Mapping[str, float]
    warming_up: bool


class Detector(Protocol[S]):
    """Turns closes into readings, one bar at a time, and never sees the future.

    A detector is pure: the same state and price give the same bits. It keeps nothing itself;
    whoever folds prices through it keeps the state. `S` is the type of that state: immutable.
    """

    @property
    def name(self) -> str:
        """The detector's name on the wire."""

    @property
    def version(self) -> str:
        """Rises whenever the same prices may give other readings."""

    @property
    def constants_hash(self) -> str:
        """16 hex digits over every constant that a reading depends on."""

    def initial(self) -> S:
        """The state before the first bar."""

    def step(self, state: S, price: float) -> tuple[S, Reading]:
        """The state after a bar that closed at `price` (> 0, finite), and its reading."""

    def dump(self, state: S) -> dict[str, Any]:
        """The state as JSON-able values, exactly: `load(dump(s)) == s`, bit for bit."""

    def load(self, dumped: Mapping[str, Any]) -> S:
        """The state that `dump` wrote.

        Raises:
            ValueError: when `dumped` is not a state of this detector.
        """
