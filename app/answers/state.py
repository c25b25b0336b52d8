"""The projected state of a moment: the answer of `GET /api/state`."""

from typing import Any

from events.catalog import (
    DetectorStamp,
    PortfolioUpdate,
    PriceAlert,
    Record,
    Regime,
    TradeExecution,
)
from events.scalars import Finite, Fraction, Label, Price, Symbol, UtcTime


class Persona(Record):
    """Who speaks of a regime, and what is said."""

    name: str
    message: str
    look: str


class SymbolState(Record):
    """What is known of a symbol; null before its first regime, or price."""

    regime: Regime | None
    confidence: Fraction | None
    probabilities: dict[Regime, Fraction] | None
    strategy_recommendation: str | None
    target_exposure: Finite | None
    features: dict[str, Finite] | None
    detector: DetectorStamp | None
    warming_up: bool | None
    since: UtcTime | None
    source: Label | None
    price: Price | None
    vibe: str | None
    persona: Persona | None


class PortfolioState(PortfolioUpdate):
    """A portfolio as it was told last."""

    source: Label


class AlertState(PriceAlert):
    """An alert, and whether somebody has seen it."""

    acknowledged: bool


class TradeState(TradeExecution):
    """A trade."""

    source: Label


class AsOf(Record):
    """How far the state goes; the times are the newest by then, of what whoever asks may see."""

    position: int
    occurred_at: UtcTime | None
    recorded_at: UtcTime | None


class State(Record):
    """The state of a moment: alerts and trades are the newest 50, oldest first."""

    epoch: str
    position: int
    symbols: dict[Symbol, SymbolState]
    portfolios: dict[str, PortfolioState]
    alerts: tuple[AlertState, ...]
    trades: tuple[TradeState, ...]
    alert_rules: tuple[dict[str, Any], ...]
    state_hash: str
    as_of: AsOf
    disclaimer: str
