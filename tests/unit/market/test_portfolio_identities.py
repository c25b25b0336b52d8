"""What holds of every portfolio, whatever was traded at whatever prices."""

# covers: app.market.portfolio, app.market.portfolio_dump, app.market.money

import json
from collections.abc import Callable, Mapping
from datetime import date
from decimal import (
    ROUND_CEILING,
    ROUND_DOWN,
    Context,
    Decimal,
    FloatOperation,
    Inexact,
    localcontext,
)
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.market.detector.base import REGIMES
from app.market.money import check_amounts, divided_down, rounded, tidy
from app.market.portfolio import mark, marked, opened
from app.market.portfolio_dump import dump, load
from events.catalog import PortfolioUpdate, TradeExecution, TradeStatus
from events.scalars import parse_decimal
from tests.unit.market.portfolios import (
    CASH,
    DAY,
    PRICES,
    START,
    SYMBOLS,
    Walk,
    after,
    amounts,
    exact,
    on_paper,
    outside_trades,
    reading,
    trade,
)

PRICE_LISTS = st.fixed_dictionaries(dict.fromkeys(SYMBOLS, PRICES))
STEPS = st.lists(st.tuples(PRICE_LISTS, st.sampled_from([0.0, 0.25, 1.0, 3.0])), max_size=8)
CONTEXTS = st.sampled_from(
    [
        Context(prec=6),
        Context(prec=28, rounding=ROUND_CEILING),
        Context(prec=3, rounding=ROUND_DOWN, clamp=1, traps=[Inexact]),
        Context(prec=50, Emax=60, Emin=-60, traps=[FloatOperation]),
    ]
)


def holds(walk: Walk, update: PortfolioUpdate) -> None:
    """Every identity of one mark, in whole fractions, so that nothing can round."""
    portfolio, value = walk.portfolio, exact(update.total_value)
    positions = update.positions
    assert exact(update.cash) + sum(exact(each.market_value) for each in positions) == value
    unrealised = sum(exact(each.unrealised_pnl) for each in positions)
    earned = exact(portfolio.realised) + unrealised - exact(portfolio.fees)
    assert exact(portfolio.paid_in) + earned == value
    assert exact(update.pnl) == earned
    if portfolio.sleeves:
        assert sum(exact(each.cash) for each in portfolio.sleeves.values()) == exact(update.cash)


@given(outside_trades(), PRICE_LISTS)
def test_cash_and_positions_are_the_value_and_profits_add_up(
    trades: list[TradeExecution], prices: dict[str, Decimal]
) -> None:
    walk = Walk(opened("main", CASH, paper=False), prices=prices)
    for each in trades:
        walk.trade(each)
        update = mark(walk.portfolio, prices, START)
        if update is not None:
            holds(walk, update)


@given(outside_trades(), PRICE_LISTS)
def test_a_mark_is_silent_only_where_the_value_is_nothing(
    trades: list[TradeExecution], prices: dict[str, Decimal]
) -> None:
    portfolio = after(*trades)
    value = portfolio.cash + sum(
        rounded(held.quantity * prices[symbol]) for symbol, held in portfolio.positions.items()
    )
    assert (mark(portfolio, prices, START) is None) == (value == 0 and bool(portfolio.positions))


@given(st.data(), STEPS)
def test_the_last_daily_profits_add_up_to_the_change_in_value(
    data: st.DataObject, steps: list[tuple[dict[str, Decimal], float]]
) -> None:
    walk = Walk(opened("main", CASH, paper=False))
    at, last_of_day, values = START, dict[date, Fraction](), []
    for prices, later in steps:
        at += later * DAY
        walk.prices = prices
        for each in data.draw(outside_trades(3)):
            walk.trade(each)
        update = walk.mark(at)
        if update is not None:
            last_of_day[at.date()] = exact(update.daily_pnl)
            values.append(exact(update.total_value))
    assert sum(last_of_day.values()) == (values[-1] - exact(CASH) if values else 0)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(SYMBOLS),
            amounts(10_000, 2),
            st.sampled_from(REGIMES),
            st.sampled_from([0.25, 1.0]),
        ),
        max_size=12,
    )
)
def test_on_paper_the_identities_hold_and_daily_profit_leaves_out_what_is_paid_in(
    steps: list[tuple[str, Decimal, Any, float]],
) -> None:
    walk, at, last_of_day = on_paper(), START, dict[date, Fraction]()
    for symbol, price, regime, later in steps:
        at += later * DAY
        walk.bar(price, reading(regime), at, symbol)
        if walk.updates:
            holds(walk, walk.updates[-1])
            last_of_day[at.date()] = exact(walk.updates[-1].daily_pnl)
    if walk.updates:
        earned = exact(walk.updates[-1].total_value) - exact(walk.portfolio.paid_in)
        assert sum(last_of_day.values()) == earned == exact(walk.updates[-1].pnl)
        assert exact(walk.portfolio.paid_in) == len(walk.portfolio.sleeves) * exact(CASH)


@given(outside_trades(6), STEPS, CONTEXTS)
def test_no_figure_depends_on_the_decimal_context_of_the_thread(
    trades: list[TradeExecution], steps: list[tuple[dict[str, Decimal], float]], context: Context
) -> None:
    usual = said(trades, steps)
    with localcontext(context):
        assert said(trades, steps) == usual


def said(trades: list[TradeExecution], steps: list[tuple[dict[str, Decimal], float]]) -> list[str]:
    """Everything about a walk, as text: an outside portfolio and one on paper beside it."""
    outside, paper, at = Walk(opened("main", CASH, paper=False)), on_paper(), START
    for each in trades:
        outside.trade(each)
    for number, (prices, later) in enumerate(steps):
        at += later * DAY
        outside.prices = prices
        outside.mark(at)
        paper.bar(prices["SPX"], reading(REGIMES[number % 4]), at)
    texts = [walk_text for walk in (outside, paper) for walk_text in texts_of(walk)]
    return [*texts, *(each.model_dump_json() for each in paper.trades)]


def texts_of(walk: Walk) -> list[str]:
    return [json.dumps(dump(walk.portfolio)), *(each.model_dump_json() for each in walk.updates)]


@given(outside_trades(), PRICES)
def test_a_rejected_trade_is_as_if_it_had_not_been(
    trades: list[TradeExecution], price: Decimal
) -> None:
    executed = [each for each in trades if each.status is not TradeStatus.REJECTED]
    assert after(*trades) == after(*executed)


@given(amounts(1_000, 6), PRICES, PRICES, st.sampled_from([1, -1]))
def test_there_and_back_leaves_no_position_and_only_the_difference(
    quantity: Decimal, first: Decimal, second: Decimal, way: int
) -> None:
    portfolio = after(trade(way * quantity, first), trade(-way * quantity, second))
    assert portfolio.positions == {}
    gained = way * (exact(rounded(quantity * second)) - exact(rounded(quantity * first)))
    assert exact(portfolio.realised) == gained == exact(portfolio.cash) - exact(CASH)


@given(outside_trades())
def test_a_long_has_a_cost_and_a_short_a_negative_one(trades: list[TradeExecution]) -> None:
    for held in after(*trades).positions.values():
        assert held.quantity != 0
        assert held.cost * held.quantity >= 0


HUGE = amounts(10**18 - 1, 12)


@given(st.lists(st.tuples(HUGE, HUGE, st.sampled_from([1, -1])), max_size=4), HUGE)
def test_no_figure_leaves_the_range_of_the_wire(
    trades: list[tuple[Decimal, Decimal, int]], price: Decimal
) -> None:
    portfolio = after(*(trade(way * quantity, each) for quantity, each, way in trades))
    update = mark(portfolio, {"SPX": price}, START)
    if update is not None:
        assert PortfolioUpdate.model_validate_json(update.model_dump_json()) == update
        for figure in (update.total_value, update.cash, update.pnl, update.daily_pnl):
            assert parse_decimal(figure) == figure


@given(outside_trades(), STEPS)
def test_a_dumped_portfolio_comes_back_to_the_last_digit(
    trades: list[TradeExecution], steps: list[tuple[dict[str, Decimal], float]]
) -> None:
    walk = Walk(after(*trades))
    for prices, later in steps:
        walk.prices = prices
        walk.mark(START + later * DAY)
    comes_back(walk)


@given(STEPS)
def test_a_dumped_paper_portfolio_comes_back_to_the_last_digit(
    steps: list[tuple[dict[str, Decimal], float]],
) -> None:
    walk = on_paper()
    for number, (prices, _later) in enumerate(steps):
        for symbol, price in prices.items():
            walk.bar(price, reading(REGIMES[number % 4]), START + number * DAY, symbol)
    comes_back(walk)


def comes_back(walk: Walk) -> None:
    text = json.dumps(dump(walk.portfolio))
    loaded = load(json.loads(text))
    assert loaded == walk.portfolio
    assert repr(loaded) == repr(walk.portfolio)
    assert json.dumps(dump(loaded)) == text


GOOD = dump(after(trade("1", "1")))


@pytest.mark.parametrize(
    "changes",
    [
        {"cash": "NaN"},
        {"cash": "Infinity"},
        {"cash": "a"},
        {"cash": 5},
        {"paper": "yes"},
        {"portfolio_id": None},
        {"day": "yesterday"},
        {"day": 5},
        {"positions": {"SPX": ["1"]}},
        {"positions": [["SPX", "1", "1"]]},
        {"last_at_us": "noon"},
        {"last_at_us": 10**30},
        {"sleeves": {"SPX": ["CALM", *"111111"]}},
        {"sleeves": {"SPX": ["BULL", *"11111"]}},
        {"sleeves": {"SPX": []}},
        {"sleeves": None},
    ],
)
def test_what_is_no_portfolio_is_not_loaded(changes: Mapping[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"portfolio|isoformat|Regime|values"):
        load({**GOOD, **changes})


@pytest.mark.parametrize("name", GOOD)
def test_a_portfolio_with_a_part_missing_is_not_loaded(name: str) -> None:
    with pytest.raises(ValueError, match="not a portfolio"):
        load({key: value for key, value in GOOD.items() if key != name})


@given(amounts(10**6, 12), amounts(10**6, 12), CONTEXTS)
def test_rounding_down_never_gives_more(amount: Decimal, by: Decimal, context: Context) -> None:
    step = Decimal("0.000001")
    with localcontext(context):
        down = divided_down(amount, by, step)
    assert exact(down) * exact(by) <= exact(amount) < (exact(down) + exact(step)) * exact(by)


@given(st.decimals(-(10**9), 10**9, places=20))
def test_an_amount_rounds_to_the_nearest_place(amount: Decimal) -> None:
    near = rounded(amount)
    assert abs(exact(near) - exact(amount)) <= Fraction(1, 2 * 10**12)
    assert near == tidy(near)
    assert str(tidy(near * 1)) == str(near)
    assert rounded(-amount) == -near


@given(st.decimals(-(10**19), 10**19, places=14), st.integers(0, 3))
def test_amounts_are_checked_as_the_wire_checks_them(amount: Decimal, cut: int) -> None:
    each = tidy(amount.scaleb(cut))
    assert holds_good(lambda: check_amounts(each)) == holds_good(lambda: parse_decimal(each))


def holds_good(check: Callable[[], object]) -> bool:
    try:
        check()
    except (ArithmeticError, ValueError):
        return False
    return True


def test_marking_goes_on_from_what_was_recorded() -> None:
    portfolio = after(trade("1", "100"))
    update = mark(portfolio, {"SPX": Decimal(120)}, START)
    assert update is not None
    read_back = PortfolioUpdate.model_validate_json(update.model_dump_json())
    assert repr(marked(portfolio, read_back)) == repr(marked(portfolio, update))
