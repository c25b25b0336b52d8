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
from typing import Any, Final

from pydantic import ValidationError

from app.market.money import ZERO, divided_down, exactly, rounded, tidy
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

_AMOUNTS: Final = ("paid_in", "cash", "fees", "realised", "peak", "day_start", "last_value")
_OF_SLEEVE: Final = ("cash", "benchmark_quantity", "benchmark_cash")


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
        benchmark_quantity: what buying and holding would have bought at the first trade's price.
        benchmark_cash: what that would have left over.
        regime: the one acted on last.
    """

    cash: Decimal
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
        )


def marked(portfolio: Portfolio, update: PortfolioUpdate) -> Portfolio:
    """The portfolio after a recorded mark: what the next marks are measured against."""
    value, day = tidy(update.total_value), update.timestamp.date()
    peak, start = max(portfolio.peak, value), portfolio.day_start
    if portfolio.day is None or day > portfolio.day:
        start = portfolio.last_value
    else:
        day = portfolio.day
    return replace(portfolio, peak=peak, day=day, day_start=start, last_value=value)


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
        quantity = divided_down(cash, trade.price * (1 + fee), QUANTITY_STEP)
        paid = rounded(quantity * trade.price)
        left = tidy(cash - paid - min(rounded(paid * fee), cash - paid))
        sleeve = Sleeve(tidy(cash), quantity, left, regime)
        portfolio = _paid_in(portfolio, cash)
    acting = {**portfolio.sleeves, trade.symbol: replace(sleeve, regime=regime)}
    return replace(portfolio, sleeves=acting)


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
    holdings = tuple(
        _holding(symbol, held, prices[symbol])
        for symbol, held in sorted(portfolio.positions.items())
    )
    value = portfolio.cash + sum((each.market_value for each in holdings), ZERO)
    gross = sum((abs(each.market_value) for each in holdings), ZERO)
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
        positions=holdings,
        timestamp=at,
    )


def _holding(symbol: str, held: Position, price: Decimal) -> Holding:
    value = rounded(held.quantity * price)
    return Holding(
        symbol=symbol,
        quantity=held.quantity,
        average_price=rounded(held.cost / held.quantity),
        market_price=price,
        market_value=value,
        unrealised_pnl=tidy(value - held.cost),
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


def dump(portfolio: Portfolio) -> dict[str, Any]:
    """The portfolio as JSON-able values, exactly: `load(dump(p)) == p`."""
    return {
        **{name: getattr(portfolio, name) for name in ("portfolio_id", "paper")},
        **{name: str(getattr(portfolio, name)) for name in _AMOUNTS},
        "positions": {
            symbol: [str(held.quantity), str(held.cost)]
            for symbol, held in portfolio.positions.items()
        },
        "sleeves": {
            symbol: [*(str(getattr(sleeve, name)) for name in _OF_SLEEVE), sleeve.regime.value]
            for symbol, sleeve in portfolio.sleeves.items()
        },
        "day": None if portfolio.day is None else portfolio.day.isoformat(),
    }


def load(dumped: Mapping[str, Any]) -> Portfolio:
    """The portfolio that `dump` wrote.

    Raises:
        ValueError: when `dumped` is no portfolio.
    """
    try:
        day = dumped["day"]
        return Portfolio(
            portfolio_id=_of_type(str, dumped["portfolio_id"]),
            paper=_of_type(bool, dumped["paper"]),
            positions={
                symbol: Position(_amount(quantity), _amount(cost))
                for symbol, (quantity, cost) in dumped["positions"].items()
            },
            sleeves={symbol: _sleeve(*values) for symbol, values in dumped["sleeves"].items()},
            day=None if day is None else date.fromisoformat(day),
            **{name: _amount(dumped[name]) for name in _AMOUNTS},
        )
    except (AttributeError, KeyError, TypeError, ArithmeticError) as error:
        raise ValueError(f"not a portfolio: {error!r}") from error


def _of_type(kind: type[Any], value: Any) -> Any:
    if not isinstance(value, kind):
        raise ValueError(f"not a portfolio: {value!r} is no {kind.__name__}")
    return value


def _amount(text: Any) -> Decimal:
    number = Decimal(_of_type(str, text))
    if not number.is_finite():
        raise ValueError(f"not a portfolio: {text!r} is no amount")
    return number


def _sleeve(cash: Any, benchmark_quantity: Any, benchmark_cash: Any, regime: Any) -> Sleeve:
    return Sleeve(
        _amount(cash), _amount(benchmark_quantity), _amount(benchmark_cash), Regime(regime)
    )
