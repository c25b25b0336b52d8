"""When a token is taken back or ends, all that came in with it is closed within 5 s, whichever way it came."""

# covers: app.stream.sweep, app.access.gate

import asyncio
import socket
import time
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import httpx
import jwt
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from app.access.token_book import token_hash
from events.catalog import CATALOG
from events.envelope import NewEvent
from tests.integration.leaking import SECRET, new_event
from tests.integration.raw_socket import frame, request
from tests.integration.served import PATIENCE_S, Served, message, serving, subscribe

PROMISED_S: Final = 5.0
STATIC: Final = "a-static-token"
KEPT: Final = "another-static-token"
PATHS: Final = ("/ws/synapse", "/ws/replay", "/api/stream")
SHOWN: Final = ("header", "cookie")
EVENTS: Final = 12_000
"""Of half a KB each: more than the kernel takes for a client that does not read."""

End = Callable[["Room"], Coroutine[Any, Any, float]]


def entry(token: str) -> str:
    return (
        f'[[token]]\nname = "{token}"\nsha256 = "{token_hash(token)}"\nscopes = ["read", "admin"]\n'
    )


class Room:
    """A server, and the three kinds of tokens."""

    def __init__(self, served: Served, tokens: Path) -> None:
        self.served, self.tokens = served, tokens
        self.exp = int(time.time()) + 4
        far = int(time.time()) + 600
        claims: dict[str, Any] = {"sub": "x", "scope": "read", "exp": far}
        self.revocable = jwt.encode({**claims, "jti": "7"}, SECRET, "HS256")
        self.short = jwt.encode({**claims, "exp": self.exp}, SECRET, "HS256")

    async def until_expired(self) -> float:
        """When the short token has ended, by the loop's clock."""
        loop = asyncio.get_running_loop()
        await asyncio.sleep(max(0.0, self.exp - time.time()))
        return loop.time()

    async def change(self, text: str) -> float:
        """Replace the file as an operator would; returns when."""
        new = self.tokens.with_suffix(".new")
        new.write_text(text)
        new.replace(self.tokens)
        return asyncio.get_running_loop().time()

    def headers(self, token: str, shown: str) -> dict[str, str]:
        if shown == "header":
            return {"Authorization": f"Bearer {token}"}
        answer = httpx.post(f"{self.served.url}/api/session", json={"token": token})
        assert answer.status_code == 200
        cookie = answer.headers["set-cookie"].partition(";")[0]
        return {"Cookie": cookie, "Origin": self.served.url}

    @property
    def connections(self) -> int:
        """How many it serves; another thread's number."""
        return int(self.served.app.state.services.manager.connections)


class Client:
    """One that follows until it is closed.

    Attributes:
        ready: it is served.
        code: what it was closed with; None of a stream.
        closed_at: by the loop's clock.
    """

    def __init__(self, room: Room, path: str, headers: dict[str, str]) -> None:
        self.room, self.path, self.headers = room, path, headers
        self.ready = asyncio.Event()
        self.code: int | None = None
        self.closed_at = 0.0

    async def run(self) -> None:
        await (self._stream() if self.path == PATHS[2] else self._socket())
        self.closed_at = asyncio.get_running_loop().time()

    async def _socket(self) -> None:
        url = self.room.served.url.replace("http", "ws") + self.path
        async with connect(url, additional_headers=self.headers) as socket:
            first = message("replay_start", channels=["trades"])
            await socket.send(first if "replay" in self.path else subscribe("trades"))
            try:
                while True:
                    await socket.recv()
                    self.ready.set()
            except ConnectionClosed as closed:
                self.code = closed.rcvd.code if closed.rcvd else None

    async def _stream(self) -> None:
        url = f"{self.room.served.url}{self.path}?channels=trades"
        async with (
            httpx.AsyncClient(timeout=PATIENCE_S) as http,
            http.stream("GET", url, headers=self.headers) as answer,
        ):
            async for _ in answer.aiter_raw():
                self.ready.set()


def stalled(room: Room, path: str, headers: dict[str, str]) -> socket.socket:
    """A client that asks for all there is, and reads nothing."""
    host, port = room.served.url.removeprefix("http://").split(":")
    wire = socket.socket()
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    wire.connect((host, int(port)))
    own: dict[str, str | None] = {"Host": f"{host}:{port}", **headers}
    if path == PATHS[2]:
        lines = [f"GET {path}?history=all HTTP/1.1", *(f"{k}: {v}" for k, v in own.items())]
        wire.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        return wire
    start = message("replay_start", channels=["price_alerts"], speed="max")
    asks = start if "replay" in path else subscribe("price_alerts", history="all")
    wire.sendall(request(own, f"GET {path} HTTP/1.1") + frame(1, asks.encode()))
    return wire


async def met(condition: Callable[[], bool], within_s: float) -> bool:
    """Whether a condition comes to hold in time."""
    try:
        async with asyncio.timeout(within_s):
            while not condition():
                await asyncio.sleep(0.02)
    except TimeoutError:
        return False
    return True


def fill(served: Served) -> None:
    """More than is taken for a client that does not read."""
    kind = CATALOG["price_alert"]
    payload = new_event(kind, message="x" * 500).payload
    for _ in range(EVENTS // 1_000):
        batch = [NewEvent(payload=payload, event_id=uuid4(), source="manual") for _ in range(1_000)]
        served.call(partial(served.log.append, batch))


async def removed(room: Room) -> float:
    return await room.change(entry(KEPT))


async def revoked(room: Room) -> float:
    return await room.change('revoked = ["7"]\n' + entry(STATIC) + entry(KEPT))


async def expired(room: Room) -> float:
    return await room.until_expired()


@pytest.mark.parametrize("end", [removed, revoked, expired], ids=lambda end: end.__name__)
async def test_whatever_came_in_with_a_token_ends_with_it(tmp_path: Path, end: End) -> None:
    tokens = tmp_path / "tokens.toml"
    tokens.write_text(entry(STATIC) + entry(KEPT))
    with serving(tmp_path, read="token", tokens_file=tokens, jwt_secret=SECRET) as served:
        await asyncio.to_thread(fill, served)
        room = Room(served, tokens)
        tokens_of = {"removed": STATIC, "revoked": room.revocable, "expired": room.short}
        token = tokens_of[end.__name__]
        shown = [await asyncio.to_thread(room.headers, token, way) for way in SHOWN]
        ends = [Client(room, path, headers) for path in PATHS for headers in shown]
        stays = Client(room, PATHS[0], room.headers(KEPT, "header"))
        async with asyncio.TaskGroup() as running:
            for client in ends:
                running.create_task(client.run())
            staying = running.create_task(stays.run())
            deaf = [stalled(room, path, headers) for path in PATHS for headers in shown]
            everybody = len(ends) + len(deaf) + 1
            async with asyncio.timeout(PATIENCE_S):
                for client in [*ends, stays]:
                    await client.ready.wait()
            assert await met(lambda: room.connections == everybody, PATIENCE_S)
            ended_at = await end(room)
            assert await met(lambda: room.connections == 1, PROMISED_S), room.connections
            assert await met(lambda: all(one.closed_at for one in ends), PATIENCE_S)
            staying.cancel()
        assert all(one.closed_at - ended_at <= PROMISED_S + 0.5 for one in ends)
        assert {one.code for one in ends if one.path != PATHS[2]} == {4401}
        assert not stays.closed_at
        for headers in shown:
            answer = httpx.get(f"{served.url}/api/state", headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (401, "unauthorised")
        for wire in deaf:
            wire.close()
