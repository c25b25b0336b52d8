"""The servers that the stream is measured beside, each a process of its own: `python stream_peers.py NAME`.

A server prints one JSON line, `{"port": ..., "pid": ...}`, once it listens (`pid`: the process whose time and
memory count). Then it obeys JSON lines on its standard input: `{"viewers": n, "events": m, "burst": b,
"every_s": s}` means: wait for n viewers, then publish m events, b of them ready at once, the next ones when
those are handed over and not earlier than s seconds after. It answers with a line `{"published": [...]}`:
when (CLOCK_MONOTONIC, ns) each burst was. It ends when its input does.

Every event is the same text of the same size as ours (`EVENT_TEXT`), so nobody's encoding is measured.
"""

import asyncio
import json
import os
import socket
import sys
import time
import uuid
from collections.abc import Awaitable, Callable, Coroutine
from importlib import import_module
from pathlib import Path
from typing import Any, cast

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.wire_clients import raise_open_files, server_frame

EVENT_TEXT = (
    '{"msg_id":"019bc6a1-5cf0-7c2e-9a41-0d6c1f2e3b4a","type":"price_update","payload":{"timestamp":'
    '"2026-01-16T12:00:00.000000Z","symbol":"^^00","price":"5021.84","open":"5019.10","high":"5022.96",'
    '"low":"5018.77","volume":"120934","bar_s":60,"corrects":null},"direction":"s2c","timestamp":'
    '"2026-01-16T12:00:00.123456Z","position":100000,"stream":"prices:^^00","version":10000,'
    '"occurred_at":"2026-01-16T12:00:00.000000Z","source":"simulated"}'
)
EVENT_BYTES = EVENT_TEXT.encode()

EVENT_HEAD_BYTES, EVENT_ID_BYTES = len('{"msg_id":"'), 36

Publish = Callable[[int], Awaitable[None]]
"""Hands over a burst of so many events to every viewer."""


def fresh_text() -> str:
    """The event's text with an id of its own, as every event has one: what is always the same compresses well."""
    end = EVENT_HEAD_BYTES + EVENT_ID_BYTES
    return f"{EVENT_TEXT[:EVENT_HEAD_BYTES]}{uuid.uuid4()}{EVENT_TEXT[end:]}"


def say(**fields: object) -> None:
    """One line to the benchmark."""
    sys.stdout.write(json.dumps(fields) + "\n")
    sys.stdout.flush()


async def obey(
    publish: Publish, viewers: Callable[[], int], answer: Callable[..., None] = say
) -> None:
    """Do what the benchmark's lines ask, until there are no more."""
    loop = asyncio.get_running_loop()
    lines = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while line := await lines.readline():
        order = json.loads(line)
        while viewers() < order["viewers"]:
            await asyncio.sleep(0.01)
        published, next_at = [], loop.time()
        for _ in range(0, order["events"], order["burst"]):
            await asyncio.sleep(max(0.0, next_at - loop.time()))
            next_at += order["every_s"]
            published.append(time.monotonic_ns())
            await publish(order["burst"])
            # uvloop writes at the end of its round: without one, events of two bursts would share a write.
            await asyncio.sleep(0)
        answer(published=published)


def listen() -> socket.socket:
    """A listening socket on a port of its own."""
    return socket.create_server(("127.0.0.1", 0), backlog=4096)


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run a server on uvloop, where there is one, until its orders end."""
    raise_open_files()
    try:
        from uvloop import new_event_loop
    except ImportError:
        new_event_loop = asyncio.new_event_loop  # type: ignore[assignment]
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(main)


# --- FastAPI --------------------------------------------------------------------------------------


async def serve_asgi(app: Any, work: Coroutine[Any, Any, None], **options: Any) -> None:
    """Serve an application with uvicorn's defaults and these options, while the work lasts."""
    import uvicorn

    listener = listen()
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", **options))
    serving = asyncio.create_task(server.serve([listener]))
    while not server.started:
        await asyncio.sleep(0.01)
    say(port=listener.getsockname()[1], pid=os.getpid())
    await work
    server.should_exit = True
    await serving


async def fastapi(**options: Any) -> None:
    """The plain way: a set of sockets, and `send_text` to each in turn."""
    from fastapi import FastAPI, WebSocket, WebSocketDisconnect

    app, viewers = FastAPI(), set[WebSocket]()

    @app.websocket("/")
    async def viewer(websocket: WebSocket) -> None:
        await websocket.accept()
        viewers.add(websocket)
        try:
            while True:
                await websocket.receive_text()
        except WebSocketDisconnect:
            viewers.discard(websocket)

    async def publish(burst: int) -> None:
        for text in [fresh_text() for _ in range(burst)]:
            for websocket in list(viewers):
                await websocket.send_text(text)

    await serve_asgi(app, obey(publish, lambda: len(viewers)), **options)


# --- Python's WebSocket servers -------------------------------------------------------------------


async def websockets_broadcast() -> None:
    """`websockets.broadcast`, without compression."""
    from websockets.asyncio.server import ServerConnection, broadcast, serve

    viewers = set[ServerConnection]()

    async def viewer(connection: ServerConnection) -> None:
        viewers.add(connection)
        try:
            await connection.wait_closed()
        finally:
            viewers.discard(connection)

    async def publish(burst: int) -> None:
        for _ in range(burst):
            broadcast(viewers, EVENT_TEXT)

    listener = listen()
    async with serve(viewer, sock=listener, compression=None):
        say(port=listener.getsockname()[1], pid=os.getpid())
        await obey(publish, lambda: len(viewers))


async def picows() -> None:
    """picows: a WebSocket transport in Cython; it need not be installed for this file to be checked."""
    library: Any = import_module("picows")
    viewers = set[Any]()

    class Viewer(library.WSListener):  # type: ignore[misc]
        def on_ws_connected(self, transport: Any) -> None:
            viewers.add(transport)

        def on_ws_disconnected(self, transport: Any) -> None:
            viewers.discard(transport)

    async def publish(burst: int) -> None:
        for _ in range(burst):
            for transport in viewers:
                transport.send(library.WSMsgType.TEXT, EVENT_BYTES)

    listener = listen()
    server = await library.ws_create_server(lambda _request: Viewer(), sock=listener)
    say(port=listener.getsockname()[1], pid=os.getpid())
    await obey(publish, lambda: len(viewers))
    server.close()


async def prebuilt() -> None:
    """The limit of an event loop in Python: one `transport.write` of ready bytes for each viewer."""
    from benchmarks.wire_clients import KEY_ACCEPTED

    viewers = set[asyncio.Transport]()

    class Viewer(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport = cast(asyncio.Transport, transport)

        def data_received(self, data: bytes) -> None:
            if data.startswith(b"GET "):
                self.transport.write(KEY_ACCEPTED)
                viewers.add(self.transport)

        def connection_lost(self, _error: Exception | None) -> None:
            viewers.discard(self.transport)

    async def publish(burst: int) -> None:
        frames = server_frame(EVENT_BYTES) * burst
        for transport in viewers:
            transport.write(frames)

    listener = listen()
    await asyncio.get_running_loop().create_server(Viewer, sock=listener)
    say(port=listener.getsockname()[1], pid=os.getpid())
    await obey(publish, lambda: len(viewers))


SERVERS: dict[str, Callable[[], Coroutine[Any, Any, None]]] = {
    "fastapi": fastapi,
    "fastapi-plain": lambda: fastapi(ws_per_message_deflate=False),
    "websockets": websockets_broadcast,
    "picows": picows,
    "prebuilt": prebuilt,
}

if __name__ == "__main__":
    run(SERVERS[sys.argv[1]]())
