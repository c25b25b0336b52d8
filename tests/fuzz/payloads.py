"""Valid payloads of every type of the catalogue, as strategies."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from hypothesis import strategies as st

from events.catalog import (
    AlertKind,
    AlertSeverity,
    DetectorStamp,
    Holding,
    NoticeKind,
    Payload,
    PortfolioUpdate,
    PriceAlert,
    PriceUpdate,
    Probabilities,
    Regime,
    RegimeUpdate,
    Strategy,
    SystemNotice,
    TradeExecution,
    TradeReason,
    TradeSide,
    TradeStatus,
)
from events.scalars import LABEL_PATTERN, SYMBOL_PATTERN

_END: Final = 10**18

times: Final = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30)).map(
    lambda at: at.replace(tzinfo=UTC)
)
exact: Final = st.decimals(-_END + 1, _END - 1, places=12) | st.decimals(-999, 999, places=2)
quantities: Final = exact.map(abs)
prices: Final = quantities.filter(lambda one: one > 0) | st.just(Decimal("0.000000000001"))
symbols: Final = st.from_regex(SYMBOL_PATTERN, fullmatch=True)
labels: Final = st.from_regex(LABEL_PATTERN, fullmatch=True)
texts: Final = st.text(st.characters(exclude_categories=["Cs"]), max_size=500)
finite: Final = st.floats(allow_nan=False, allow_infinity=False)
fractions: Final = st.floats(0, 1)
stamps: Final = st.builds(DetectorStamp, name=labels, version=labels, constants_hash=labels)
json_values: Final = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | finite | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)


def _shared(weights: list[int]) -> Probabilities:
    shares = [weight / sum(weights) for weight in weights]
    return dict(zip(Regime, shares, strict=True))


probabilities: Final = st.lists(st.integers(1, 1_000), min_size=4, max_size=4).map(_shared)
holdings: Final = st.builds(
    Holding,
    symbol=symbols,
    quantity=exact,
    average_price=quantities,
    market_price=quantities,
    market_value=exact,
    unrealised_pnl=exact,
)
PAYLOADS: Final[dict[str, st.SearchStrategy[Payload]]] = {
    "regime_update": st.builds(
        RegimeUpdate,
        timestamp=times,
        symbol=symbols,
        regime=st.sampled_from(Regime),
        previous_regime=st.none() | st.sampled_from(Regime),
        confidence=fractions,
        probabilities=probabilities,
        strategy_recommendation=st.sampled_from(Strategy),
        target_exposure=fractions,
        features=st.dictionaries(labels, finite, max_size=4),
        detector=stamps,
        provisional=st.booleans(),
        warming_up=st.booleans(),
    ),
    "price_alert": st.builds(
        PriceAlert,
        timestamp=times,
        alert_id=labels,
        rule_id=labels,
        symbol=symbols,
        kind=st.sampled_from(AlertKind),
        severity=st.sampled_from(AlertSeverity),
        price=prices,
        threshold=st.none() | exact,
        message=texts,
    ),
    "portfolio_update": st.builds(
        PortfolioUpdate,
        timestamp=times,
        portfolio_id=labels,
        total_value=exact,
        cash=exact,
        exposure=finite,
        pnl=exact,
        pnl_pct=finite,
        daily_pnl=exact,
        drawdown_pct=finite,
        benchmark_pnl_pct=st.none() | finite,
        positions=st.lists(holdings, max_size=3).map(tuple),
    ),
    "trade_execution": st.builds(
        TradeExecution,
        timestamp=times,
        trade_id=labels,
        portfolio_id=labels,
        symbol=symbols,
        side=st.sampled_from(TradeSide),
        quantity=quantities,
        price=prices,
        fees=quantities,
        status=st.sampled_from(TradeStatus),
        reason=st.none()
        | st.builds(TradeReason, regime=st.sampled_from(Regime), confidence=fractions, rule=labels),
    ),
    "price_update": st.builds(
        PriceUpdate,
        timestamp=times,
        symbol=symbols,
        price=prices,
        open=st.none() | prices,
        high=st.none() | prices,
        low=st.none() | prices,
        volume=st.none() | quantities,
        bar_s=st.none() | st.integers(1, 31_622_400),
        corrects=st.none() | labels,
    ),
    "system_notice": st.builds(
        SystemNotice,
        timestamp=times,
        kind=st.sampled_from(NoticeKind),
        text=texts,
        details=st.dictionaries(texts, json_values, max_size=3),
    ),
}
"""By the names of the catalogue's types."""
