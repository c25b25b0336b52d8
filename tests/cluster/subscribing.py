"""One subscribe at a node, and what becomes of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from app.check.transcript import loose
from app.check.wire import message
from app.client.opening import open_socket
from app.client.request import socket_url
from tests.cluster.node import TOKEN, Node
from tests.cluster.viewer import EVERYTHING
from tests.integration.served import PATIENCE_S

UNAVAILABLE: Final = 4001
"""The close code that says: the store cannot be read now, come back later."""


async def first_answer(node: Node, history: Any) -> dict[str, Any]:
    """What a new viewer hears first; a close counts as `{"closed": 4001}`."""
    text = message("subscribe", EVERYTHING | {"history": history}, "subscribe 1")
    return await first_said(node, "/ws/synapse", text)


async def first_said(node: Node, path: str, text: str) -> dict[str, Any]:
    """What a socket hears first after it said something."""
    async with _opened(node, path) as socket:
        await socket.send(text)
        try:
            return loose(str(await socket.recv()))
        except ConnectionClosed as closed:
            return {"closed": _code(closed)}


async def end_of(node: Node, history: Any) -> int:
    """The code with which a new viewer's connection ends."""
    async with _opened(node, "/ws/synapse") as socket:
        await socket.send(message("subscribe", EVERYTHING | {"history": history}, "subscribe 1"))
        try:
            while True:
                await socket.recv()
        except ConnectionClosed as closed:
            return _code(closed)


@asynccontextmanager
async def _opened(node: Node, path: str) -> AsyncIterator[ClientConnection]:
    url = socket_url(node.url).removesuffix("/ws/synapse") + path
    async with asyncio.timeout(PATIENCE_S), await open_socket(url, TOKEN, proxy=None) as socket:
        yield socket


def _code(closed: ConnectionClosed) -> int:
    assert closed.rcvd is not None
    return closed.rcvd.code
