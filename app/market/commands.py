"""What can be asked of the market: each command leads to events, by `app.market.decide`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import TypeAlias
from uuid import UUID

from app.market.alerts.rules import AlertRule
from app.market.ticks import PriceTick
from events.catalog import TradeExecution


@dataclass(frozen=True, slots=True)
class RecordedPrice:
    """The newest recorded price of a symbol at one very moment."""

    event_id: UUID
    price: Decimal


@dataclass(frozen=True, slots=True)
class RecordPrice:
    """Record a price and what follows from it.

    Attributes:
        tick: the price.
        source: `feed:NAME`, `import`, `simulated` or `api`; part of the events' ids.
        recorded: what the log holds at the tick's very time. Callers look it up when the tick is not
            newer than the symbol's last one; for a newer one there is nothing to find.
    """

    tick: PriceTick
    source: str
    recorded: RecordedPrice | None = None


@dataclass(frozen=True, slots=True)
class RepeatRegime:
    """Say the last reading of a symbol again, for those who wait for a regular sign of life.

    Attributes:
        event_id: the caller's choice, since no tick causes it.
    """

    symbol: str
    event_id: UUID
    source: str


@dataclass(frozen=True, slots=True)
class MarkPortfolio:
    """Say what a portfolio is worth at the last prices; `event_id` as for `RepeatRegime`."""

    portfolio_id: str
    event_id: UUID
    source: str


@dataclass(frozen=True, slots=True)
class RecordTrades:
    """Record trades that were executed elsewhere, in this order.

    Attributes:
        recorded: what the log holds already under the ids of their events.
    """

    trades: tuple[TradeExecution, ...]
    source: str
    recorded: Mapping[UUID, TradeExecution] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SetAlertRule:
    """Set a rule, or replace the one with its id; `event_id` as for `RepeatRegime`."""

    rule: AlertRule
    event_id: UUID
    source: str = "api"


@dataclass(frozen=True, slots=True)
class RemoveAlertRule:
    """Remove a rule; `event_id` as for `RepeatRegime`."""

    rule_id: str
    event_id: UUID
    source: str = "api"


@dataclass(frozen=True, slots=True)
class AcknowledgeAlert:
    """Say that somebody has seen an alert of a symbol; once is enough.

    Attributes:
        alert_at: the market time of the alert.
    """

    alert_id: str
    symbol: str
    alert_at: datetime
    by: str | None = None
    note: str | None = None
    source: str = "api"


Command: TypeAlias = (
    RecordPrice
    | RepeatRegime
    | MarkPortfolio
    | RecordTrades
    | SetAlertRule
    | RemoveAlertRule
    | AcknowledgeAlert
)
