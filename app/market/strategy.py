"""What a regime recommends. No investment advice, and it says so wherever it is shown."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from events.catalog import Regime, Strategy

DISCLAIMER: Final = (
    "Not investment advice. Regimes, confidences and recommendations come from a statistical model "
    "whose skill was measured on daily bars of equity indices only; it does not know the future, "
    "and past results do not carry over to it."
)


@dataclass(frozen=True, slots=True)
class Recommendation:
    """A regime's strategy and the share of the portfolio that it would keep invested.

    Attributes:
        strategy: the strategy's name on the wire.
        target_exposure: fraction of the portfolio's value, in [0, 1].
    """

    strategy: Strategy
    target_exposure: float


RECOMMENDATIONS: Final[Mapping[Regime, Recommendation]] = MappingProxyType(
    {
        Regime.BULL: Recommendation(Strategy.TREND_FOLLOWING, 1.0),
        Regime.SIDEWAYS: Recommendation(Strategy.RANGE_TRADING, 0.5),
        Regime.BEAR: Recommendation(Strategy.DEFENSIVE, 0.2),
        Regime.CRASH: Recommendation(Strategy.CAPITAL_PRESERVATION, 0.0),
    }
)
