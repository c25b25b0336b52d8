"""How much a client may send over HTTP: what is beyond is refused before it fills the memory, token or not."""

import asyncio
from collections import OrderedDict
from functools import lru_cache
from math import ceil
from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.problems import ApiProblem, problem_response
from app.stream.crowd import client_of
from app.stream.json_depth import JSON_DEPTH_MAX, is_too_deep
from app.stream.rate import Allowance

BODY_BYTES_MAX: Final = 8 * 2**20
"""Twice what a request with the most prices takes when every field of every one is there."""

REQUESTS_PER_MINUTE_MAX: Final = 60_000
"""Requests, and handshakes of sockets, of one client address in any minute; then 429 with `Retry-After`.

So many that a program on this machine that posts every tick on its own stays below.
"""

CLIENTS_COUNTED: Final = 10_000
"""Client addresses whose requests are counted; for one more, the one that was quiet longest is forgotten."""

UNCOUNTED_PATHS: Final = frozenset({"/healthz"})
"""What is always answered: whoever watches the server must not take it for dead because others ask too much."""

_client_of = lru_cache(CLIENTS_COUNTED)(client_of)


class RequestLimit:
    """ASGI middleware: answers 429 to a client address that asks too often."""

    def __init__(self, app: ASGIApp, per_minute_max: int = REQUESTS_PER_MINUTE_MAX) -> None:
        """`per_minute_max`: what one client may ask in any minute, half of it at once."""
        self._app = app
        self._per_minute = per_minute_max
        self._clients: OrderedDict[str, Allowance] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or handshake, or refuse it."""
        if scope["type"] == "lifespan" or scope["path"] in UNCOUNTED_PATHS:
            await self._app(scope, receive, send)
            return
        now = asyncio.get_running_loop().time()
        allowance = self._allowance(scope)
        if allowance.take(now):
            await self._app(scope, receive, send)
            return
        detail = f"one client may send {self._per_minute:,} requests a minute, half of them at once"
        headers = {"Retry-After": str(max(1, ceil(allowance.wait_s(now))))}
        problem = ApiProblem(429, "too_many_requests", detail, headers=headers)
        await problem_response(problem)(scope, receive, send)

    def _allowance(self, scope: Scope) -> Allowance:
        clients = self._clients
        client = _client_of(scope["client"][0] if scope.get("client") else "")
        allowance = clients.get(client)
        if allowance is None:
            allowance = clients[client] = Allowance(self._per_minute)
            if len(clients) > CLIENTS_COUNTED:
                clients.popitem(last=False)
        else:
            clients.move_to_end(client)
        return allowance


class BodyLimit:
    """ASGI middleware: answers 413 to a body that is too long, announced or not, or nests too deep."""

    def __init__(self, app: ASGIApp, bytes_max: int = BODY_BYTES_MAX) -> None:
        self._app = app
        self._bytes_max = bytes_max

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or refuse it."""
        if scope["type"] != "http" or not _has_body(headers := Headers(scope=scope)):
            await self._app(scope, receive, send)
            return
        announced = headers.get("content-length", "0")
        message: Message = {"type": "http.disconnect"}
        problem: ApiProblem | None = self._too_large()
        if not announced.isdecimal() or int(announced) <= self._bytes_max:
            message, problem = await self._whole(receive)
        if problem is not None:
            await problem_response(problem)(scope, receive, send)
            return
        await self._app(scope, _first(message, receive), send)

    async def _whole(self, receive: Receive) -> tuple[Message, ApiProblem | None]:
        """The body in one message, or the client's going; and what is wrong with it."""
        parts: list[bytes] = []
        taken = 0
        while True:
            message = await receive()
            if message["type"] != "http.request":
                return message, None
            parts.append(message.get("body", b""))
            taken += len(parts[-1])
            if taken > self._bytes_max:
                return message, self._too_large()
            if not message.get("more_body", False):
                break
        body = b"".join(parts)
        return {"type": "http.request", "body": body, "more_body": False}, _fault(body)

    def _too_large(self) -> ApiProblem:
        told = f"a request's body may have {self._bytes_max} bytes: send it in parts"
        return ApiProblem(413, "content_too_large", told)


def _has_body(headers: Headers) -> bool:
    return "transfer-encoding" in headers or headers.get("content-length", "0") != "0"


def _fault(body: bytes) -> ApiProblem | None:
    """What no endpoint need look at; every body is JSON."""
    if b"\0" in body:  # the JSON of another encoding, whose brackets nobody counts
        return ApiProblem(400, "malformed_json", "the body is not JSON in UTF-8")
    if is_too_deep(body):
        told = f"the body nests deeper than {JSON_DEPTH_MAX} arrays and objects"
        return ApiProblem(413, "too_deep", told)
    return None


def _first(message: Message, receive: Receive) -> Receive:
    """What was received already, then what else comes."""
    waiting = [message]

    async def received() -> Message:
        return waiting.pop() if waiting else await receive()

    return received
