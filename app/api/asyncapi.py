"""`/asyncapi.json`, `/asyncapi` and `/schemas/{type}.json`: the contract of the streams."""

from functools import cache
from importlib.metadata import version
from typing import Any

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, JSONResponse, Response

from app.api.asyncapi_page import STYLE, render
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
    return HTMLResponse(_page())


@router.get("/asyncapi.css", include_in_schema=False)
async def asyncapi_css() -> Response:
    """How that page looks."""
    return Response(STYLE, media_type="text/css")


class SchemaResponse(JSONResponse):
    """A JSON Schema."""

    media_type = "application/schema+json"


@router.get(
    "/schemas/{type}.json",
    response_class=SchemaResponse,
    responses={404: {"model": ProblemDetails, "description": "No such type of message."}},
)
async def schema(type: str) -> SchemaResponse:  # noqa: A002  # the name in the path
    """The JSON Schema of one type of message: envelope and payload."""
    if type not in message_kinds():
        known = ", ".join(message_kinds())
        raise ApiProblem(404, "not_found", f"no message has the type {type!r}; there are: {known}")
    return SchemaResponse(message_schema(type))
