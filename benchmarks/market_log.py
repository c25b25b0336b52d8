"""A log as markets make it: prices and regimes of many symbols, some late; alerts, trades, portfolios."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

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
    TradeSide,
    TradeStatus,
)
from events.envelope import NewEvent
from events.log import EventLog

SYMBOLS = 20
LATE_SHARE = 0.01
"""Of the prices; most of these are late by up to `LATE_MINUTES`, `FAR_SHARE` of them by any time."""
LATE_MINUTES = 10
FAR_SHARE = 0.01
BATCH = 1_000
START = datetime(2000, 1, 3, 21, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
_STAMP = DetectorStamp(name="anchored", version="1", constants_hash="0123456789abcdef")
_FEATURES = ("trend", "t50", "dv", "m21", "m63", "m126")


async def fill(log: EventLog, events: int, seed: int = 1) -> None:
    """Append so many events, a thousand at a time."""
    made = market(seed)
    for start in range(0, events, BATCH):
        batch = [next(made) for _ in range(min(BATCH, events - start))]
        await log.append(batch)


def market(seed: int) -> Iterator[NewEvent]:
    """Events without end: a price and a regime of each symbol every minute, now and then something else."""
    rng = random.Random(seed)
    minute = 0
    while True:
        at = START + minute * MINUTE
        for number in range(SYMBOLS):
            symbol = f"S{number}"
            when = at
            if rng.random() < LATE_SHARE:
                far = rng.random() < FAR_SHARE
                when -= rng.randrange(minute + 1 if far else min(minute, LATE_MINUTES) + 1) * MINUTE
            yield _new(price_update(symbol, rng, when))
            yield _new(regime_update(symbol, rng, at))
            if rng.random() < 0.02:
                yield _new(price_alert(symbol, f"{minute}-{number}", at))
                yield _new(trade_execution(symbol, f"{minute}-{number}", at))
        yield _new(portfolio_update(at))
        minute += 1


def _new(payload: Payload) -> NewEvent:
    return NewEvent(payload=payload, event_id=uuid4(), source="simulated")


def price_update(symbol: str, rng: random.Random, at: datetime) -> PriceUpdate:
    price = Decimal(rng.randrange(10_000, 99_999)) / 100
    return PriceUpdate(
        symbol=symbol,
        price=price,
        open=price,
        high=price,
        low=price,
        volume=Decimal(100),
        bar_s=60,
        corrects=None,
        timestamp=at,
    )


def regime_update(symbol: str, rng: random.Random, at: datetime) -> RegimeUpdate:
    bull = rng.random()
    rest = (1 - bull) / 3
    return RegimeUpdate(
        symbol=symbol,
        regime=Regime.BULL if bull > 0.5 else Regime.BEAR,
        previous_regime=Regime.BULL,
        confidence=bull,
        probabilities={regime: bull if regime is Regime.BULL else rest for regime in Regime},
        strategy_recommendation=Strategy.TREND_FOLLOWING,
        target_exposure=1.0,
        features={name: rng.random() for name in _FEATURES},
        detector=_STAMP,
        provisional=False,
        warming_up=False,
        timestamp=at,
    )


def price_alert(symbol: str, number: str, at: datetime) -> PriceAlert:
    return PriceAlert(
        alert_id=number,
        rule_id="above-500",
        symbol=symbol,
        kind=AlertKind.PRICE_ABOVE,
        severity=AlertSeverity.INFO,
        price=Decimal(501),
        threshold=Decimal(500),
        message="above 500",
        timestamp=at,
    )


def trade_execution(symbol: str, number: str, at: datetime) -> TradeExecution:
    return TradeExecution(
        trade_id=number,
        portfolio_id="main",
        symbol=symbol,
        side=TradeSide.BUY,
        quantity=Decimal(1),
        price=Decimal(501),
        fees=Decimal(0),
        status=TradeStatus.FILLED,
        reason=None,
        timestamp=at,
    )


def portfolio_update(at: datetime) -> PortfolioUpdate:
    return PortfolioUpdate(
        portfolio_id="main",
        total_value=Decimal(1_000_000),
        cash=Decimal(10),
        exposure=1.0,
        pnl=Decimal(0),
        pnl_pct=0.0,
        daily_pnl=Decimal(0),
        drawdown_pct=0.0,
        benchmark_pnl_pct=None,
        positions=(),
        timestamp=at,
    )
