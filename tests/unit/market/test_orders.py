"""What people and other systems ask for: rules, acknowledgements, trades, marks."""

# covers: app.market.decide_orders, app.market.rule_book, app.market.valuation, app.market.decision, app.market.commands

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from app.market.alerts.rules import DEFAULT_RULES, AlertRule
from app.market.commands import (
    AcknowledgeAlert,
    Command,
    MarkPortfolio,
    RecordPrice,
    RecordTrades,
    RemoveAlertRule,
    SetAlertRule,
)
from app.market.decide import consider, decide
from app.market.decide_orders import TooManyRules, TradeTaken, UnknownRule, trade_event_id
from app.market.portfolio_refusals import PaperPortfolioRefused, UnknownSymbol
from app.market.rule_book import RULES_MAX, RuleBook
from app.market.setup import MarketSetup, parse_paper
from app.market.state import MarketState, initial
from events.catalog import (
    AlertKind,
    NoticeKind,
    PortfolioUpdate,
    PriceAlert,
    SystemNotice,
    TradeExecution,
    TradeSide,
    TradeStatus,
)
from tests.unit.market.builders import (
    START,
    bar,
    bars,
    evolve_all,
    expected_versions,
    falling,
    flat,
    play,
)

ONE = UUID(int=1)


def rule(rule_id: str = "deep", threshold: str = "90", symbol: str | None = None) -> AlertRule:
    return AlertRule(
        rule_id=rule_id, kind=AlertKind.PRICE_BELOW, threshold=Decimal(threshold), symbol=symbol
    )


def done(state: MarketState, *commands: Command) -> MarketState:
    """The state after some commands; each decision's own is the fold of its events."""
    for command in commands:
        decision = consider(state, command)
        state = evolve_all(state, decision.events)
        assert state == decision.state
    return state


def trade(number: int = 1, symbol: str = "SPX", quantity: str = "2") -> TradeExecution:
    return TradeExecution(
        trade_id=f"t{number}",
        portfolio_id="own",
        symbol=symbol,
        side=TradeSide.BUY,
        quantity=Decimal(quantity),
        price=Decimal(100),
        fees=Decimal(1),
        status=TradeStatus.FILLED,
        reason=None,
        timestamp=START + timedelta(hours=number),
    )


def alerts(state: MarketState, price: str, day: int = 1, symbol: str = "SPX") -> list[str]:
    events = decide(state, RecordPrice(bar(price, day, symbol), "api"))
    return [e.payload.rule_id for e in events if isinstance(e.payload, PriceAlert)]


def test_a_rule_that_is_set_fires_from_then_on_and_no_longer_once_it_is_removed() -> None:
    state, _ = play([bar("100")])
    assert alerts(state, "80") == []
    state = done(state, SetAlertRule(rule(), ONE))
    assert alerts(state, "80") == ["deep"]
    assert alerts(done(state, RemoveAlertRule("deep", ONE)), "80") == []


def test_a_rule_of_one_symbol_leaves_the_others_alone() -> None:
    state, _ = play([bar("100"), bar("100", symbol="IXIC")])
    state = done(state, SetAlertRule(rule(symbol="IXIC"), ONE))
    assert alerts(state, "80") == []
    assert alerts(state, "80", symbol="IXIC") == ["deep"]


def test_a_rule_is_told_with_all_that_it_takes_to_set_it_again() -> None:
    (event,) = decide(initial(), SetAlertRule(rule(), ONE))
    assert isinstance(event.payload, SystemNotice)
    assert event.payload.kind is NoticeKind.ALERT_RULE_SET
    assert AlertRule.model_validate(event.payload.details) == rule()
    assert (event.event_id, event.source) == (ONE, "api")


def test_a_built_in_rule_can_be_removed() -> None:
    state = done(initial(), RemoveAlertRule("regime_shift", ONE))
    assert "regime_shift" not in state.rules.by_id
    _, batches = play(bars(falling()), state)
    told = [e.payload for e in flat(batches) if isinstance(e.payload, PriceAlert)]
    assert all(alert.kind is not AlertKind.REGIME_SHIFT for alert in told)


def test_a_rule_that_is_not_in_force_cannot_be_removed() -> None:
    with pytest.raises(UnknownRule, match="there is no alert rule 'deep'"):
        decide(initial(), RemoveAlertRule("deep", ONE))


def test_there_is_room_for_so_many_rules() -> None:
    free = RULES_MAX - len(DEFAULT_RULES)
    state = done(initial(), *(SetAlertRule(rule(f"r{k}"), ONE) for k in range(free)))
    with pytest.raises(TooManyRules, match="200 alert rules already"):
        decide(state, SetAlertRule(rule("one-more"), ONE))
    assert decide(state, SetAlertRule(rule("r0", "70"), ONE))


def test_a_rule_book_is_what_is_in_it() -> None:
    book = RuleBook([rule("a"), rule("b")])
    assert book == RuleBook([rule("a"), rule("b", "80")]).with_rule(rule("b"))
    assert book.without("a").watched("SPX") == (rule("b"),)
    assert hash(book) == hash(RuleBook([rule("b"), rule("a")]))
    assert book.watched("SPX") is book.watched("SPX")


def test_the_time_of_a_rule_is_that_of_the_market() -> None:
    state, _ = play([bar("100"), bar("50", 3, "IXIC")])
    (for_one,) = decide(state, SetAlertRule(rule(symbol="SPX"), ONE))
    (for_all,) = decide(state, SetAlertRule(rule(), ONE))
    (before,) = decide(initial(), SetAlertRule(rule(), ONE))
    # Of all symbols: what is said of a rule later is dated later, whatever symbol it is for then.
    assert for_one.payload.timestamp == for_all.payload.timestamp == START + timedelta(days=3)
    assert before.payload.timestamp.year == 1970


def test_an_acknowledgement_names_who_and_has_the_same_id_every_time() -> None:
    state, _ = play([bar("100")])
    (first,) = decide(state, AcknowledgeAlert("a1", "SPX", START, by="ann", note="seen"))
    (second,) = decide(state, AcknowledgeAlert("a1", "SPX", START + timedelta(days=2)))
    assert isinstance(first.payload, SystemNotice)
    assert first.payload.text == "alert a1 of SPX acknowledged by ann"
    assert first.payload.details == {
        "alert_id": "a1",
        "symbol": "SPX",
        "by": "ann",
        "note": "seen",
    }
    assert first.event_id == second.event_id
    # No earlier than the alert, whatever its time.
    assert first.payload.timestamp == START
    assert second.payload.timestamp == START + timedelta(days=2)


def test_trades_from_outside_come_with_the_value_of_their_portfolio() -> None:
    state, _ = play([bar("100")])
    first, second, value = decide(state, RecordTrades((trade(1), trade(2)), "api"))
    assert [first.stream, second.stream, value.stream] == ["trades:own"] * 2 + ["portfolio:own"]
    assert isinstance(value.payload, PortfolioUpdate)
    assert value.payload.total_value == Decimal(99_998)
    assert value.payload.positions[0].quantity == 4
    assert value.causation_id == second.event_id


def test_a_trade_that_is_recorded_already_counts_once() -> None:
    state, _ = play([bar("100")])
    state = done(state, RecordTrades((trade(1),), "api"))
    recorded = {trade_event_id(trade(1)): trade(1)}
    events = decide(state, RecordTrades((trade(1), trade(2)), "api", recorded))
    assert isinstance(events[-1].payload, PortfolioUpdate)
    assert events[-1].payload.positions[0].quantity == 4
    again = decide(state, RecordTrades((trade(1),), "api", recorded))
    assert again == ()
    same = trade(1, quantity="2.0")
    assert decide(state, RecordTrades((same, same), "api", recorded)) == ()
    for other in (trade(1, quantity="3"), trade(1, symbol="IXIC")):
        with pytest.raises(TradeTaken, match="trade t1 of portfolio own is recorded with other"):
            decide(state, RecordTrades((other,), "api", recorded))


def test_a_trade_of_an_unknown_symbol_is_refused() -> None:
    with pytest.raises(UnknownSymbol):
        decide(initial(), RecordTrades((trade(),), "api"))


def test_whose_trade_comes_first_has_the_portfolio() -> None:
    setup = MarketSetup(paper=parse_paper("own=*"))
    state, _ = play([bar("100")], initial(setup))
    own = done(state, RecordTrades((trade(1, quantity="3"),), "api"))
    _, batches = play(bars(falling(), first_day=1), own)
    assert not [e for e in flat(batches) if isinstance(e.payload, TradeExecution)]
    paper, batches = play(bars(falling()), initial(setup))
    traded = [e for e in flat(batches) if isinstance(e.payload, TradeExecution)]
    assert {event.source for event in traded} == {"paper"}
    with pytest.raises(PaperPortfolioRefused):
        decide(paper, RecordTrades((trade(),), "api"))


def test_a_rejected_trade_is_recorded_and_opens_nothing() -> None:
    state, _ = play([bar("100")])
    rejected = trade(1).model_copy(update={"status": TradeStatus.REJECTED})
    events = decide(state, RecordTrades((rejected,), "api"))
    assert [event.stream for event in events] == ["trades:own"]
    assert done(state, RecordTrades((rejected,), "api")).portfolios == {}


def test_a_decision_on_trades_looks_at_all_that_its_value_depends_on() -> None:
    state, _ = play([bar("100"), bar("50", symbol="IXIC")])
    state = done(state, RecordTrades((trade(1), trade(2, "IXIC")), "api"))
    assert expected_versions(state, RecordTrades((trade(3),), "api")) == {
        "trades:own": 2,
        "portfolio:own": 1,
        "prices:SPX": 1,
        "prices:IXIC": 1,
    }


def test_a_portfolio_is_marked_at_the_time_of_its_newest_price() -> None:
    state, _ = play([bar("100")])
    state = done(state, RecordTrades((trade(1),), "api"))
    state, batches = play([bar("110", 1)], state)
    assert [event.stream for event in batches[0]][-1] == "portfolio:own"
    (marked,) = decide(state, MarkPortfolio("own", ONE, "feed:f"))
    assert isinstance(marked.payload, PortfolioUpdate)
    assert marked.payload.timestamp == START + timedelta(days=1)
    assert marked.payload.total_value == Decimal(100_019)
    assert marked.event_id == ONE


def test_there_is_nothing_to_mark_without_a_trade() -> None:
    assert decide(initial(), MarkPortfolio("own", ONE, "feed:f")) == ()
