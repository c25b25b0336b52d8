"""`GET /api/events`: the log, a page at a time in the very text that the socket sends, or as one download."""

from contextlib import nullcontext
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from app.analysis.export import MEDIA_TYPES, ExportFormat
from app.api.auth import GrantDep, covered
from app.api.event_schemas import PAGE
from app.api.export import export_response
from app.api.params import (
    PAGE_MAX,
    ListParam,
    PositionParam,
    TimeParam,
    selection_of,
    split_list,
    types_of,
)
from app.api.problems import PROBLEM_RESPONSES, ApiProblem, ProblemDetails
from app.api.services import ServicesDep, TurnDep
from app.exporting.asked import HEADERS, Asked
from app.stream.protocol import Problem
from app.stream.transport import present_text, raw_text
from events.envelope import Head
from events.messages import EventText, text_with
from events.scalars import to_micros
from events.store import EventStore, ReadQuery

PAGE_USUAL: Final = 100
"""Events in a page, unless the request says otherwise; a page of more waits for its turn."""

_BINARY: Final = {"schema": {"type": "string", "format": "binary"}}
_TOLD: Final = (
    "the log's lifetime",
    "its last position when the download began",
    "the hash of the event there",
    "the position after which it begins",
    "the hash of the event there",
    "the position up to which it holds all that matches, unless limit is reached before",
    "the hash of the event there",
)
_RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "A page, or the whole selection as a download.",
        "content": {"application/json": {"schema": PAGE}}
        | dict.fromkeys(MEDIA_TYPES.values(), _BINARY),
        "headers": {
            header: {"schema": {"type": "string"}, "description": f"Of a download: {what}."}
            for header, what in zip(HEADERS.values(), _TOLD, strict=True)
        },
    },
    501: {"model": ProblemDetails, "description": "Not Implemented"},
}

router = APIRouter(prefix="/api", tags=["events"], responses=PROBLEM_RESPONSES)

Limit = Annotated[
    int | None,
    Query(
        ge=1,
        le=2**53 - 1,
        description=f"A page: {PAGE_USUAL}, at most {PAGE_MAX}. A download: all, unless this is given.",
    ),
]
Format = Literal["json", "ndjson", "csv", "parquet", "arrow", "cloudevents"]


@router.get("/events", responses=_RESPONSES)
async def get_events(  # noqa: PLR0913, PLR0917  # one parameter for each thing that can be asked
    request: Request,
    services: ServicesDep,
    turn: TurnDep,
    grant: GrantDep,
    after: PositionParam = None,
    before: PositionParam = None,
    since: TimeParam = None,
    until: TimeParam = None,
    channels: ListParam = None,
    symbols: ListParam = None,
    types: ListParam = None,
    limit: Limit = None,
    order: Literal["asc", "desc"] = "asc",
    raw: bool = False,
    format: Format = "json",  # noqa: A002  # the wire's name
) -> Response:
    """Events between positions (`after`, `before`: exclusive) and market times (`since`, `until`: inclusive).

    A page is `{"events", "epoch", "head", "next_after", "next_before"}`. Rising, `next_after` is where to
    go on: the last position, or the head when nothing more matches. Falling, `next_before` is, or null.
    With `raw` every payload is as it was written, and its `schema_version` is told.

    In any other `format` it is one download, in the order of the log, of all that matches up to the head
    as it is now (`X-Synapse-To`, of the lifetime `X-Synapse-Epoch`). Its range may not end before it begins
    (422), nor begin beyond the head (409).
    """
    _refuse_unfit(format, limit, order, raw=raw)
    named = covered(grant, split_list(channels))
    selection, wanted_types = selection_of(named, symbols), types_of(types)
    if format != "json":
        asked = Asked(
            after=after or 0,
            before=before,
            since=since,
            until=until,
            channels=named,
            symbols=split_list(symbols),
            types=split_list(types),
            limit=limit,
        )
        ended = services.downloads.begin(request.client.host if request.client else "")
        return await export_response(
            services.log.store, ExportFormat(format), asked, ended, sees_all=grant.sees_all
        )
    # Another node may have told its caller of positions that this one does not know yet.
    if max(after or 0, (before or 1) - 1) >= services.log.head.position:
        await services.log.refresh()
    head, store = services.log.head, services.log.store
    query = ReadQuery(
        after=after or 0,
        upto=head.position if before is None else max(0, min(before - 1, head.position)),
        selection=selection,
        types=wanted_types,
        occurred_from_us=None if since is None else to_micros(since),
        occurred_upto_us=None if until is None else to_micros(until),
        limit=limit or PAGE_USUAL,
        descending=order == "desc",
    )
    async with nullcontext() if query.limit <= PAGE_USUAL else turn:
        page = await _page(store, query, raw=raw)
        return Response(_page_text(page, query, head), media_type="application/json")


def _refuse_unfit(format_: Format, limit: int | None, order: str, *, raw: bool) -> None:
    """Refuse what does not go together.

    Raises:
        ApiProblem: 422, naming it.
    """
    if format_ == "json":
        if limit is not None and limit > PAGE_MAX:
            _refuse("limit", f"Input should be less than or equal to {PAGE_MAX}")
    elif order == "desc":
        _refuse("order", f"format={format_} is written in the order of the log: leave it, or asc")
    elif raw:
        _refuse(
            "raw", f"format={format_} has the payloads at their present schema: only json is raw"
        )


def _refuse(path: str, problem: str) -> None:
    detail = f"the request is not valid: {path}: {problem}"
    raise ApiProblem(422, "invalid_request", detail, [Problem(path=path, problem=problem)])


async def _page(store: EventStore, query: ReadQuery, *, raw: bool) -> list[EventText]:
    if raw:
        return [text_with(event, raw_text) for event in await store.read(query)]
    return await store.read_texts(query, present_text)


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
