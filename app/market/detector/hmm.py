"""A Gaussian hidden Markov model, refitted once a year on the symbol's own past. Extra: `hmm`.

Three states of daily log returns, told apart by their variance and kept in its order, so that a state's
number never changes its meaning. P(BEAR) is the filtered probability of the wildest state, P(BULL) that
of the two calmer ones. A variance says nothing of a crash or of sideways: those two get 0, and no
probability went through a calibration. BEAR is emitted above one half.

Until the first fit the reading is `warming_up`: BULL, with each regime's share of 1950-1998.
The fit needs hmmlearn, the filter over it is our own: hmmlearn's looks ahead.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from math import exp, log
from typing import Any, Final

from app.market.detector import hmm_fit
from app.market.detector.base import Four, Reading
from app.market.detector.hmm_fit import Belief, Fitted
from events.catalog import Regime

NAME: Final = "hmm"
VERSION: Final = "1"

RETURNS_FIRST: Final = 252
"""The first fit wants this many returns."""
RETURNS_MAX: Final = 2_520
"""A fit looks back on ten years; a state holds no more."""
REFIT_BARS: Final = 252
BASE_SHARES: Final[Four] = (0.5086, 0.1759, 0.0251, 0.2904)
"""Share of each regime by hindsight; made by `benchmarks/jump_fit.py` from 1950-1998."""

_ALL: Final = (
    (RETURNS_FIRST, RETURNS_MAX, REFIT_BARS, BASE_SHARES),
    (hmm_fit.STATES, hmm_fit.ITERATIONS_MAX, hmm_fit.TOLERANCE, hmm_fit.STAYS),
    (hmm_fit.FIRST_VARIANCES, hmm_fit.VARIANCE_PRIOR, hmm_fit.PSEUDO_COUNT),
    (hmm_fit.FLAT, hmm_fit.DIGITS),
    # Another version may fit other numbers to the same past.
    tuple((package, version(package)) for package in ("hmmlearn", "numpy", "scipy")),
)
CONSTANTS_HASH: Final = hashlib.sha256(repr(_ALL).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class HmmState:
    """What the detector remembers of the past.

    Attributes:
        last: log of the last close; None before the first bar.
        returns: the newest log returns, at most 2,520, oldest first.
        fitted: the model in use; None before the first fit.
        belief: log probability of each of its states after the last bar; empty before the first fit.
        age: bars since that fit.
    """

    last: float | None
    returns: tuple[float, ...]
    fitted: Fitted | None
    belief: Belief
    age: int


class HmmDetector:
    """The hidden Markov model; implements `Detector[HmmState]`. Holds no state of its own."""

    name: Final = NAME
    version: Final = VERSION
    constants_hash: Final = CONSTANTS_HASH

    def initial(self) -> HmmState:
        """The state before the first bar."""
        return HmmState(None, (), None, (), 0)

    def step(self, state: HmmState, price: float) -> tuple[HmmState, Reading]:
        """The state after a bar that closed at `price` (> 0, finite), and its reading.

        A fit that is due takes the returns before this bar, so that all ticks inside it share one.
        """
        logged = log(price)
        if state.last is None:
            return HmmState(logged, (), None, (), 0), _unfitted_reading()
        change = logged - state.last
        fitted, belief, age = _model(state)
        returns = (*state.returns[-(RETURNS_MAX - 1) :], change)
        if fitted is None:
            return HmmState(logged, returns, None, (), 0), _unfitted_reading()
        belief = hmm_fit.forward(fitted, belief, change)
        return HmmState(logged, returns, fitted, belief, age + 1), _reading(fitted, belief)

    def dump(self, state: HmmState) -> dict[str, Any]:
        """The state as JSON-able values; JSON keeps the bits of every float."""
        fitted = state.fitted
        return {
            "last": state.last,
            "returns": list(state.returns),
            "fitted": None
            if fitted is None
            else {
                "start": list(fitted.start),
                "moves": [list(row) for row in fitted.moves],
                "means": list(fitted.means),
                "variances": list(fitted.variances),
            },
            "belief": list(state.belief),
            "age": state.age,
        }

    def load(self, dumped: Mapping[str, Any]) -> HmmState:
        """The state that `dump` wrote.

        Raises:
            ValueError: when a value is missing or is not what `dump` writes.
        """
        try:
            last, fitted = dumped["last"], dumped["fitted"]
            return HmmState(
                None if last is None else float(last),
                _floats(dumped["returns"]),
                None if fitted is None else _load_fitted(fitted),
                _floats(dumped["belief"]),
                int(dumped["age"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"not a state of the hidden Markov model: {error!r}") from error


HMM: Final = HmmDetector()


def _model(state: HmmState) -> tuple[Fitted | None, Belief, int]:
    """The model for the next bar, what it believes of the last one, and its age in bars."""
    enough = len(state.returns) >= RETURNS_FIRST
    due = enough and (state.fitted is None or state.age >= REFIT_BARS)
    refitted = hmm_fit.fit(state.returns) if due else None
    if refitted is not None:
        return *refitted, 0
    # Prices that never moved fit nothing: the old model serves on, and is not asked again soon.
    return state.fitted, state.belief, 0 if due else state.age


def _reading(fitted: Fitted, belief: Belief) -> Reading:
    calm, normal, wild = (exp(value) for value in belief)
    bear = wild / (calm + normal + wild)
    regime = Regime.BEAR if bear > 0.5 else Regime.BULL
    features = {
        "calm": calm,
        "normal": normal,
        "wild": wild,
        "wild_variance": fitted.variances[-1],
    }
    return Reading(
        regime,
        (1 - bear, bear, 0.0, 0.0),
        bear if regime is Regime.BEAR else 1 - bear,
        features,
        warming_up=False,
    )


def _unfitted_reading() -> Reading:
    return Reading(Regime.BULL, BASE_SHARES, BASE_SHARES[0], {}, warming_up=True)


def _floats(values: list[Any]) -> tuple[float, ...]:
    return tuple(float(value) for value in values)


def _load_fitted(dumped: Mapping[str, Any]) -> Fitted:
    return Fitted(
        _floats(dumped["start"]),
        tuple(_floats(row) for row in dumped["moves"]),
        _floats(dumped["means"]),
        _floats(dumped["variances"]),
    )
