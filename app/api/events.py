"""`GET /api/events`: the log, a page at a time, in the very text that the socket sends."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from fastapi.responses import Response

from app.api.params import (
    PAGE_MAX,
    ListParam,
    PositionParam,
    TimeParam,
    selection_of,
    types_of,
)
from app.api.problems import PROBLEM_RESPONSES
from app.api.services import ServicesDep
from app.stream.transport import present_text, raw_text
from events.envelope import Head
from events.messages import EventText, text_with
from events.scalars import to_micros
from events.store import ReadQuery

router = APIRouter(prefix="/api", tags=["events"], responses=PROBLEM_RESPONSES)

Limit = Annotated[int, Query(ge=1, le=PAGE_MAX)]


@router.get("/events")
async def get_events(  # noqa: PLR0913, PLR0917  # one parameter for each thing that can be asked
    services: ServicesDep,
    after: PositionParam = None,
    before: PositionParam = None,
    since: TimeParam = None,
    until: TimeParam = None,
    channels: ListParam = None,
    symbols: ListParam = None,
    types: ListParam = None,
    limit: Limit = 100,
    order: Literal["asc", "desc"] = "asc",
    raw: bool = False,
    format: Literal["json"] = "json",  # noqa: A002, ARG001  # the wire's name
) -> Response:
    """Events between positions (`after`, `before`: exclusive) and market times (`since`, `until`: inclusive).

    A page is `{"events", "epoch", "head", "next_after", "next_before"}`. Rising, `next_after` is where to
    go on: the last position, or the head when nothing more matches. Falling, `next_before` is, or null.
    With `raw` every payload is as it was written, and its `schema_version` is told.
    """
    head = services.log.head
    query = ReadQuery(
        after=after or 0,
        upto=head.position if before is None else min(before - 1, head.position),
        selection=selection_of(channels, symbols),
        types=types_of(types),
        occurred_from_us=None if since is None else to_micros(since),
        occurred_upto_us=None if until is None else to_micros(until),
        limit=limit,
        descending=order == "desc",
    )
    store = services.log.store
    if raw:
        page = [text_with(event, raw_text) for event in await store.read(query)]
    else:
        page = await store.read_texts(query, present_text)
    return Response(_page_text(page, query, head), media_type="application/json")


def _page_text(page: list[EventText], query: ReadQuery, head: Head) -> str:
    texts = ",".join([event.text for event in page])
    full = len(page) == query.limit
    last = page[-1].position if page else 0
    if query.descending:
        next_after, next_before = "null", str(last) if full else "null"
    else:
        done = max(query.after, query.upto or 0)
        next_after, next_before = str(last if full else done), "null"
    return (
        f'{{"events":[{texts}],"epoch":"{head.epoch}","head":{head.position},'
        f'"next_after":{next_after},"next_before":{next_before}}}'
    )
