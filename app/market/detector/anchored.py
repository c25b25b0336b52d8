"""The default detector: logistic scores of seven features, with hysteresis. O(1) a bar.

Notation: P = close, r = log return (0 at the first bar). Every average moves by
`x += (new - x) * max(1/t, a)`, where t is the bar's number from 1, a = 2/(n+1) for EMA_n and
a = 1 - 0.5^(1/h) for EWMA_h. s = sqrt(252 * EWMA_756[r^2]) + 1e-9 is the yearly volatility.

| feature | definition |
|---|---|
| trend, t50 | ln(P / EMA200) / s, ln(P / EMA50) / s |
| dv | 0.5 * ln(2 * EWMA_10[r^2 where r < 0, else 0] / EWMA_756[r^2]) |
| m126 | 126-bar log return / s, from the first bar while there are fewer |
| high21 | ln(P / the highest of the newest 21 closes, P among them) / s |
| low42 | ln(P / the lowest of the newest 42 closes, P among them) / s |
| vol | s |

With p_bear, p_crash and p_side the logistic scores of `constants`, c(p_bear) the value in the table of
`calibration`, and off = max(c(p_bear), p_crash): P(CRASH) = p_crash, P(BEAR) = off - p_crash,
P(SIDEWAYS) = (1 - off) p_side, P(BULL) = the rest. Shifts follow the scores before calibration. Up to
the 42nd bar p_side is 0: every price is near the low of few bars.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp, log, sqrt
from typing import Any, Final

from app.market.detector import constants as c
from app.market.detector.base import REGIMES, Reading
from app.market.detector.calibration import calibrate
from app.market.detector.tunable import (
    VARIANT,
    Constant,
    Values,
    require_order,
    variant_hash,
)
from events.catalog import Regime

TREND_RATE: Final = 2 / (c.TREND_SPAN + 1)
PULLBACK_RATE: Final = 2 / (c.PULLBACK_SPAN + 1)
VARIANCE_RATE: Final = 1 - 0.5 ** (1 / c.VARIANCE_HALF_LIFE)
DOWNSIDE_RATE: Final = 1 - 0.5 ** (1 / c.DOWNSIDE_HALF_LIFE)
_MEMORY: Final = c.MOMENTUM_BARS + 1
_SLOTS: Final = {regime: slot for slot, regime in enumerate(REGIMES)}

CONSTANTS: Final = (
    *(
        Constant(name, value, 0.0, 1.0, f"the score at which {regime} is {done}")
        for (name, value), (regime, done) in zip(
            c.LIMITS._asdict().items(),
            [
                (regime, done)
                for regime in ("BEAR or CRASH", "CRASH", "SIDEWAYS")
                for done in ("entered", "left")
            ],
            strict=True,
        )
    ),
    Constant("warm_up_bars", c.WARM_UP_BARS, 0, 2_520, "bars before it may be trusted"),
)
"""What `tuned` may set. The weights are fitted to the spans of the averages, so neither is among them."""


@dataclass(frozen=True, slots=True)
class AnchoredState:
    """What the detector remembers of the past.

    Attributes:
        bars: how many bars it has seen.
        regime: the last emitted regime; BULL before the first bar.
        ema200, ema50: averages of the close, in price units.
        variance: mean squared log return a bar.
        downside: the same of falling bars only.
        logs: the newest 127 log closes, oldest first.
    """

    bars: int
    regime: Regime
    ema200: float
    ema50: float
    variance: float
    downside: float
    logs: tuple[float, ...]


def logistic(x: float) -> float:
    """1 / (1 + e^-x), without overflow for any finite `x`."""
    if x >= 0:
        return 1 / (1 + exp(-x))
    grown = exp(x)
    return grown / (1 + grown)


def score(features: Mapping[str, float]) -> tuple[float, float, float]:
    """p_bear, p_crash and p_side of one bar's features."""
    dv, vol = features["dv"], features["vol"]
    b0, b1, b2, b3 = c.BEAR_WEIGHTS
    k0, k1, k2 = c.CRASH_WEIGHTS
    s0, s1, s2 = c.SIDE_WEIGHTS
    return (
        logistic(b0 + b1 * features["trend"] + b2 * dv + b3 * features["m126"]),
        logistic(k0 + k1 * dv + k2 * features["high21"]),
        # SIDEWAYS is a change of so many per cent, whatever the volatility: so are its features.
        logistic(s0 + (s1 * abs(features["t50"]) + s2 * features["low42"]) * vol),
    )


def next_regime(
    regime: Regime, off: float, p_crash: float, p_side: float, limits: c.Limits = c.LIMITS
) -> Regime:
    """The regime after hysteresis: a state is left at a lower score than it is entered.

    A crash ends in BEAR first, whatever the scores say of the bar.
    """
    off_enter, off_leave, crash_enter, crash_leave, side_enter, side_leave = limits
    if regime is Regime.CRASH:
        return Regime.BEAR if p_crash < crash_leave else Regime.CRASH
    if p_crash > crash_enter:
        return Regime.CRASH
    if off > off_enter or (regime is Regime.BEAR and off >= off_leave):
        return Regime.BEAR
    stays = regime is Regime.SIDEWAYS and p_side >= side_leave
    return Regime.SIDEWAYS if stays or p_side > side_enter else Regime.BULL


class AnchoredDetector:
    """The anchored detector; implements `Detector[AnchoredState]`. Holds no state of its own."""

    name: Final = c.NAME

    def __init__(
        self,
        limits: c.Limits = c.LIMITS,
        warm_up_bars: int = c.WARM_UP_BARS,
        version: str = c.VERSION,
        constants_hash: str = c.CONSTANTS_HASH,
    ) -> None:
        """Use `ANCHORED`, or `tuned`."""
        self.limits: Final = limits
        self.warm_up_bars: Final = warm_up_bars
        self.version: Final = version
        self.constants_hash: Final = constants_hash

    def initial(self) -> AnchoredState:
        """The state before the first bar."""
        return AnchoredState(0, Regime.BULL, 0.0, 0.0, c.FIRST_VARIANCE, c.FIRST_DOWNSIDE, ())

    def step(self, state: AnchoredState, price: float) -> tuple[AnchoredState, Reading]:
        """The state after a bar that closed at `price` (> 0, finite), and its reading."""
        averages = _averages(state, price)
        features = _features(averages, price)
        p_bear, p_crash, p_side = score(features)
        if state.bars + 1 < c.LOW_BARS:
            p_side = 0.0
        regime = next_regime(state.regime, max(p_bear, p_crash), p_crash, p_side, self.limits)
        probabilities = calibrate(p_bear, p_crash, p_side)
        bars = state.bars + 1
        reading = Reading(
            regime,
            probabilities,
            probabilities[_SLOTS[regime]],
            features,
            bars <= self.warm_up_bars,
        )
        return AnchoredState(bars, regime, *averages), reading

    def dump(self, state: AnchoredState) -> dict[str, Any]:
        """The state as JSON-able values; JSON keeps the bits of every float."""
        return {
            "bars": state.bars,
            "regime": state.regime.value,
            "ema200": state.ema200,
            "ema50": state.ema50,
            "variance": state.variance,
            "downside": state.downside,
            "logs": list(state.logs),
        }

    def load(self, dumped: Mapping[str, Any]) -> AnchoredState:
        """The state that `dump` wrote.

        Raises:
            ValueError: when a value is missing or is not what `dump` writes.
        """
        try:
            return AnchoredState(
                int(dumped["bars"]),
                Regime(dumped["regime"]),
                float(dumped["ema200"]),
                float(dumped["ema50"]),
                float(dumped["variance"]),
                float(dumped["downside"]),
                tuple(float(value) for value in dumped["logs"]),
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"not a state of the anchored detector: {error!r}") from error


ANCHORED: Final = AnchoredDetector()


def tuned(values: Values) -> AnchoredDetector:
    """The detector with some of `CONSTANTS` changed.

    Raises:
        WrongConstant: a regime would be left before it is entered.
    """
    limits = {**c.LIMITS._asdict(), **values}
    warm_up_bars = int(limits.pop("warm_up_bars", c.WARM_UP_BARS))
    for regime in ("off", "crash", "side"):
        require_order(limits, f"{regime}_leave", f"{regime}_enter")
    return AnchoredDetector(
        c.Limits(**limits),
        warm_up_bars,
        c.VERSION + VARIANT,
        variant_hash(c.CONSTANTS_HASH, values),
    )


_Averages = tuple[float, float, float, float, tuple[float, ...]]


def _averages(state: AnchoredState, price: float) -> _Averages:
    """EMA200, EMA50, EWMA_756[r^2], the downside mean and the log closes, with `price` taken in."""
    logged = log(price)
    if not state.bars:
        return price, price, state.variance, state.downside, (logged,)
    logs = state.logs
    change = logged - logs[-1]
    square = change * change
    fall = square if change < 0 else 0.0
    even = 1 / (state.bars + 1)
    return (
        state.ema200 + (price - state.ema200) * max(even, TREND_RATE),
        state.ema50 + (price - state.ema50) * max(even, PULLBACK_RATE),
        state.variance + (square - state.variance) * max(even, VARIANCE_RATE),
        state.downside + (fall - state.downside) * max(even, DOWNSIDE_RATE),
        (*logs[1:], logged) if len(logs) == _MEMORY else (*logs, logged),
    )


def _features(averages: _Averages, price: float) -> dict[str, float]:
    ema200, ema50, variance, downside, logs = averages
    scale = sqrt(c.BARS_A_YEAR * variance) + c.SCALE_FLOOR
    fallen = max(2 * downside, c.DOWNSIDE_FLOOR)
    # Prices that never move let the variance sink to 0 in the end; the floor only prevents that.
    moved = max(variance, c.VARIANCE_FLOOR)
    logged = logs[-1]
    return {
        "trend": log(price / ema200) / scale,
        "t50": log(price / ema50) / scale,
        "dv": 0.5 * log(fallen / moved),
        "m126": (logged - logs[0]) / scale,
        "high21": (logged - max(logs[-c.HIGH_BARS :])) / scale,
        "low42": (logged - min(logs[-c.LOW_BARS :])) / scale,
        "vol": scale,
    }
