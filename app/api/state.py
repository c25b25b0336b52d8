"""`GET /api/state`: the projected state, now or at a moment of the past."""

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query
from fastapi.responses import Response

from app.api.params import PositionParam, TimeParam
from app.api.problems import PROBLEM_RESPONSES, ApiProblem
from app.api.services import ServicesDep

router = APIRouter(prefix="/api", tags=["state"], responses=PROBLEM_RESPONSES)


@router.get("/state")
async def get_state(
    services: ServicesDep,
    position: PositionParam = None,
    at: TimeParam = None,
    known_at: TimeParam = None,
    symbol: Annotated[str | None, Query(max_length=32)] = None,
) -> Response:
    """The state at the head, or at a `position`, or at market time `at` as it was known at `known_at`.

    `symbol` narrows `symbols` to one; the hash stays that of the whole state.
    """
    if position is not None and (at or known_at):
        raise ApiProblem(422, "invalid_request", "give either position or a time, not both")
    live = services.live_state
    if position is not None:
        state = await live.at_position(position)
    elif at is not None or known_at is not None:
        state = await live.at_time(at, known_at)
    else:
        state = await live.now()
    return Response(orjson.dumps(_narrowed(state, symbol)), media_type="application/json")


def _narrowed(state: dict[str, Any], symbol: str | None) -> dict[str, Any]:
    if symbol is None:
        return state
    chosen = {name: entry for name, entry in state["symbols"].items() if name == symbol}
    return {**state, "symbols": chosen}
