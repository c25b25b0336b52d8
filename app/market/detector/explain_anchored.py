"""Why the anchored detector says what it says, and what close of the next bar would make it say otherwise.

The next bar's features follow from the public ones, with the last close as the unit of price: EMA200 =
exp(-trend s), EMA50 = exp(-t50 s), the mean square = (s - 1e-9)^2 / 252, the downside mean = that times
exp(2 dv) / 2; the 21-bar high, the 42-bar low and the 126-bar base lie at exp(-high21 s), exp(-low42 s) and
exp(-m126 s). What is approximate:

- The bars that leave the windows are not public. The high and the low are taken to stay where they are unless
  the new close lies beyond them; the base moves by a 126th of the way, as it does on average.
- Where the number of bars is not known, the mean square is taken to move at its lasting rate: before bar 1091
  it moves faster, and a fall that flips is found too small, by 3 % of itself in the middle and 16 % at worst.
- A step of the search is 3 % of the change: a regime that only a narrower range of closes leads to is not found.

On the shipped indices, told the number of bars, the real detector flips at a close 0.25 % of the price beyond what
is found here, and not at one 0.25 % before it, in at least 95 % of all cases (`test_explain_anchored.py`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import exp, log, log1p, sqrt
from typing import Final, NamedTuple, Self

from app.market.detector import anchored
from app.market.detector import constants as c
from app.market.detector.explain_base import Direction, Flip, Score, Term
from events.catalog import Regime

CHANGE_MAX: Final = 0.4
"""The largest change of a close that is looked at, either way."""

CHANGE_MIN: Final = 1e-5
"""The smallest one, beside none at all."""

STEP: Final = 1.03
"""How much larger each change that is looked at is than the one before."""

HALVINGS: Final = 20
"""Steps of the bisection between two of them."""

_RISK_OFF: Final = frozenset({Regime.BEAR, Regime.CRASH})
_OFF: Final = ("bear", "crash")
"""The two scores of which the larger one is the score of risk-off."""

_Condition = tuple[tuple[str, ...], float, Direction]
"""The larger one of these scores must be on this side of that threshold."""

_INTO_CRASH: Final[_Condition] = (("crash",), c.LIMITS.crash_enter, "above")
_INTO_OFF: Final[_Condition] = (_OFF, c.LIMITS.off_enter, "above")
_OUT_OF_OFF: Final[_Condition] = (_OFF, c.LIMITS.off_leave, "below")
_INTO_SIDE: Final[_Condition] = (("side",), c.LIMITS.side_enter, "above")
_NOT_INTO_SIDE: Final[_Condition] = (("side",), c.LIMITS.side_enter, "below")
_OUT_OF_SIDE: Final[_Condition] = (("side",), c.LIMITS.side_leave, "below")

_WAYS: Final[Mapping[Regime, Mapping[Regime, tuple[_Condition, ...]]]] = {
    Regime.BULL: {
        Regime.BEAR: (_INTO_OFF,),
        Regime.CRASH: (_INTO_CRASH,),
        Regime.SIDEWAYS: (_INTO_SIDE,),
    },
    Regime.SIDEWAYS: {
        Regime.BEAR: (_INTO_OFF,),
        Regime.CRASH: (_INTO_CRASH,),
        Regime.BULL: (_OUT_OF_SIDE,),
    },
    Regime.BEAR: {
        Regime.CRASH: (_INTO_CRASH,),
        Regime.BULL: (_OUT_OF_OFF, _NOT_INTO_SIDE),
        Regime.SIDEWAYS: (_OUT_OF_OFF, _INTO_SIDE),
    },
    Regime.CRASH: {Regime.BEAR: ((("crash",), c.LIMITS.crash_leave, "below"),)},
}
"""From a regime to those that one step of `anchored.next_regime` may lead to, and what each takes."""


class _Rates(NamedTuple):
    """How much of the way to what is new each average moves at the next bar."""

    ema200: float
    ema50: float
    variance: float
    downside: float

    @classmethod
    def after(cls, bars: int | None) -> Self:
        """Those after so many bars; None for many."""
        even = 0.0 if bars is None else 1 / (bars + 1)
        return cls(
            max(even, anchored.TREND_RATE),
            max(even, anchored.PULLBACK_RATE),
            max(even, anchored.VARIANCE_RATE),
            max(even, anchored.DOWNSIDE_RATE),
        )


@dataclass(frozen=True, slots=True)
class _Past:
    """What the public features tell of the bars so far; the last close is 1.

    Attributes:
        rates: those of the averages.
        ema200, ema50: averages of the close.
        variance, downside: mean squared log return a bar, of all and of falling ones.
        base, high, low: logs of the close 126 bars ago, the highest of 21 and the lowest of 42.
    """

    rates: _Rates
    ema200: float
    ema50: float
    variance: float
    downside: float
    base: float
    high: float
    low: float

    @classmethod
    def of(cls, features: Mapping[str, float], bars: int | None) -> Self:
        """The past that led to these features."""
        s = features["vol"]
        root = max(s - c.SCALE_FLOOR, 0.0)
        variance = root * root / c.BARS_A_YEAR
        return cls(
            _Rates.after(bars),
            exp(-features["trend"] * s),
            exp(-features["t50"] * s),
            variance,
            variance * exp(2 * features["dv"]) / 2,
            -features["m126"] * s,
            -features["high21"] * s,
            -features["low42"] * s,
        )

    def features_at(self, change: float) -> dict[str, float]:
        """The features of the next bar if its close changes by this fraction; about."""
        price, moved, rates = 1 + change, log1p(change), self.rates
        square = moved * moved
        fall = square if moved < 0 else 0.0
        variance = self.variance + (square - self.variance) * rates.variance
        downside = self.downside + (fall - self.downside) * rates.downside
        scale = sqrt(c.BARS_A_YEAR * variance) + c.SCALE_FLOOR
        fallen = max(2 * downside, c.DOWNSIDE_FLOOR)
        ema200 = self.ema200 + (price - self.ema200) * rates.ema200
        ema50 = self.ema50 + (price - self.ema50) * rates.ema50
        return {
            "trend": log(price / ema200) / scale,
            "t50": log(price / ema50) / scale,
            "dv": 0.5 * log(fallen / max(variance, c.VARIANCE_FLOOR)),
            "m126": (moved - self.base * (1 - 1 / c.MOMENTUM_BARS)) / scale,
            "high21": min(moved - self.high, 0.0) / scale,
            "low42": max(moved - self.low, 0.0) / scale,
            "vol": scale,
        }


class AnchoredExplainer:
    """Explains the anchored detector; implements `Explainer`."""

    name: Final = c.NAME
    version: Final = c.VERSION
    constants_hash: Final = c.CONSTANTS_HASH
    needs: Final = frozenset({"trend", "t50", "dv", "m126", "high21", "low42", "vol"})

    def scores(self, features: Mapping[str, float]) -> tuple[Score, ...]:
        """`bear`, `crash` and `side`: logistic functions of bias + terms.

        The value of a term of `side` is |t50| vol, or low42 vol.
        """
        bear, crash, side = anchored.score(features)
        b0, b1, b2, b3 = c.BEAR_WEIGHTS
        k0, k1, k2 = c.CRASH_WEIGHTS
        s0, s1, s2 = c.SIDE_WEIGHTS
        dv, vol = Term("dv", features["dv"], b2), features["vol"]
        trend, m126 = Term("trend", features["trend"], b1), Term("m126", features["m126"], b3)
        high21 = Term("high21", features["high21"], k2)
        t50 = Term("t50", abs(features["t50"]) * vol, s1)
        low42 = Term("low42", features["low42"] * vol, s2)
        return (
            Score("bear", bear, b0, (trend, dv, m126)),
            Score("crash", crash, k0, (Term("dv", dv.value, k1), high21)),
            Score("side", side, s0, (t50, low42)),
        )

    def flips(
        self, regime: Regime, features: Mapping[str, float], bars: int | None
    ) -> tuple[Flip, ...]:
        """Every regime that the next bar may lead to."""
        past, now = _Past.of(features, bars), _by_name(features)
        changes = _changes(past, regime)
        return tuple(
            _flip(to, conditions, now, past, changes.get(to))
            for to, conditions in _WAYS[regime].items()
        )

    def deciding(self, before: Regime, after: Regime) -> frozenset[str]:
        """CRASH hangs on its own score, risk-off on two, and SIDEWAYS on the third."""
        if before is after:
            return frozenset({"bear", "crash", "side"})
        off = len({before, after} & _RISK_OFF)
        return frozenset(({"side"}, {"bear", "crash"}, {"crash"})[off])


EXPLAINER: Final = AnchoredExplainer()


def _by_name(features: Mapping[str, float]) -> dict[str, float]:
    return dict(zip(("bear", "crash", "side"), anchored.score(features), strict=True))


def _flip(
    to: Regime,
    conditions: tuple[_Condition, ...],
    now: Mapping[str, float],
    past: _Past,
    change: float | None,
) -> Flip:
    """The flip with the first condition that does not hold yet; with the first one if all do."""
    unmet = (one for one in conditions if not _holds(one, now))
    names, threshold, direction = next(unmet, conditions[0])
    # Of two scores that may do it, the one that does.
    then = now if change is None else _by_name(past.features_at(change))
    name = max(names, key=then.__getitem__)
    return Flip(to, name, now[name], threshold, direction, change)


def _holds(condition: _Condition, scores: Mapping[str, float]) -> bool:
    names, threshold, direction = condition
    value = max(scores[name] for name in names)
    return value > threshold if direction == "above" else value < threshold


def _changes(past: _Past, regime: Regime) -> dict[Regime, float]:
    """The smallest change of the close, either way, that leads to each other regime."""
    found: dict[Regime, float] = {}
    for inner, outer in _outward():
        to = _next(past, regime, outer)
        if to is not regime and to not in found:
            found[to] = _edge(past, regime, to, inner, outer)
    return found


def _outward() -> Iterator[tuple[float, float]]:
    """Changes from none outward, falls and rises in turn, each with the one before it on its side."""
    inner, outer = 0.0, CHANGE_MIN
    yield 0.0, 0.0
    while inner < CHANGE_MAX:
        yield -inner, -outer
        yield inner, outer
        inner, outer = outer, min(outer * STEP, CHANGE_MAX)


def _edge(past: _Past, regime: Regime, to: Regime, inner: float, outer: float) -> float:
    """Where between a change that does not lead there and one that does the flip lies."""
    for _ in range(HALVINGS):
        middle = (inner + outer) / 2
        if _next(past, regime, middle) is to:
            outer = middle
        else:
            inner = middle
    return outer


def _next(past: _Past, regime: Regime, change: float) -> Regime:
    bear, crash, side = anchored.score(past.features_at(change))
    return anchored.next_regime(regime, max(bear, crash), crash, side)
