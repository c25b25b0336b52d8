"""`GET /api/explain`: why a symbol has the regime that it has, and how far it is from another."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response

from app.answers.explain import Explanation
from app.api.answer import answered
from app.api.params import MomentParam
from app.api.problems import PROBLEM_RESPONSES
from app.api.services import ServicesDep, TurnDep
from app.moments import HEAD
from app.queries.explain import explain
from events.scalars import SYMBOL_PATTERN

router = APIRouter(prefix="/api", tags=["analysis"], responses=PROBLEM_RESPONSES)


@router.get("/explain", response_model=Explanation)
async def get_explain(
    services: ServicesDep,
    turn: TurnDep,
    symbol: Annotated[str, Query(pattern=SYMBOL_PATTERN)],
    at: MomentParam = HEAD,
) -> Response:
    """The scores behind a regime, and for every regime that the next bar may lead to, what it would take.

    `price` is the close that would do it, about, and `change` that close against the last one; null where no
    close within 40 % would, or where the last close is not known.
    """
    async with turn:
        return answered(await explain(services.reader, symbol, at))
