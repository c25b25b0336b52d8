"""Events as a client gets them, for the tests of what is shown."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from app.client.messages import Event
from events.catalog import (
    AlertKind,
    AlertSeverity,
    DetectorStamp,
    Payload,
    PortfolioUpdate,
    PriceAlert,
    PriceUpdate,
    Regime,
    RegimeUpdate,
    Strategy,
    TradeExecution,
    TradeReason,
    TradeSide,
    TradeStatus,
    event_type,
)

START = datetime(2008, 9, 15, 21, tzinfo=UTC)
DAY = timedelta(days=1)


def event(payload: Payload, position: int = 1, source: str = "import") -> Event:
    kind = event_type(payload)
    return Event(
        position=position,
        stream=kind.stream_of(payload),
        version=1,
        type=kind.name,
        occurred_at=payload.timestamp,
        recorded_at=payload.timestamp,
        source=source,
        msg_id="00000000-0000-0000-0000-000000000001",
        payload=payload,
    )


def price(value: str | float, day: float = 0, symbol: str = "SPX", **more: Any) -> Event:
    fields = {"open": None, "high": None, "low": None, "volume": None, "bar_s": 86_400}
    payload = PriceUpdate(
        timestamp=START + day * DAY,
        symbol=symbol,
        price=Decimal(str(value)),
        **{**fields, "corrects": None, **more},
    )
    return event(payload)


def regime(
    now: Regime, before: Regime | None, day: float = 0, symbol: str = "SPX", **more: Any
) -> Event:
    source = more.pop("source", "import")
    fields = {"provisional": False, "warming_up": False, **more}
    payload = RegimeUpdate(
        timestamp=START + day * DAY,
        symbol=symbol,
        regime=now,
        previous_regime=before,
        confidence=0.62,
        probabilities={each: float(each is now) for each in Regime},
        strategy_recommendation=Strategy.CAPITAL_PRESERVATION,
        target_exposure=0.0,
        features={"dv": 1.0},
        detector=DetectorStamp(name="anchored", version="2", constants_hash="80"),
        **fields,
    )
    return event(payload, source=source)


def alert(
    message: str = "SPX is low",
    severity: AlertSeverity = AlertSeverity.WARNING,
    kind: AlertKind = AlertKind.NEW_LOW,
    day: float = 0,
) -> Event:
    payload = PriceAlert(
        timestamp=START + day * DAY,
        alert_id="a",
        rule_id="new_low",
        symbol="SPX",
        kind=kind,
        severity=severity,
        price=Decimal("1192.7"),
        threshold=None,
        message=message,
    )
    return event(payload)


def trade(status: TradeStatus = TradeStatus.FILLED, symbol: str = "SPX") -> Event:
    payload = TradeExecution(
        timestamp=START,
        trade_id="t",
        portfolio_id="main",
        symbol=symbol,
        side=TradeSide.SELL,
        quantity=Decimal("2.5"),
        price=Decimal("1192.7"),
        fees=Decimal(1),
        status=status,
        reason=TradeReason(regime=Regime.CRASH, confidence=0.6, rule="r"),
    )
    return event(payload)


def portfolio(value: str = "194502.307", pnl_pct: float = -0.027) -> Event:
    payload = PortfolioUpdate(
        timestamp=START,
        portfolio_id="main",
        total_value=Decimal(value),
        cash=Decimal(1),
        exposure=0.2,
        pnl=Decimal(1),
        pnl_pct=pnl_pct,
        daily_pnl=Decimal(1),
        drawdown_pct=0.177,
        benchmark_pnl_pct=None,
        positions=(),
    )
    return event(payload)
