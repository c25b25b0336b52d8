"""How large a request may be: a longer one is refused before it fills the memory, token or not."""

from typing import Final

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.problems import ApiProblem, problem_response

BODY_BYTES_MAX: Final = 8 * 2**20
"""Twice what a request with the most prices takes when every field of every one is there."""

_TOO_LARGE: Final = f"a request's body may have {BODY_BYTES_MAX} bytes: send it in parts"


class BodyLimit:
    """ASGI middleware: answers 413 to a body beyond the limit, announced or not."""

    def __init__(self, app: ASGIApp, bytes_max: int = BODY_BYTES_MAX) -> None:
        self._app = app
        self._bytes_max = bytes_max

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        announced = Headers(scope=scope).get("content-length", "0")
        if announced.isdecimal() and int(announced) > self._bytes_max:
            response = problem_response(ApiProblem(413, "content_too_large", _TOO_LARGE))
            await response(scope, receive, send)
            return
        await self._app(scope, self._counting(receive), send)

    def _counting(self, receive: Receive) -> Receive:
        taken = 0

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > self._bytes_max:
                raise HTTPException(413, _TOO_LARGE)
            return message

        return counted
