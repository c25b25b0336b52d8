"""`GET /api/events/{ref}`: one event by id or position, with its place in the chain, its causes and its effects."""

from typing import Annotated

from fastapi import APIRouter, Path
from fastapi.responses import Response

from app.access.rules import FORBIDDEN_CHANNEL
from app.api.answer import answered
from app.api.auth import GrantDep
from app.api.event_schemas import EVENT, answers_with
from app.api.problems import PROBLEM_RESPONSES, ApiProblem, ProblemDetails
from app.api.services import ServicesDep, TurnDep
from app.queries.event import HiddenEvent, one_event

router = APIRouter(
    prefix="/api",
    tags=["events"],
    responses=PROBLEM_RESPONSES | {404: {"model": ProblemDetails, "description": "Not Found"}},
)

Ref = Annotated[str, Path(max_length=64, description="An event's id, or its position.")]


@router.get("/events/{ref}", responses=answers_with(EVENT))
async def get_event(services: ServicesDep, grant: GrantDep, turn: TurnDep, ref: Ref) -> Response:
    """An event as the socket carries it, and what surrounds it.

    `causes` begins with the direct one; `effects` are those events that it directly caused, in the order of
    the log, among the next 500 positions and the next 100 trades.
    """
    try:
        async with turn:
            found = await one_event(services.reader, ref, grant.channels)
    except HiddenEvent as error:
        raise ApiProblem(403, FORBIDDEN_CHANNEL, str(error)) from error
    if found is None:
        raise ApiProblem(404, "unknown_event", f"there is no event {ref!r}")
    return answered(found)
