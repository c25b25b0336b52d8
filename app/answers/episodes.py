"""Episodes and the shifts between them: the answers of `GET /api/episodes` and `GET /api/transitions`."""

from typing import Annotated

from pydantic import Field

from events.catalog import Record, Regime
from events.scalars import Finite, Fraction, Label, Price, Symbol, UtcTime


class Episode(Record):
    """An episode: the time between two shifts of one symbol; docs/episodes.md has the figures' formulas."""

    symbol: Symbol
    regime: Regime
    previous_regime: Regime | None
    position: int
    start: UtcTime
    end: UtcTime | None
    end_position: int | None
    start_price: Price | None
    end_price: Price | None
    bars: int
    total_return: Annotated[Finite | None, Field(alias="return")]
    volatility: Finite | None
    maximum_drawdown: Annotated[Finite, Field(ge=-1, le=0)] | None
    mean_confidence: Fraction
    warming_up: bool
    source: Label


class Episodes(Record):
    """Episodes as of a position, oldest first."""

    epoch: str
    head: int
    position: int
    episodes: list[Episode]


class Transitions(Record):
    """The shifts of one symbol by the regime that they leave and the one that they enter; its episodes by regime."""

    counts: dict[Regime, dict[Regime, int]]
    probabilities: dict[Regime, dict[Regime, Fraction | None]]
    episodes: dict[Regime, int]
    mean_duration_s: dict[Regime, Finite | None]
    mean_bars: dict[Regime, Finite | None]


class AllTransitions(Record):
    """The transitions of each symbol, as of a position."""

    epoch: str
    head: int
    position: int
    symbols: dict[Symbol, Transitions]
