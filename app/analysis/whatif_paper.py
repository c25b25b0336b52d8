"""What the paper trader makes of one symbol's bars: the money of one sleeve, whoever said the regimes. Pure.

The real trader (`app.market.paper`) and the real portfolio, with one symbol to a portfolio: so two logs are compared
by the same rules, the same cash and the same fees, and no other symbol's luck is in it.
"""

from datetime import datetime
from decimal import Decimal
from typing import Final, NamedTuple

from app.analysis.regime_bars import Bar
from app.market.detector.base import Four, Reading
from app.market.money import exactly, rounded, tidy
from app.market.paper import paper_trade
from app.market.portfolio import Portfolio, opened, traded
from events.catalog import Record, TradeExecution, TradeSide
from events.scalars import ExactNumber, Finite

_UNREAD: Final[Four] = (0.0, 0.0, 0.0, 0.0)
"""The trader looks at no probabilities."""

FEE_STEP: Final = Decimal("0.000001")
"""How exactly fees are read from a trade: a hundredth of a basis point."""


class TradeKey(NamedTuple):
    """What makes two trades the same, whatever their portfolio and their ids are."""

    at: datetime
    side: TradeSide
    quantity: Decimal
    price: Decimal
    fees: Decimal


def key_of(trade: TradeExecution) -> TradeKey:
    """A trade without its names."""
    return TradeKey(trade.timestamp, trade.side, trade.quantity, trade.price, trade.fees)


def fee_of(trade: TradeKey) -> Decimal | None:
    """The fees of a trade as a share of its value, to a hundredth of a basis point; None of one without a value."""
    with exactly():
        value = trade.quantity * trade.price
    return (trade.fees / value).quantize(FEE_STEP) if value else None


class PaperResult(Record):
    """What became of the paper money within the span.

    Attributes:
        value_before: at the last close before the span, the first trade of which may lie years before; what is
            paid in for a symbol where there is no such close.
        value_after: at the last close of the span.
        total_return: the one over the other, less 1.
        maximum_drawdown: the least of value / highest value before it - 1 at the closes of the span; 0 or less.
        trades, fees: of the span.
    """

    value_before: ExactNumber
    value_after: ExactNumber
    total_return: Finite
    maximum_drawdown: Finite
    trades: int
    fees: ExactNumber


class PaperFold:
    """Follows the bars of one symbol, as one log says their regimes."""

    def __init__(self, symbol: str, cash: Decimal, fee: Decimal) -> None:
        self._symbol, self._cash, self._fee = symbol, cash, fee
        self._portfolio: Portfolio = opened("whatif", cash, paper=True)
        self._before: Reading | None = None
        self._value = cash
        self._value_before = self._value_after = cash
        self._highest: Decimal | None = None
        self._drawdown = 0.0
        self._fees = Decimal(0)
        self.trades: list[TradeKey] = []
        """All of the span."""

    def take(self, bar: Bar, *, in_span: bool) -> None:
        """The next bar: the trade that it brings, and what the money is worth at its close."""
        trade = self._trade(bar)
        self._before = Reading(bar.regime, _UNREAD, bar.confidence, {}, bar.warming_up)
        if in_span and self._highest is None:
            self._value_before = self._highest = self._value
        self._value = self._valued(bar.price)
        if not in_span or self._highest is None:
            return
        self._value_after, self._highest = self._value, max(self._highest, self._value)
        self._drawdown = min(self._drawdown, _gained(self._highest, self._value))
        if trade is not None:
            self.trades.append(key_of(trade))
            with exactly():
                self._fees += trade.fees

    def result(self) -> PaperResult:
        """What became of it."""
        return PaperResult(
            value_before=self._value_before,
            value_after=self._value_after,
            total_return=_gained(self._value_before, self._value_after),
            maximum_drawdown=self._drawdown,
            trades=len(self.trades),
            fees=self._fees,
        )

    def _trade(self, bar: Bar) -> TradeExecution | None:
        """Act on what was said of the bar before, as the recorder does."""
        if self._before is None:
            return None
        trade = paper_trade(
            self._portfolio,
            self._symbol,
            self._before,
            bar.price,
            bar.at,
            "whatif",
            self._cash,
            self._fee,
        )
        if trade is not None:
            self._portfolio = traded(self._portfolio, trade, self._cash, self._fee)
        return trade

    def _valued(self, price: Decimal) -> Decimal:
        if self._symbol not in self._portfolio.sleeves:
            return self._cash
        held = self._portfolio.positions.get(self._symbol)
        with exactly():
            return tidy(
                self._portfolio.cash + (rounded(held.quantity * price) if held else Decimal(0))
            )


def _gained(before: Decimal, after: Decimal) -> float:
    return float(after) / float(before) - 1
