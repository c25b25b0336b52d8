"""Examples: every type of the catalogue as short as it can be said."""

from uuid import UUID

import pytest

from events.catalog import CATALOG, Regime, RegimeUpdate
from events.envelope import NewEvent
from events.errors import InvalidEvent
from events.testing import (
    BadExpectation,
    PriceUpdated,
    RegimeUpdated,
    TradeExecuted,
    event,
    example,
    gt,
    one_of,
)
from events.testing.examples import PLAIN_TIME, new_event, payload_of
from tests.unit.events.builders import new, price, recorded


@pytest.mark.parametrize("name", sorted(CATALOG))
def test_every_type_has_an_example(name: str) -> None:
    entry = CATALOG[name]
    payload = example(event(name))
    assert isinstance(payload, entry.model)
    assert payload.timestamp == PLAIN_TIME
    assert entry.payload_of(entry.text_of(payload)) == payload


def test_what_is_said_is_kept_and_the_rest_fits() -> None:
    payload = example(RegimeUpdated(symbol="SPX", regime="CRASH", confidence=0.7))
    assert isinstance(payload, RegimeUpdate)
    assert payload.probabilities[Regime.CRASH] == 0.7
    assert payload.target_exposure == 0
    given = example(RegimeUpdated(target_exposure=0.25))
    assert isinstance(given, RegimeUpdate)
    assert given.target_exposure == 0.25


def test_values_may_be_written_as_in_expectations() -> None:
    for said in (
        PriceUpdated(price=1.5),
        PriceUpdated(price="1.5"),
        PriceUpdated(timestamp="2008-09-15"),
    ):
        assert said.matches(new_event_seen(said))
    trade = TradeExecuted(reason={"regime": "CRASH", "confidence": 0.5, "rule": "x"}, quantity=2)
    assert trade.matches(new_event_seen(trade))


def new_event_seen(said: PriceUpdated | TradeExecuted):  # type: ignore[no-untyped-def]
    from events.testing.seen import seen

    return seen(new_event(said))


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        (PriceUpdated(price=gt(1)), r"stands for an event here: price needs a value, not gt\(1\)"),
        (TradeExecuted(reason={"regime": "CRASH"}), "makes no trade_execution: reason.confidence"),
        (PriceUpdated(position=5), "only source and event_id can be said"),
        (PriceUpdated(source=one_of("api")), "only source and event_id can be said"),
        (event("order_placed"), "says no type of the catalogue"),
        (event(symbol="SPX"), "says no type of the catalogue"),
    ],
)
def test_what_makes_no_payload_is_refused(said: PriceUpdated, problem: str) -> None:
    with pytest.raises(BadExpectation, match=problem):
        example(said)


def test_a_new_event_keeps_what_it_has() -> None:
    one = new(price())
    assert new_event(one, "api") is one
    assert new_event(price(), "import").source == "import"
    assert new_event(PriceUpdated().from_(source="paper")).source == "paper"
    fixed = new_event(PriceUpdated(event_id=str(UUID(int=9))))
    assert fixed.event_id == UUID(int=9)
    again = new_event(recorded([price()])[0])
    assert isinstance(again, NewEvent)
    assert again.source == "simulated"


def test_a_cause_makes_a_chain() -> None:
    first = recorded([price()])[0]
    second = new_event(RegimeUpdated(), cause=first)
    third = new_event(one := new(price()), cause=second)
    assert (second.causation_id, second.correlation_id) == (first.event_id, first.correlation_id)
    assert (third.causation_id, third.correlation_id) == (second.event_id, first.correlation_id)
    assert third.event_id == one.event_id


def test_what_cannot_be_recorded_is_refused() -> None:
    with pytest.raises(BadExpectation, match="is no payload of the catalogue"):
        new_event({"type": "own", "payload": {}})
    for cause in (UUID(int=1), [new()], price()):
        with pytest.raises(BadExpectation, match=r"is no event|has no id"):
            new_event(price(), cause=cause)
    with pytest.raises(InvalidEvent, match="is no source"):
        new_event(price(), "nobody")


def test_the_payload_of_anything() -> None:
    assert payload_of(price()) == payload_of(new(price())) == payload_of(recorded([price()])[0])
    assert payload_of(PriceUpdated(price=2)) == example(PriceUpdated(price=2))
