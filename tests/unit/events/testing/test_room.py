"""Values that no event can have are refused, also behind a matcher."""

from collections.abc import Callable
from typing import Any

import pytest

from events.testing import (
    BadExpectation,
    PriceUpdated,
    RegimeUpdated,
    TradeExecuted,
    approx,
    between,
    event,
    ge,
    gt,
    le,
    lt,
    matching,
    not_,
    one_of,
)


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda: RegimeUpdated(confidence=28), "confidence: 28.0 is no value of it: Input should be less"),
        (lambda: RegimeUpdated(confidence=gt(1)), "confidence: no value of it is gt(1): all are from 0 to 1"),
        (lambda: RegimeUpdated(confidence=lt(0)), "no value of it is lt(0)"),
        (lambda: RegimeUpdated(confidence=between(2, 3)), "no value of it is ge(2)"),
        (lambda: RegimeUpdated(confidence=approx(28)), "no value of it is approx(28"),
        (lambda: RegimeUpdated(confidence=one_of(0.5, 28)), "28.0 is no value of it"),
        (lambda: RegimeUpdated(confidence=not_(28)), "28.0 is no value of it"),
        (lambda: RegimeUpdated(probabilities={"CRASH": 28}), "probabilities.CRASH: 28.0 is no value"),
        (lambda: RegimeUpdated(symbol="a b"), "symbol: 'a b' is no value of it"),
        (lambda: RegimeUpdated(symbol=""), "symbol: '' is no value of it"),
        (lambda: RegimeUpdated(regime=matching("crash")), "is found in none of BULL, BEAR, CRASH, SIDEWAYS"),
        (lambda: PriceUpdated(price=-5), "must be greater than 0"),
        (lambda: PriceUpdated(price=0.1 + 0.2), "at most 18 digits before and 12 after the point"),
        (lambda: PriceUpdated(open=le(0)), "open: no value of it is le(0): all are above 0"),
        (lambda: PriceUpdated(bar_s=-5), "bar_s: -5 is no value of it"),
        (lambda: PriceUpdated(bar_s=1.5), "bar_s: 1.5 is no value of it"),
        (lambda: PriceUpdated(price=" 0.1 "), "' 0.1 ' is no number"),
        (lambda: PriceUpdated(price="0.1_0"), "'0.1_0' is no number"),
        (lambda: PriceUpdated(price=pytest.approx(1)), "is pytest's: say approx(…) of events.testing"),
        (lambda: TradeExecuted(fees=lt(0)), "no value of it is lt(0): all are from 0"),
        (lambda: event(regime="crash"), "'crash' is no Regime"),
        (lambda: event(symbol="a b"), "symbol: 'a b' is no value of it"),
        (lambda: RegimeUpdated(position=0), "position: 0 is no value of it"),
        (lambda: RegimeUpdated(version=-2), "version: -2 is no value of it"),
        (lambda: RegimeUpdated().from_(source="apl"), "source: 'apl' is no value of it"),
        (lambda: RegimeUpdated().from_(stream="regim:SPX"), "stream: 'regim:SPX' begins with no channel"),
        (lambda: event().from_(type="regme_update"), "type: 'regme_update' is no type; did you mean"),
        (lambda: event(RegimeUpdated), "RegimeUpdated is an expectation already: say RegimeUpdated(…)"),
        (lambda: event(int), "is no class of a payload"),
    ],
)  # fmt: skip
def test_a_value_that_no_event_can_have_is_refused(make: Callable[[], Any], problem: str) -> None:
    with pytest.raises(BadExpectation) as refused:
        make()
    assert problem in str(refused.value)


def test_the_ends_of_what_there_can_be_are_asked_for() -> None:
    RegimeUpdated(confidence=ge(1)).with_(confidence=le(0)).with_(confidence=1)
    RegimeUpdated(confidence=approx(1.0001, within=0.001), target_exposure=0)
    PriceUpdated(price="1e3", open=gt(0), volume=le(0), bar_s=86_400)
    RegimeUpdated(regime=matching("^CR"), source=matching("feed"), features={"vol": gt(-5)})
    event(regime="CRASH", symbol="SPX").from_(source="feed:demo", position=1)
