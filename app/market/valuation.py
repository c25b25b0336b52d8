"""Saying what a portfolio is worth, as an event."""

from datetime import datetime
from uuid import UUID

from app.market.portfolio import Portfolio, mark
from app.market.state import PAPER, MarketState, counted, with_mark
from events.catalog import Channel
from events.envelope import NewEvent


def portfolio_reads(portfolio: Portfolio) -> list[str]:
    """The streams that a portfolio's value depends on."""
    name = portfolio.portfolio_id
    held = [f"{Channel.PRICES.value}:{symbol}" for symbol in held_symbols(portfolio)]
    return [f"{Channel.TRADES.value}:{name}", f"{Channel.PORTFOLIO.value}:{name}", *held]


def held_symbols(portfolio: Portfolio) -> list[str]:
    """What it holds, or keeps paper money for."""
    return [*portfolio.positions, *(s for s in portfolio.sleeves if s not in portfolio.positions)]


def with_marks(
    state: MarketState,
    portfolio: Portfolio,
    at: datetime,
    event_id: UUID,
    source: str,
    chain: tuple[UUID | None, UUID | None] = (None, None),
) -> tuple[MarketState, list[NewEvent]]:
    """The state after a portfolio's value was told, and the event; none if a figure would not fit the wire.

    Args:
        state: with the prices to value it at.
        portfolio: which.
        at: market time of what it is told for. The mark is dated so, or like the newest price of what it
            holds, or the portfolio's newest trade or mark: whatever is latest.
        event_id: of the event.
        source: of the event; a portfolio that is traded on paper always has `paper`.
        chain: the event's correlation and causation ids.
    """
    prices = {}
    for symbol in held_symbols(portfolio):
        held = state.of(symbol)
        if held.last_price is not None and held.last_at is not None:
            prices[symbol], at = held.last_price, max(at, held.last_at)
    if portfolio.last_at is not None:
        at = max(at, portfolio.last_at)
    update = mark(portfolio, prices, at)
    if update is None:
        return state, []
    event = NewEvent(
        payload=update,
        event_id=event_id,
        source=PAPER if portfolio.paper else source,
        correlation_id=chain[0],
        causation_id=chain[1],
    )
    stream = f"{Channel.PORTFOLIO.value}:{portfolio.portfolio_id}"
    return counted(with_mark(state, update), stream), [event]
