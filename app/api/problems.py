"""Errors as RFC 9457 `application/problem+json`, with the same `code` as on the socket."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.routing import Match, Mount
from starlette.types import Receive, Scope, Send

from app.stream.close_codes import CLOSE_REFUSED
from app.stream.crowd import Crowded
from app.stream.protocol import Problem
from events.errors import (
    AppendConflict,
    EventError,
    InvalidCursor,
    InvalidEvent,
    ProjectionParked,
    StoreUnavailable,
)

MEDIA_TYPE: Final = "application/problem+json"
RETRY_AFTER_S: Final = 1
CROWDED_RETRY_S: Final = 10
METHODS: Final = ("GET", "HEAD", "POST", "DELETE")
FILE_METHODS: Final = ("GET", "HEAD")
STATUS_OF: Final[tuple[tuple[type[EventError], int], ...]] = (
    (InvalidEvent, HTTPStatus.UNPROCESSABLE_ENTITY),
    (InvalidCursor, HTTPStatus.CONFLICT),
    (AppendConflict, HTTPStatus.CONFLICT),
    (StoreUnavailable, HTTPStatus.SERVICE_UNAVAILABLE),
    (ProjectionParked, HTTPStatus.SERVICE_UNAVAILABLE),
)
PROBLEMS_MAX: Final = 100
"""Details in one answer; a request can hold thousands of faults."""

_PLACES: Final = ("body", "query", "path", "header")
_PLAIN_WORDS: Final = {
    "missing": "is missing",
    "extra_forbidden": "is unknown",
    "model_attributes_type": "must be a JSON object",
    "model_type": "must be a JSON object",
}
_log = structlog.get_logger("api")


class ProblemDetails(BaseModel):
    """The body of every error answer."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    code: str
    details: list[Problem] = []


class ApiProblem(Exception):
    """An error answer, raised where the fault is seen."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        details: Sequence[Problem] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.details = list(details)
        self.headers = headers


PROBLEM_RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    status: {"model": ProblemDetails, "description": HTTPStatus(status).phrase}
    for status in (400, 401, 403, 409, 413, 415, 422, 503)
}


def problem_response(problem: ApiProblem) -> JSONResponse:
    """The answer for a problem."""
    body = ProblemDetails(
        title=HTTPStatus(problem.status).phrase,
        status=problem.status,
        detail=str(problem),
        code=problem.code,
        details=problem.details,
    )
    headers = dict(problem.headers or {})
    return JSONResponse(body.model_dump(), problem.status, headers, media_type=MEDIA_TYPE)


async def refuse(problem: ApiProblem, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a request, or the handshake of a socket, with a problem."""
    # A server that cannot answer an upgrade with a body closes it instead: uvicorn can.
    if scope["type"] == "http" or "websocket.http.response" in scope.get("extensions", {}):
        await problem_response(problem)(scope, receive, send)
    else:
        await send({"type": "websocket.close", "code": CLOSE_REFUSED})


def too_many_connections(crowded: Crowded) -> ApiProblem:
    """The answer to one long-lived connection too many."""
    headers = {"Retry-After": str(CROWDED_RETRY_S)}
    return ApiProblem(429, "too_many_connections", str(crowded), headers=headers)


def _from_event_error(error: EventError) -> ApiProblem:
    status = next((code for kind, code in STATUS_OF if isinstance(error, kind)), 500)
    headers = (
        {"Retry-After": str(RETRY_AFTER_S)} if status == HTTPStatus.SERVICE_UNAVAILABLE else {}
    )
    return ApiProblem(status, error.code, str(error), headers=headers)


def _from_validation(error: RequestValidationError) -> ApiProblem:
    errors = error.errors()
    if errors[0]["type"] == "json_invalid":
        place = f"{errors[0]['ctx']['error']} at character {errors[0]['loc'][-1]}"
        return ApiProblem(400, "malformed_json", f"the body is not JSON: {place}")
    if isinstance(error.body, bytes):
        detail = "send the body as JSON, with the header 'Content-Type: application/json'"
        return ApiProblem(415, "unsupported_media_type", detail)
    problems = [_problem(item["type"], item["loc"], item["msg"]) for item in errors[:PROBLEMS_MAX]]
    named = "; ".join(f"{p.path or 'the body'}: {p.problem}" for p in problems[:3])
    return ApiProblem(422, "invalid_request", f"the request is not valid: {named}", problems)


def _problem(kind: str, loc: Sequence[int | str], text: str) -> Problem:
    parts = loc[1:] if loc and loc[0] in _PLACES else loc
    said = _PLAIN_WORDS.get(kind) or text.removeprefix("Value error, ")
    return Problem(path=".".join(str(part) for part in parts), problem=said)


def _from_http(error: HTTPException) -> ApiProblem:
    if error.status_code == HTTPStatus.BAD_REQUEST:
        # FastAPI raises it for a body that is not UTF-8, too deep, or holds a number without end.
        return ApiProblem(400, "malformed_json", "the body cannot be read as JSON")
    if error.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return ApiProblem(413, "content_too_large", str(error.detail))
    code = HTTPStatus(error.status_code).phrase.lower().replace(" ", "_").replace("-", "_")
    return ApiProblem(error.status_code, code, str(error.detail), headers=error.headers)


def _methods(app: FastAPI, request: Request) -> list[str]:
    """The methods that there are for a path; the framework names those of its first route only."""
    routes = [route for route in app.routes if not isinstance(route, Mount)]

    def fits(method: str) -> bool:
        scope = {**request.scope, "method": method}
        return any(route.matches(scope)[0] is Match.FULL for route in routes)

    return [method for method in METHODS if fits(method)] or list(FILE_METHODS)


def install_problem_handlers(app: FastAPI) -> None:
    """Make every error of the application answer as problem+json."""

    @app.exception_handler(ApiProblem)
    async def api_problem(_request: Request, error: ApiProblem) -> JSONResponse:
        return problem_response(error)

    @app.exception_handler(EventError)
    async def event_error(request: Request, error: EventError) -> JSONResponse:
        problem = _from_event_error(error)
        if problem.status == HTTPStatus.INTERNAL_SERVER_ERROR:
            _log.error(
                "request_failed",
                path=request.url.path,
                error=str(error),
                cause=repr(error.__cause__),
            )
        return problem_response(problem)

    @app.exception_handler(RequestValidationError)
    async def invalid(_request: Request, error: RequestValidationError) -> JSONResponse:
        return problem_response(_from_validation(error))

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> JSONResponse:
        if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            error.headers = {"Allow": ", ".join(_methods(app, request))}
        return problem_response(_from_http(error))

    @app.exception_handler(Exception)
    async def unexpected(request: Request, error: Exception) -> JSONResponse:
        _log.error("request_failed", path=request.url.path, error=repr(error))
        return problem_response(
            ApiProblem(500, "internal_error", "an unexpected error; see the log")
        )
