"""`POST /api/broadcast/...`: hand-made events for tests and rehearsals, marked `source: "manual"`.

They are appended and broadcast like any other event and change what is shown, never the detector.
"""

from decimal import Decimal
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends
from fastapi.responses import Response
from pydantic import BeforeValidator, Field

from app.api.auth import require_write
from app.api.event_schemas import MESSAGE, answers_with
from app.api.problems import PROBLEM_RESPONSES
from app.api.services import ServicesDep
from app.market.decide_price import refuse_one_more
from app.market.strategy import RECOMMENDATIONS
from app.stream.faults import FewFaults
from app.stream.transport import present_text
from events.catalog import (
    AlertKind,
    AlertSeverity,
    DetectorStamp,
    Holding,
    Payload,
    PortfolioUpdate,
    PriceAlert,
    Probabilities,
    Record,
    Regime,
    RegimeUpdate,
    TradeExecution,
    TradeReason,
    TradeSide,
    TradeStatus,
)
from events.clock import now_us, uuid7
from events.envelope import NewEvent
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
    from_micros,
)

router = APIRouter(
    prefix="/api/broadcast",
    tags=["manual broadcasts"],
    dependencies=[Depends(require_write)],
    responses=PROBLEM_RESPONSES,
)

_MESSAGE: Final = answers_with(MESSAGE)

ZERO = Decimal(0)
MANUAL = DetectorStamp(name="manual", version="1", constants_hash="none")


class ManualEvent(Record):
    """What every hand-made event may set; the time is now unless given."""

    timestamp: UtcTime | None = None

    @property
    def occurred_at(self) -> UtcTime:
        """The market time of the event."""
        return self.timestamp or from_micros(now_us())


RegimeIn = Annotated[Regime, Field(strict=False)]
AlertKindIn = Annotated[AlertKind, Field(strict=False)]
SeverityIn = Annotated[AlertSeverity, Field(strict=False)]
SideIn = Annotated[TradeSide, Field(strict=False)]
StatusIn = Annotated[TradeStatus, Field(strict=False)]


def _by_regime(value: Any) -> Any:
    # A mapping's keys stay strict whatever its field says, so they become regimes here.
    if not isinstance(value, dict):
        return value
    unknown = [name for name in value if name not in set(Regime)]
    if unknown:
        named = ", ".join(repr(name) for name in unknown[: len(Regime)])
        raise ValueError(f"must name the four regimes, not {named}")
    return {Regime(name): probability for name, probability in value.items()}


ProbabilitiesIn = Annotated[Probabilities, BeforeValidator(_by_regime)]


class ManualRegime(ManualEvent):
    """A regime to show; what is left out follows from it."""

    symbol: Symbol
    regime: RegimeIn
    previous_regime: RegimeIn | None = None
    confidence: Fraction | None = None
    probabilities: ProbabilitiesIn | None = None
    features: Annotated[dict[Label, Finite], Field(max_length=64, default_factory=dict)]

    def payload(self) -> RegimeUpdate:
        """The regime update that this describes."""
        confidence = self.confidence
        if confidence is None:
            confidence = self.probabilities[self.regime] if self.probabilities else 1.0
        rest = (1 - confidence) / (len(Regime) - 1)
        spread = dict.fromkeys(Regime, rest) | {self.regime: confidence}
        recommendation = RECOMMENDATIONS[self.regime]
        return RegimeUpdate(
            symbol=self.symbol,
            regime=self.regime,
            previous_regime=self.previous_regime,
            confidence=confidence,
            probabilities=self.probabilities or spread,
            strategy_recommendation=recommendation.strategy,
            target_exposure=recommendation.target_exposure,
            features=self.features,
            detector=MANUAL,
            provisional=False,
            warming_up=False,
            timestamp=self.occurred_at,
        )


class ManualPriceAlert(ManualEvent):
    """An alert to show."""

    symbol: Symbol
    price: Price
    message: Text
    kind: AlertKindIn = AlertKind.PRICE_ABOVE
    severity: SeverityIn = AlertSeverity.INFO
    threshold: ExactNumber | None = None
    alert_id: Label | None = None
    rule_id: Label = "manual"

    def payload(self) -> PriceAlert:
        """The price alert that this describes."""
        return PriceAlert(
            alert_id=self.alert_id or str(uuid7()),
            rule_id=self.rule_id,
            symbol=self.symbol,
            kind=self.kind,
            severity=self.severity,
            price=self.price,
            threshold=self.threshold,
            message=self.message,
            timestamp=self.occurred_at,
        )


class ManualPortfolio(ManualEvent):
    """A portfolio's value to show."""

    total_value: ExactNumber
    portfolio_id: Label = "main"
    cash: ExactNumber = ZERO
    exposure: Finite = 0.0
    pnl: ExactNumber = ZERO
    pnl_pct: Finite = 0.0
    daily_pnl: ExactNumber = ZERO
    drawdown_pct: Finite = 0.0
    benchmark_pnl_pct: Finite | None = None
    positions: Annotated[list[Holding], Field(max_length=1000, default_factory=list)]

    def payload(self) -> PortfolioUpdate:
        """The portfolio update that this describes."""
        fields = {name: getattr(self, name) for name in type(self).model_fields}
        return PortfolioUpdate(
            **{**fields, "positions": tuple(self.positions), "timestamp": self.occurred_at}
        )


class ManualReason(Record):
    """Why a trade was made."""

    regime: RegimeIn
    confidence: Fraction
    rule: Label


class ManualTrade(ManualEvent):
    """An execution to show."""

    symbol: Symbol
    side: SideIn
    quantity: Quantity
    price: Price
    portfolio_id: Label = "main"
    trade_id: Label | None = None
    fees: Quantity = ZERO
    status: StatusIn = TradeStatus.FILLED
    reason: ManualReason | None = None

    def payload(self) -> TradeExecution:
        """The trade execution that this describes."""
        reason = None if self.reason is None else TradeReason(**dict(self.reason))
        return TradeExecution(
            trade_id=self.trade_id or str(uuid7()),
            portfolio_id=self.portfolio_id,
            symbol=self.symbol,
            side=self.side,
            quantity=self.quantity,
            price=self.price,
            fees=self.fees,
            status=self.status,
            reason=reason,
            timestamp=self.occurred_at,
        )


async def _broadcast(services: ServicesDep, payload: Payload) -> Response:
    event = NewEvent(payload=payload, event_id=uuid7(), source="manual")
    appended = await services.log.append([event])
    return Response(present_text(appended.events[0]), media_type="application/json")


@router.post("/regime", responses=_MESSAGE)
async def broadcast_regime(services: ServicesDep, body: FewFaults[ManualRegime]) -> Response:
    """Show a regime; answers the message that subscribers get."""
    shown = (await services.live_state.projector.now()).state["symbols"]
    refuse_one_more(body.symbol, shown)
    return await _broadcast(services, body.payload())


@router.post("/price-alert", responses=_MESSAGE)
async def broadcast_price_alert(
    services: ServicesDep, body: FewFaults[ManualPriceAlert]
) -> Response:
    """Show an alert; answers the message that subscribers get."""
    return await _broadcast(services, body.payload())


@router.post("/portfolio", responses=_MESSAGE)
async def broadcast_portfolio(services: ServicesDep, body: FewFaults[ManualPortfolio]) -> Response:
    """Show a portfolio's value; answers the message that subscribers get."""
    return await _broadcast(services, body.payload())


@router.post("/trade", responses=_MESSAGE)
async def broadcast_trade(services: ServicesDep, body: FewFaults[ManualTrade]) -> Response:
    """Show a trade; answers the message that subscribers get."""
    return await _broadcast(services, body.payload())
