"""Bodies come as they are: one that was packed is refused, so that none unpacks into a thousand times its size."""

from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from app.api.problems import ApiProblem, refuse

_PLAIN: Final = frozenset({"", "identity"})


class PlainBodies:
    """ASGI middleware: answers 415 to a body with a `Content-Encoding`."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or refuse it."""
        if scope["type"] == "http":
            for named in Headers(scope=scope).getlist("content-encoding"):
                if named.strip().lower() not in _PLAIN:
                    detail = "send the body as it is, without the header 'Content-Encoding'"
                    problem = ApiProblem(415, "unsupported_media_type", detail)
                    await refuse(problem, scope, receive, send)
                    return
        await self._app(scope, receive, send)
