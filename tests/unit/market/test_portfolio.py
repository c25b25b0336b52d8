"""A portfolio by hand: given trades and prices, then these figures."""

# covers: app.market.portfolio, app.market.portfolio_refusals

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from app.market.portfolio import Portfolio, Position, check_trade, mark, marked, opened, traded
from app.market.portfolio_refusals import (
    NOTIONAL_MAX,
    PORTFOLIOS_MAX,
    POSITIONS_MAX,
    PaperPortfolioRefused,
    TooManyPortfolios,
    TooManyPositions,
    TradeTooLarge,
    UnknownSymbol,
)
from events.catalog import Holding, TradeExecution, TradeStatus
from events.errors import AppendConflict, EventError, InvalidEvent
from tests.unit.market.portfolios import CASH, DAY, FEE, START, after, figures, told, trade


def test_a_purchase_turns_cash_into_a_position_and_fees() -> None:
    portfolio = after(trade("10", "100", fees="1"))
    assert portfolio.positions == {"SPX": Position(Decimal(10), Decimal(1000))}
    assert (portfolio.cash, portfolio.fees, portfolio.realised) == figures(98_999, 1, 0)
    update = told(portfolio, {"SPX": "110"})
    assert (update.total_value, update.cash, update.pnl) == figures(100_099, 98_999, 99)
    assert update.pnl_pct == 0.00099
    assert update.exposure == float(Decimal(1100) / Decimal(100_099))
    (held,) = update.positions
    assert (held.quantity, held.average_price, held.market_price) == figures(10, 100, 110)
    assert (held.market_value, held.unrealised_pnl) == figures(1100, 100)
    assert update.benchmark_pnl_pct is None


def test_purchases_are_averaged_and_a_sale_leaves_the_average_as_it_is() -> None:
    bought = after(trade("10", "100"), trade("30", "120"))
    assert bought.positions["SPX"] == Position(Decimal(40), Decimal(4600))
    assert told(bought, {"SPX": "120"}).positions[0].average_price == 115
    sold = traded(bought, trade("-10", "125"), CASH, FEE)
    assert sold.realised == 100
    assert sold.positions["SPX"] == Position(Decimal(30), Decimal(3450))
    assert told(sold, {"SPX": "120"}).positions[0].average_price == 115


def test_a_short_gains_when_the_price_falls() -> None:
    short = after(trade("-10", "100", fees="2"))
    assert short.cash == 100_998
    assert short.positions["SPX"] == Position(Decimal(-10), Decimal(-1000))
    update = told(short, {"SPX": "90"})
    (held,) = update.positions
    assert (held.quantity, held.average_price) == figures(-10, 100)
    assert (held.market_value, held.unrealised_pnl) == figures(-900, 100)
    assert (update.total_value, update.pnl) == figures(100_098, 98)
    assert update.exposure == float(Decimal(900) / Decimal(100_098))
    covered = traded(short, trade("4", "90"), CASH, FEE)
    assert covered.realised == 40
    assert covered.positions["SPX"] == Position(Decimal(-6), Decimal(-600))


def test_a_trade_through_zero_closes_and_opens_the_other_side_at_its_price() -> None:
    short = after(trade("10", "100"), trade("-25", "110"))
    assert short.realised == 100
    assert short.positions["SPX"] == Position(Decimal(-15), Decimal(-1650))
    long = traded(short, trade("20", "90"), CASH, FEE)
    assert long.realised == 400
    assert long.positions["SPX"] == Position(Decimal(5), Decimal(450))
    assert long.cash == 100_000 - 1000 + 2750 - 1800


def test_a_closed_position_is_gone_with_all_of_its_cost() -> None:
    portfolio = after(trade("3", "0.333333333333"), trade("-1", "1"), trade("-2", "1"))
    assert portfolio.positions == {}
    assert portfolio.realised == Decimal("2.000000000001")
    assert portfolio.cash == 100_000 + portfolio.realised


def test_a_trade_in_part_counts_for_what_was_executed() -> None:
    portfolio = after(trade("10", "100", status=TradeStatus.PARTIAL))
    assert portfolio.positions["SPX"].quantity == 10


def test_a_rejected_trade_changes_nothing() -> None:
    before = after(trade("10", "100"))
    rejected = trade("5", "1", fees="7", status=TradeStatus.REJECTED)
    assert traded(before, rejected, CASH, FEE) is before


def test_what_rounds_is_rounded_half_to_even_once() -> None:
    # 0.000001 x 0.0000005 = 5E-13, half of the last place: to even, 0; three times that: to even, 2E-12.
    tie = after(trade("0.000001", "0.0000005"))
    assert (tie.cash, tie.positions["SPX"].cost) == figures(100_000, 0)
    other = after(trade("0.000003", "0.0000005"))
    assert other.positions["SPX"].cost == Decimal("2E-12")
    assert other.cash == Decimal("99999.999999999998")


def test_equal_amounts_have_equal_texts() -> None:
    one = after(trade("10.0", "100.00", fees="1.500"))
    other = after(trade("10", "100", fees="1.5"))
    assert repr(one) == repr(other)
    assert str(told(one, {"SPX": "100.00"}).total_value) == "99998.5"


def test_daily_profit_is_against_the_last_mark_of_the_day_before() -> None:
    portfolio = after(trade("10", "100", fees="1"))
    steps = [("100", 0), ("104", 0.1), ("103", 1), ("90", 1.1), ("95", 4)]
    said = []
    for price, day in steps:
        update = told(portfolio, {"SPX": price}, START + day * DAY)
        said.append(update.daily_pnl)
        portfolio = marked(portfolio, update)
    assert said == [-1, 39, -10, -140, 50]


def test_a_mark_dated_back_belongs_to_the_newest_day() -> None:
    first = told(after(trade("10", "100")), {"SPX": "110"})
    portfolio = marked(after(trade("10", "100")), first)
    back = told(portfolio, {"SPX": "120"}, START - 3 * DAY)
    assert back.daily_pnl == 200
    assert marked(portfolio, back).day == START.date()


def test_a_day_ends_at_midnight_in_utc() -> None:
    portfolio = after(trade("10", "100"))
    late = START.replace(hour=23, minute=59, second=59)
    portfolio = marked(portfolio, told(portfolio, {"SPX": "110"}, late))
    assert told(portfolio, {"SPX": "111"}, late).daily_pnl == 110
    assert told(portfolio, {"SPX": "111"}, late + timedelta(seconds=1)).daily_pnl == 10


def test_drawdown_is_measured_from_the_highest_mark() -> None:
    portfolio = after(trade("1000", "100"))
    said = []
    for number, price in enumerate(["90", "110", "99", "121", "60.5"]):
        update = told(portfolio, {"SPX": price}, START + number * DAY)
        said.append(update.drawdown_pct)
        portfolio = marked(portfolio, update)
    assert said == [0.1, 0.0, 0.1, 0.0, 0.5]


def test_nothing_is_said_without_a_price_or_beyond_the_wire() -> None:
    portfolio = after(trade("1000000", "100"))
    assert mark(portfolio, {}, START) is None
    assert mark(portfolio, {"SPX": Decimal(10) ** 12}, START) is None
    assert mark(portfolio, {"SPX": Decimal(10) ** 11}, START) is not None


def test_nothing_is_said_of_a_position_beyond_the_wire_though_the_total_fits() -> None:
    portfolio = after(trade("1000000", "100"), trade("-1000000", "100", "IXIC"))
    most, more = Decimal("999999999999.999999"), Decimal(10) ** 12
    assert told(portfolio, {"SPX": most, "IXIC": most}).total_value == CASH
    assert mark(portfolio, {"SPX": more, "IXIC": more}, START) is None


def test_nothing_is_said_of_a_position_with_more_places_than_the_wire_has() -> None:
    finer = {"SPX": Position(Decimal("1.0000000000001"), Decimal(1))}
    assert mark(replace(after(), positions=finer), {"SPX": Decimal(1)}, START) is None


def test_what_is_said_of_a_position_is_what_the_wire_carries() -> None:
    (held,) = told(after(trade("-3", "0.1")), {"SPX": "0.7"}).positions
    assert Holding.model_validate(held.model_dump()) == held
    assert Holding.model_validate_json(held.model_dump_json()) == held


def test_a_value_of_exactly_nothing_has_no_exposure_to_tell() -> None:
    portfolio = after(trade("1000", "100"), trade("1000", "100"))
    assert mark(portfolio, {"SPX": Decimal(50)}, START) is None
    below = told(portfolio, {"SPX": "40"})
    assert below.total_value == -20_000
    assert (below.exposure, below.drawdown_pct) == (-4.0, 1.2)


def test_nothing_is_said_of_a_portfolio_that_nothing_was_paid_into() -> None:
    assert mark(opened("main", CASH, paper=True), {}, START) is None


def many(count: int) -> Portfolio:
    held = {f"S{number}": Position(Decimal(1), Decimal(1)) for number in range(count)}
    return replace(opened("main", CASH, paper=False), positions=held)


def refused(
    each: TradeExecution,
    portfolio: Portfolio | None = None,
    *,
    known: bool = True,
    portfolios: int = 0,
) -> EventError | None:
    try:
        check_trade(portfolio, each, known=known, portfolios=portfolios)
    except EventError as error:
        return error
    return None


def test_a_trade_of_a_symbol_without_a_price_is_refused() -> None:
    error = refused(trade("1", "1", "NONE"), known=False)
    assert isinstance(error, UnknownSymbol)
    assert "no price of NONE is recorded" in str(error)


@pytest.mark.parametrize(
    ("quantity", "price", "fees", "fits"),
    [
        (NOTIONAL_MAX, "1", "0", True),
        (NOTIONAL_MAX, "1.000000000001", "0", False),
        ("-1", NOTIONAL_MAX + 1, "0", False),
        ("1", "1", NOTIONAL_MAX, True),
        ("1", "1", NOTIONAL_MAX + 1, False),
        ("999999999999999999.999999999999", "999999999999999999.999999999999", "0", False),
    ],
)
def test_a_trade_is_of_a_size_that_can_be_counted(
    quantity: str, price: str, fees: str, fits: bool
) -> None:
    error = refused(trade(quantity, price, fees=fees))
    assert error is None if fits else isinstance(error, TradeTooLarge)


def test_a_portfolio_that_is_traded_on_paper_takes_no_trades_from_outside() -> None:
    own, paper = opened("main", CASH, paper=False), opened("main", CASH, paper=True)
    assert isinstance(refused(trade("1", "1"), paper), PaperPortfolioRefused)
    assert refused(trade("1", "1"), own) is None


def test_portfolios_and_positions_are_limited() -> None:
    assert refused(trade("1", "1"), portfolios=PORTFOLIOS_MAX - 1) is None
    assert isinstance(refused(trade("1", "1"), portfolios=PORTFOLIOS_MAX), TooManyPortfolios)
    assert refused(trade("1", "1"), many(1), portfolios=PORTFOLIOS_MAX) is None
    full = many(POSITIONS_MAX)
    assert refused(trade("1", "1", "S7"), full) is None
    assert refused(trade("1", "1"), many(POSITIONS_MAX - 1)) is None
    assert isinstance(refused(trade("1", "1"), full), TooManyPositions)
    prices = dict.fromkeys(full.positions, Decimal(1))
    assert len(told(full, prices).positions) == POSITIONS_MAX


def test_refusals_say_whether_the_request_or_the_portfolio_is_at_fault() -> None:
    of_request = (UnknownSymbol, TradeTooLarge, TooManyPositions, TooManyPortfolios)
    assert all(issubclass(kind, InvalidEvent) for kind in of_request)
    assert issubclass(PaperPortfolioRefused, AppendConflict)
    codes = {kind.code for kind in (*of_request, PaperPortfolioRefused)}
    assert codes == {
        "unknown_symbol",
        "trade_too_large",
        "too_many_positions",
        "too_many_portfolios",
        "paper_portfolio",
    }
