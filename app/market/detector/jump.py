"""A statistical jump model, run online. Extra: `jump` (numpy).

Two states, each a point in the space of three standardised features; a bar costs half the squared
distance from its state's point, and a change of state costs a fixed penalty. The online program keeps,
for each state, the least cost of any past that ends there:

    V_t(k) = loss(x_t, k) + min over j of (V_(t-1)(j) + penalty where j is not k)

less the least of them, which changes no comparison and keeps them small. The state of the least cost is
emitted, BULL or BEAR. Points, penalty and the features' scales were fitted on 1950-1998 and are frozen.
The model has no probabilities; what it sends are frozen shares, as those of the 200-day average.

Averages move as those of the anchored detector, `x += (new - x) * max(1/t, 1 - 0.5^(1/h))`.

| feature | definition |
|---|---|
| dv | 0.5 * ln(2 * EWMA_10[r^2 where r < 0, else 0] / EWMA_756[r^2]) |
| m20, m60 | EWMA_20[r], EWMA_60[r], each over sqrt(EWMA_756[r^2]) |
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import log, sqrt
from typing import Any, Final

import numpy as np

from app.market.detector import jump_constants as c
from app.market.detector.base import REGIMES, Reading
from app.market.detector.tunable import VARIANT, Constant, Values, variant_hash
from events.catalog import Regime

Three = tuple[float, float, float]
Two = tuple[float, float]
Point = np.ndarray[tuple[int], np.dtype[np.float64]]

STATES: Final = (Regime.BULL, Regime.BEAR)
_VARIANCE_RATE: Final = 1 - 0.5 ** (1 / c.VARIANCE_HALF_LIFE)
_DOWNSIDE_RATE: Final = 1 - 0.5 ** (1 / c.DOWNSIDE_HALF_LIFE)
_SHORT_RATE, _LONG_RATE = (1 - 0.5 ** (1 / half) for half in c.RETURN_HALF_LIVES)
_MEANS: Final = np.array(c.MEANS)
_DEVIATIONS: Final = np.array(c.DEVIATIONS)
_CENTROIDS: Final = np.array(c.CENTROIDS)

CONSTANTS: Final = (
    Constant("penalty", c.PENALTY, 0.0, 10_000.0, "what a change of state costs"),
    Constant("warm_up_bars", c.WARM_UP_BARS, 0, 2_520, "bars before it may be trusted"),
)
"""What `tuned` may set. The shares that it sends as probabilities stay those of the frozen model."""


@dataclass(frozen=True, slots=True)
class JumpState:
    """What the detector remembers of the past.

    Attributes:
        bars: how many bars it has seen.
        last: log of the last close; 0 before the first.
        variance, downside: mean squared log return a bar, of all and of falling ones.
        short, long: mean log return a bar.
        values: V of BULL and of BEAR; the lesser one is 0.
    """

    bars: int
    last: float
    variance: float
    downside: float
    short: float
    long: float
    values: Two


class JumpDetector:
    """The jump model; implements `Detector[JumpState]`. Holds no state of its own."""

    name: Final = c.NAME

    def __init__(
        self,
        penalty: float = c.PENALTY,
        warm_up_bars: int = c.WARM_UP_BARS,
        version: str = c.VERSION,
        constants_hash: str = c.CONSTANTS_HASH,
    ) -> None:
        """Use `JUMP`, or `tuned`."""
        self.penalty: Final = penalty
        self.warm_up_bars: Final = warm_up_bars
        self.version: Final = version
        self.constants_hash: Final = constants_hash

    def initial(self) -> JumpState:
        """The state before the first bar."""
        return JumpState(0, 0.0, c.FIRST_VARIANCE, c.FIRST_DOWNSIDE, 0.0, 0.0, (0.0, 0.0))

    def step(self, state: JumpState, price: float) -> tuple[JumpState, Reading]:
        """The state after a bar that closed at `price` (> 0, finite), and its reading."""
        averages = _averages(state, log(price))
        features = raw_features(averages)
        values = next_values(state.values, losses(features), self.penalty)
        regime = STATES[values[1] < values[0]]
        shares, bars = c.SHARES[regime], state.bars + 1
        dv, m20, m60 = features
        reading = Reading(
            regime,
            shares,
            shares[REGIMES.index(regime)],
            {"dv": dv, "m20": m20, "m60": m60, "lead": values[1] - values[0]},
            bars <= self.warm_up_bars,
        )
        return JumpState(bars, *averages, values), reading

    def dump(self, state: JumpState) -> dict[str, Any]:
        """The state as JSON-able values; JSON keeps the bits of every float."""
        return {
            "bars": state.bars,
            "last": state.last,
            "variance": state.variance,
            "downside": state.downside,
            "short": state.short,
            "long": state.long,
            "values": list(state.values),
        }

    def load(self, dumped: Mapping[str, Any]) -> JumpState:
        """The state that `dump` wrote.

        Raises:
            ValueError: when a value is missing or is not what `dump` writes.
        """
        try:
            bull, bear = dumped["values"]
            return JumpState(
                int(dumped["bars"]),
                float(dumped["last"]),
                float(dumped["variance"]),
                float(dumped["downside"]),
                float(dumped["short"]),
                float(dumped["long"]),
                (float(bull), float(bear)),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"not a state of the jump model: {error!r}") from error


JUMP: Final = JumpDetector()


def tuned(values: Values) -> JumpDetector:
    """The model with some of `CONSTANTS` changed."""
    return JumpDetector(
        values.get("penalty", c.PENALTY),
        int(values.get("warm_up_bars", c.WARM_UP_BARS)),
        c.VERSION + VARIANT,
        variant_hash(c.CONSTANTS_HASH, values),
    )


_Averages = tuple[float, float, float, float, float]


def losses(features: Three) -> Point:
    """What the bar costs in each state: half the squared distance, in standard deviations, clipped."""
    point = np.clip((np.array(features) - _MEANS) / _DEVIATIONS, -c.CLIP, c.CLIP)
    apart = point - _CENTROIDS
    halves: Point = 0.5 * (apart * apart).sum(axis=1)
    return halves


def next_values(values: Two, lost: Point, penalty: float) -> Two:
    """V after a bar that costs `lost` in each state, from V before it; the least is 0."""
    before = np.array(values)
    after = lost + np.minimum(before, before.min() + penalty)
    bull, bear = (after - after.min()).tolist()
    return bull, bear


def raw_features(averages: _Averages) -> Three:
    """dv, m20 and m60, before they are standardised."""
    _, variance, downside, short, long = averages
    moved = max(variance, c.VARIANCE_FLOOR)
    scale = sqrt(moved)
    return (
        0.5 * log(max(2 * downside, c.DOWNSIDE_FLOOR) / moved),
        short / scale,
        long / scale,
    )


def _averages(state: JumpState, logged: float) -> _Averages:
    """The last log close and the four averages, with `logged` taken in."""
    if not state.bars:
        return logged, state.variance, state.downside, state.short, state.long
    change = logged - state.last
    square = change * change
    fall = square if change < 0 else 0.0
    even = 1 / (state.bars + 1)
    return (
        logged,
        state.variance + (square - state.variance) * max(even, _VARIANCE_RATE),
        state.downside + (fall - state.downside) * max(even, _DOWNSIDE_RATE),
        state.short + (change - state.short) * max(even, _SHORT_RATE),
        state.long + (change - state.long) * max(even, _LONG_RATE),
    )
