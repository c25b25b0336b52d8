"""`/ws/synapse` and `/ws/replay`: the sockets' doors."""

from functools import partial

from fastapi import APIRouter, WebSocket

from app.api.problems import ApiProblem, refuse, too_many_connections
from app.api.services import get_services
from app.stream.crowd import Crowded
from app.stream.replay_connection import ReplayConnection

router = APIRouter()


@router.websocket("/ws/synapse")
async def synapse_socket(websocket: WebSocket) -> None:
    """History, then live: `docs/protocol.md` says what a client may rely on."""
    try:
        await get_services(websocket).manager.serve(websocket)
    except Crowded as crowded:
        await _deny(websocket, too_many_connections(crowded))


@router.websocket("/ws/replay")
async def replay_socket(websocket: WebSocket) -> None:
    """The time machine: the log again, at a pace that the client commands."""
    services = get_services(websocket)
    connect = partial(ReplayConnection, services.replays)
    try:
        await services.manager.serve_as(websocket, connect)
    except Crowded as crowded:
        await _deny(websocket, too_many_connections(crowded))


@router.websocket("/{path:path}")
async def no_socket(websocket: WebSocket) -> None:
    """Any other path: 404 that says where the socket is, where nothing would be a 403 without a reason."""
    detail = f"there is no socket at {websocket.url.path}: connect to /ws/synapse or /ws/replay"
    await _deny(websocket, ApiProblem(404, "not_found", detail))


async def _deny(websocket: WebSocket, problem: ApiProblem) -> None:
    """Answer the handshake with a problem."""
    await refuse(problem, websocket.scope, websocket.receive, websocket.send)
