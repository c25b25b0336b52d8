"""`GET /api/stream`: the socket's events as Server-Sent Events, for whatever speaks HTTP only.

One request is one subscribe. `app/api/sse.py` is the wire; everything else is the socket's own.
"""

import re
from functools import partial
from typing import Annotated, Any, Final, Literal

import orjson
from fastapi import APIRouter, Header, Query
from fastapi.responses import Response
from pydantic import ValidationError

from app.api.auth import GrantDep, covered
from app.api.params import ListParam, PositionParam, TimeParam, split_list
from app.api.problems import PROBLEM_RESPONSES, ApiProblem
from app.api.services import ServicesDep
from app.api.sse import EventStreamResponse
from app.stream.protocol import (
    MAX_HISTORY_LAST,
    Delivery,
    HistoryAfter,
    Problem,
    SubscribePayload,
    describe_problems,
)
from events.catalog import Channel
from events.scalars import format_time

router = APIRouter(prefix="/api", tags=["stream"], responses=PROBLEM_RESPONSES)

_EVENT_ID: Final = re.compile(r"([^:]{1,64}):([0-9]{1,16})")
_DESCRIBED: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "Events and control messages, until the client goes",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    }
}

LastParam = Annotated[
    int | None,
    Query(
        ge=1, le=MAX_HISTORY_LAST, description="The newest events of each stream; 50 by default."
    ),
]
HistoryParam = Annotated[
    Literal["all", "none"] | None, Query(description="Instead of `last`, `after` and `since`.")
]
EpochParam = Annotated[str | None, Query(max_length=64, description="What `after` belongs to.")]
EventIdHeader = Annotated[
    str | None,
    Header(
        alias="Last-Event-ID",
        description="`epoch:position`: go on after it, whatever the parameters say.",
    ),
]


@router.get("/stream", response_class=EventStreamResponse, status_code=200, responses=_DESCRIBED)
async def get_stream(  # noqa: PLR0913, PLR0917  # the fields of a subscribe
    services: ServicesDep,
    grant: GrantDep,
    channels: ListParam = None,
    symbols: ListParam = None,
    last: LastParam = None,
    after: PositionParam = None,
    since: TimeParam = None,
    history: HistoryParam = None,
    epoch: EpochParam = None,
    delivery: Delivery = Delivery.EVERY,
    user_id: Annotated[str | None, Query(max_length=128)] = None,
    last_event_id: EventIdHeader = None,
) -> Response:
    """History, then live: each event is `id: epoch:position`, `event: TYPE`, `data: ` the socket's text.

    All channels unless some are named; of the past `last`, `after`, `since` or `history`, one of them.
    `caught_up`, `heartbeat`, `lagging` and `shutdown` come as events of those names.
    """
    begins = _history(last, after, None if since is None else format_time(since), history)
    if last_event_id:
        epoch, begins = _resumed(last_event_id)
    named = covered(grant, split_list(channels))
    payload = _payload(
        {
            "channels": [channel.value for channel in Channel] if named is None else named,
            "symbols": split_list(symbols),
            "history": begins,
            "epoch": epoch,
            "delivery": delivery.value,
            "user_id": user_id,
        }
    )
    if isinstance(payload.history, HistoryAfter):
        await services.log.check_cursor(payload.history.after, payload.epoch)
    serve = partial(services.manager.serve_over, grant=grant)
    return EventStreamResponse(payload, serve, services.manager.crowd.place)


def _history(
    last: int | None, after: int | None, since: str | None, history: str | None
) -> dict[str, int | str] | str:
    """The subscribe's `history` that the parameters name.

    Raises:
        ApiProblem: 422 for more than one.
    """
    given: dict[str, int | str | None] = {"last": last, "after": after, "since": since}
    shapes: list[dict[str, int | str] | str] = [
        {name: value} for name, value in given.items() if value is not None
    ]
    if history is not None:
        shapes.append(history)
    if len(shapes) > 1:
        problem = "give one of last, after, since and history"
        raise _invalid(422, Problem(path="history", problem=problem))
    return shapes[0] if shapes else {"last": 50}


def _resumed(event_id: str) -> tuple[str, dict[str, int | str]]:
    """The epoch and the history that a `Last-Event-ID` stands for.

    Raises:
        ApiProblem: 400 for one that this server never sent.
    """
    found = _EVENT_ID.fullmatch(event_id)
    if found is None:
        problem = "must be epoch:position, as an event's id was"
        raise _invalid(400, Problem(path="Last-Event-ID", problem=problem))
    return found[1], {"after": int(found[2])}


def _payload(fields: dict[str, Any]) -> SubscribePayload:
    try:
        return SubscribePayload.model_validate_json(orjson.dumps(fields))
    except ValidationError as error:
        problems = describe_problems(error.errors(include_url=False, include_input=False))
        raise _invalid(422, *problems) from None


def _invalid(status: int, *problems: Problem) -> ApiProblem:
    told = "; ".join(f"{one.path}: {one.problem}" for one in problems[:3])
    return ApiProblem(status, "invalid_request", f"the request is not valid: {told}", problems)
