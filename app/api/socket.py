"""`/ws/synapse`: the socket's door."""

from fastapi import APIRouter, WebSocket

from app.api.services import get_services

router = APIRouter()


@router.websocket("/ws/synapse")
async def synapse_socket(websocket: WebSocket) -> None:
    """History, then live: `docs/protocol.md` says what a client may rely on."""
    await get_services(websocket).manager.serve(websocket)
