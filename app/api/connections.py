"""`GET /api/connections`: who is connected, and how far each one is."""

from typing import Annotated, Final

from fastapi import APIRouter, Query
from pydantic import BaseModel

from app.api.services import ServicesDep
from app.metrics import Way
from app.stream.connection_view import ConnectionView, lag
from events.catalog import Channel
from events.scalars import UtcTime

CONNECTIONS_PAGE_MAX: Final = 10_000
"""Connections in one answer, at most."""

CONNECTIONS_USUAL: Final = 1_000
"""Connections in one answer, unless more are asked for."""

SYMBOLS_SHOWN_MAX: Final = 20
"""Symbols of one connection in an answer; `symbol_count` has how many there are."""

router = APIRouter(prefix="/api", tags=["stream"])


class Connection(BaseModel):
    """One connected client."""

    id: str
    way: Way
    channels: list[Channel]
    symbols: list[str] | None
    symbol_count: int | None
    user_id: str | None
    since: UtcTime
    position: int | None
    lag: int
    messages_sent: int
    bytes_sent: int
    parked: bool


class Connections(BaseModel):
    """Those furthest behind first; `total` counts also those that are not in the answer."""

    head: int
    total: int
    connections: list[Connection]


@router.get("/connections")
async def connections(
    services: ServicesDep,
    limit: Annotated[int, Query(ge=1, le=CONNECTIONS_PAGE_MAX)] = CONNECTIONS_USUAL,
) -> Connections:
    """Who is connected: the label that it gave itself, what it follows, and how far behind it is.

    `position` is null before a first subscribe, and for a replay; `symbols` is null for all of them.
    """
    head, views = services.log.head.position, services.register.views()
    slowest = sorted(views, key=lambda view: lag(view, head), reverse=True)
    return Connections(
        head=head,
        total=len(views),
        connections=[_shown(view, head) for view in slowest[:limit]],
    )


def _shown(view: ConnectionView, head: int) -> Connection:
    symbols = view.symbols
    return Connection(
        id=view.id,
        way=view.way,
        channels=list(view.channels),
        symbols=None if symbols is None else list(symbols[:SYMBOLS_SHOWN_MAX]),
        symbol_count=None if symbols is None else len(symbols),
        user_id=view.user_id,
        since=view.since,
        position=view.position,
        lag=lag(view, head),
        messages_sent=view.messages_sent,
        bytes_sent=view.bytes_sent,
        parked=view.parked,
    )
