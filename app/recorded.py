"""What the log holds already of what is about to be decided on."""

from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from app.decider import FOLD_PAGE
from app.market.commands import RecordedPrice
from app.market.decide_orders import trade_event_id
from app.market.decide_price import price_event_id
from app.market.state import MarketState
from app.market.symbol import is_late
from app.market.ticks import PriceTick
from app.tick_batch import RecordedPrices
from events.catalog import Channel, PriceUpdate, TradeExecution
from events.codec import decode
from events.envelope import RecordedEvent
from events.log import EventLog
from events.scalars import to_micros
from events.selection import Selection
from events.store import ReadQuery

SINGLE_LOOKUPS_MAX: Final = 20
"""Late times of one symbol looked up one by one; of more than that, the whole span is read at once."""


async def recorded_prices(
    log: EventLog, state: MarketState, ticks: Sequence[PriceTick], source: str
) -> RecordedPrices:
    """What the log holds at the times of late ticks: only for them there is anything to find."""
    late = [tick for tick in ticks if is_late(state.of(tick.symbol), tick.timestamp)]
    ids = {price_event_id(tick, source): tick for tick in late}
    same = set(await log.store.find(ids)) if ids else set()
    times: dict[str, set[int]] = {}
    for event_id, tick in ids.items():
        if event_id not in same:
            times.setdefault(tick.symbol, set()).add(to_micros(tick.timestamp))
    newest: dict[tuple[str, datetime], RecordedPrice] = {}
    for symbol, wanted in times.items():
        async for event in _prices_at(log, symbol, wanted):
            if isinstance(payload := decode(event), PriceUpdate):
                newest[symbol, payload.timestamp] = RecordedPrice(event.event_id, payload.price)
    return RecordedPrices(same, newest)


async def _prices_at(
    log: EventLog, symbol: str, times_us: set[int]
) -> AsyncIterator[RecordedEvent]:
    """The prices at some times, oldest first."""
    if len(times_us) <= SINGLE_LOOKUPS_MAX:
        for at_us in times_us:
            if known := await log.store.newest_at(f"{Channel.PRICES}:{symbol}", at_us):
                yield known
        return
    query = ReadQuery(
        selection=Selection.of([Channel.PRICES], [symbol]),
        occurred_from_us=min(times_us),
        occurred_upto_us=max(times_us),
        limit=FOLD_PAGE,
    )
    async for event in log.stream(query):
        if event.occurred_at_us in times_us:
            yield event


async def recorded_trades(
    log: EventLog, trades: Iterable[TradeExecution]
) -> dict[UUID, TradeExecution]:
    """Those of the trades' ids that the log holds, with what is recorded under them."""
    found = await log.store.find([trade_event_id(trade) for trade in trades])
    return {
        event_id: payload
        for event_id, event in found.items()
        if isinstance(payload := decode(event), TradeExecution)
    }
