"""`/openapi.json`: the contract of the calls, with what the framework does not know of it.

Errors are `application/problem+json`, and some may be the answer to any call: what stands before the
endpoints (`app.api.doorway`, the limits) refuses before they are asked, and a parameter that an endpoint does not
have is refused everywhere.
"""

from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI

from app.api.problems import MEDIA_TYPE

EVERYWHERE: Final = (400, 401, 403, 413, 421, 422, 429)
"""What any call may be refused with."""

_PROBLEM: Final = {"$ref": "#/components/schemas/ProblemDetails"}
_FRAMEWORKS_OWN: Final = ("HTTPValidationError", "ValidationError")
"""The framework's own schemas of an error, which this program never sends."""


def install_contract(app: FastAPI) -> None:
    """Let the application tell its contract as it is. To be called when every endpoint is there."""
    generated = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            completed(generated())
        return app.openapi_schema or {}

    app.openapi = openapi  # type: ignore[method-assign]  # the framework's own way to change it


def completed(document: dict[str, Any]) -> None:
    """Put what is missing into the framework's document, in place."""
    for path in document["paths"].values():
        for operation in path.values():
            answers: dict[str, Any] = operation["responses"]
            for status in EVERYWHERE:
                if _is_the_frameworks(answers.get(str(status), {})) or str(status) not in answers:
                    answers[str(status)] = _problem(status)
            for answer in answers.values():
                if any(
                    told.get("schema") == _PROBLEM for told in answer.get("content", {}).values()
                ):
                    answer["content"] = {MEDIA_TYPE: {"schema": _PROBLEM}}
    schemas: dict[str, Any] = document["components"]["schemas"]
    for name in _FRAMEWORKS_OWN:
        schemas.pop(name, None)


def _is_the_frameworks(answer: dict[str, Any]) -> bool:
    schemas = [told.get("schema", {}) for told in answer.get("content", {}).values()]
    return any(str(schema.get("$ref", "")).endswith("/HTTPValidationError") for schema in schemas)


def _problem(status: int) -> dict[str, Any]:
    return {
        "description": HTTPStatus(status).phrase,
        "content": {MEDIA_TYPE: {"schema": _PROBLEM}},
    }
