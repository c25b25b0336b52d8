"""`GET /api/state`: the projected state, now or at a moment of the past."""

from contextlib import nullcontext
from typing import Annotated, Final

from fastapi import APIRouter, Query
from fastapi.responses import Response

from app.answers.state import State
from app.api.answer import answered
from app.api.auth import GrantDep
from app.api.params import PositionParam, TimeParam
from app.api.problems import PROBLEM_RESPONSES, ApiProblem
from app.api.services import ServicesDep, TurnDep
from app.queries.state import state

QUICK_SYMBOLS: Final = 100
"""The state as it is now, of more symbols than so many, waits for its turn like one of the past."""

router = APIRouter(prefix="/api", tags=["state"], responses=PROBLEM_RESPONSES)


@router.get("/state", response_model=State)
async def get_state(
    services: ServicesDep,
    turn: TurnDep,
    grant: GrantDep,
    position: PositionParam = None,
    at: TimeParam = None,
    known_at: TimeParam = None,
    symbol: Annotated[str | None, Query(max_length=32)] = None,
) -> Response:
    """The state at the head, or at a `position`, or at market time `at` as it was known at `known_at`.

    `symbol` narrows `symbols` to one; the hash stays that of the whole state. Who may not see a channel is shown
    the state as if nothing had been recorded in it, with the hash of that.
    """
    if position is not None and (at or known_at):
        raise ApiProblem(422, "invalid_request", "give either position or a time, not both")
    is_now = position is None and at is None and known_at is None
    is_quick = is_now and len(services.ingest.state.symbols) <= QUICK_SYMBOLS
    async with nullcontext() if is_quick else turn:
        return answered(
            await state(
                services.reader,
                position=position,
                at=at,
                known_at=known_at,
                symbol=symbol,
                channels=grant.channels,
            )
        )
