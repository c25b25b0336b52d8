"""Query parameters that several endpoints share."""

from typing import Annotated, Any

from fastapi import Query
from fastapi.routing import APIRoute
from pydantic import BeforeValidator
from starlette.requests import HTTPConnection

from app.api.problems import ApiProblem
from app.moments import Moment, parse_moment
from app.stream.protocol import Problem
from events.catalog import CATALOG, Channel
from events.scalars import UtcTime
from events.selection import Selection

PAGE_MAX = 1_000
"""Events in one page of `GET /api/events`, at most."""


def _restore_plus(value: Any) -> Any:
    # In a URL an unescaped + reads as a space, and no RFC 3339 time has one.
    return value.replace(" ", "+") if isinstance(value, str) else value


TimeParam = Annotated[
    UtcTime | None,
    BeforeValidator(_restore_plus),
    Query(description="RFC 3339, with an offset."),
]
MomentParam = Annotated[
    Moment,
    BeforeValidator(parse_moment),
    Query(
        description="A position, an RFC 3339 market time with an offset, a date (its end, UTC), `head`,"
        " or `last-shift`."
    ),
]
PositionParam = Annotated[int | None, Query(ge=0, le=2**53 - 1)]
ListParam = Annotated[list[str] | None, Query(description="Repeated, or separated by commas.")]


def refuse_unknown_params(connection: HTTPConnection) -> None:
    """Refuse a query parameter that the endpoint does not have, rather than answer another question.

    Raises:
        ApiProblem: 422, naming it and those that there are.
    """
    route = connection.scope.get("route")
    if not isinstance(route, APIRoute):
        return
    known = {field.alias for field in route.dependant.query_params}
    for name in connection.query_params:
        if name not in known:
            problem = f"no such parameter; there are: {', '.join(sorted(known)) or 'none'}"
            detail = f"the request is not valid: {name}: {problem}"
            raise ApiProblem(422, "invalid_request", detail, [Problem(path=name, problem=problem)])


def split_list(values: list[str] | None) -> list[str] | None:
    """`["a,b", "c"]` to `["a", "b", "c"]`; None stays None."""
    if values is None:
        return None
    return [part for value in values for part in value.split(",") if part]


def selection_of(channels: list[str] | None, symbols: list[str] | None) -> Selection | None:
    """The streams that the two parameters name; None for all.

    Raises:
        ApiProblem: 422 for an unknown channel.
    """
    named, narrowed = split_list(channels), split_list(symbols)
    if named is None and narrowed is None:
        return None
    known = [channel.value for channel in Channel]
    _refuse_unknown("channels", named or [], known)
    return Selection.of(named if named is not None else known, narrowed)


def types_of(types: list[str] | None) -> frozenset[str] | None:
    """The event types that the parameter names; None for all.

    Raises:
        ApiProblem: 422 for an unknown type.
    """
    named = split_list(types)
    _refuse_unknown("types", named or [], list(CATALOG))
    return None if named is None else frozenset(named)


def _refuse_unknown(path: str, given: list[str], known: list[str]) -> None:
    unknown = [name for name in given if name not in known]
    if unknown:
        problem = f"unknown: {', '.join(unknown)}; known: {', '.join(known)}"
        detail = f"the request is not valid: {path}: {problem}"
        raise ApiProblem(422, "invalid_request", detail, [Problem(path=path, problem=problem)])
