"""A portfolio as its trades and marks left it: cash, positions at average cost, realised profit, fees.

Pure, in `Decimal`, and the same digits under any decimal context of the thread. Of every amount that rounds,
the rounded one is used on both sides, so that these hold exactly, always:

    cash + sum of the positions' market values         = value
    paid_in + realised + sum of unrealised - fees      = value
    sum of the last daily_pnl of each day              = change in value, less what was paid in

`docs/portfolio.md` defines every figure.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from pydantic import ValidationError

from app.market.money import STEP, ZERO, check_amounts, divided_down, exactly, rounded, tidy
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
from events.catalog import (
    Holding,
    PortfolioUpdate,
    Regime,
    TradeExecution,
    TradeSide,
    TradeStatus,
)

QUANTITY_STEP: Final = Decimal("0.000001")
"""What the paper trader and the benchmark buy is a multiple of it."""


@dataclass(frozen=True, slots=True)
class Position:
    """What is held of one symbol.

    Attributes:
        quantity: negative when short; never 0 in a portfolio.
        cost: what the quantity cost, without fees; of a short what was got for it, negative.
    """

    quantity: Decimal
    cost: Decimal


@dataclass(frozen=True, slots=True)
class Sleeve:
    """The share of a paper portfolio that follows one symbol.

    Attributes:
        cash: of this sleeve; the portfolio's cash is the sum.
        paid_in: all the money that it was given, at its first trade.
        price: of its first trade.
        fee: the fees of its first trade, as a share of what was paid.
        benchmark_quantity: what buying and holding would have bought at that price, with that fee.
        benchmark_cash: what that would have left over.
        regime: the one acted on last.
    """

    cash: Decimal
    paid_in: Decimal
    price: Decimal
    fee: Decimal
    benchmark_quantity: Decimal
    benchmark_cash: Decimal
    regime: Regime


@dataclass(frozen=True, slots=True)
class Portfolio:
    """One portfolio; `opened` makes it, `traded` and `marked` move it on.

    Attributes:
        portfolio_id: its name.
        paper: the paper trader runs it; else its trades come from outside.
        paid_in: all the money that it was given.
        cash: may fall below 0 when trades come from outside.
        fees: of all trades.
        realised: profit of what was closed, before fees.
        positions: the open ones, by symbol.
        sleeves: of a paper portfolio, by symbol.
        peak: the highest value marked, and what was paid in since.
        day: UTC day of the newest mark; None before the first.
        day_start: value at the last mark of an earlier day, and what was paid in since.
        last_value: value at the last mark, and what was paid in since.
        last_at: the newest time of its trades and marks; no mark is dated before it.
    """

    portfolio_id: str
    paper: bool
    paid_in: Decimal = ZERO
    cash: Decimal = ZERO
    fees: Decimal = ZERO
    realised: Decimal = ZERO
    positions: Mapping[str, Position] = field(default_factory=dict)
    sleeves: Mapping[str, Sleeve] = field(default_factory=dict)
    peak: Decimal = ZERO
    day: date | None = None
    day_start: Decimal = ZERO
    last_value: Decimal = ZERO
    last_at: datetime | None = None


def opened(portfolio_id: str, cash: Decimal, *, paper: bool) -> Portfolio:
    """A portfolio before its first trade. One that is traded on paper is paid for sleeve by sleeve."""
    empty = Portfolio(portfolio_id, paper)
    return empty if paper else _paid_in(empty, cash)


def check_trade(
    portfolio: Portfolio | None,
    trade: TradeExecution,
    *,
    known: bool,
    portfolios: int,
) -> None:
    """Refuse a trade from outside that cannot be recorded.

    Args:
        portfolio: the trade's; None before the first trade of it.
        trade: it.
        known: the symbol has a recorded price.
        portfolios: how many there are.

    Raises:
        UnknownSymbol: the symbol has no recorded price.
        TradeTooLarge: its value or fees are beyond `NOTIONAL_MAX`.
        PaperPortfolioRefused: the paper trader runs the portfolio.
        TooManyPortfolios: it would open one more than `PORTFOLIOS_MAX`.
        TooManyPositions: it would open one more than `POSITIONS_MAX`.
    """
    if portfolio is not None and portfolio.paper:
        raise PaperPortfolioRefused(trade)
    if not known:
        raise UnknownSymbol(trade)
    with exactly():
        if max(trade.quantity * trade.price, trade.fees) > NOTIONAL_MAX:
            raise TradeTooLarge(trade)
    if portfolio is None:
        if portfolios >= PORTFOLIOS_MAX:
            raise TooManyPortfolios(trade)
    elif len(portfolio.positions) >= POSITIONS_MAX and trade.symbol not in portfolio.positions:
        raise TooManyPositions(trade)


def traded(portfolio: Portfolio, trade: TradeExecution, cash: Decimal, fee: Decimal) -> Portfolio:
    """The portfolio after a recorded trade; a rejected one changes nothing.

    The first trade of a symbol on paper opens its sleeve with `cash`, and its benchmark buys for all of it
    at the same price with the same `fee` (a share of what it pays).
    """
    if trade.status is TradeStatus.REJECTED:
        return portfolio
    symbol = trade.symbol
    with exactly():
        if portfolio.paper and trade.reason is not None:
            portfolio = _with_sleeve(portfolio, trade, trade.reason.regime, cash, fee)
        quantity = trade.quantity if trade.side is TradeSide.BUY else -trade.quantity
        held = portfolio.positions.get(symbol) or Position(ZERO, ZERO)
        after, paid, realised = _moved(held, quantity, trade.price)
        spent = paid + trade.fees
        sleeves = portfolio.sleeves
        if sleeve := sleeves.get(symbol):
            sleeves = {**sleeves, symbol: replace(sleeve, cash=tidy(sleeve.cash - spent))}
        positions = {**portfolio.positions, symbol: after}
        if not after.quantity:
            del positions[symbol]
        return replace(
            portfolio,
            cash=tidy(portfolio.cash - spent),
            fees=tidy(portfolio.fees + trade.fees),
            realised=tidy(portfolio.realised + realised),
            positions=positions,
            sleeves=sleeves,
            last_at=_newest(portfolio, trade.timestamp),
        )


def marked(portfolio: Portfolio, update: PortfolioUpdate) -> Portfolio:
    """The portfolio after a recorded mark: what the next marks are measured against.

    The mark tells what was paid in, too. If that is not what this fold paid in, for it was recorded with another
    setting, the fold follows the record.
    """
    with exactly():
        more = update.total_value - update.pnl - portfolio.paid_in
        if more:
            portfolio = _corrected(portfolio, more)
    value, day = tidy(update.total_value), update.timestamp.date()
    peak, start = max(portfolio.peak, value), portfolio.day_start
    if portfolio.day is None or day > portfolio.day:
        start = portfolio.last_value
    else:
        day = portfolio.day
    last_at = _newest(portfolio, update.timestamp)
    return replace(
        portfolio, peak=peak, day=day, day_start=start, last_value=value, last_at=last_at
    )


def _newest(portfolio: Portfolio, at: datetime) -> datetime:
    return at if portfolio.last_at is None else max(portfolio.last_at, at)


def _paid_in(portfolio: Portfolio, cash: Decimal) -> Portfolio:
    """More money, which is no profit: whatever a value is compared with rises with it."""
    with exactly():
        return replace(
            portfolio,
            paid_in=tidy(portfolio.paid_in + cash),
            cash=tidy(portfolio.cash + cash),
            peak=tidy(portfolio.peak + cash),
            day_start=tidy(portfolio.day_start + cash),
            last_value=tidy(portfolio.last_value + cash),
        )


def _with_sleeve(
    portfolio: Portfolio, trade: TradeExecution, regime: Regime, cash: Decimal, fee: Decimal
) -> Portfolio:
    """The portfolio with a sleeve that acts on a regime; the first trade of a symbol on paper opens it."""
    sleeve = portfolio.sleeves.get(trade.symbol)
    if sleeve is None:
        sleeve = _sleeve(cash, trade.price, _fee_share(trade, fee), regime)
        portfolio = _paid_in(portfolio, cash)
    acting = {**portfolio.sleeves, trade.symbol: replace(sleeve, regime=regime)}
    return replace(portfolio, sleeves=acting)


def _sleeve(cash: Decimal, price: Decimal, fee: Decimal, regime: Regime) -> Sleeve:
    """A sleeve before its first trade; its benchmark buys for all of the cash."""
    quantity = divided_down(cash, price * (1 + fee), QUANTITY_STEP)
    paid = rounded(quantity * price)
    left = tidy(cash - paid - min(rounded(paid * fee), cash - paid))
    return Sleeve(tidy(cash), tidy(cash), tidy(price), fee, quantity, left, regime)


def _fee_share(trade: TradeExecution, fee: Decimal) -> Decimal:
    """`fee`, if the trade was made with it to the last digit, which may be cut; else what it was made with."""
    paid = rounded(trade.quantity * trade.price)
    if not paid or abs(trade.fees - rounded(paid * fee)) <= STEP:
        return fee
    return rounded(trade.fees / paid)


def _corrected(portfolio: Portfolio, more: Decimal) -> Portfolio:
    """The portfolio as if `more` had been paid in when it was opened; on paper, when its newest sleeve was."""
    portfolio = _paid_in(portfolio, more)
    if not portfolio.sleeves:
        return portfolio
    symbol, sleeve = list(portfolio.sleeves.items())[-1]
    begun = _sleeve(sleeve.paid_in + more, sleeve.price, sleeve.fee, sleeve.regime)
    corrected = replace(begun, cash=tidy(sleeve.cash + more))
    return replace(portfolio, sleeves={**portfolio.sleeves, symbol: corrected})


def _moved(held: Position, quantity: Decimal, price: Decimal) -> tuple[Position, Decimal, Decimal]:
    """A position after `quantity` (negative: sold) at a price; what was paid (negative: got); what it realised."""
    paid = rounded(quantity * price)
    total = tidy(held.quantity + quantity)
    if held.quantity * quantity >= 0:
        return Position(total, tidy(held.cost + paid)), paid, ZERO
    if abs(quantity) < abs(held.quantity):
        released = rounded(held.cost * -quantity / held.quantity)
        return Position(total, tidy(held.cost - released)), paid, -paid - released
    # Closed, and what is left of the trade opens the other side at its price.
    closing = rounded(-held.quantity * price)
    return Position(total, tidy(paid - closing)), paid, -closing - held.cost


def mark(
    portfolio: Portfolio, prices: Mapping[str, Decimal], at: datetime
) -> PortfolioUpdate | None:
    """What the portfolio is worth at some prices.

    Args:
        portfolio: which.
        prices: the last one of every symbol that it holds or has a sleeve of.
        at: market time, UTC.

    Returns:
        None when nothing true can be said: a price is missing, a figure would not fit the wire, nothing was
        paid in, or positions are worth exactly what is owed, so that the exposure has no number.
    """
    with exactly():
        try:
            return _update(portfolio, prices, at)
        except (KeyError, ArithmeticError, ValidationError):
            return None


def _update(portfolio: Portfolio, prices: Mapping[str, Decimal], at: datetime) -> PortfolioUpdate:
    holdings, value, gross = [], portfolio.cash, ZERO
    for symbol, held in sorted(portfolio.positions.items()):
        each = _holding(symbol, held, prices[symbol])
        holdings.append(each)
        value += each.market_value
        gross += abs(each.market_value)
    pnl, peak = value - portfolio.paid_in, max(portfolio.peak, value)
    same_day = portfolio.day is not None and at.date() <= portfolio.day
    start = portfolio.day_start if same_day else portfolio.last_value
    return PortfolioUpdate(
        portfolio_id=portfolio.portfolio_id,
        total_value=tidy(value),
        cash=portfolio.cash,
        exposure=float(gross / value) if gross else 0.0,
        pnl=tidy(pnl),
        pnl_pct=float(pnl / portfolio.paid_in),
        daily_pnl=tidy(value - start),
        drawdown_pct=float(1 - value / peak),
        benchmark_pnl_pct=_benchmark(portfolio, prices),
        positions=tuple(holdings),
        timestamp=at,
    )


def _holding(symbol: str, held: Position, price: Decimal) -> Holding:
    value, average = rounded(held.quantity * price), rounded(held.cost / held.quantity)
    unrealised = tidy(value - held.cost)
    # The symbol is a recorded trade's: with the amounts checked here, the model's own check would find nothing.
    check_amounts(held.quantity, average, price, value, unrealised)
    return Holding.model_construct(
        symbol=symbol,
        quantity=held.quantity,
        average_price=average,
        market_price=price,
        market_value=value,
        unrealised_pnl=unrealised,
    )


def _benchmark(portfolio: Portfolio, prices: Mapping[str, Decimal]) -> float | None:
    """What buying and holding would have made of the same money since each sleeve's first trade."""
    if not portfolio.sleeves:
        return None
    value = sum(
        (
            sleeve.benchmark_cash + sleeve.benchmark_quantity * prices[symbol]
            for symbol, sleeve in portfolio.sleeves.items()
        ),
        ZERO,
    )
    return float(value / portfolio.paid_in - 1)
