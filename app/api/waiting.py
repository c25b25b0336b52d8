"""What is answered while there is no log: its place is being filled by another, as a backup that is restored."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from fastapi import FastAPI
from fastapi.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from app.access.gate import Gate
from app.api.headers import GuardedFastAPI
from app.api.limits import UNCOUNTED_PATHS
from app.api.problems import RETRY_AFTER_S, ApiProblem, install_problem_handlers, refuse

WHY: Final = "the log was replaced, and what is there now cannot be opened yet: try again"
"""All that strangers are told; why it cannot be opened is in the server's own log."""


@dataclass(frozen=True, slots=True)
class GateAlone:
    """What there is of the services without a log: who may come in is known."""

    gate: Gate


def no_log_yet(gate: Gate) -> FastAPI:
    """The application of that time: the process is alive, and whoever may come in is answered 503.

    It has no endpoint. Whoever serves it puts before it what stands before the endpoints at other times.
    """
    app = GuardedFastAPI(openapi_url=None)
    app.state.services = GateAlone(gate)
    app.router.default = _answer
    install_problem_handlers(app)
    return app


async def _answer(scope: Scope, receive: Receive, send: Send) -> None:
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
