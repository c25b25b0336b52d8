"""What is answered while there is no log: its place is being filled by another, as a backup that is restored."""

from http import HTTPStatus
from typing import Final

from fastapi.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from app.api.limits import UNCOUNTED_PATHS
from app.api.problems import RETRY_AFTER_S, ApiProblem, refuse

WHY: Final = "the log was replaced, and what is there now cannot be opened yet: try again"
"""All that strangers are told; why it cannot be opened is in the server's own log."""


async def no_log_yet(scope: Scope, receive: Receive, send: Send) -> None:
    """ASGI application: the process is alive, and everything else is answered 503."""
    if scope["type"] == "lifespan":
        return
    if scope["path"] in UNCOUNTED_PATHS:
        await JSONResponse({"status": "ok"})(scope, receive, send)
        return
    problem = ApiProblem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "store_unavailable",
        WHY,
        headers={"Retry-After": str(RETRY_AFTER_S)},
    )
    await refuse(problem, scope, receive, send)
