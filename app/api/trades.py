"""`POST /api/trades`: trades that were executed elsewhere, one or many; all or nothing.

No order leaves this program: it is told what was executed, and counts.
"""

from decimal import Decimal
from typing import Annotated, Final

from fastapi import APIRouter, Depends
from pydantic import Field, ValidationInfo, field_validator

from app.api.auth import require_write
from app.api.idempotency import Endpoint, IdempotencyKey, keyed
from app.api.problems import PROBLEM_RESPONSES
from app.api.services import ServicesDep
from app.market.commands import RecordTrades
from app.stream.faults import FewFaults
from events.catalog import Record, TradeExecution, TradeSide, TradeStatus
from events.scalars import Label, Price, Quantity, Symbol, UtcTime

TRADES_PER_REQUEST_MAX: Final = 1_000
"""Trades in one request, at most."""

router = APIRouter(prefix="/api", tags=["ingest"], responses=PROBLEM_RESPONSES)


class TradeIn(Record):
    """A trade as it was executed; its `trade_id` names it within its portfolio, for ever."""

    trade_id: Label
    portfolio_id: Label = "own"
    symbol: Symbol
    side: Annotated[TradeSide, Field(strict=False)]
    # Before the quantity, which is checked against it.
    status: Annotated[TradeStatus, Field(strict=False)] = TradeStatus.FILLED
    quantity: Quantity
    price: Price
    fees: Quantity = Decimal(0)
    timestamp: UtcTime

    @field_validator("quantity")
    @classmethod
    def _moved_something(cls, quantity: Decimal, known: ValidationInfo) -> Decimal:
        status = known.data.get("status")
        if not quantity and status in {TradeStatus.FILLED, TradeStatus.PARTIAL}:
            raise ValueError(f"must be greater than 0 when the status is {status}")
        return quantity

    def payload(self) -> TradeExecution:
        """The trade as an event."""
        return TradeExecution(**dict(self), reason=None)


class TradesIn(Record):
    """Trades in the order in which they were executed."""

    trades: Annotated[list[TradeIn], Field(min_length=1, max_length=TRADES_PER_REQUEST_MAX)]


class TradesOut(Record):
    """What became of the trades: the places that they and the marks after them took; how many were known."""

    positions: tuple[int, int] | None
    events: int
    duplicates: int


@router.post("/trades", dependencies=[Depends(require_write)])
async def post_trades(
    services: ServicesDep, body: FewFaults[TradesIn], idempotency_key: IdempotencyKey = None
) -> TradesOut:
    """Record executed trades and mark their portfolios. A trade that is sent again is counted once."""
    trades = tuple(trade.payload() for trade in body.trades)
    with keyed(Endpoint.TRADES, idempotency_key, body.model_dump_json()) as key:
        done = await services.ingest.execute(RecordTrades(trades, source="api"), key)
    return TradesOut(positions=done.positions, events=done.events, duplicates=done.duplicates)
