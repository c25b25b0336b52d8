"""Query parameters that several endpoints share."""

from typing import Annotated, Any

from fastapi import Query
from fastapi.routing import APIRoute
from pydantic import BeforeValidator
from starlette.requests import HTTPConnection

from app.api.problems import ApiProblem
from app.moments import Moment, parse_moment
from app.queries.selected import InvalidSelection, chosen_types, selection
from app.stream.protocol import Problem
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


async def refuse_unknown_params(connection: HTTPConnection) -> None:
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
    try:
        return selection(split_list(channels), split_list(symbols))
    except InvalidSelection as error:
        raise _refused(error) from error


def types_of(types: list[str] | None) -> frozenset[str] | None:
    """The event types that the parameter names; None for all.

    Raises:
        ApiProblem: 422 for an unknown type.
    """
    try:
        return chosen_types(split_list(types))
    except InvalidSelection as error:
        raise _refused(error) from error


def _refused(error: InvalidSelection) -> ApiProblem:
    problem = Problem(path=error.path, problem=error.problem)
    return ApiProblem(422, error.code, str(error), [problem])
