"""A server that is broken on purpose: a front before the real one that does one thing wrong, and counts it."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.integration.served import PATIENCE_S

Tamper = Callable[["Front", str], list[str]]
"""What becomes of a text of the server on one connection."""

Bend = Callable[["Front", str, dict[str, Any]], dict[str, Any]]
"""What becomes of an answer in JSON, by the path that was asked for."""


class Front:
    """Hands everything on, but for one fault.

    Attributes:
        planted: how often the fault was done.
        bend_asked: what becomes of a client's message.
    """

    def __init__(
        self,
        target: str,
        tamper: Callable[["Front", bool], Tamper] | None,
        lies_every: int | None,
        bend: Bend | None,
    ) -> None:
        """`tamper` is asked for each connection, which is a resumed one or not."""
        self.url = ""
        self.planted = 0
        self.open = 0
        """Sockets that are being handed on."""
        self._target = target
        self._tamper = tamper
        self._lies_every = lies_every
        self._bend = bend
        self.bend_asked: Callable[[dict[str, Any]], None] = lambda _message: None
        self._lies: dict[str, dict[str, Any] | None] = {}
        self._posts = 0
        self.http = httpx.AsyncClient(base_url=target, timeout=PATIENCE_S)

    # --- HTTP -------------------------------------------------------------------------------------

    async def forward(self, request: Request) -> Response:
        """Hand a request on, or answer it with a lie."""
        body = await request.body()
        if request.method == "POST" and (lie := self._lie(request, body)):
            return Response(json.dumps(lie), media_type="application/json")
        headers = {
            name: value
            for name, value in request.headers.items()
            if name in {"authorization", "content-type", "idempotency-key"}
        }
        url = httpx.URL(path=request.url.path, query=request.url.query.encode())
        answer = await self.http.request(request.method, url, content=body, headers=headers)
        kind, content = answer.headers.get("content-type"), answer.content
        if self._bend and kind == "application/json" and answer.status_code == httpx.codes.OK:
            bent = self._bend(self, request.url.path, json.loads(content))
            content = json.dumps(bent, separators=(",", ":"), ensure_ascii=False).encode()
        return Response(content, answer.status_code, media_type=kind)

    async def stream(self, request: Request) -> Response:
        """Hand a stream of Server-Sent Events on, each block tampered with."""
        headers = {k: v for k, v in request.headers.items() if k == "last-event-id"}
        url = httpx.URL(path=request.url.path, query=request.url.query.encode())
        asked = self.http.build_request("GET", url, headers=headers, timeout=None)
        far = await self.http.send(asked, stream=True)
        tamper = self._tamper(self, bool(headers)) if self._tamper else None

        async def body() -> AsyncIterator[str]:
            rest = ""
            try:
                async for text in far.aiter_text():
                    *blocks, rest = (rest + text).split("\n\n")
                    for block in blocks:
                        for one in tamper(self, block) if tamper else [block]:
                            yield f"{one}\n\n"
            finally:
                await far.aclose()

        return StreamingResponse(body(), far.status_code, media_type="text/event-stream")

    def _lie(self, request: Request, body: bytes) -> dict[str, Any] | None:
        """An answer to a request that is never recorded; the same one for the same key."""
        key = request.headers["idempotency-key"]
        if key not in self._lies:
            self._lies[key] = None
            self._posts += 1
            if self._lies_every is not None and self._posts % self._lies_every == 0:
                count = len(json.loads(body)["prices"])
                self.planted += count
                events = 2 * count
                self._lies[key] = {"positions": [1, events], "events": events, "duplicates": 0}
        return self._lies[key]

    # --- the socket -------------------------------------------------------------------------------

    async def socket(self, near: WebSocket) -> None:
        """Hand a socket's messages on, and the server's back, tampered with."""
        await near.accept()
        far_url = f"{self._target.replace('http', 'ws')}/ws/synapse"
        self.open += 1
        try:
            async with connect(far_url, max_size=None) as far:
                try:
                    await self._between(near, far)
                finally:  # no goodbye: one that is broken off would leave the socket open
                    far.transport.abort()
        finally:
            self.open -= 1

    async def _between(self, near: WebSocket, far: ClientConnection) -> None:
        with contextlib.suppress(WebSocketDisconnect, ConnectionClosed):
            asked = await near.receive_text()
            await far.send(self._asked(asked))
            history = json.loads(asked)["payload"]["history"]
            resumed = isinstance(history, dict) and "symbols" in json.loads(asked)["payload"]
            back = asyncio.create_task(self._back(far, near, resumed=resumed))
            try:
                while True:
                    await far.send(self._asked(await near.receive_text()))
            finally:
                back.cancel()
                await asyncio.gather(back, return_exceptions=True)

    def _asked(self, text: str) -> str:
        message = json.loads(text)
        self.bend_asked(message)
        return json.dumps(message)

    async def _back(self, far: ClientConnection, near: WebSocket, *, resumed: bool) -> None:
        tamper = self._tamper(self, resumed) if self._tamper else None
        async for text in far:
            assert isinstance(text, str)
            for one in tamper(self, text) if tamper else [text]:
                await near.send_text(one)


@asynccontextmanager
async def front_of(
    target: str,
    tamper: Callable[[Front, bool], Tamper] | None = None,
    lies_every: int | None = None,
    bend: Bend | None = None,
) -> AsyncIterator[Front]:
    """A front on a port of its own."""
    front = Front(target, tamper, lies_every, bend)
    routes = [
        WebSocketRoute("/ws/synapse", front.socket),
        Route("/api/stream", front.stream),
        Route("/{path:path}", front.forward, methods=["GET", "POST"]),
    ]
    config = uvicorn.Config(
        Starlette(routes=routes), port=0, log_level="error", lifespan="off", ws="websockets-sansio"
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server._serve())
    while not server.started:
        await asyncio.sleep(0.01)
    front.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    try:
        yield front
    finally:
        server.should_exit = server.force_exit = True
        await serving
        async with asyncio.timeout(PATIENCE_S):
            while front.open:  # each ends on its own, now that its client is gone
                await asyncio.sleep(0.01)
        await front.http.aclose()


def _is_event(text: str) -> bool:
    return "position" in json.loads(text)


# --- what may be done to what the server says of itself -------------------------------------------


def says(kind: str, **changed: Any) -> Callable[[Front, bool], Tamper]:
    """Every control message of a kind says something else: a value, or what a function makes of the right one."""

    def tamper(front: Front, text: str) -> list[str]:
        message = json.loads(text)
        if message["type"] != kind:
            return [text]
        front.planted += 1
        payload = message["payload"]
        for name, value in changed.items():
            payload[name] = value(payload[name]) if callable(value) else value
        return [json.dumps(message)]

    return lambda _front, _resumed: tamper


def never_says(kind: str) -> Callable[[Front, bool], Tamper]:
    """No control message of a kind is sent."""

    def tamper(front: Front, text: str) -> list[str]:
        is_kind = json.loads(text)["type"] == kind
        front.planted += is_kind
        return [] if is_kind else [text]

    return lambda _front, _resumed: tamper


def without_ids(_front: Front, _resumed: bool) -> Tamper:
    """Blocks of Server-Sent Events have no ids."""

    def tamper(front: Front, block: str) -> list[str]:
        lines = block.split("\n")
        front.planted += any(line.startswith("id:") for line in lines)
        return ["\n".join(line for line in lines if not line.startswith("id:"))]

    return tamper


# --- what may be done to the events of a connection -----------------------------------------------


def _every(nth: int, do: Callable[[str], list[str]]) -> Callable[[Front, bool], Tamper]:
    def begin(_front: Front, _resumed: bool) -> Tamper:
        seen = 0

        def tamper(front: Front, text: str) -> list[str]:
            nonlocal seen
            seen += _is_event(text)
            if seen % nth or not _is_event(text):
                return [text]
            front.planted += 1
            return do(text)

        return tamper

    return begin


def drops(nth: int) -> Callable[[Front, bool], Tamper]:
    """Every n-th event is left out."""
    return _every(nth, lambda _text: [])


def doubles(nth: int) -> Callable[[Front, bool], Tamper]:
    """Every n-th event is sent twice."""
    return _every(nth, lambda text: [text, text])


def alters(nth: int) -> Callable[[Front, bool], Tamper]:
    """Every n-th event has another payload."""
    return _every(nth, lambda text: [text.replace('"payload":{', '"payload":{"planted":1,')])


def swaps(nth: int) -> Callable[[Front, bool], Tamper]:
    """Every n-th event comes after the one that follows it."""

    def begin(_front: Front, _resumed: bool) -> Tamper:
        seen, held = 0, ""

        def tamper(front: Front, text: str) -> list[str]:
            nonlocal seen, held
            before, held = held, ""
            if not _is_event(text):
                return [before, text] if before else [text]
            seen += 1
            if before:
                front.planted += 1
                return [text, before]
            if seen % nth:
                return [text]
            held = text
            return []

        return tamper

    return begin


def forgets_after_resume(_front: Front, resumed: bool) -> Tamper:
    """The first event after a reconnect is lost."""
    lost = not resumed

    def tamper(front: Front, text: str) -> list[str]:
        nonlocal lost
        if lost or not _is_event(text):
            return [text]
        lost = True
        front.planted += 1
        return []

    return tamper
