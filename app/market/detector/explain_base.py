"""What an explanation of a reading is made of, and the optional protocol of those who give one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from events.catalog import Regime

Direction = Literal["above", "below"]


@dataclass(frozen=True, slots=True)
class Term:
    """One feature's part in a score.

    Attributes:
        feature: the feature that it is told of.
        value: what the weight multiplies: the feature, or what the detector makes of it.
        weight: the detector's constant.
    """

    feature: str
    value: float
    weight: float

    @property
    def contribution(self) -> float:
        """What it adds to the sum that the score is made of."""
        return self.weight * self.value


@dataclass(frozen=True, slots=True)
class Score:
    """One number that a detector compares with its limits: a function of the bias and the terms' sum."""

    name: str
    value: float
    bias: float
    terms: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class Flip:
    """A regime that the next bar may lead to, and what it would take.

    Attributes:
        to: that regime.
        score, value: the score that has to cross, and its value now.
        threshold, direction: what it has to cross, and which way.
        change: the change of the close, about, as a fraction: the smallest one after which the detector would
            say `to` at the next bar; None where none within the range looked at would do it.
    """

    to: Regime
    score: str
    value: float
    threshold: float
    direction: Direction
    change: float | None

    @property
    def distance(self) -> float:
        """How much the score must change, with its sign."""
        return self.threshold - self.value


class Explainer(Protocol):
    """Explains the readings of one version of one detector, from what is public of them.

    Optional: a detector without one is shown without reasons. `registry.explainer` finds it by name.
    """

    @property
    def name(self) -> str:
        """The detector's name."""

    @property
    def version(self) -> str:
        """The only version of it that is explained here."""

    @property
    def constants_hash(self) -> str:
        """The only constants that are explained here."""

    @property
    def needs(self) -> frozenset[str]:
        """The features without which nothing can be explained."""

    def scores(self, features: Mapping[str, float]) -> tuple[Score, ...]:
        """The scores of a bar with these features; any finite ones will do."""

    def flips(
        self, regime: Regime, features: Mapping[str, float], bars: int | None
    ) -> tuple[Flip, ...]:
        """Every regime that the bar after this one may lead to, in any order.

        Args:
            regime: that of the last bar, not warming up.
            features: those of the last bar.
            bars: how many there were up to it; None where that is not known.

        Raises:
            ValueError, ArithmeticError: no bar has such features.
        """

    def deciding(self, before: Regime, after: Regime) -> frozenset[str]:
        """The scores that a change from one regime to another hangs on; all where they are the same."""
