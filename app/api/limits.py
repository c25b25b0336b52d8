"""How much a client may send over HTTP: what is beyond is refused before it fills the memory, token or not."""

import asyncio
from collections import OrderedDict
from functools import lru_cache
from math import ceil
from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.access.grant import Scope as Right
from app.access.rules import rule_of
from app.api.json_values import JSON_VALUES_MAX, holds_too_many
from app.api.problems import RETRY_AFTER_S, ApiProblem, refuse
from app.stream.crowd import SOCKETS_MAX, Crowd, Crowded, client_of
from app.stream.json_depth import JSON_DEPTH_MAX, is_too_deep
from app.stream.rate import REQUESTS_PER_MINUTE_MAX, Allowance

BODY_BYTES_MAX: Final = 8 * 2**20
"""Twice what a request with the most prices takes when every field of every one is there."""

BODY_BYTES_NO_WRITE_MAX: Final = 16 * 2**10
"""The same where nothing is written, so that no token is needed: a sign-in, with the longest token."""

BODIES_BYTES_MAX: Final = 64 * 2**20
"""Bytes of all bodies that are in memory at once, to be written; one more is answered with 503."""

BODIES_BYTES_NO_WRITE_MAX: Final = 16 * 2**20
"""The same of all others: whoever has no token takes no room from those who have."""

BODIES_PER_CLIENT_MAX: Final = 256
"""Bodies of one client address that have begun to come and not ended; one more is answered with 429."""

CLIENTS_COUNTED: Final = 10_000
"""Client addresses whose requests are counted; for one more, the one that was quiet longest is forgotten."""

UNCOUNTED_PATHS: Final = frozenset({"/healthz"})
"""What is always answered: whoever watches the server must not take it for dead because others ask too much."""

UNREAD_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
"""Nobody reads a body that comes with these: it is thrown away as it comes, and counts until then."""

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
        await refuse(problem, scope, receive, send)

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


class BodyRoom:
    """How much of the memory bodies may take: one of them, and all that are there at once."""

    def __init__(self, each_max: int, all_max: int) -> None:
        """Room for nothing but that, in bytes."""
        self.each_max = each_max
        self._all_max = all_max
        self._held = 0

    def take(self, size: int) -> bool:
        """Take so many bytes; False, and nothing is taken, where there is no more room."""
        if self._held + size > self._all_max:
            return False
        self._held += size
        return True

    def give_back(self, size: int) -> None:
        """So many bytes that were taken are gone."""
        self._held -= size


class BodyLimit:
    """ASGI middleware: answers 413 to a body that is too long, announced or not, or nests too deep; 503 to one too many."""

    def __init__(
        self, app: ASGIApp, writes: BodyRoom | None = None, others: BodyRoom | None = None
    ) -> None:
        """`writes`: the room of bodies that are to be written; `others`: that of all other ones."""
        self._app = app
        self._writes = writes or BodyRoom(BODY_BYTES_MAX, BODIES_BYTES_MAX)
        self._others = others or BodyRoom(BODY_BYTES_NO_WRITE_MAX, BODIES_BYTES_NO_WRITE_MAX)
        self._coming = Crowd(SOCKETS_MAX, BODIES_PER_CLIENT_MAX)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or refuse it."""
        if scope["type"] != "http" or not _has_body(headers := Headers(scope=scope)):
            await self._app(scope, receive, send)
            return
        method = scope["method"]
        is_write = rule_of(method, scope["path"]).scope is Right.WRITE
        room = self._writes if is_write else self._others
        announced = headers.get("content-length", "0")
        coming = _Body(room, is_kept=method not in UNREAD_METHODS)
        try:
            problem: ApiProblem | None = _too_large(room)
            if not announced.isdecimal() or int(announced) <= room.each_max:
                problem = await self._take(coming, scope, receive)
            if problem is not None:
                await refuse(problem, scope, receive, send)
                return
            await self._app(scope, _first(coming.message, receive), send)
        finally:
            room.give_back(coming.held)

    async def _take(self, coming: "_Body", scope: Scope, receive: Receive) -> ApiProblem | None:
        try:
            with self._coming.place(scope["client"][0] if scope.get("client") else ""):
                return await coming.take(receive)
        except Crowded:
            return _too_many()


class _Body:
    """One body on its way into the memory.

    Attributes:
        held: the bytes that it has taken of its room.
        message: the whole of it, or the client's going.
    """

    def __init__(self, room: BodyRoom, *, is_kept: bool) -> None:
        self.held = 0
        self.message: Message = {"type": "http.disconnect"}
        self._room = room
        self._is_kept = is_kept

    async def take(self, receive: Receive) -> ApiProblem | None:
        """Take all of it; what is wrong with it."""
        parts: list[bytes] = []
        came = 0
        while True:
            message = await receive()
            if message["type"] != "http.request":
                return None
            part = message.get("body", b"")
            came += len(part)
            if came > self._room.each_max:
                return _too_large(self._room)
            if self._is_kept:
                if not self._room.take(len(part)):
                    return _too_busy()
                self.held += len(part)
                parts.append(part)
            if not message.get("more_body", False):
                break
        body = b"".join(parts)
        self.message = {"type": "http.request", "body": body, "more_body": False}
        return _fault(body)


def _too_large(room: BodyRoom) -> ApiProblem:
    told = f"the body of this request may have {room.each_max} bytes: send it in parts"
    return ApiProblem(413, "content_too_large", told)


def _too_busy() -> ApiProblem:
    told = "the server holds as many bodies of requests as it may: send this one again"
    return ApiProblem(503, "too_busy", told, headers={"Retry-After": str(RETRY_AFTER_S)})


def _too_many() -> ApiProblem:
    told = f"one client may send {BODIES_PER_CLIENT_MAX} bodies at once: end one of them first"
    headers = {"Retry-After": str(RETRY_AFTER_S)}
    return ApiProblem(429, "too_many_bodies", told, headers=headers)


def _has_body(headers: Headers) -> bool:
    return "transfer-encoding" in headers or headers.get("content-length", "0") != "0"


def _fault(body: bytes) -> ApiProblem | None:
    """What no endpoint need look at; every body is JSON."""
    if b"\0" in body:  # the JSON of another encoding, whose brackets nobody counts
        return ApiProblem(400, "malformed_json", "the body is not JSON in UTF-8")
    if is_too_deep(body):
        told = f"the body nests deeper than {JSON_DEPTH_MAX} arrays and objects"
        return ApiProblem(413, "too_deep", told)
    if holds_too_many(body):
        told = f"the body holds more than {JSON_VALUES_MAX} values: send it in parts"
        return ApiProblem(413, "too_many_values", told)
    return None


def _first(message: Message, receive: Receive) -> Receive:
    """What was received already, then what else comes."""
    waiting = [message]

    async def received() -> Message:
        return waiting.pop() if waiting else await receive()

    return received
