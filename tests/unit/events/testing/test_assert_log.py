"""`assert_log`: what holds, what fails and how that reads, and what is refused."""

# covers: events.testing.assertions, events.testing.sentence, events.testing.step, events.testing.scope
# covers: events.testing.causes, events.testing.failure

import gc
import warnings
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

import pytest_regime_synapse as plugin
from events.testing import (
    BadExpectation,
    LogAssertion,
    LogAssertionError,
    LogUnderTest,
    NothingAsserted,
    PortfolioUpdated,
    PriceAlert,
    PriceUpdated,
    RegimeUpdated,
    Span,
    TradeExecuted,
    assert_log,
    between,
    event,
    gt,
)

Say = Callable[[LogAssertion], object]

CRASH = RegimeUpdated(regime="CRASH")
SHIFT = PriceAlert(kind="regime_shift")


@pytest.mark.parametrize(
    "say",
    [
        lambda log: log.contains(CRASH.with_(confidence=gt(0.3))).then(SHIFT).caused_by(CRASH)
        .within(channel="regime").exactly(1),
        lambda log: log.contains(PriceUpdated()).exactly(3).then(CRASH).at_most(1),
        lambda log: log.contains(PriceUpdated()).within(symbol="SPX").exactly(2).at_least(2),
        lambda log: log.contains(SHIFT).caused_by(PriceUpdated(price=1100), directly=False),
        lambda log: log.contains(event()).within(positions=(2, 4)).within(symbol="SPX").exactly(3),
        lambda log: log.contains(PriceUpdated()).within(times=("2008-09-15", None)).exactly(2),
        lambda log: log.contains(PriceUpdated()).within(times=(None, "2008-09-14")).exactly(1),
        lambda log: log.contains(event()).within(stream="regime:SPX").exactly(2),
        lambda log: log.within(symbol="IXIC").contains(PriceUpdated()).exactly(1),
        lambda log: log.within(symbol="IXIC").absent(RegimeUpdated()).absent(PriceAlert()),
        lambda log: log.within(channel="regime").only(RegimeUpdated()),
        lambda log: log.within(channel="trades").absent(event()),
        lambda log: log.absent(TradeExecuted()).contains(CRASH).never(RegimeUpdated(regime="BEAR")),
        lambda log: log.never(TradeExecuted()),
        lambda log: log.in_order(PriceUpdated(), CRASH, SHIFT, PriceUpdated(symbol="IXIC")),
        lambda log: log.only(PriceUpdated(), RegimeUpdated(), PriceAlert()),
    ],
)  # fmt: skip
def test_holds(log: LogUnderTest, say: Say) -> None:
    say(assert_log(log))


@pytest.mark.parametrize(
    ("say", "problem"),
    [
        (
            lambda log: log.contains(CRASH.with_(confidence=gt(0.9))),
            (
                "not in the log: RegimeUpdated(regime='CRASH', confidence=gt(0.9))\n"
                "  nearest: position 4, off by 1:\n"
                "      confidence: expected gt(0.9), got 0.8\n"
                "  said: assert_log(log).contains(RegimeUpdated(regime='CRASH', confidence=gt(0.9)))\n"
            ),
        ),
        (
            lambda log: log.contains(TradeExecuted()),
            (
                "not in the log: TradeExecuted()\n  there is no trade_execution at all; the log holds "
                "1 price_alert, 3 price_update, 2 regime_update\n"
            ),
        ),
        (
            lambda log: log.contains(SHIFT).then(CRASH),
            (
                "not in the log: RegimeUpdated(regime='CRASH') after position 5\n"
                "  nearest: position 4, off by 1:\n"
                "      it stands before that, not after position 5\n"
            ),
        ),
        (
            lambda log: log.contains(SHIFT).caused_by(PriceUpdated()),
            "it is caused by regime_update at 4 <- price_update at 3; expected: caused by PriceUpdated()\n",
        ),
        (
            lambda log: log.contains(SHIFT).caused_by(PriceUpdated(price=1), directly=False),
            "expected: caused in the end by PriceUpdated(price=1)\n",
        ),
        (
            lambda log: log.contains(PriceUpdated()).caused_by(event()),
            "it has no cause; expected: caused by event()",
        ),
        (
            lambda log: log.contains(SHIFT).caused_by(CRASH).within(symbol="IXIC"),
            (
                "not in the log: PriceAlert(kind='regime_shift'), caused by RegimeUpdated(regime='CRASH')"
                " within symbol='IXIC'\n"
            ),
        ),
        (
            lambda log: log.contains(CRASH).within(positions=(5, None)),
            "its position, 4, is not within positions=(5, None)\n",
        ),
        (
            lambda log: log.contains(CRASH).within(times=(None, "2007-01-01")),
            "its market time is not within times=(None, '2007-01-01')\n",
        ),
        (
            lambda log: log.contains(CRASH).within(symbol="IXIC"),
            "its symbol is 'SPX', not 'IXIC'\n",
        ),
        (
            lambda log: log.contains(PriceUpdated()).exactly(2),
            "exactly 2, found 3: PriceUpdated()\n  said: assert_log(log).contains(PriceUpdated()).exactly(2)\n",
        ),
        (
            lambda log: log.contains(PriceUpdated(symbol="SPX")).at_least(3),
            (
                "at least 3, found 2: PriceUpdated(symbol='SPX')\n  nearest: position 6, off by 1:\n"
                "      symbol: expected 'SPX', got 'IXIC'\n"
            ),
        ),
        (
            lambda log: log.contains(PriceUpdated()).at_most(2),
            "at most 2, found 3: PriceUpdated()\n",
        ),
        (
            lambda log: log.absent(CRASH),
            (
                "in the log 1 event: RegimeUpdated(regime='CRASH')\n"
                "  (to look at a part of it: .within(…) before this)\n"
            ),
        ),
        (
            lambda log: log.contains(CRASH).never(PriceUpdated()),
            "in the log 1 event: PriceUpdated() after position 4\n",
        ),
        (
            lambda log: log.within(symbol="SPX").only(PriceUpdated(), PriceAlert()),
            (
                "2 events of another kind\n"
                "  said: assert_log(log).within(symbol='SPX').only(PriceUpdated(), PriceAlert())\n"
            ),
        ),
        (
            lambda log: log.within(channel="trades").only(TradeExecuted()),
            "there is nothing: only() holds of something\n",
        ),
        (
            lambda log: log.in_order(SHIFT, PriceUpdated(), RegimeUpdated()),
            "not in the log: RegimeUpdated() after position 6\n",
        ),
        (
            lambda log: log.within(symbol="SPXX").absent(CRASH),
            "this would hold of any log: no event of the log has the symbol 'SPXX'; did you mean 'SPX'?",
        ),
        (
            lambda log: log.within(stream="regime:IXIC").absent(CRASH),
            "this would hold of any log: no event of the log has the stream 'regime:IXIC'",
        ),
        (
            lambda log: log.within(positions=(7, 9)).absent(CRASH),
            "this would hold of any log: no event of the log lies within positions=(7, 9)\n",
        ),
        (
            lambda log: log.within(times=("2030-01-01", None)).only(CRASH),
            "this would hold of any log: no event of the log lies within times=",
        ),
    ],
)
def test_fails_and_says_why(log: LogUnderTest, say: Say, problem: str) -> None:
    with pytest.raises(LogAssertionError) as failed:
        say(assert_log(log))
    assert problem in str(failed.value)
    assert "    position  market time          stream v" in str(failed.value)


def test_a_failure_shows_the_log_with_the_nearest_miss_marked(log: LogUnderTest) -> None:
    with pytest.raises(LogAssertionError) as failed:
        assert_log(log).contains(RegimeUpdated(regime="BULL", symbol="SPX"))
    assert str(failed.value).splitlines()[-7:] == [
        "           1  2008-09-12 21:00:00  prices:SPX 1        price_update   SPX 1200",
        "  >        2  2026-01-16 21:00:00  regime:SPX 1        regime_update  SPX BEAR 0.40",
        "      ^ nearest: regime: expected 'BULL', got 'BEAR'",
        "           3  2008-09-15 21:00:00  prices:SPX 2        price_update   SPX 1100",
        "           4  2008-09-15 21:00:00  regime:SPX 2        regime_update  SPX CRASH 0.80",
        "           5  2026-01-16 21:00:00  price_alerts:SPX 1  price_alert    SPX regime_shift critical 100: CRASH",
        "           6  2008-09-15 21:00:00  prices:IXIC 1       price_update   IXIC 2000",
    ]


@pytest.mark.parametrize(
    ("say", "problem"),
    [
        (lambda log: log.then(CRASH), "then() needs something before it: contains(…)"),
        (lambda log: log.exactly(1), "exactly() needs something before it"),
        (lambda log: log.caused_by(CRASH), "caused_by() needs something before it"),
        (lambda log: log.contains(CRASH).exactly(0), "exactly(0): a number from 1; for none say absent(…)"),
        (lambda log: log.contains(CRASH).at_most(True), "at_most(True)"),
        (lambda log: log.contains(CRASH).exactly(1).within(symbol="SPX"), "within() comes before what counts"),
        (lambda log: log.contains(CRASH).exactly(1).caused_by(event()), "caused_by() comes before what counts"),
        (lambda log: log.absent(TradeExecuted()).within(symbol="SPX"), "within(symbol='SPX') comes first"),
        (lambda log: log.contains(SHIFT).within(channel="regime"), "its channel is 'price_alerts' by price_alert, and 'regime' by within(channel='regime')"),
        (
            lambda log: log.contains(SHIFT).caused_by(CRASH).within(channel="prices"),
            "RegimeUpdated(regime='CRASH') can never be within channel='prices': its channel is 'regime' by",
        ),
        (lambda log: log.contains(CRASH).within(), "within() needs channel="),
        (lambda log: log.contains(CRASH).within(channel="regimes"), "'regimes' is no channel; did you mean 'regime'?"),
        (lambda log: log.contains(CRASH).within(positions=(5, 3)), "positions=(5, 3)) ends before it begins"),
        (lambda log: log.contains(CRASH).within(times=("2009-01-01", "2008-01-01")), "ends before it begins"),
        (lambda log: log.contains(CRASH).within(times="2009-01-01"), "times= is a pair"),
        (lambda log: log.contains(CRASH).within(times=("noon", None)), "'noon': a time must be"),
        (lambda log: log.contains("CRASH"), "'CRASH' is no expectation"),
        (lambda log: log.absent(RegimeUpdated), "RegimeUpdated()"),
        (lambda log: log.only(), "only() needs an event"),
        (lambda log: log.in_order(CRASH), "in_order() needs two events or more"),
        (lambda log: log.contains(CRASH).caused_by(5), "5 is no event"),
        (lambda log: log.within(symbol="SPX").dense(), "a part of a log is not dense"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(log: LogUnderTest, say: Say, problem: str) -> None:
    with pytest.raises(BadExpectation) as refused:
        say(assert_log(log))
    assert problem in str(refused.value)


def test_of_two_that_are_as_near_the_one_behind_the_step_before_is_told(log: LogUnderTest) -> None:
    log.append(RegimeUpdated(symbol="SPX", regime="BULL"))
    with pytest.raises(LogAssertionError) as failed:
        assert_log(log).contains(SHIFT).then(CRASH)
    lines = [line for line in str(failed.value).splitlines() if "nearest" in line or "^" in line]
    assert lines == [
        "  nearest: position 7, off by 1:",
        "      ^ the step before",
        "      ^ nearest: regime: expected 'CRASH', got 'BULL'",
    ]


def test_what_was_found_can_be_looked_at(log: LogUnderTest) -> None:
    found = assert_log(log).contains(PriceUpdated()).within(symbol="SPX").found
    assert [one.position for one in found] == [1, 3]
    cause = assert_log(log).contains(CRASH).found[0]
    assert_log(log).contains(SHIFT).caused_by(cause).exactly(1)
    assert_log(log).contains(SHIFT).caused_by(cause.event_id).exactly(1)


def test_steps_may_branch(log: LogUnderTest) -> None:
    crash = assert_log(log).contains(CRASH)
    crash.then(SHIFT)
    crash.then(PriceUpdated()).exactly(1)
    crash.exactly(1)


def test_then_begins_after_the_first_that_was_found(span: Span) -> None:
    shifts = assert_log(span).contains(CRASH).caused_by(PriceUpdated(price=gt("1110")))
    with pytest.raises(LogAssertionError, match="after position 7177"):
        shifts.then(CRASH.with_(previous_regime="BEAR"))


def test_a_cause_that_is_not_in_the_log_is_named(log: LogUnderTest) -> None:
    with pytest.raises(LogAssertionError, match=r"its cause, event [-0-9a-f]+, is not in this log"):
        assert_log(log.events[4:]).contains(SHIFT).caused_by(CRASH)


def test_events_that_do_not_tell_their_causes_are_refused() -> None:
    message = {
        "type": "price_update",
        "payload": {},
        "position": 1,
        "stream": "prices:SPX",
        "version": 1,
    }
    with pytest.raises(BadExpectation, match="do not tell their causes"):
        assert_log([message]).contains(event("price_update")).caused_by(event())


def test_an_empty_log_holds_nothing() -> None:
    with pytest.raises(LogAssertionError, match="the log is empty"):
        assert_log([]).contains(CRASH)
    with pytest.raises(LogAssertionError, match="only"):
        assert_log([]).only(CRASH)
    with pytest.raises(
        LogAssertionError, match=r"this one is empty; if it should be, say absent\(event\(\)\)"
    ):
        assert_log([]).absent(CRASH)
    assert_log([]).absent(event())


def test_the_real_autumn_of_2008(span: Span) -> None:
    assert_log(span).contains(CRASH).then(SHIFT).caused_by(CRASH).within(channel="regime").exactly(
        2
    )
    sold = TradeExecuted(side="sell", reason={"regime": "CRASH"})
    assert_log(span).contains(CRASH).then(sold).caused_by(RegimeUpdated())
    assert_log(span).within(times=("2008-09-08", "2008-09-14")).absent(SHIFT)
    assert_log(span).contains(PortfolioUpdated(portfolio_id="main")).exactly(30)


@pytest.mark.parametrize(
    "begin",
    [assert_log, lambda log: assert_log(log).within(symbol="SPX")],
)
def test_a_chain_that_asserts_nothing_is_noticed(log: LogUnderTest, begin: Any) -> None:
    def forget() -> None:
        begin(log)
        gc.collect()

    plugin.begun = None  # as outside of pytest
    with pytest.warns(NothingAsserted, match=r"assert_log\(log\).* asserted nothing"):
        forget()


@pytest.mark.parametrize(
    "say",
    [
        lambda log: log.contains(CRASH),
        lambda log: log.within(symbol="SPX").contains(CRASH).exactly(1),
        lambda log: log.dense(),
        lambda log: log.contains(TradeExecuted()),
        lambda log: log.within(symbol="SPXX").absent(CRASH),
        lambda log: log.contains("CRASH"),
        lambda log: log.within(channel="red"),
        lambda log: log.exactly(1),
        lambda log: log.contains(RegimeUpdated(regim="CRASH")),
        lambda log: log.contains(RegimeUpdated(confidence=between(5, 3))),
    ],
)
def test_one_that_asserts_or_fails_says_no_more(log: LogUnderTest, say: Say) -> None:
    plugin.begun = None
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        with suppress(LogAssertionError, BadExpectation):
            say(assert_log(log))
        gc.collect()
    assert [one for one in warned if one.category is NothingAsserted] == []
