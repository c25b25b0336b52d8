"""The paper trader: what it buys and sells, when, and what it never does."""

# covers: app.market.paper, app.market.portfolio

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.market.detector.base import REGIMES
from app.market.paper import PAPER_FEE_MAX, PAPER_RULE, paper_trade
from app.market.portfolio import QUANTITY_STEP, Sleeve, opened, traded
from app.market.strategy import RECOMMENDATIONS
from events.catalog import Regime, TradeReason, TradeSide, TradeStatus
from tests.unit.market.portfolios import (
    CASH,
    DAY,
    FEE,
    PRICES,
    START,
    SYMBOLS,
    amounts,
    days,
    exact,
    figures,
    on_paper,
    reading,
)

BULL, BEAR, CRASH, SIDEWAYS = REGIMES
BARS = st.lists(
    st.tuples(st.sampled_from(SYMBOLS), PRICES, st.sampled_from(REGIMES), st.booleans()),
    max_size=15,
)
FEES = st.one_of(st.just(Decimal(0)), st.just(FEE), amounts(1, 6).map(lambda f: f * PAPER_FEE_MAX))


def test_the_first_trusted_reading_buys_at_the_next_close() -> None:
    walk = on_paper()
    assert walk.bar("100", reading(BULL, warming_up=True), START) is None
    made = walk.bar("100", reading(BULL, confidence=0.8), START + DAY)
    assert made is not None
    # 100,000 / (100 x 1.001) = 999.000999..., cut to six decimals; fees 0.1 % of 99,900.0999.
    assert (made.side, made.quantity) == (TradeSide.BUY, Decimal("999.000999"))
    assert (made.price, made.fees) == figures(100, "99.9000999")
    assert (made.symbol, made.portfolio_id, made.status) == ("SPX", "main", TradeStatus.FILLED)
    assert made.reason == TradeReason(regime=BULL, confidence=0.8, rule=PAPER_RULE)
    assert made.timestamp == START + DAY
    assert walk.portfolio.cash == Decimal("0.0000001")
    assert walk.portfolio.paid_in == CASH


def test_a_shift_sells_and_later_buys_back_for_what_is_left() -> None:
    walk = on_paper(fee=Decimal(0))
    made = days(
        walk, [("100", BULL), ("110", BULL), ("80", CRASH), ("70", CRASH), ("50", SIDEWAYS)]
    )
    said = [(each.side.value, str(each.quantity)) if each else None for each in made]
    # 1,000 shares for 100,000; all of them sold for 80,000; half of that buys 800 at 50.
    assert said == [("buy", "1E+3"), None, ("sell", "1E+3"), None, ("buy", "8E+2")]
    assert [update.total_value for update in walk.updates] == [
        100_000,
        110_000,
        80_000,
        80_000,
        80_000,
    ]
    assert walk.portfolio.realised == -20_000
    assert walk.updates[-1].exposure == 0.5


def test_a_shift_sells_down_to_the_recommended_share_after_fees() -> None:
    walk = on_paper(fee=Decimal("0.01"))
    days(walk, [("100", BULL)])
    made = walk.bar("100", reading(BEAR), START + DAY)
    assert made is not None
    # Bought 100,000 / 101 = 990.099009 for 99,009.9009 + 990.099009; 0.000091 are left. To sell, with q = 990.099009:
    # (100 q - 0.2 x (100 q + 0.000091)) / (100 x (1 - 0.2 x 0.01)) = 793.666540...
    assert (made.side, made.quantity) == (TradeSide.SELL, Decimal("793.666540"))
    assert made.fees == Decimal("793.66654")
    assert walk.updates[-1].exposure == pytest.approx(0.2, abs=1e-7)


def test_there_is_nothing_to_sell_in_a_crash_before_the_first_purchase() -> None:
    walk = on_paper()
    assert days(walk, [("100", CRASH), ("90", CRASH)]) == [None, None]
    assert walk.portfolio == opened("main", CASH, paper=True)
    assert walk.updates == []


def test_warming_up_leaves_a_position_alone() -> None:
    walk = on_paper()
    days(walk, [("100", BULL)])
    assert walk.bar("50", reading(CRASH, warming_up=True), START + DAY) is None


def test_each_symbol_has_money_of_its_own() -> None:
    walk = on_paper(fee=Decimal(0))
    walk.bar("100", reading(BULL), START, "SPX")
    walk.bar("10", reading(SIDEWAYS), START, "IXIC")
    sleeves = walk.portfolio.sleeves
    spent, half, none = Decimal(0), Decimal(50_000), Decimal(0)
    at_100, at_10 = (Decimal(100), none, Decimal(1000)), (Decimal(10), none, Decimal(10_000))
    assert sleeves["SPX"] == Sleeve(spent, CASH, *at_100, none, BULL)
    assert sleeves["IXIC"] == Sleeve(half, CASH, *at_10, none, SIDEWAYS)
    assert (walk.portfolio.paid_in, walk.portfolio.cash) == figures(200_000, 50_000)
    assert walk.updates[-1].exposure == 0.75


def test_the_benchmark_buys_and_holds_from_the_first_trade_on() -> None:
    walk = on_paper(fee=Decimal("0.01"))
    days(walk, [("100", CRASH), ("100", SIDEWAYS), ("120", SIDEWAYS), ("60", CRASH)])
    # From the second bar on: 990.099009 for 99,009.9009 and 990.099009 of fees, 0.000091 left over.
    held, left = Decimal("990.099009"), Decimal("0.000091")
    by_hand = [float((held * price + left) / CASH - 1) for price in (100, 120, 60)]
    assert [update.benchmark_pnl_pct for update in walk.updates] == by_hand
    assert by_hand == [pytest.approx(x, abs=1e-9) for x in (-0.00990099, 0.188118811, -0.405940594)]


def test_a_second_symbol_joins_the_benchmark_with_its_own_money() -> None:
    walk = on_paper(fee=Decimal(0))
    walk.bar("100", reading(BULL), START, "SPX")
    walk.bar("150", reading(BULL), START + DAY, "SPX")
    walk.bar("10", reading(SIDEWAYS), START + DAY, "IXIC")
    assert walk.updates[-1].benchmark_pnl_pct == 0.25
    walk.bar("20", reading(SIDEWAYS), START + 2 * DAY, "IXIC")
    assert walk.updates[-1].benchmark_pnl_pct == 0.75
    assert walk.updates[-1].pnl_pct == 0.5
    assert walk.updates[-1].drawdown_pct == 0


def test_money_paid_in_is_neither_profit_nor_a_new_peak() -> None:
    walk = on_paper(fee=Decimal(0))
    days(walk, [("100", BULL), ("80", BULL)])
    walk.bar("10", reading(CRASH), START + DAY, "IXIC")
    walk.bar("10", reading(SIDEWAYS), START + 2 * DAY, "IXIC")
    last = walk.updates[-1]
    assert (last.total_value, last.pnl, last.daily_pnl) == figures(180_000, -20_000, 0)
    assert last.drawdown_pct == 0.1


def test_a_quantity_that_rounds_to_nothing_waits_for_a_bar_at_which_it_does_not() -> None:
    walk = on_paper(cash=Decimal(1))
    dear = walk.bar("1000000000", reading(BULL), START)
    assert dear is None
    assert walk.portfolio.sleeves == {}
    cheap = walk.bar("100", reading(BULL), START + DAY)
    assert cheap is not None
    assert cheap.quantity == Decimal("0.00999")


def test_a_quantity_beyond_the_wire_is_not_traded() -> None:
    walk = on_paper(cash=Decimal(10) ** 9)
    assert walk.bar("0.000000000001", reading(BULL), START) is None
    assert walk.portfolio.sleeves == {}


@given(BARS, FEES)
def test_cash_never_falls_below_nothing(
    bars: list[tuple[str, Decimal, Regime, bool]], fee: Decimal
) -> None:
    walk = on_paper(fee=fee)
    for number, (symbol, price, regime, warming) in enumerate(bars):
        walk.bar(price, reading(regime, warming_up=warming), START + number * DAY, symbol)
        assert walk.portfolio.cash >= 0
        for name, sleeve in walk.portfolio.sleeves.items():
            assert sleeve.cash >= 0
            assert sleeve.benchmark_cash >= 0
            held = walk.portfolio.positions.get(name)
            assert held is None or held.quantity > 0


@given(BARS, FEES)
def test_it_trades_only_after_a_change_of_regime_that_can_be_trusted(
    bars: list[tuple[str, Decimal, Regime, bool]], fee: Decimal
) -> None:
    walk, acted = on_paper(fee=fee), dict[str, Regime]()
    for number, (symbol, price, regime, warming) in enumerate(bars):
        made = walk.bar(price, reading(regime, warming_up=warming), START + number * DAY, symbol)
        if made is None:
            continue
        assert not warming
        assert acted.get(symbol) is not regime
        assert made.reason is not None
        assert made.reason.regime is regime
        acted[symbol] = regime
    # What it acted on last is what the log says: a fold needs nothing else.
    assert acted == {name: sleeve.regime for name, sleeve in walk.portfolio.sleeves.items()}


@given(BARS, FEES)
def test_quantities_are_whole_steps_and_fees_their_share(
    bars: list[tuple[str, Decimal, Regime, bool]], fee: Decimal
) -> None:
    walk = on_paper(fee=fee)
    for number, (symbol, price, regime, _) in enumerate(bars):
        walk.bar(price, reading(regime), START + number * DAY, symbol)
    for made in walk.trades:
        assert made.quantity > 0
        assert (exact(made.quantity) / exact(QUANTITY_STEP)).denominator == 1
        share = exact(made.quantity) * exact(made.price) * exact(fee)
        assert abs(exact(made.fees) - share) <= Fraction(2, 10**12)


@given(BARS, FEES)
def test_after_a_trade_the_position_is_the_recommended_share_to_a_step(
    bars: list[tuple[str, Decimal, Regime, bool]], fee: Decimal
) -> None:
    walk = on_paper(fee=fee)
    for number, (symbol, price, regime, _) in enumerate(bars):
        made = walk.bar(price, reading(regime), START + number * DAY, symbol)
        if made is None:
            continue
        held = walk.portfolio.positions.get(symbol)
        worth = exact(held.quantity) * exact(price) if held else Fraction(0)
        value = worth + exact(walk.portfolio.sleeves[symbol].cash)
        target = Fraction(str(RECOMMENDATIONS[regime].target_exposure))
        # What is not bought for the rounding is left over with its fee.
        left = exact(QUANTITY_STEP) * exact(price) * (1 + exact(fee))
        assert abs(worth - target * value) <= left + Fraction(1, 10**11)


@given(PRICES, PRICES, FEES)
def test_the_benchmark_is_buying_and_holding_by_hand(
    first: Decimal, last: Decimal, fee: Decimal
) -> None:
    walk = on_paper(fee=fee)
    made = walk.bar(first, reading(SIDEWAYS), START)
    if made is None:
        return
    walk.bar(last, reading(SIDEWAYS), START + DAY)
    growth = float(last / first) / (1 + float(fee)) - 1
    lost_to_rounding = float(QUANTITY_STEP * max(first, last) / CASH)
    if walk.updates[-1].timestamp == START + DAY:
        told = walk.updates[-1].benchmark_pnl_pct
        assert told == pytest.approx(growth, rel=1e-9, abs=1e-9 + 2 * lost_to_rounding)


def test_a_portfolio_without_a_sleeve_is_asked_with_its_first_money() -> None:
    made = paper_trade(
        opened("main", CASH, paper=True),
        "SPX",
        reading(SIDEWAYS),
        CASH,
        START,
        "t",
        CASH,
        Decimal(0),
    )
    assert made is not None
    assert made.quantity == Decimal("0.5")


def test_a_sleeve_that_owes_money_sells_what_it_has_and_borrows_no_more() -> None:
    # Its trade was recorded when the settings gave it more to begin with, and no mark that says so came after it.
    walk = on_paper()
    days(walk, [("100", BULL)])
    recorded, portfolio = walk.trades[0], opened("main", CASH / 2, paper=True)
    portfolio = traded(portfolio, recorded, CASH / 2, FEE)
    assert portfolio.sleeves["SPX"].cash == Decimal("-49999.9999999")
    terms = (START + DAY, "t", CASH / 2, FEE)
    sold = paper_trade(portfolio, "SPX", reading(SIDEWAYS), Decimal(40), *terms)
    assert sold is not None
    assert (sold.side, sold.quantity) == (TradeSide.SELL, recorded.quantity)
