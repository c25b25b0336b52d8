"""`/healthz`: is the process alive; `/readyz`: can it do its work, and if not, what is wrong."""

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from app.api.services import ServicesDep
from app.broadcaster import FeedPhase
from app.decider import DECIDER
from events.errors import EventError

router = APIRouter(tags=["health"])


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/readyz", responses={503: {"description": "Not ready: the database or a feed fails."}})
async def readyz(services: ServicesDep) -> JSONResponse:
    """Ready when the log can be read, the last append worked and no feed is failing.

    A projection that is parked before an event of a newer program is told; everything else goes on.
    """
    database = await _database(services)
    feeds = {name: asdict(status) for name, status in services.broadcaster.status.items()}
    failing = [s for s in services.broadcaster.status.values() if s.phase is FeedPhase.RETRYING]
    ready = database["error"] is None and not failing
    body = {
        "status": "ready" if ready else "not_ready",
        "database": database,
        "feeds": feeds,
        "projections": {
            services.live_state.projector.name: asdict(services.live_state.projector.status),
            DECIDER: asdict(services.ingest.status),
        },
        "connections": services.manager.connections,
    }
    return JSONResponse(body, 200 if ready else 503)


async def _database(services: ServicesDep) -> dict[str, Any]:
    fault = services.log.fault
    try:
        head = (await services.log.store.head()).position
    except EventError as error:
        fault, head = error, services.log.head.position
    return {"head": head, "error": None if fault is None else str(fault)}
