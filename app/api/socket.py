"""`/ws/synapse` and `/ws/replay`: the sockets' doors."""

from functools import partial

from fastapi import APIRouter, WebSocket

from app.api.problems import ApiProblem, problem_response
from app.api.services import get_services
from app.stream.replay_connection import ReplayConnection

router = APIRouter()


@router.websocket("/ws/synapse")
async def synapse_socket(websocket: WebSocket) -> None:
    """History, then live: `docs/protocol.md` says what a client may rely on."""
    await get_services(websocket).manager.serve(websocket)


@router.websocket("/ws/replay")
async def replay_socket(websocket: WebSocket) -> None:
    """The time machine: the log again, at a pace that the client commands."""
    services = get_services(websocket)
    connect = partial(ReplayConnection, services.replays)
    await services.manager.serve_as(websocket, connect)


@router.websocket("/{path:path}")
async def no_socket(websocket: WebSocket) -> None:
    """Any other path: 404 that says where the socket is, where nothing would be a 403 without a reason."""
    detail = f"there is no socket at {websocket.url.path}: connect to /ws/synapse or /ws/replay"
    # A server that cannot answer an upgrade with a body closes it instead: uvicorn can.
    if "websocket.http.response" in websocket.scope.get("extensions", {}):
        await websocket.send_denial_response(problem_response(ApiProblem(404, "not_found", detail)))
    else:
        await websocket.close()
