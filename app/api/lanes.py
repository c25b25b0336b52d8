"""`GET /api/lanes`: logs that are shown beside the served one, and what may be asked of each."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response

from app.answers.episodes import Episodes
from app.answers.lanes import Lanes
from app.answers.state import State
from app.api.answer import answered
from app.api.auth import GrantDep
from app.api.params import PositionParam, TimeParam
from app.api.problems import PROBLEM_RESPONSES, ApiProblem, ProblemDetails
from app.api.services import Services, ServicesDep, TurnDep
from app.lanes import Lane, described
from app.queries.episodes import EPISODES_MAX, episodes
from app.queries.state import state
from events.scalars import LABEL_PATTERN, SYMBOL_PATTERN

router = APIRouter(
    prefix="/api",
    tags=["lanes"],
    responses=PROBLEM_RESPONSES | {404: {"model": ProblemDetails, "description": "Not Found"}},
)

NameParam = Annotated[str, Path(pattern=LABEL_PATTERN, description="The lane's name.")]


@router.get("/lanes", response_model=Lanes)
async def get_lanes(services: ServicesDep, turn: TurnDep) -> Response:
    """The logs that are shown beside the served one; one that cannot be read now says why.

    A lane is a log of its own, such as a saved what-if: it was never broadcast, and its positions are not
    those of the served log. Only market time joins them.
    """
    async with turn:
        return answered({"lanes": [await described(lane) for lane in services.lanes]})


@router.get("/lanes/{name}/episodes", response_model=Episodes)
async def get_lane_episodes(
    services: ServicesDep,
    turn: TurnDep,
    name: NameParam,
    symbol: Annotated[str | None, Query(pattern=SYMBOL_PATTERN)] = None,
    since: TimeParam = None,
    until: TimeParam = None,
    position: PositionParam = None,
    limit: Annotated[int, Query(ge=1, le=EPISODES_MAX)] = EPISODES_MAX,
) -> Response:
    """The episodes of a lane, as `GET /api/episodes` has them; the positions are the lane's."""
    async with turn, _lane(services, name).reader() as reader:
        return answered(
            await episodes(
                reader, symbol=symbol, since=since, until=until, position=position, limit=limit
            )
        )


@router.get("/lanes/{name}/state", response_model=State)
async def get_lane_state(
    services: ServicesDep,
    turn: TurnDep,
    grant: GrantDep,
    name: NameParam,
    position: PositionParam = None,
    at: TimeParam = None,
    symbol: Annotated[str | None, Query(max_length=32)] = None,
) -> Response:
    """The state of a lane: now, at market time `at`, or at a `position` of the lane's own log."""
    if position is not None and at is not None:
        raise ApiProblem(422, "invalid_request", "give either position or a time, not both")
    async with turn, _lane(services, name).reader() as reader:
        return answered(
            await state(reader, position=position, at=at, symbol=symbol, channels=grant.channels)
        )


def _lane(services: Services, name: str) -> Lane:
    lane = services.lanes.find(name)
    if lane is None:
        known = ", ".join(one.name for one in services.lanes) or "none"
        raise ApiProblem(404, "unknown_lane", f"there is no lane {name!r}; there are: {known}")
    return lane
