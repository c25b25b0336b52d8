"""`GET /api/bars`: prices for charts, each with the regime at its close, downsampled."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response

from app.answers.bars import Bars
from app.api.answer import answered
from app.api.params import PositionParam, TimeParam
from app.api.problems import PROBLEM_RESPONSES
from app.api.services import ServicesDep, TurnDep
from app.market.ticks import MAX_BAR_S
from app.queries.bars import POINTS_MAX, POINTS_USUAL, bars
from events.scalars import SYMBOL_PATTERN

router = APIRouter(prefix="/api", tags=["bars"], responses=PROBLEM_RESPONSES)


@router.get("/bars", response_model=Bars)
async def get_bars(
    services: ServicesDep,
    turn: TurnDep,
    symbol: Annotated[str, Query(pattern=SYMBOL_PATTERN)],
    since: TimeParam = None,
    until: TimeParam = None,
    position: PositionParam = None,
    points: Annotated[int, Query(ge=1, le=POINTS_MAX)] = POINTS_USUAL,
    bar_s: Annotated[int | None, Query(ge=1, le=MAX_BAR_S)] = None,
) -> Response:
    """At most `points` bars between two market times (inclusive), oldest first; prices are strings.

    A single tick is a bar of its own, without a range; with `bar_s` those within one bar of that length make
    one. Neighbouring bars are merged where there are more than `points`. A merged bar has the time and the
    regime of its last. As of a `position`, by default the head: with what the log held then.
    """
    async with turn:
        return answered(
            await bars(
                services.reader,
                symbol,
                since=since,
                until=until,
                position=position,
                points=points,
                bar_s=bar_s,
            )
        )
