"""`/healthz`: is the process alive; `/readyz`: can it do its work, and if not, what is wrong."""

import asyncio
from dataclasses import asdict
from typing import Any, Final

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from app.access.grant import Scope
from app.api.auth import GrantDep
from app.api.services import ServicesDep
from app.decider import DECIDER
from app.feed_runner import FAILING, FeedStatus
from events.errors import EventError
from events.scalars import format_time

DATABASE_S_MAX: Final = 2.0
"""How long the database may take to answer before it counts as not ready."""

router = APIRouter(tags=["health"])


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/readyz", responses={503: {"description": "Not ready: the database or a feed fails."}})
async def readyz(services: ServicesDep, grant: GrantDep) -> JSONResponse:
    """Ready when the log can be read, the last append worked and no feed fails or has stalled.

    A feed that waits is no fault: another process plays it.
    Hints that are lost are told, and are no fault: the log is asked every so often.
    Who may not read is told no more than that.
    A projection that is parked before an event of a newer program is told; everything else goes on.
    """
    database = await _database(services)
    statuses = services.broadcaster.status
    feeds = {name: _told(status) for name, status in statuses.items()}
    failing = [status for status in statuses.values() if status.phase in FAILING]
    ready = database["error"] is None and not failing
    status = "ready" if ready else "not_ready"
    if Scope.READ not in grant.scopes:
        return JSONResponse({"status": status}, 200 if ready else 503)
    body = {
        "status": status,
        "database": database,
        "hints": asdict(services.log.follower.hint_status),
        "feeds": feeds,
        "projections": {
            services.live_state.projector.name: asdict(services.live_state.projector.status),
            services.episodes.name: asdict(services.episodes.status),
            DECIDER: asdict(services.ingest.status),
        },
        "connections": services.manager.connections,
    }
    return JSONResponse(body, 200 if ready else 503)


def _told(status: FeedStatus) -> dict[str, Any]:
    times = {
        name: value if value is None else format_time(value)
        for name, value in (("last_at", status.last_at), ("heard_at", status.heard_at))
    }
    return asdict(status) | times


async def _database(services: ServicesDep) -> dict[str, Any]:
    fault = services.log.fault
    try:
        async with asyncio.timeout(DATABASE_S_MAX):
            head = (await services.log.store.head()).position
    except TimeoutError:
        late = f"the database has not answered for {DATABASE_S_MAX:g} s"
        return {"head": services.log.head.position, "error": late}
    except EventError as error:
        fault, head = error, services.log.head.position
    return {"head": head, "error": None if fault is None else str(fault)}
