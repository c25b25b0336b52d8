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

from app.stream.protocol import Problem
from events.errors import (
    AppendConflict,
    EventError,
    InvalidCursor,
    InvalidEvent,
    StoreUnavailable,
)

MEDIA_TYPE: Final = "application/problem+json"
RETRY_AFTER_S: Final = 1
_STATUS: Final[tuple[tuple[type[EventError], int], ...]] = (
    (InvalidEvent, HTTPStatus.UNPROCESSABLE_ENTITY),
    (InvalidCursor, HTTPStatus.CONFLICT),
    (AppendConflict, HTTPStatus.CONFLICT),
    (StoreUnavailable, HTTPStatus.SERVICE_UNAVAILABLE),
)
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
    for status in (401, 409, 422, 503)
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


def _from_event_error(error: EventError) -> ApiProblem:
    status = next((code for kind, code in _STATUS if isinstance(error, kind)), 500)
    headers = (
        {"Retry-After": str(RETRY_AFTER_S)} if status == HTTPStatus.SERVICE_UNAVAILABLE else {}
    )
    return ApiProblem(status, error.code, str(error), headers=headers)


def _from_validation(error: RequestValidationError) -> ApiProblem:
    problems = [
        Problem(
            path=".".join(str(part) for part in item["loc"] if part != "body"),
            problem=str(item["msg"]).removeprefix("Value error, "),
        )
        for item in error.errors()
    ]
    named = "; ".join(f"{p.path}: {p.problem}" if p.path else p.problem for p in problems[:3])
    return ApiProblem(422, "invalid_request", f"the request is not valid: {named}", problems)


def _from_http(error: HTTPException) -> ApiProblem:
    code = HTTPStatus(error.status_code).phrase.lower().replace(" ", "_").replace("-", "_")
    return ApiProblem(error.status_code, code, str(error.detail), headers=error.headers)


def install_problem_handlers(app: FastAPI) -> None:
    """Make every error of the application answer as problem+json."""

    @app.exception_handler(ApiProblem)
    async def api_problem(_request: Request, error: ApiProblem) -> JSONResponse:
        return problem_response(error)

    @app.exception_handler(EventError)
    async def event_error(_request: Request, error: EventError) -> JSONResponse:
        return problem_response(_from_event_error(error))

    @app.exception_handler(RequestValidationError)
    async def invalid(_request: Request, error: RequestValidationError) -> JSONResponse:
        return problem_response(_from_validation(error))

    @app.exception_handler(HTTPException)
    async def http(_request: Request, error: HTTPException) -> JSONResponse:
        return problem_response(_from_http(error))

    @app.exception_handler(Exception)
    async def unexpected(request: Request, error: Exception) -> JSONResponse:
        _log.error("request_failed", path=request.url.path, error=repr(error))
        return problem_response(
            ApiProblem(500, "internal_error", "an unexpected error; see the log")
        )
