"""Every endpoint of the application, as its router has them: what tests that must miss none go through."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from fastapi import FastAPI
from starlette.routing import Mount

PLACE: Final = re.compile(r"\{[^}]*\}")


@dataclass(frozen=True)
class Endpoint:
    """One of them.

    Attributes:
        method: `GET`, and so on; `WEBSOCKET` of a socket.
        path: as it was declared, with its parameters in braces.
    """

    method: str
    path: str

    def filled(self, value: str) -> str:
        """A path of it."""
        return PLACE.sub(value, self.path)


def endpoints(app: FastAPI) -> set[Endpoint]:
    """All but the files of the page."""
    return set(_endpoints(app))


def routes(app: FastAPI) -> Iterator[Any]:
    """What answers at each of them."""
    for route in app.routes:
        if isinstance(route, Mount):
            continue
        # A router that was included is one entry, which knows its own.
        nested = getattr(route, "effective_route_contexts", None)
        yield from [route] if nested is None else nested()


def _endpoints(app: FastAPI) -> Iterator[Endpoint]:
    for route in routes(app):
        yield from _methods(route)


def _methods(route: Any) -> Iterator[Endpoint]:
    original = getattr(route, "original_route", route)
    if getattr(original, "methods", None) is None:
        yield Endpoint("WEBSOCKET", original.path)
        return
    for method in route.methods:
        yield Endpoint(method, route.path)
