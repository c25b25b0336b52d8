"""A server that says what a script says: one script a connection, in their order."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from app.client.limits import Limits
from tests.unit.client.test_messages import PRICE, TIME

EPOCH: Final = "the-epoch"
QUICK: Final = Limits(backoff_s_min=0.01, backoff_s_max=0.02, closing_s_max=0.2, silence_s_min=0.05)
"""For tests that see the client come back."""

Json = dict[str, Any]


@dataclass
class Talk:
    """One connection as a script sees it."""

    socket: ServerConnection
    asked: Json
    request_id: str

    async def say(self, kind: str, payload: Json, **envelope: Any) -> None:
        message = {"msg_id": "s", "type": kind, "payload": payload, "direction": "s2c"}
        await self.socket.send(json.dumps({**message, "timestamp": TIME, **envelope}))

    async def confirm(self, head: int = 0, epoch: str = EPOCH, heartbeat_s: float = 60.0) -> None:
        payload = {
            "request_msg_id": self.request_id,
            "channels": ["prices"],
            "epoch": epoch,
            "head": head,
            "resumed": "after" in self.asked["history"],
            "protocol_version": 1,
            "schema_hash": "x",
            "heartbeat_s": heartbeat_s,
        }
        await self.say("subscription_confirmed", payload)

    async def event(self, position: int, version: int | None = None, symbol: str = "A") -> None:
        version = position if version is None else version
        place = {"position": position, "stream": f"prices:{symbol}", "version": version}
        await self.say("price_update", PRICE, occurred_at=TIME, source="api", **place)

    async def events(self, *positions: int) -> None:
        for position in positions:
            await self.event(position)

    async def caught_up(self, position: int) -> None:
        await self.say("caught_up", {"request_msg_id": self.request_id, "position": position})

    async def error(self, code: str, severity: str = "business_logic_error") -> None:
        payload = {"severity": severity, "code": code, "message": "no", "details": []}
        await self.say("error", {**payload, "request_msg_id": self.request_id})

    async def stay(self) -> None:
        """Until the client closes."""
        await self.socket.wait_closed()


Script = Callable[[Talk], Awaitable[None]]


@dataclass
class Scripted:
    """A running server, and what its clients asked for."""

    url: str = ""
    asked: list[Json] = field(default_factory=list)
    headers: list[str | None] = field(default_factory=list)


@asynccontextmanager
async def scripted(*scripts: Script) -> AsyncIterator[Scripted]:
    """Serve: the first script to the first connection; one more than there are is closed with 4499."""
    server, left = Scripted(), list(scripts)

    async def handle(socket: ServerConnection) -> None:
        assert socket.request is not None
        server.headers.append(socket.request.headers.get("Authorization"))
        try:
            message = json.loads(await socket.recv())
            server.asked.append(message["payload"])
            if not left:
                await socket.close(4499, "no script is left")
                return
            await left.pop(0)(Talk(socket, message["payload"], message["msg_id"]))
        except ConnectionClosed:
            return

    async with serve(handle, "127.0.0.1", 0) as running:
        port = running.sockets[0].getsockname()[1]
        server.url = f"http://127.0.0.1:{port}"
        yield server
