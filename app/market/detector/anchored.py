"""The default detector: logistic scores of six features, with hysteresis. O(1) a bar.

Notation: P = close, r = log return (0 at the first bar). Every average moves by
`x += (new - x) * max(1/t, a)`, where t is the bar's number from 1, a = 2/(n+1) for EMA_n and
a = 1 - 0.5^(1/h) for EWMA_h. s = sqrt(252 * EWMA_756[r^2]) + 1e-9 is the yearly volatility.

| feature | definition |
|---|---|
| trend, t50 | ln(P / EMA200) / s, ln(P / EMA50) / s |
| dv | 0.5 * ln(2 * EWMA_10[r^2 where r < 0, else 0] / EWMA_756[r^2]) |
| m21, m63, m126 | k-bar log return / s, from the first bar while there are fewer than k |

With p_bear, p_crash and p_side the logistic scores of `constants`, and off = max(p_bear, p_crash):
P(CRASH) = p_crash, P(BEAR) = off - p_crash, P(SIDEWAYS) = (1 - off) p_side, P(BULL) = the rest.
Shifts follow these; what is emitted are the same four after `calibration`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp, log, sqrt
from typing import Any, Final

from app.market.detector import constants as c
from app.market.detector.base import REGIMES, Reading
from app.market.detector.calibration import calibrate
from events.catalog import Regime

_TREND_RATE: Final = 2 / (c.TREND_SPAN + 1)
_PULLBACK_RATE: Final = 2 / (c.PULLBACK_SPAN + 1)
_VARIANCE_RATE: Final = 1 - 0.5 ** (1 / c.VARIANCE_HALF_LIFE)
_DOWNSIDE_RATE: Final = 1 - 0.5 ** (1 / c.DOWNSIDE_HALF_LIFE)
_MEMORY: Final = max(c.MOMENTUM_BARS) + 1
_SLOTS: Final = {regime: slot for slot, regime in enumerate(REGIMES)}


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
    trend, dv, m126 = features["trend"], features["dv"], features["m126"]
    b0, b1, b2, b3 = c.BEAR_WEIGHTS
    k0, k1, k2, k3 = c.CRASH_WEIGHTS
    s0, s1, s2, s3 = c.SIDE_WEIGHTS
    return (
        logistic(b0 + b1 * trend + b2 * dv + b3 * m126),
        logistic(k0 + k1 * dv + k2 * features["m21"] + k3 * features["t50"]),
        logistic(s0 + s1 * trend + s2 * features["m63"] + s3 * m126),
    )


def next_regime(regime: Regime, off: float, p_crash: float, p_side: float) -> Regime:
    """The regime after hysteresis: a state is left at a lower threshold than it is entered.

    A crash ends in BEAR first, whatever the scores say of the bar.
    """
    if regime is Regime.CRASH:
        return Regime.BEAR if p_crash < c.CRASH_LEAVE else Regime.CRASH
    if p_crash > c.CRASH_ENTER:
        return Regime.CRASH
    if off > c.RISK_OFF_ENTER or (regime is Regime.BEAR and off >= c.RISK_OFF_LEAVE):
        return Regime.BEAR
    stays = regime is Regime.SIDEWAYS and p_side >= c.SIDE_LEAVE
    return Regime.SIDEWAYS if stays or p_side > c.SIDE_ENTER else Regime.BULL


class AnchoredDetector:
    """The anchored detector; implements `Detector[AnchoredState]`. Holds no state of its own."""

    name: Final = c.NAME
    version: Final = c.VERSION
    constants_hash: Final = c.CONSTANTS_HASH

    def initial(self) -> AnchoredState:
        """The state before the first bar."""
        return AnchoredState(0, Regime.BULL, 0.0, 0.0, c.FIRST_VARIANCE, c.FIRST_DOWNSIDE, ())

    def step(self, state: AnchoredState, price: float) -> tuple[AnchoredState, Reading]:
        """The state after a bar that closed at `price` (> 0, finite), and its reading."""
        averages = _averages(state, price)
        features = _features(averages, price)
        p_bear, p_crash, p_side = score(features)
        off = max(p_bear, p_crash)
        regime = next_regime(state.regime, off, p_crash, p_side)
        on = 1 - off
        probabilities = calibrate(on * (1 - p_side), off - p_crash, p_crash, on * p_side)
        bars = state.bars + 1
        reading = Reading(
            regime, probabilities, probabilities[_SLOTS[regime]], features, bars <= c.WARM_UP_BARS
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
        state.ema200 + (price - state.ema200) * max(even, _TREND_RATE),
        state.ema50 + (price - state.ema50) * max(even, _PULLBACK_RATE),
        state.variance + (square - state.variance) * max(even, _VARIANCE_RATE),
        state.downside + (fall - state.downside) * max(even, _DOWNSIDE_RATE),
        (*logs[1:], logged) if len(logs) == _MEMORY else (*logs, logged),
    )


def _features(averages: _Averages, price: float) -> dict[str, float]:
    ema200, ema50, variance, downside, logs = averages
    scale = sqrt(c.BARS_A_YEAR * variance) + c.SCALE_FLOOR
    fallen = max(2 * downside, c.DOWNSIDE_FLOOR)
    # Prices that never move let the variance sink to 0 in the end; the floor only prevents that.
    moved = max(variance, c.VARIANCE_FLOOR)
    logged = logs[-1]
    seen = len(logs)
    short, middle, long = c.MOMENTUM_BARS
    return {
        "trend": log(price / ema200) / scale,
        "t50": log(price / ema50) / scale,
        "dv": 0.5 * log(fallen / moved),
        "m21": (logged - logs[-1 - short if seen > short else 0]) / scale,
        "m63": (logged - logs[-1 - middle if seen > middle else 0]) / scale,
        "m126": (logged - logs[-1 - long if seen > long else 0]) / scale,
    }
