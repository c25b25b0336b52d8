"""A log is folded with what was paid in when it was recorded, whatever the settings are now."""

# covers: app.market.portfolio, app.market.state

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.market.money import STEP
from app.market.portfolio import QUANTITY_STEP, Portfolio, marked, opened, traded
from app.market.setup import MarketSetup, parse_paper
from app.market.state import MarketState, evolve, initial
from events.catalog import PortfolioUpdate, Regime, TradeExecution
from events.envelope import NewEvent
from tests.unit.market.builders import bars, evolve_all, falling, flat, play
from tests.unit.market.portfolios import (
    CASH,
    DAY,
    FEE,
    PRICES,
    START,
    SYMBOLS,
    Walk,
    amounts,
    exact,
    outside_trades,
    reading,
    told,
    trade,
)

MONEY = st.one_of(
    st.sampled_from([Decimal(10), CASH, Decimal("0.000000000001"), Decimal(10) ** 12]),
    amounts(10**6, 12),
)
SHARES = st.sampled_from([Decimal(0), FEE, Decimal("0.00025"), Decimal("0.1")])
BARS = st.lists(
    st.tuples(st.sampled_from(SYMBOLS), PRICES, st.sampled_from([*Regime])), max_size=12
)
Recorded = TradeExecution | PortfolioUpdate


class Recording(Walk):
    """A walk that keeps its log, and what the portfolio was after every event."""

    def __init__(self, portfolio: Portfolio, cash: Decimal, fee: Decimal = FEE) -> None:
        super().__init__(portfolio, cash, fee)
        self.log: list[tuple[Recorded, Portfolio]] = []

    def trade(self, each: TradeExecution) -> None:
        super().trade(each)
        self.log.append((each, self.portfolio))

    def mark(self, at: Any) -> PortfolioUpdate | None:
        update = super().mark(at)
        if update is not None:
            self.log.append((update, self.portfolio))
        return update


def folded(
    log: Sequence[tuple[Recorded, Portfolio]], paper: bool, cash: Decimal, fee: Decimal = FEE
) -> list[Portfolio]:
    """The portfolio after every event, folded with other settings."""
    portfolio, after = opened("main", cash, paper=paper), []
    for payload, _ in log:
        if isinstance(payload, PortfolioUpdate):
            portfolio = marked(portfolio, payload)
        else:
            portfolio = traded(portfolio, payload, cash, fee)
        after.append(portfolio)
    return after


def on_paper(bars_: list[Any], cash: Decimal, later: Decimal, fee: Decimal = FEE) -> Recording:
    """A recording whose second half was made with other cash."""
    walk = Recording(opened("main", cash, paper=True), cash, fee)
    for number, (symbol, price, regime) in enumerate(bars_):
        walk.cash = cash if number < len(bars_) / 2 else later
        walk.bar(price, reading(regime), START + number * DAY, symbol)
    return walk


@given(BARS, MONEY, MONEY, MONEY)
def test_a_paper_portfolio_is_at_every_mark_what_it_was(
    steps: list[Any], cash: Decimal, later: Decimal, other: Decimal
) -> None:
    log = on_paper(steps, cash, later).log
    for (payload, before), after in zip(log, folded(log, True, other), strict=True):
        if isinstance(payload, PortfolioUpdate):
            assert repr(after) == repr(before)


@given(outside_trades(), st.lists(PRICES, max_size=3), MONEY, MONEY)
def test_an_outside_portfolio_is_at_every_mark_what_it_was(
    trades: list[TradeExecution], prices: list[Decimal], cash: Decimal, other: Decimal
) -> None:
    walk = Recording(opened("main", cash, paper=False), cash)
    for number, each in enumerate(trades):
        walk.trade(each)
        for price in prices:
            walk.prices = dict.fromkeys(SYMBOLS, price)
            walk.mark(START + number * DAY)
    for (payload, before), after in zip(walk.log, folded(walk.log, False, other), strict=True):
        if isinstance(payload, PortfolioUpdate):
            assert repr(after) == repr(before)


@given(BARS, MONEY)
def test_with_the_settings_of_the_record_nothing_differs(steps: list[Any], cash: Decimal) -> None:
    log = on_paper(steps, cash, cash).log
    assert list(map(repr, folded(log, True, cash))) == [repr(before) for _, before in log]


@given(BARS, SHARES, SHARES)
def test_another_fee_changes_nothing_but_the_rounding_of_the_benchmark(
    steps: list[Any], fee: Decimal, other: Decimal
) -> None:
    log = on_paper(steps, CASH, CASH, fee).log
    for (payload, before), after in zip(log, folded(log, True, Decimal(10), other), strict=True):
        if not isinstance(payload, PortfolioUpdate):
            continue
        assert replace(after, sleeves={}) == replace(before, sleeves={})
        for symbol, sleeve in before.sleeves.items():
            again = after.sleeves[symbol]
            assert (again.cash, again.paid_in) == (sleeve.cash, sleeve.paid_in)
            bought = exact(again.benchmark_quantity) - exact(sleeve.benchmark_quantity)
            left = exact(again.benchmark_cash) - exact(sleeve.benchmark_cash)
            close = exact(QUANTITY_STEP) * exact(sleeve.price) + 10 * exact(STEP)
            assert abs(bought) * exact(sleeve.price) <= close
            assert abs(left) <= 2 * close


def recorded(cash: Decimal) -> tuple[MarketState, list[NewEvent]]:
    """A recorded log, and the state after it."""
    setup = MarketSetup(paper=parse_paper("main=*"), cash=cash)
    state, batches = play(bars(falling(fall=60)), initial(setup))
    return state, flat(batches)


@pytest.mark.parametrize("other", ["10", "0.000000000001", "250000"])
def test_a_restart_with_other_cash_leaves_the_past_as_it_was(other: str) -> None:
    before, log = recorded(CASH)
    setup = replace(before.setup, cash=Decimal(other))
    after = evolve_all(initial(setup), log)
    assert after.portfolios == before.portfolios
    assert after.portfolios["main"].cash >= 0


def test_only_a_sleeve_that_is_opened_later_begins_with_the_new_cash() -> None:
    before, log = recorded(CASH)
    after = evolve_all(initial(replace(before.setup, cash=Decimal(10))), log)
    prices = [bar.model_copy(update={"symbol": "IXIC"}) for bar in bars(falling(fall=0))]
    after, batches = play(prices, after)
    portfolio = after.portfolios["main"]
    assert portfolio.paid_in == CASH + 10
    assert [each.paid_in for each in portfolio.sleeves.values()] == [CASH, 10]
    # And whoever folds it with the old cash comes to the same.
    again = evolve_all(before, flat(batches))
    assert again.portfolios == after.portfolios


def test_an_outside_portfolio_keeps_what_it_began_with() -> None:
    first = trade("10", "100")
    before = evolve(initial(MarketSetup(cash=CASH)), first, "api")
    update = told(before.portfolios["main"], {"SPX": "100"})
    before = evolve(before, update, "api")
    after = initial(MarketSetup(cash=Decimal(10)))
    for payload in (first, update):
        after = evolve(after, payload, "api")
    assert after.portfolios == before.portfolios
    assert after.portfolios["main"].cash == CASH - 1000
