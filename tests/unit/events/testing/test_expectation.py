"""Expectations: what they ask, what they refuse at once, and how an event differs from them."""

# covers: events.testing.expectation, events.testing.fields, events.testing.compare, events.testing.errors

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from pydantic import BaseModel

from events.catalog import Regime
from events.testing import (
    BadExpectation,
    Expectation,
    PortfolioUpdated,
    PriceAlert,
    PriceUpdated,
    RegimeUpdated,
    Span,
    SystemNotice,
    TradeExecuted,
    anything,
    event,
    example,
    gt,
    is_null,
    one_of,
)
from events.testing.seen import seen
from tests.unit.events.builders import price, recorded, regime


class Ordered(BaseModel):
    """A payload of somebody's own."""

    order: str
    amount: float


class Paid:
    """One whose fields nobody can know."""

    def __init__(self, amount: int) -> None:
        self.amount = amount


@dataclass
class Shipped:
    """Another one."""

    order: str


CRASHED = seen(example(RegimeUpdated(symbol="SPX", regime="CRASH", confidence=0.8)))


@pytest.mark.parametrize(
    "wanted",
    [
        RegimeUpdated(),
        RegimeUpdated(regime="CRASH", confidence=gt(0.3)),
        RegimeUpdated(regime=Regime.CRASH).with_(symbol="SPX"),
        RegimeUpdated(probabilities={"CRASH": gt(0.7)}, detector={"name": "example"}),
        RegimeUpdated(previous_regime=is_null, features={}),
        RegimeUpdated(stream="regime:SPX", channel="regime"),
        RegimeUpdated().from_(stream="regime:SPX", occurred_at="2026-01-16"),
        event("regime_update", regime="CRASH"),
        event(symbol="SPX"),
        event(),
    ],
)
def test_matches(wanted: Expectation) -> None:
    assert wanted.matches(CRASHED)
    assert wanted.differences(CRASHED) == []


@pytest.mark.parametrize(
    ("wanted", "off"),
    [
        (RegimeUpdated(regime="BULL"), ["regime: expected 'BULL', got 'CRASH'"]),
        (RegimeUpdated(confidence=gt(0.9)), ["confidence: expected gt(0.9), got 0.8"]),
        (
            RegimeUpdated(detector={"name": "anchored", "version": "1"}),
            ["detector.name: expected 'anchored', got 'example'"],
        ),
        (
            RegimeUpdated(features={"vol": gt(0)}),
            ["features.vol: expected gt(0), got no such field"],
        ),
        (RegimeUpdated(source="paper"), ["source: expected 'paper', got None"]),
        (PriceAlert(), ["type: expected price_alert, got regime_update"]),
        (
            event(price=5),
            ["price: expected 5, got no such field"],
        ),
    ],
)
def test_tells_every_difference(wanted: Expectation, off: list[str]) -> None:
    assert not wanted.matches(CRASHED)
    assert [str(one) for one in wanted.differences(CRASHED)] == off


def test_nested_lists_are_compared_item_by_item(span: Span) -> None:
    update = seen(span.of("portfolio_update")[0])
    assert PortfolioUpdated(positions=[{"symbol": "SPX"}]).matches(update)
    assert not PortfolioUpdated(positions=[]).matches(update)
    off = PortfolioUpdated(positions=[{"symbol": "IXIC"}]).differences(update)
    assert [one.path for one in off] == ["positions[0].symbol"]


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (
            lambda: RegimeUpdated(regim="CRASH"),
            "no field 'regim'; did you mean 'regime'? Known: conf",
        ),
        (
            lambda: RegimeUpdated(regime="CRSH"),
            "regime: 'CRSH' is no Regime; did you mean 'CRASH'?",
        ),
        (
            lambda: TradeExecuted(reason={"regim": 1}),
            "no field 'reason.regim'; did you mean 'regime'?",
        ),
        (lambda: TradeExecuted(reason=5), "reason: 5 is no TradeReason"),
        (lambda: PortfolioUpdated(positions=[{"symbl": 1}]), "no field 'positions[0].symbl'"),
        (lambda: PortfolioUpdated(positions="SPX"), "positions: 'SPX' is no tuple"),
        (lambda: RegimeUpdated(probabilities={"CRAS": 1}), "probabilities: 'CRAS' is no Regime"),
        (lambda: RegimeUpdated(features={"vol": "high"}), "features.vol: 'high' is no number"),
        (lambda: RegimeUpdated(regime=None), "regime: it is never null"),
        (lambda: PriceUpdated(price="cheap"), "price: 'cheap' is no number"),
        (lambda: PriceUpdated().with_(prise=1), "did you mean 'price'?"),
        (
            lambda: PriceUpdated().from_(surce="api"),
            "an envelope has no field 'surce'; did you mean 'source'?",
        ),
        (lambda: PriceUpdated(position="first"), "position: 'first' is no number"),
        (lambda: PriceUpdated(channel="price"), "'price' is no channel; did you mean 'prices'?"),
        (lambda: event("regime_updat"), "did you mean 'regime_update'?"),
        (lambda: event(colour="red"), "an event of the catalogue has no field 'colour'. Known:"),
        (lambda: event(Ordered, amont=1), "Ordered has no field 'amont'; did you mean 'amount'?"),
        (lambda: event(Shipped, oder=1), "has no field 'oder'"),
    ],
)
def test_what_no_event_can_be_is_refused_where_it_is_written(make: Any, problem: str) -> None:
    with pytest.raises(BadExpectation) as refused:
        make()
    assert problem in str(refused.value)


def test_a_refusal_lists_what_is_known_up_to_a_limit() -> None:
    with pytest.raises(BadExpectation, match=r", target_exposure, timestamp, warming_up$"):
        RegimeUpdated(x=1)
    with pytest.raises(BadExpectation, match=r", features, … \(43 in all\)$"):
        event(x=1)


def test_free_json_may_hold_anything() -> None:
    notice = seen(example(SystemNotice(details={"rule_id": "r", "deep": {"n": [1, {"x": 2}]}})))
    assert SystemNotice(details={"deep": {"n": [1, {"x": gt(1)}]}}).matches(notice)
    assert not SystemNotice(details={"rule_id": 5}).matches(notice)


def test_types_of_the_users_own() -> None:
    own = seen(Ordered(order="a", amount=5))
    assert event(Ordered, amount=gt(4)).matches(own)
    assert event("Ordered", order="a").matches(own)
    assert not event(Shipped).matches(own)
    assert event(Shipped, order="a").matches(seen(Shipped("a")))
    assert event(Paid, amount=gt(4)).matches(seen(Paid(5)))
    assert not event(Paid, amount=4).matches(seen(Paid(5)))
    message = {"type": "order_placed", "payload": {"amount": 5}}
    assert event("order_placed", amount=5).matches(seen(message))


def test_the_envelope_is_matched_by_its_names() -> None:
    one, two = map(seen, recorded([price(), regime()]))
    assert PriceUpdated(position=1, version=1, source="simulated", causation_id=None).matches(one)
    assert event(position=gt(1), event_id=two.event_id).matches(two)
    assert [d.path for d in event(position=gt(1)).differences(one)] == ["position"]


def test_an_expectation_is_never_changed() -> None:
    first = RegimeUpdated(regime="CRASH")
    second = first.with_(confidence=gt(0.3)).from_(source=one_of("api", "paper"))
    assert repr(first) == "RegimeUpdated(regime='CRASH')"
    assert repr(second) == (
        "RegimeUpdated(regime='CRASH', confidence=gt(0.3)).from_(source=one_of('api', 'paper'))"
    )
    assert repr(second.with_(regime=anything)).startswith("RegimeUpdated(regime=anything,")


def test_reads_as_it_was_written() -> None:
    assert (
        repr(event("regime_update", regime=Regime.BULL))
        == "event(\"regime_update\", regime='BULL')"
    )
    assert repr(event(symbol="SPX")) == "event(symbol='SPX')"
    assert repr(event(Shipped)) == "event(Shipped)"
    assert repr(PriceUpdated(price=Decimal("1.50"))) == "PriceUpdated(price=1.50)"
