"""The paper trader: it follows the regime, one bar late, with fees, and never with borrowed money.

Paper trading: no order leaves this program, and none of it is investment advice.
"""

from datetime import datetime
from decimal import Decimal
from typing import Final

from pydantic import ValidationError

from app.market.detector.base import Reading
from app.market.money import ZERO, divided_down, exactly, rounded
from app.market.portfolio import QUANTITY_STEP, Portfolio
from app.market.strategy import RECOMMENDATIONS
from events.catalog import TradeExecution, TradeReason, TradeSide, TradeStatus

PAPER_RULE: Final = "paper:follow_regime"
"""What the reason of every paper trade names."""

PAPER_FEE_MAX: Final = Decimal("0.1")
"""Fees of a paper trade as a share of its value, at most."""


def paper_trade(
    portfolio: Portfolio,
    symbol: str,
    reading: Reading,
    price: Decimal,
    at: datetime,
    trade_id: str,
    cash: Decimal,
    fee: Decimal,
) -> TradeExecution | None:
    """The trade at the close of a bar, on the reading of the bar before it.

    Afterwards the position is worth the recommended share of the sleeve's value, fees paid, but for the
    quantity, which is rounded down to a multiple of `QUANTITY_STEP`.

    Args:
        portfolio: one that is traded on paper; before its first trade, what `opened` gives.
        symbol: the bar's.
        reading: of the bar before.
        price: the bar's close.
        at: when it closed, UTC.
        trade_id: for the trade.
        cash: what a sleeve begins with.
        fee: the fees as a share of the trade's value, at most `PAPER_FEE_MAX`.

    Returns:
        None when there is nothing to do: the detector is warming up, the regime is the one acted on last, or
        the quantity rounds to 0 (then the next bar tries again) or would not fit the wire.
    """
    sleeve = portfolio.sleeves.get(symbol)
    regime = reading.regime
    if reading.warming_up or (sleeve is not None and sleeve.regime is regime):
        return None
    held = portfolio.positions.get(symbol)
    with exactly():
        quantity, fees = _order(
            cash if sleeve is None else sleeve.cash,
            ZERO if held is None else held.quantity,
            price,
            Decimal(str(RECOMMENDATIONS[regime].target_exposure)),
            fee,
        )
        if not quantity:
            return None
        try:
            return TradeExecution(
                trade_id=trade_id,
                portfolio_id=portfolio.portfolio_id,
                symbol=symbol,
                side=TradeSide.BUY if quantity > 0 else TradeSide.SELL,
                quantity=abs(quantity),
                price=price,
                fees=fees,
                status=TradeStatus.FILLED,
                reason=TradeReason(regime=regime, confidence=reading.confidence, rule=PAPER_RULE),
                timestamp=at,
            )
        except ValidationError:
            return None


def _order(
    cash: Decimal, held: Decimal, price: Decimal, target: Decimal, fee: Decimal
) -> tuple[Decimal, Decimal]:
    """What to buy (negative: sell), and the fees of it."""
    # Wanted: (held + q) x price = target x (value - fee x |q| x price), solved for q.
    missing = target * (cash + held * price) - held * price
    if missing > 0:
        quantity = divided_down(missing, price * (1 + target * fee), QUANTITY_STEP)
        paid = rounded(quantity * price)
        # To the last digit of the rounding: cash never falls below 0.
        return quantity, min(rounded(paid * fee), cash - paid)
    quantity = min(held, divided_down(-missing, price * (1 - target * fee), QUANTITY_STEP))
    return -quantity, rounded(rounded(quantity * price) * fee)
