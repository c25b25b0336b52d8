"""`GET /api/episodes` and `GET /api/transitions`: how long each regime lasted, what it did, and what followed it."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response

from app.answers.episodes import AllTransitions, Episodes
from app.api.answer import answered
from app.api.params import PositionParam, TimeParam
from app.api.problems import PROBLEM_RESPONSES
from app.api.services import ServicesDep, TurnDep
from app.queries.episodes import EPISODES_MAX, episodes, transitions
from events.scalars import SYMBOL_PATTERN

router = APIRouter(prefix="/api", tags=["analysis"], responses=PROBLEM_RESPONSES)

SymbolParam = Annotated[str | None, Query(pattern=SYMBOL_PATTERN)]


@router.get("/episodes", response_model=Episodes)
async def get_episodes(
    services: ServicesDep,
    turn: TurnDep,
    symbol: SymbolParam = None,
    since: TimeParam = None,
    until: TimeParam = None,
    position: PositionParam = None,
    limit: Annotated[int, Query(ge=1, le=EPISODES_MAX)] = EPISODES_MAX,
) -> Response:
    """The newest `limit` episodes that overlap two market times (inclusive), oldest first.

    As of a `position`, by default the head: with what the log held then. An episode that lasts has no `end`, and
    the newest price as its `end_price`. Of each symbol the newest 10,000 that ended are known.
    """
    reader = services.reader
    async with turn:
        return answered(
            await episodes(
                reader, symbol=symbol, since=since, until=until, position=position, limit=limit
            )
        )


@router.get("/transitions", response_model=AllTransitions)
async def get_transitions(
    services: ServicesDep,
    turn: TurnDep,
    symbol: SymbolParam = None,
    since: TimeParam = None,
    until: TimeParam = None,
    position: PositionParam = None,
) -> Response:
    """How often each regime followed each other one, by symbol; and how long each lasted, of those that ended.

    Shifts between two market times (inclusive) count, and the episodes that overlap them, each of them whole.
    """
    reader = services.reader
    async with turn:
        return answered(
            await transitions(reader, symbol=symbol, since=since, until=until, position=position)
        )
