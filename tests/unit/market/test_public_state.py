"""The public state shows what was broadcast."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import orjson
from hypothesis import given

from app.market import public_state
from app.market.persona import DEFAULT_PERSONA, PERSONAS
from app.market.ticks import PriceTick
from events.catalog import (
    NoticeKind,
    Payload,
    PortfolioUpdate,
    PriceUpdate,
    Regime,
    RegimeUpdate,
    SystemNotice,
    TradeExecution,
    TradeSide,
    TradeStatus,
)
from events.projection import Projection, fold
from events.scalars import format_time
from tests.unit.market.builders import (
    START,
    bar,
    bars,
    falling,
    flat,
    play,
    recorded,
    regimes,
    tick,
    tick_series,
)

PROJECTION: Projection[public_state.PublicState] = public_state
PERSONA = PERSONAS[DEFAULT_PERSONA]


def shown(payloads: list[Payload], source: str = "import") -> dict[str, Any]:
    events = [recorded(payload, k, source) for k, payload in enumerate(payloads, start=1)]
    return public_state.present(fold(PROJECTION, events), PERSONA, {})


def of_ticks(ticks: list[PriceTick]) -> list[Payload]:
    return [event.payload for event in flat(play(ticks)[1])]


def update(regime: Regime, day: int, *, provisional: bool = False) -> RegimeUpdate:
    one = regimes(flat(play([bar("100")])[1]))[0]
    changes = {"regime": regime, "timestamp": START + timedelta(days=day)}
    return one.model_copy(update=changes | {"provisional": provisional})


def notice(kind: NoticeKind, details: dict[str, Any]) -> SystemNotice:
    return SystemNotice(kind=kind, text="", details=details, timestamp=START)


def test_an_empty_log_shows_nothing() -> None:
    assert shown([]) == {
        "symbols": {},
        "portfolios": {},
        "alerts": [],
        "trades": [],
        "alert_rules": [],
    }


def test_a_symbol_shows_its_regime_its_reasons_and_its_persona() -> None:
    entry = shown(of_ticks([bar("100.50")]))["symbols"]["SPX"]
    assert set(entry) == {
        *("regime", "vibe", "persona", "confidence", "probabilities", "features", "detector"),
        *("strategy_recommendation", "target_exposure", "since", "price", "warming_up", "source"),
    }
    assert (entry["regime"], entry["vibe"], entry["price"]) == ("BULL", "bull", "100.50")
    assert entry["persona"]["name"] == "Big Pickle"
    assert set(entry["persona"]) == {"name", "message", "look"}
    assert entry["since"] == format_time(START)


def test_since_is_the_time_of_the_last_shift() -> None:
    payloads: list[Payload] = [
        update(Regime.BULL, 0),
        update(Regime.BULL, 1),
        update(Regime.BEAR, 2),
        update(Regime.BEAR, 3),
    ]
    assert shown(payloads)["symbols"]["SPX"]["since"] == format_time(START + timedelta(days=2))


def test_a_provisional_update_counts_only_until_the_first_final_one() -> None:
    first = update(Regime.BEAR, 0, provisional=True)
    final = update(Regime.BULL, 1)
    then = update(Regime.CRASH, 2, provisional=True)
    assert shown([first])["symbols"]["SPX"]["regime"] == "BEAR"
    entry = shown([first, final, then])["symbols"]["SPX"]
    assert (entry["regime"], entry["since"]) == ("BULL", format_time(START + timedelta(days=1)))


def test_the_first_final_update_dates_the_regime_anew() -> None:
    payloads: list[Payload] = [update(Regime.BULL, 0, provisional=True), update(Regime.BULL, 1)]
    assert shown(payloads)["symbols"]["SPX"]["since"] == format_time(START + timedelta(days=1))


def test_a_manual_regime_lasts_until_the_next_update_whatever_it_is() -> None:
    state = fold(PROJECTION, [recorded(update(Regime.BULL, 0), 1)])
    state = public_state.apply(state, recorded(update(Regime.CRASH, 1), 2, "manual"))
    then = recorded(update(Regime.BULL, 2, provisional=True), 3, "feed:f")
    state = public_state.apply(state, then)
    entry = public_state.present(state, PERSONA, {})["symbols"]["SPX"]
    assert (entry["regime"], entry["source"]) == ("BULL", "feed:f")


def test_a_manual_update_is_shown_and_labelled() -> None:
    state = fold(PROJECTION, [recorded(update(Regime.BULL, 0), 1)])
    state = public_state.apply(state, recorded(update(Regime.CRASH, 1), 2, "manual"))
    entry = public_state.present(state, PERSONA, {})["symbols"]["SPX"]
    assert (entry["regime"], entry["source"], entry["vibe"]) == ("CRASH", "manual", "panic")


def price(text: str, day: int) -> PriceUpdate:
    empty = dict.fromkeys(("open", "high", "low", "volume", "bar_s", "corrects"))
    at = START + timedelta(days=day)
    return PriceUpdate(symbol="SPX", price=Decimal(text), timestamp=at, **empty)


def test_a_late_price_does_not_change_the_shown_one_but_a_revision_of_the_newest_does() -> None:
    assert shown([price("100", 2), price("90", 1)])["symbols"]["SPX"]["price"] == "100"
    assert shown([price("100", 2), price("101.0", 2)])["symbols"]["SPX"]["price"] == "101.0"


def test_a_symbol_with_a_price_only_has_no_regime_yet() -> None:
    entry = shown([price("100", 0)])["symbols"]["SPX"]
    assert entry["regime"] is entry["vibe"] is entry["persona"] is entry["since"] is None


def trade(number: int) -> TradeExecution:
    return TradeExecution(
        trade_id=f"t{number}",
        portfolio_id="main",
        symbol="SPX",
        side=TradeSide.BUY,
        quantity=Decimal(1),
        price=Decimal(100),
        fees=Decimal(0),
        status=TradeStatus.FILLED,
        reason=None,
        timestamp=START,
    )


def test_the_last_fifty_trades_are_kept_oldest_first() -> None:
    trades = shown([trade(k) for k in range(60)])["trades"]
    assert [each["trade_id"] for each in trades] == [f"t{k}" for k in range(10, 60)]


def test_alerts_are_kept_and_can_be_acknowledged() -> None:
    payloads = of_ticks(bars(falling()))
    alerts = shown(payloads)["alerts"]
    assert alerts
    assert not any(alert["acknowledged"] for alert in alerts)
    payloads.append(notice(NoticeKind.ALERT_ACKNOWLEDGED, {"alert_id": alerts[0]["alert_id"]}))
    assert [alert["acknowledged"] for alert in shown(payloads)["alerts"]] == [
        True,
        *[False] * (len(alerts) - 1),
    ]


def test_alert_rules_are_set_changed_and_removed() -> None:
    payloads: list[Payload] = [
        notice(NoticeKind.ALERT_RULE_SET, {"rule_id": "a", "threshold": "1"}),
        notice(NoticeKind.ALERT_RULE_SET, {"rule_id": "b", "threshold": "2"}),
        notice(NoticeKind.ALERT_RULE_SET, {"rule_id": "a", "threshold": "3"}),
    ]
    assert [rule["threshold"] for rule in shown(payloads)["alert_rules"]] == ["3", "2"]
    payloads.append(notice(NoticeKind.ALERT_RULE_REMOVED, {"rule_id": "a"}))
    payloads.append(notice(NoticeKind.ALERT_RULE_REMOVED, {"rule_id": "unknown"}))
    assert [rule["rule_id"] for rule in shown(payloads)["alert_rules"]] == ["b"]


def test_the_last_portfolio_update_is_the_portfolio() -> None:
    portfolio = PortfolioUpdate(
        portfolio_id="main",
        total_value=Decimal("1000.50"),
        cash=Decimal(0),
        exposure=1.0,
        pnl=Decimal(0),
        pnl_pct=0.0,
        daily_pnl=Decimal(0),
        drawdown_pct=0.0,
        benchmark_pnl_pct=None,
        positions=(),
        timestamp=START,
    )
    assert shown([portfolio])["portfolios"]["main"]["total_value"] == "1000.50"


def test_unknown_types_and_other_notices_change_nothing() -> None:
    stranger = recorded(price("100", 0))
    stranger = stranger._replace(type="from_the_future")
    state = public_state.apply(public_state.initial(), stranger)
    state = public_state.apply(state, recorded(notice(NoticeKind.FEED_STARTED, {})))
    assert state == public_state.initial()


@given(tick_series())
def test_the_folded_state_survives_being_saved_at_any_moment(ticks: list[PriceTick]) -> None:
    events = [recorded(payload, k) for k, payload in enumerate(of_ticks(ticks), start=1)]
    saved = public_state.initial()
    for event in events:
        saved = public_state.apply(orjson.loads(orjson.dumps(saved)), event)
    assert saved == fold(PROJECTION, events)


def test_nothing_internal_is_shown() -> None:
    text = orjson.dumps(shown(of_ticks([bar("100"), tick("101", START + timedelta(hours=1))])))
    assert b"price_at_us" not in text
    assert b'"final"' not in text
