"""What can be in no part of any log is refused: an `absent` of it would hold for ever."""

from collections.abc import Callable
from typing import Any

import pytest

from events.testing import (
    BadExpectation,
    LogAssertion,
    LogUnderTest,
    PortfolioUpdated,
    PriceAlert,
    PriceUpdated,
    RegimeUpdated,
    TradeExecuted,
    assert_log,
    event,
)

Say = Callable[[LogAssertion], object]


@pytest.mark.parametrize(
    ("say", "problem"),
    [
        (lambda log: log.within(channel="prices").absent(RegimeUpdated()), "its channel is 'regime'"),
        (
            lambda log: log.within(channel="prices").contains(PriceUpdated()).never(RegimeUpdated()),
            "its channel is 'regime' by regime_update, and 'prices' by within(channel='prices')",
        ),
        (
            lambda log: log.within(symbol="SPX").absent(PortfolioUpdated()),
            "within(symbol='SPX') is asked for, and a portfolio_update has no symbol",
        ),
        (
            lambda log: log.within(symbol="SPX").absent(RegimeUpdated(symbol="IXIC")),
            "its symbol is 'IXIC' by symbol='IXIC', and 'SPX' by within(symbol='SPX')",
        ),
        (
            lambda log: log.within(channel="regime", stream="prices:SPX").absent(event()),
            "its channel is 'regime' by within(channel='regime'), and 'prices' by within(stream='prices:SPX')",
        ),
        (lambda log: log.within(channel="regime").within(channel="prices"), "its channel is 'regime'"),
        (lambda log: log.within(stream="prices:SPX").absent(RegimeUpdated()), "its channel is"),
        (lambda log: log.within(stream="regime:SPX").within(symbol="IXIC"), "its symbol is 'SPX'"),
        (lambda log: log.within(channel="system", symbol="SPX"), "a system_notice has no symbol"),
        (
            lambda log: log.within(positions=(1, 3)).absent(PriceAlert().from_(position=4)),
            "from_(position=4) and within(positions=(1, 3)) have nothing in common",
        ),
        (
            lambda log: log.within(times=("2008-09-01", "2008-09-02")).within(times=("2008-09-04", None)),
            "have nothing in common",
        ),
        (lambda log: log.within(channel="prices").only(RegimeUpdated()), "its channel is"),
    ],
)  # fmt: skip
def test_a_contradiction_is_refused(log: LogUnderTest, say: Say, problem: str) -> None:
    with pytest.raises(BadExpectation) as refused:
        say(assert_log(log))
    assert problem in str(refused.value)


@pytest.mark.parametrize(
    "make",
    [
        lambda: RegimeUpdated().from_(channel="prices"),
        lambda: RegimeUpdated().from_(stream="prices:SPX"),
        lambda: RegimeUpdated(symbol="SPX").from_(stream="regime:IXIC"),
        lambda: RegimeUpdated().from_(type="price_update"),
        lambda: RegimeUpdated(channel="regime", stream="prices:SPX"),
    ],
)
def test_an_expectation_that_contradicts_itself_is_refused(make: Callable[[], Any]) -> None:
    with pytest.raises(BadExpectation, match="can be in no log: its"):
        make()


def test_what_can_be_there_is_looked_for(log: LogUnderTest) -> None:
    assert_log(log).within(channel="regime", symbol="SPX", stream="regime:SPX").contains(
        RegimeUpdated()
    )
    assert_log(log).within(symbol="SPX").absent(TradeExecuted())
    assert_log(log).within(positions=(1, 4)).within(positions=(4, 9)).contains(
        event().from_(position=4)
    )
    assert_log(log).contains(PriceAlert().from_(channel="price_alerts", stream="price_alerts:SPX"))
