"""`POST /api/prices`: ticks in, one or many; all or nothing."""

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import Field

from app.api.auth import require_write
from app.api.idempotency import Endpoint, IdempotencyKey, keyed
from app.api.problems import PROBLEM_RESPONSES
from app.api.services import ServicesDep
from app.market.ticks import PriceTick
from app.stream.faults import FewFaults
from events.catalog import Record

PRICES_PER_REQUEST_MAX = 10_000
"""Ticks in one request, at most."""

router = APIRouter(prefix="/api", tags=["ingest"], responses=PROBLEM_RESPONSES)


class PricesIn(Record):
    """Ticks in the order in which they are to be decided on."""

    prices: Annotated[list[PriceTick], Field(min_length=1, max_length=PRICES_PER_REQUEST_MAX)]


class PricesOut(Record):
    """What became of the ticks: the places they took, and how many had been recorded before."""

    positions: tuple[int, int] | None
    events: int
    duplicates: int


@router.post("/prices", dependencies=[Depends(require_write)])
async def post_prices(
    services: ServicesDep, body: FewFaults[PricesIn], idempotency_key: IdempotencyKey = None
) -> PricesOut:
    """Record ticks and all that they cause. The same `Idempotency-Key` and body get the first answer."""
    with keyed(Endpoint.PRICES, idempotency_key, body.model_dump_json()) as key:
        done = await services.ingest.record(body.prices, "api", key)
    return PricesOut(positions=done.positions, events=done.events, duplicates=done.duplicates)
