"""One event of every type, with what is hard to export: negative numbers, nulls, formulas, all digits."""

from decimal import Decimal

from events.catalog import (
    AlertKind,
    AlertSeverity,
    Holding,
    Payload,
    PortfolioUpdate,
    PriceAlert,
    Regime,
    TradeExecution,
    TradeReason,
    TradeSide,
    TradeStatus,
)
from events.envelope import RecordedEvent
from tests.unit.events.builders import NOON, notice, price, recorded, regime

LARGEST = Decimal("999999999999999999.999999999999")
"""All the digits that an exact number may have."""


def alert(message: str = "above") -> PriceAlert:
    """A price alert."""
    return PriceAlert(
        alert_id="a",
        rule_id="r",
        symbol="^GSPC",
        kind=AlertKind.PRICE_ABOVE,
        severity=AlertSeverity.INFO,
        price=Decimal("501.50"),
        threshold=Decimal("-0.000000000001"),
        message=message,
        timestamp=NOON,
    )


def portfolio() -> PortfolioUpdate:
    """A portfolio at a loss."""
    held = Holding(
        symbol="SPX",
        quantity=Decimal(-2),
        average_price=Decimal("1.5"),
        market_price=Decimal("1.6"),
        market_value=Decimal("-3.2"),
        unrealised_pnl=Decimal("-0.2"),
    )
    return PortfolioUpdate(
        portfolio_id="main",
        total_value=LARGEST,
        cash=LARGEST.copy_negate(),  # a bare minus would round it
        exposure=-0.5,
        pnl=Decimal("-0.2"),
        pnl_pct=-1e-07,
        daily_pnl=Decimal(0),
        drawdown_pct=-0.25,
        benchmark_pnl_pct=None,
        positions=(held,),
        timestamp=NOON,
    )


def trade() -> TradeExecution:
    """A trade with its reason."""
    return TradeExecution(
        trade_id="t",
        portfolio_id="main",
        symbol="SPX",
        side=TradeSide.BUY,
        quantity=Decimal("0.000001"),
        price=Decimal(501),
        fees=Decimal(0),
        status=TradeStatus.FILLED,
        reason=TradeReason(regime=Regime.BULL, confidence=0.5, rule="shift"),
        timestamp=NOON,
    )


PAYLOADS: tuple[Payload, ...] = (
    price(),
    regime(),
    alert('=HYPERLINK("x"),\r\n2'),
    portfolio(),
    trade(),
    notice(""),
)


def one_of_each() -> list[RecordedEvent]:
    """A log with an event of every type; recorded 1 ms after 1970 began."""
    return recorded(PAYLOADS)


def of_a_newer_program() -> RecordedEvent:
    """An event at a schema that this program does not know."""
    return recorded([price()])[0]._replace(schema_version=99, payload_json='{"price":{"bid":"1"}}')
