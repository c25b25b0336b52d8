"""`GET /api/compare`: two moments side by side, what changed, and which features did it."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response

from app.answers.compare import Comparison
from app.api.answer import answered
from app.api.params import MomentParam
from app.api.problems import PROBLEM_RESPONSES
from app.api.services import ServicesDep, TurnDep
from app.moments import HEAD
from app.queries.compare import compare
from events.scalars import SYMBOL_PATTERN

router = APIRouter(prefix="/api", tags=["analysis"], responses=PROBLEM_RESPONSES)


@router.get("/compare", response_model=Comparison)
async def get_compare(
    services: ServicesDep,
    turn: TurnDep,
    a: MomentParam,
    b: MomentParam = HEAD,
    symbol: Annotated[str | None, Query(pattern=SYMBOL_PATTERN)] = None,
) -> Response:
    """What changed from moment `a` to moment `b`, which may be the earlier one.

    `symbol` narrows `symbols` to one. `counts` are of the whole log, of what was recorded between the two
    positions; of the shifts null where a symbol had more than 10,000 since.
    """
    async with turn:
        return answered(await compare(services.reader, a, b, symbol))
