"""Why a symbol has its regime: the answer of `GET /api/explain`."""

from typing import Literal

from events.catalog import DetectorStamp, Record, Regime
from events.scalars import Finite, Fraction, Price, Symbol


class Term(Record):
    """One feature's part in a score: `contribution` = `weight` x `value`."""

    feature: str
    value: Finite
    weight: Finite
    contribution: Finite


class Score(Record):
    """A number that the detector compares with its limits: a function of the bias and the contributions' sum."""

    name: str
    value: Finite
    bias: Finite
    terms: list[Term]


class Flip(Record):
    """What it would take to come to another regime; `distance` = `threshold` - `value`."""

    to: Regime
    score: str
    value: Finite
    threshold: Finite
    direction: Literal["above", "below"]
    distance: Finite
    price: Price | None
    change: Finite | None


class Explanation(Record):
    """Why a symbol has its regime; null where it has none. docs/detector.md tells what the scores mean."""

    epoch: str
    position: int
    symbol: Symbol
    regime: Regime | None
    confidence: Fraction | None
    warming_up: bool | None
    detector: DetectorStamp | None
    explained: bool
    reason: str | None
    scores: list[Score]
    flips: list[Flip]
    nearest: Flip | None
