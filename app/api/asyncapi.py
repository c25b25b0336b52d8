"""`/asyncapi.json`, `/asyncapi` and `/schemas/{type}.json`: the contract of the streams."""

from functools import cache
from importlib.metadata import version
from typing import Any

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, JSONResponse

from app.api.asyncapi_page import CONTENT_SECURITY_POLICY, render
from app.api.problems import ApiProblem, ProblemDetails
from app.stream.asyncapi import asyncapi_document
from app.stream.message_schemas import message_kinds, message_schema

router = APIRouter(tags=["contracts"])


@cache
def _document() -> dict[str, Any]:
    return asyncapi_document(version("regime-synapse"))


@cache
def _page() -> str:
    return render(_document())


@router.get("/asyncapi.json")
async def asyncapi_json() -> JSONResponse:
    """Every message of the streams, as AsyncAPI 3.0."""
    return JSONResponse(_document())


@router.get("/asyncapi", response_class=HTMLResponse)
async def asyncapi_html() -> HTMLResponse:
    """The same as a page to read."""
    headers = {"Content-Security-Policy": CONTENT_SECURITY_POLICY}
    return HTMLResponse(_page(), headers=headers)


@router.get(
    "/schemas/{type}.json",
    responses={404: {"model": ProblemDetails, "description": "No such type of message."}},
)
async def schema(type: str) -> JSONResponse:  # noqa: A002  # the name in the path
    """The JSON Schema of one type of message: envelope and payload."""
    if type not in message_kinds():
        known = ", ".join(message_kinds())
        raise ApiProblem(404, "not_found", f"no message has the type {type!r}; there are: {known}")
    return JSONResponse(message_schema(type), media_type="application/schema+json")
