"""`given(…).when(…).then(…)`: over a decider of the test's own and over the market's."""

# covers: events.testing.scenario, events.testing.side_by_side

import gc
import warnings
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from pydantic import BaseModel

import pytest_regime_synapse as plugin
from app.market.alerts.rules import AlertRule
from app.market.commands import RecordPrice, RemoveAlertRule, SetAlertRule
from app.market.decide import decide
from app.market.state import evolve, initial
from app.market.ticks import PriceTick
from events.errors import InvalidEvent
from events.testing import (
    BadExpectation,
    LogUnderTest,
    NothingAsserted,
    PriceUpdated,
    RegimeUpdated,
    ScenarioFailed,
    Span,
    SystemNotice,
    event,
    example,
    gt,
    scenario,
)
from events.testing.seen import seen
from events.testing.side_by_side import side_by_side
from tests.unit.events.builders import NOON, new, price, regime

market = scenario(decide, evolve, initial)


def tick(value: str, day: int = 0, symbol: str = "SPX") -> RecordPrice:
    """A ready daily bar."""
    at = NOON + timedelta(days=day)
    return RecordPrice(
        PriceTick(symbol=symbol, price=Decimal(value), timestamp=at, bar_s=86_400), "api"
    )


# --- a domain of somebody else's ---


class Counted(BaseModel):
    """Somebody counted."""

    by: int


class TooMuch(Exception):
    """The counter is full."""


def count(total: int, by: int) -> list[Counted]:
    """At most ten."""
    if total + by > 10:
        raise TooMuch(f"{total} and {by} are more than 10")
    return [Counted(by=by)] if by else []


counter = scenario(count, lambda total, counted: total + counted.by, 0)


def test_a_decider_of_the_users_own() -> None:
    counter(Counted(by=4)).when(5).then(Counted(by=5)).when(1).then(event(Counted, by=gt(0)))
    counter(Counted(by=9)).when(0).then_nothing()
    counter(Counted(by=4), Counted(by=6)).when(1).then_raises(TooMuch, match="more than 10").when(
        0
    ).then_nothing()


def test_the_markets_decider() -> None:
    market().when(tick("100")).then(PriceUpdated(price=100), RegimeUpdated(warming_up=True))
    first = market().when(tick("100"))
    market(*first.events).when(tick("100")).then_nothing()
    market(PriceUpdated(symbol="SPX", timestamp=NOON)).when(tick("100", day=-1)).then(
        PriceUpdated(), SystemNotice(kind="correction")
    )
    rule = AlertRule.model_validate(
        {
            "rule_id": "r",
            "kind": "price_above",
            "symbol": "SPX",
            "threshold": "1",
            "severity": "info",
        }
    )
    market().when(SetAlertRule(rule, uuid4())).then(SystemNotice(kind="alert_rule_set"))
    market().when(RemoveAlertRule("r", uuid4())).then_raises(InvalidEvent, match="r")


def test_a_past_may_be_a_real_one(span: Span, log: LogUnderTest) -> None:
    past = market(*span)
    assert past.state.symbols["SPX"].prices_version == 30
    moved_on = RegimeUpdated(provisional=False)
    market(*log.events).when(tick("90", 9000)).then(moved_on, PriceUpdated(), moved_on)


def test_sources_are_handed_on() -> None:
    seen_sources: list[str] = []

    def remember(state: int, payload: object, source: str) -> int:
        seen_sources.append(source)
        return state

    given = scenario(lambda state, command: (), remember, lambda: 0)
    given(price(), new(), PriceUpdated().from_(source="paper"), source="import").when(
        1
    ).then_nothing()
    assert seen_sources == ["import", "simulated", "paper"]


def test_exact_events_are_compared_as_a_whole() -> None:
    one = new(price())
    given = scenario(lambda state, command: [one], lambda state, payload: state, 0)
    given().when(1).then(one)
    given().when(1).then(price())
    with pytest.raises(ScenarioFailed, match="event_id: expected"):
        given().when(1).then(new(price()))
    with pytest.raises(ScenarioFailed, match="price: expected 101, got 100"):
        given().when(1).then(price(value="101"))


def test_a_failure_shows_both_side_by_side() -> None:
    given = scenario(lambda state, command: [price(), regime(), price("IXIC")], lambda s, p: s, 0)
    with pytest.raises(ScenarioFailed) as failed:
        given().when("go").then(
            PriceUpdated(symbol="SPX"), RegimeUpdated(regime="CRASH"), SystemNotice()
        )
    assert str(failed.value).split("\n") == [
        "'go' came to something else:",
        "     expected                        got",
        "   1 PriceUpdated(symbol='SPX')      price_update SPX 100",
        "!  2 RegimeUpdated(regime='CRASH')   regime_update SPX BULL 0.70",
        "       regime: expected 'CRASH', got 'BULL'",
        "!  3 SystemNotice()                  price_update IXIC 100",
        "       type: expected system_notice, got price_update",
    ]


def test_one_that_is_missing_does_not_make_all_others_wrong() -> None:
    got = [seen(one) for one in (price(), regime(), price("IXIC"))]
    text = side_by_side([PriceUpdated(), PriceUpdated(symbol="IXIC")], got)
    assert [line[:4] for line in text.split("\n")[1:]] == ["   1", "+  2", "   3"]
    text = side_by_side([PriceUpdated(), SystemNotice(), RegimeUpdated(), PriceUpdated()], got)
    assert [line[:4] for line in text.split("\n")[1:]] == ["   1", "-  2", "   3", "   4"]
    assert side_by_side([PriceUpdated(), RegimeUpdated(), PriceUpdated()], got) == ""


def test_more_or_less_than_expected_fails() -> None:
    given = scenario(lambda state, command: [price()], lambda s, p: s, 0)
    with pytest.raises(ScenarioFailed, match=r"\n-  2 PriceUpdated\(\)"):
        given().when(1).then(PriceUpdated(), PriceUpdated())
    with pytest.raises(ScenarioFailed, match=r"1 came to something:\n.*\n\+  1 \(nothing\)"):
        given().when(1).then_nothing()
    with pytest.raises(ScenarioFailed, match=r"1 raised no TooMuch, it came to:\n"):
        given().when(1).then_raises(TooMuch)


def test_an_error_that_was_not_expected_is_told_and_chained() -> None:
    with pytest.raises(ScenarioFailed, match="11 raised TooMuch") as failed:
        counter().when(11).then(event(Counted))
    assert isinstance(failed.value.__cause__, TooMuch)
    with pytest.raises(ScenarioFailed, match="11 raised TooMuch"):
        counter().when(11).then_nothing()
    with pytest.raises(ScenarioFailed, match=r"expected InvalidEvent\n  got      TooMuch"):
        counter().when(11).then_raises(InvalidEvent)
    with pytest.raises(
        ScenarioFailed, match="expected a match of 'full'\n  got      '0 and 11 are more"
    ):
        counter().when(11).then_raises(TooMuch, match="full")


def test_wrong_use_is_refused() -> None:
    with pytest.raises(BadExpectation, match=r"say then_nothing\(\)"):
        counter().when(1).then()
    with pytest.raises(BadExpectation, match="is no event"):
        counter().when(1).then([Counted(by=1)])
    with pytest.raises(BadExpectation, match=r"price needs a value, not gt\(1\)"):
        market(PriceUpdated(price=gt(1)))


def test_a_decision_that_nobody_looks_at_is_noticed() -> None:
    def forget() -> None:
        counter().when(11)
        gc.collect()

    plugin.begun = None  # as outside of pytest
    with pytest.warns(NothingAsserted, match=r"given\(…\)\.when\(11\) asserted nothing"):
        forget()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        counter().when(1).then(Counted(by=1))
        assert isinstance(counter().when(11).error, TooMuch)
        assert counter().when(1).events == (Counted(by=1),)
        gc.collect()
    with pytest.raises(ScenarioFailed, match="11 raised TooMuch"):
        _ = counter().when(11).events


def test_a_past_that_nobody_decides_on_is_noticed() -> None:
    plugin.begun = None

    def forget() -> None:
        counter(Counted(by=1))
        gc.collect()

    with pytest.warns(NothingAsserted, match=r"given\(…\) asserted nothing") as warned:
        forget()
    assert warned[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert counter(Counted(by=1)).state == 1
        gc.collect()


def test_a_payload_is_meant_exactly_also_within_its_dicts() -> None:
    got = example(RegimeUpdated(symbol="SPX", features={"vol": 0.1, "mean": 0.2}))
    market = scenario(lambda state, command: [got], lambda state, payload: state, 0)
    market().when("x").then(got.model_copy())
    market().when("x").then(RegimeUpdated(features={"vol": 0.1}))
    for features in ({}, {"vol": 0.1}, {"vol": 0.1, "mean": 0.2, "more": 0.0}):
        with pytest.raises(ScenarioFailed, match="no such field"):
            market().when("x").then(got.model_copy(update={"features": features}))


@dataclass(frozen=True)
class Noted:
    what: object


@pytest.mark.parametrize(
    ("got", "said"),
    [({"x": 1, "y": 2}, {"x": 1}), (10, "10"), (1, True), ("1", 1), ([1, 2, 3], [1])],
)
def test_a_payload_of_ones_own_is_meant_exactly(got: object, said: object) -> None:
    notes = scenario(lambda state, command: [Noted(command)], lambda state, payload: state, 0)
    notes().when(got).then(Noted(got))
    with pytest.raises(ScenarioFailed):
        notes().when(got).then(Noted(said))


def test_a_text_is_no_number_where_nobody_knows_the_type() -> None:
    notes = scenario(lambda state, command: [Noted(command)], lambda state, payload: state, 0)
    notes().when("10").then(event(Noted, what="10"))
    notes().when(10).then(event(Noted, what=10.0))
    with pytest.raises(ScenarioFailed, match="what: expected '10', got 10"):
        notes().when(10).then(event(Noted, what="10"))


def test_a_beginning_that_is_changed_in_place_is_not_the_next_ones() -> None:
    def evolve(state: list[object], noted: Noted) -> list[object]:
        state.append(noted.what)
        return state

    notes = scenario(lambda state, command: [Noted(list(state))], evolve, list[object]())
    notes(Noted(1)).when("x").then(Noted([1]))
    notes(Noted(2)).when("x").then(Noted([2]))


def test_a_decide_that_forgets_its_return_is_refused() -> None:
    silent = scenario(lambda state, command: None, lambda state, payload: state, 0)
    with pytest.raises(
        BadExpectation, match="decide gave None: for no events it gives an empty list"
    ):
        silent().when("x").then_nothing()
