"""What a portfolio does not take from outside, and why."""

from decimal import Decimal
from typing import Final

from events.catalog import TradeExecution
from events.errors import AppendConflict, InvalidEvent

NOTIONAL_MAX: Final = Decimal(10) ** 15
"""Value of one trade from outside (quantity x price), and its fees, at most."""

POSITIONS_MAX: Final = 1_000
"""Open positions of one portfolio, at most: as many as an update may carry."""

PORTFOLIOS_MAX: Final = 100
"""Portfolios that trades from outside may open, at most; those traded on paper count."""


class UnknownSymbol(InvalidEvent):
    """A trade of a symbol without a recorded price: nobody could say what the position is worth."""

    code = "unknown_symbol"

    def __init__(self, trade: TradeExecution) -> None:
        super().__init__(
            f"trade {trade.trade_id}: no price of {trade.symbol} is recorded; record one first"
        )


class TradeTooLarge(InvalidEvent):
    """A trade whose value, or whose fees, are beyond `NOTIONAL_MAX`."""

    code = "trade_too_large"

    def __init__(self, trade: TradeExecution) -> None:
        super().__init__(
            f"trade {trade.trade_id}: quantity x price and fees may be {NOTIONAL_MAX} at most"
        )


class TooManyPositions(InvalidEvent):
    """A trade that would open one position more than `POSITIONS_MAX`."""

    code = "too_many_positions"

    def __init__(self, trade: TradeExecution) -> None:
        super().__init__(
            f"trade {trade.trade_id}: portfolio {trade.portfolio_id} holds {POSITIONS_MAX} positions,"
            " as many as it may"
        )


class TooManyPortfolios(InvalidEvent):
    """A trade that would open one portfolio more than `PORTFOLIOS_MAX`."""

    code = "too_many_portfolios"

    def __init__(self, trade: TradeExecution) -> None:
        super().__init__(f"trade {trade.trade_id}: there are {PORTFOLIOS_MAX} portfolios already")


class PaperPortfolioRefused(AppendConflict):
    """A trade from outside for a portfolio that the paper trader runs."""

    code = "paper_portfolio"

    def __init__(self, trade: TradeExecution) -> None:
        super().__init__(
            f"trade {trade.trade_id}: portfolio {trade.portfolio_id} is traded on paper;"
            " send trades of your own to another one"
        )
