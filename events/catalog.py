"""Every typed event there is: its payload, its type name, its schema version, its channel and entity.

This module is one source of the wire's types (`app.stream.protocol` is the other): JSON Schemas and
TypeScript are generated from it. To add an event, write its payload model and one entry in `CATALOG`.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, TypeAdapter

from events.errors import UnknownEventType
from events.scalars import (
    ExactNumber,
    Finite,
    Fraction,
    Label,
    Price,
    Quantity,
    Symbol,
    Text,
    UtcTime,
)

PROBABILITY_SUM_TOLERANCE: Final = 1e-6
SYSTEM_ENTITY: Final = "synapse"


class Regime(StrEnum):
    """What kind of market it is."""

    BULL = "BULL"
    BEAR = "BEAR"
    CRASH = "CRASH"
    SIDEWAYS = "SIDEWAYS"


class Strategy(StrEnum):
    """What the regime recommends; no investment advice."""

    TREND_FOLLOWING = "trend_following"
    RANGE_TRADING = "range_trading"
    DEFENSIVE = "defensive"
    CAPITAL_PRESERVATION = "capital_preservation"


class Channel(StrEnum):
    """The kind of stream that a client asks for."""

    REGIME = "regime"
    PRICE_ALERTS = "price_alerts"
    PORTFOLIO = "portfolio"
    TRADES = "trades"
    PRICES = "prices"
    SYSTEM = "system"


SYMBOL_CHANNELS: Final = frozenset({Channel.REGIME, Channel.PRICE_ALERTS, Channel.PRICES})


class AlertKind(StrEnum):
    """What a price alert is about."""

    PRICE_ABOVE = "price_above"
    PRICE_BELOW = "price_below"
    PERCENT_MOVE = "percent_move"
    VOLATILITY_SPIKE = "volatility_spike"
    DRAWDOWN = "drawdown"
    NEW_HIGH = "new_high"
    NEW_LOW = "new_low"
    REGIME_SHIFT = "regime_shift"


class AlertSeverity(StrEnum):
    """How loud a price alert is."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


class TradeSide(StrEnum):
    """Which way a trade went."""

    BUY = "buy"
    SELL = "sell"


class TradeStatus(StrEnum):
    """How much of an order was executed."""

    FILLED = "filled"
    PARTIAL = "partial"
    REJECTED = "rejected"


class NoticeKind(StrEnum):
    """What a system notice tells."""

    FEED_STARTED = "feed_started"
    FEED_STOPPED = "feed_stopped"
    ALERT_RULE_SET = "alert_rule_set"
    ALERT_RULE_REMOVED = "alert_rule_removed"
    ALERT_ACKNOWLEDGED = "alert_acknowledged"
    CORRECTION = "correction"


class Record(BaseModel):
    """A frozen value that refuses unknown fields and loose types."""

    # NaN and infinity are no JSON: one of them in the log would break every reader of its event.
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Payload(Record):
    """The content of an event; `timestamp` is its market time."""

    timestamp: UtcTime


def _complete(probabilities: dict[Regime, float]) -> dict[Regime, float]:
    missing = [regime.value for regime in Regime if regime not in probabilities]
    if missing:
        raise ValueError(f"must name all four regimes; missing: {', '.join(missing)}")
    if not math.isclose(sum(probabilities.values()), 1, abs_tol=PROBABILITY_SUM_TOLERANCE):
        raise ValueError("must sum to 1")
    return {regime: probabilities[regime] for regime in Regime}


Probabilities = Annotated[dict[Regime, Fraction], AfterValidator(_complete)]


class DetectorStamp(Record):
    """Which detector said so: enough to reproduce it."""

    name: Label
    version: Label
    constants_hash: Label


class RegimeUpdate(Payload):
    """The regime of one symbol, with its confidence and the reasons for it."""

    symbol: Symbol
    regime: Regime
    previous_regime: Regime | None
    confidence: Fraction
    probabilities: Probabilities
    strategy_recommendation: Strategy
    target_exposure: Fraction
    features: Annotated[dict[Label, Finite], Field(max_length=64)]
    detector: DetectorStamp
    provisional: bool
    warming_up: bool


class PriceAlert(Payload):
    """A rule that fired on a symbol's price or regime."""

    alert_id: Label
    rule_id: Label
    symbol: Symbol
    kind: AlertKind
    severity: AlertSeverity
    price: Price
    threshold: ExactNumber | None
    message: Text


class Holding(Record):
    """One position of a portfolio, marked at the market."""

    symbol: Symbol
    quantity: ExactNumber
    average_price: Quantity
    market_price: Quantity
    market_value: ExactNumber
    unrealised_pnl: ExactNumber


class PortfolioUpdate(Payload):
    """What a portfolio is worth; exposure and the `_pct` fields are fractions of value (0.05 = 5 %)."""

    portfolio_id: Label
    total_value: ExactNumber
    cash: ExactNumber
    exposure: Finite
    pnl: ExactNumber
    pnl_pct: Finite
    daily_pnl: ExactNumber
    drawdown_pct: Finite
    benchmark_pnl_pct: Finite | None
    positions: Annotated[tuple[Holding, ...], Field(max_length=1000)]


class TradeReason(Record):
    """Why a trade was made."""

    regime: Regime
    confidence: Fraction
    rule: Label


class TradeExecution(Payload):
    """An order that met the market."""

    trade_id: Label
    portfolio_id: Label
    symbol: Symbol
    side: TradeSide
    quantity: Quantity
    price: Price
    fees: Quantity
    status: TradeStatus
    reason: TradeReason | None


class PriceUpdate(Payload):
    """A price: a ready bar (open, high, low and `bar_s` set; `timestamp` is its close) or a bare tick."""

    symbol: Symbol
    price: Price
    open: Price | None
    high: Price | None
    low: Price | None
    volume: Quantity | None
    bar_s: Annotated[int, Field(gt=0, le=31_622_400)] | None
    corrects: Label | None


class SystemNotice(Payload):
    """Something that happened to the recorder itself."""

    kind: NoticeKind
    text: Text
    details: dict[str, JsonValue]


@dataclass(frozen=True, slots=True)
class EventType:
    """One entry of the catalogue.

    Attributes:
        name: the type's name on the wire and in the log.
        model: the payload's present schema.
        schema_version: the number of that schema, from 1.
        channel: where subscribers find it.
        entity_field: the payload field that names the stream's entity; None for the system itself.
    """

    name: str
    model: type[Payload]
    schema_version: int
    channel: Channel
    entity_field: str | None

    def stream_of(self, payload: Payload) -> str:
        """The stream that an event with this payload belongs to, such as `regime:SPX`."""
        entity = SYSTEM_ENTITY if self.entity_field is None else getattr(payload, self.entity_field)
        return f"{self.channel.value}:{entity}"

    def text_of(self, payload: Payload) -> str:
        """The JSON text that is stored and sent; the same payload always gives the same text."""
        return _serializer_of(self.model)(payload).decode()

    def payload_of(self, text: str | bytes) -> Payload:
        """The payload that a text holds, checked.

        Raises:
            ValidationError: the text does not fit the present schema.
        """
        return _validator_of(self.model)(text)


# `model_dump_json` and `model_validate_json`, without what they look up at every call: a fifth of their time.


@cache
def _serializer_of(model: type[Payload]) -> Callable[[Payload], bytes]:
    return TypeAdapter(model).serializer.to_json


@cache
def _validator_of(model: type[Payload]) -> Callable[[str | bytes], Payload]:
    return TypeAdapter(model).validator.validate_json


_ENTRIES: Final = (
    EventType("regime_update", RegimeUpdate, 1, Channel.REGIME, "symbol"),
    EventType("price_alert", PriceAlert, 1, Channel.PRICE_ALERTS, "symbol"),
    EventType("portfolio_update", PortfolioUpdate, 1, Channel.PORTFOLIO, "portfolio_id"),
    EventType("trade_execution", TradeExecution, 1, Channel.TRADES, "portfolio_id"),
    EventType("price_update", PriceUpdate, 1, Channel.PRICES, "symbol"),
    EventType("system_notice", SystemNotice, 1, Channel.SYSTEM, None),
)
CATALOG: Final[Mapping[str, EventType]] = {entry.name: entry for entry in _ENTRIES}
_BY_MODEL: Final[Mapping[type[Payload], EventType]] = {entry.model: entry for entry in _ENTRIES}


def event_type(payload: Payload) -> EventType:
    """The catalogue's entry for a payload.

    Raises:
        UnknownEventType: when the payload's class is not in the catalogue.
    """
    try:
        return _BY_MODEL[type(payload)]
    except KeyError:
        raise UnknownEventType(type(payload).__name__) from None


def split_stream(stream: str) -> tuple[str, str]:
    """Split `regime:SPX` into its channel and its entity."""
    channel, _, entity = stream.partition(":")
    return channel, entity
