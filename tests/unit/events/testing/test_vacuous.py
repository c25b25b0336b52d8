"""An `absent` that would hold of any log fails, and says how to mean it."""

from collections.abc import Callable
from typing import Any

import pytest

from events.catalog import Payload
from events.testing import (
    BadExpectation,
    LogAssertionError,
    LogUnderTest,
    PriceUpdated,
    RegimeUpdated,
    assert_log,
    event,
    example,
    gt,
    one_of,
)


def test_a_symbol_that_nothing_has_fails(log: LogUnderTest) -> None:
    with pytest.raises(
        LogAssertionError, match=r"has the symbol 'spx'.* symbol=one_of\('spx'\), or only"
    ):
        assert_log(log).absent(RegimeUpdated(symbol="spx"))
    assert_log(log).absent(RegimeUpdated(symbol=one_of("spx")))
    assert_log(log).absent(RegimeUpdated(symbol="IXIC"))


def test_a_key_that_nothing_has_fails(log: LogUnderTest) -> None:
    log.append(RegimeUpdated(symbol="SPX", features={"vol": 0.1}))
    with pytest.raises(LogAssertionError, match=r"has features\['volatility'\].* Known: vol"):
        assert_log(log).absent(RegimeUpdated(features={"volatility": gt(0.2)}))
    assert_log(log).absent(RegimeUpdated(features={"vol": gt(0.2)}))


def test_an_empty_log_is_asked_for_by_name() -> None:
    with LogUnderTest() as empty:
        assert_log(empty).absent(event())
        assert_log(empty).within(channel="regime").absent(event())
        with pytest.raises(
            LogAssertionError, match="this one is empty; if it should be, say absent"
        ):
            assert_log(empty).absent(RegimeUpdated(regime="BULL"))


@pytest.mark.parametrize(
    ("what", "problem"),
    [
        (lambda log: [object()], "is no event of a log"),
        (lambda log: [log], "is no event: hand it in by itself, not in a list"),
        (lambda log: [log.events], "is no event: hand it in by itself, not in a list"),
        (lambda log: [RegimeUpdated(regime="CRASH")], "is an expectation, no event: log.append("),
        (lambda log: [None], "None is no event"),
        (lambda log: LogUnderTest, "LogUnderTest is a class: hand in a log"),
        (lambda log: iter(()), "this iterator gives no event; was it used up?"),
    ],
)
def test_what_is_no_log_is_refused(
    log: LogUnderTest, what: Callable[[LogUnderTest], Any], problem: str
) -> None:
    with pytest.raises(BadExpectation) as refused:
        assert_log(what(log)).absent(RegimeUpdated(regime="BULL"))
    assert problem in str(refused.value)
    assert len(str(refused.value)) < 250


def test_a_class_that_no_log_holds_is_refused(log: LogUnderTest) -> None:
    class Paid:
        """Of a scenario of one's own."""

    with pytest.raises(BadExpectation, match="no log holds a Paid"):
        assert_log(log).absent(event(Paid))
    assert_log(log).contains(event(Payload))


def test_payloads_do_not_tell_their_envelope() -> None:
    payloads = [example(RegimeUpdated(symbol="SPX")), example(PriceUpdated(symbol="SPX"))]
    assert_log(payloads).contains(RegimeUpdated().from_(channel="regime", stream="regime:SPX"))
    for envelope in ({"source": "manual"}, {"position": 1}, {"causation_id": None}):
        with pytest.raises(BadExpectation, match=f"do not tell their {next(iter(envelope))}"):
            assert_log(payloads).absent(RegimeUpdated().from_(**envelope))
