"""The broadcast of FastAPI's own tutorial on WebSockets, with a list as its store: `python certificate_broadcast.py`.

The `ConnectionManager` is the tutorial's (https://fastapi.tiangolo.com/advanced/websockets/, "Handling
disconnections and multiple clients"), with its loop and all. A POST puts an event at the next place of the
list and broadcasts it with that place, so that it can be judged; a subscriber has no way to say where it left off.
"""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import httpx
import uvicorn
from fastapi import FastAPI, WebSocket, WebSocketDisconnect
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from benchmarks.certificate_history import History, Item, Stretch, View, Write
from benchmarks.certificate_load import LOOK_S, SLOW_PAUSE_S, SLOW_READ, Kind, Load, Settling
from tests.ports import free_port

OUR_HOST: Final = "127.0.0.1"
GONE_S: Final = 2.0
"""Nothing is sent again: once nothing has come for so long, nothing will."""


class ConnectionManager:
    """The tutorial's."""

    def __init__(self) -> None:
        self.active_connections: list[WebSocket] = []

    async def connect(self, websocket: WebSocket) -> None:
        """Take one more."""
        await websocket.accept()
        self.active_connections.append(websocket)

    def disconnect(self, websocket: WebSocket) -> None:
        """Let one go."""
        self.active_connections.remove(websocket)

    async def broadcast(self, message: str) -> None:
        """Tell everybody."""
        for connection in self.active_connections:
            await connection.send_text(message)


def program() -> FastAPI:
    """The server."""
    app, manager, stored = FastAPI(), ConnectionManager(), list[list[int]]()

    @app.post("/events")
    async def write(event: list[int]) -> int:
        stored.append(event)
        position = len(stored)
        await manager.broadcast(json.dumps([position, *event]))
        return position

    @app.get("/events")
    async def read() -> list[list[int]]:
        return stored

    @app.websocket("/ws")
    async def follow(websocket: WebSocket) -> None:
        await manager.connect(websocket)
        try:
            while True:
                await websocket.receive_text()
        except WebSocketDisconnect:
            manager.disconnect(websocket)

    return app


async def _follow(
    port: int, view: View, load: Load, may_come: Callable[[], Awaitable[None]]
) -> None:
    """One subscriber, until it is cancelled. What it is owed begins with the first event that it sees."""
    chance = load.cuts(view)
    if view.kind == Kind.LATE:
        await may_come()
    while True:
        upto = load.stay(chance) if view.kind == Kind.RECONNECTING else None
        with suppress(ConnectionClosed):
            async with connect(f"ws://{OUR_HOST}:{port}/ws", proxy=None) as socket:
                stretch = Stretch(view.cursor)
                view.stretches.append(stretch)
                while len(stretch.came) != upto:
                    item = Item(*json.loads(await socket.recv()))
                    if view.kind == Kind.LATE and not stretch.came:
                        stretch.after = item.position - 1
                    stretch.came.append(item)
                    if view.kind == Kind.SLOW and len(stretch.came) % SLOW_READ == 0:
                        await asyncio.sleep(SLOW_PAUSE_S)


async def _write(http: httpx.AsyncClient, writer: int, load: Load, writes: list[Write]) -> None:
    for number in range(load.each):
        write = Write(writer, number)
        writes.append(write)
        answer = await http.post("/events", json=[writer, number])
        if answer.is_success:  # else a subscriber that went away broke the broadcast
            write.position, write.acknowledged = answer.json(), True


async def _run(port: int, load: Load) -> History:
    writes: list[Write] = []
    views = load.views()

    async def third() -> None:
        while len(writes) < load.events / 3:
            await asyncio.sleep(LOOK_S)

    limits = httpx.Limits(max_connections=load.writers)
    async with httpx.AsyncClient(
        base_url=f"http://{OUR_HOST}:{port}", limits=limits, timeout=30, trust_env=False
    ) as http:
        await _serves(http)
        following = [asyncio.create_task(_follow(port, view, load, third)) for view in views]
        while sum(bool(view.stretches) for view in views) < len(views) - load.of_each_kind:
            await asyncio.sleep(LOOK_S)
        await asyncio.gather(*(_write(http, n, load, writes) for n in range(load.writers)))
        found = (await http.get("/events")).json()
        stored = [Item(place, *event) for place, event in enumerate(found, start=1)]
        settling = Settling(views, len(stored), GONE_S)
        while not settling.is_over():
            for task in following:
                if task.done():
                    task.result()  # a failure here is ours, and no finding on the peer
            await asyncio.sleep(LOOK_S)
        for task in following:
            task.cancel()
        await asyncio.gather(*following, return_exceptions=True)
    return History(stored, writes, views)


async def _serves(http: httpx.AsyncClient) -> None:
    while True:
        with suppress(httpx.TransportError):
            await http.get("/events")
            return
        await asyncio.sleep(LOOK_S)


def run(load: Load) -> History:
    """Start the server in a process of its own, write and follow; what came of it."""
    port = free_port()

    async def all_of_it() -> History:
        serving = await asyncio.create_subprocess_exec(sys.executable, __file__, str(port))
        try:
            return await _run(port, load)
        finally:
            serving.kill()
            await serving.wait()

    return asyncio.run(all_of_it())


if __name__ == "__main__":
    uvicorn.run(program(), host=OUR_HOST, port=int(sys.argv[1]), log_level="critical")
