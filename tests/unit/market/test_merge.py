"""Folds of single streams, put together, are one fold of everything in market order."""

# covers: app.market.public_state, events.projection

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.market import public_state
from app.market.persona import DEFAULT_PERSONA, PERSONAS
from events.catalog import (
    AlertKind,
    AlertSeverity,
    NoticeKind,
    Payload,
    PortfolioUpdate,
    PriceAlert,
    PriceUpdate,
    Regime,
    RegimeUpdate,
    SystemNotice,
    TradeExecution,
    TradeSide,
    TradeStatus,
)
from events.envelope import RecordedEvent
from events.projection import Folded, Projection, fold, in_market_order, merged
from tests.unit.market.builders import START, bar, flat, play, recorded, regimes

PROJECTION: Projection[public_state.PublicState] = public_state
PERSONA = PERSONAS[DEFAULT_PERSONA]
ALERT_IDS = ("a1", "a2", "a3")


def _price(at: datetime, symbol: str, value: int) -> Payload:
    empty = dict.fromkeys(("open", "high", "low", "volume", "bar_s", "corrects"))
    return PriceUpdate(symbol=symbol, price=Decimal(value + 1), timestamp=at, **empty)


_REGIME: RegimeUpdate = regimes(flat(play([bar("100")])[1]))[0]


def _regime(at: datetime, symbol: str, value: int) -> Payload:
    regime = list(Regime)[value % 4]
    changes = {"regime": regime, "symbol": symbol, "timestamp": at, "provisional": value > 6}
    return _REGIME.model_copy(update=changes)


def _alert(at: datetime, symbol: str, value: int) -> Payload:
    return PriceAlert(
        alert_id=ALERT_IDS[value % 3],
        rule_id="rule",
        symbol=symbol,
        kind=AlertKind.NEW_HIGH,
        severity=AlertSeverity.INFO,
        price=Decimal(1),
        threshold=None,
        message=str(value),
        timestamp=at,
    )


def _trade(at: datetime, symbol: str, value: int) -> Payload:
    return TradeExecution(
        trade_id=str(value),
        portfolio_id=symbol,
        symbol=symbol,
        side=TradeSide.SELL,
        quantity=Decimal(1),
        price=Decimal(1),
        fees=Decimal(0),
        status=TradeStatus.FILLED,
        reason=None,
        timestamp=at,
    )


def _portfolio(at: datetime, symbol: str, value: int) -> Payload:
    return PortfolioUpdate(
        portfolio_id=symbol,
        total_value=Decimal(value),
        cash=Decimal(0),
        exposure=0.5,
        pnl=Decimal(0),
        pnl_pct=0.0,
        daily_pnl=Decimal(0),
        drawdown_pct=0.0,
        benchmark_pnl_pct=None,
        positions=(),
        timestamp=at,
    )


def _notice(at: datetime, symbol: str, value: int) -> Payload:
    choices: list[tuple[NoticeKind, dict[str, Any]]] = [
        (NoticeKind.ALERT_ACKNOWLEDGED, {"alert_id": ALERT_IDS[value % 3]}),
        (NoticeKind.ALERT_RULE_SET, {"rule_id": symbol, "threshold": value}),
        (NoticeKind.ALERT_RULE_REMOVED, {"rule_id": symbol}),
        (NoticeKind.ALERT_ACKNOWLEDGED, {"alert_id": value}),
    ]
    kind, details = choices[value % 4]
    return SystemNotice(kind=kind, text="", details=details, timestamp=at)


MAKERS = (_price, _regime, _alert, _alert, _trade, _portfolio, _notice, _notice)
payloads = st.builds(
    lambda maker, hours, symbol, value: maker(START + timedelta(hours=hours), symbol, value),
    st.sampled_from(MAKERS),
    st.integers(0, 6),
    st.sampled_from(["SPX", "IXIC"]),
    st.integers(0, 9),
)


def log_of(made: Sequence[Payload]) -> list[RecordedEvent]:
    return [recorded(payload, position) for position, payload in enumerate(made, start=1)]


def by_stream(events: Iterable[RecordedEvent]) -> dict[str, list[RecordedEvent]]:
    streams: dict[str, list[RecordedEvent]] = {}
    for event in events:
        streams.setdefault(event.stream, []).append(event)
    return streams


def merged_state(events: Sequence[RecordedEvent]) -> public_state.PublicState:
    parts = [fold(PROJECTION, in_market_order(each)) for each in by_stream(events).values()]
    # Parts may come out of a snapshot.
    return public_state.merge(public_state.load(orjson.loads(orjson.dumps(p))) for p in parts)


@given(st.lists(payloads, max_size=60))
def test_merging_streams_is_one_fold_in_market_order(made: list[Payload]) -> None:
    events = log_of(made)
    assert merged_state(events) == fold(PROJECTION, in_market_order(events))


def test_only_the_newest_of_all_streams_are_kept_in_order() -> None:
    made = [
        _alert(START + timedelta(hours=(7 * k) % 80), "SPX" if k % 3 else "IXIC", k)
        for k in range(130)
    ]
    events = log_of(made)
    state = merged_state(events)
    assert state == fold(PROJECTION, in_market_order(events))
    assert len(state["alerts"]) == public_state.KEPT


@pytest.mark.parametrize(("first", "acknowledged"), [("alert", True), ("notice", False)])
def test_an_acknowledgement_counts_for_alerts_before_it(first: str, acknowledged: bool) -> None:
    alert, notice = _alert(START, "SPX", 0), _notice(START, "SPX", 0)
    events = log_of([alert, notice] if first == "alert" else [notice, alert])
    shown: Any = public_state.present(merged_state(events), PERSONA, {})
    assert [each["acknowledged"] for each in shown["alerts"]] == [acknowledged]


def test_only_so_many_acknowledgements_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(public_state, "ACKNOWLEDGEMENTS_KEPT", 2)
    made = [_notice(START + timedelta(hours=k), "SPX", value) for k, value in enumerate((0, 4, 8))]
    made.append(_notice(START + timedelta(hours=9), "SPX", 4))
    state = fold(PROJECTION, log_of(made))
    assert list(state["acknowledged"]) == ["a3", "a2"]


def test_merging_nothing_is_the_empty_state() -> None:
    assert merged(PROJECTION, [Folded(public_state.initial())]) == Folded(public_state.initial())


@pytest.mark.parametrize("other", [None, [], {}, {"symbols": {}}])
def test_what_is_no_state_is_not_loaded(other: object) -> None:
    with pytest.raises(ValueError, match="not a public state"):
        public_state.load(other)


def test_an_unknown_field_of_an_event_is_no_matter() -> None:
    event = log_of([_price(START, "SPX", 5)])[0]
    wider = event._replace(payload_json=event.payload_json[:-1] + ',"venue":"X"}')
    assert fold(PROJECTION, [wider]) == fold(PROJECTION, [event])
