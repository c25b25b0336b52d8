"""The plain way to a client: under any server, at the pace of ASGI's `send`."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from starlette.websockets import WebSocket

from app.stream.asgi import AsgiTransport
from app.stream.transport import ClientGone, Frames
from events.messages import EventText

ONE, TWO, THREE = (
    EventText(number, "prices:A", number, "price_update", f'{{"n":{number}}}')
    for number in (1, 2, 3)
)


class Server:
    """A server whose client reads when the test says so."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.readable = asyncio.Event()
        self.readable.set()
        self.broken = False

    async def send(self, message: Mapping[str, Any]) -> None:
        await self.readable.wait()
        if self.broken:
            raise OSError("planted: broken pipe")
        if message["type"] == "websocket.send":
            self.texts.append(message["text"])

    async def transport(self) -> AsgiTransport:
        async def receive() -> dict[str, str]:
            return {"type": "websocket.connect"}

        scope: dict[str, Any] = {"type": "websocket", "path": "/", "headers": []}
        socket = WebSocket(scope, receive, self.send)
        await socket.accept()
        return AsgiTransport(socket)


@pytest.fixture
def server() -> Server:
    return Server()


async def test_what_was_offered_goes_out_before_what_is_sent_after_it(server: Server) -> None:
    transport = await server.transport()
    assert transport.offer(Frames([ONE, TWO]))
    await transport.send_events([THREE])
    await transport.send("{}")
    assert server.texts == [ONE.text, TWO.text, THREE.text, "{}"]
    assert transport.bytes_sent == sum(map(len, server.texts))


async def test_a_client_that_has_not_taken_the_last_offer_gets_no_other(server: Server) -> None:
    transport = await server.transport()
    server.readable.clear()
    assert transport.offer(Frames([ONE]))
    assert not transport.offer(Frames([TWO]))
    server.readable.set()
    await transport.send("{}")
    assert transport.offer(Frames([THREE]))
    await transport.send("{}")
    assert server.texts == [ONE.text, "{}", THREE.text, "{}"]


async def test_a_client_that_has_gone_is_told_to_who_sends_not_to_who_offers(
    server: Server,
) -> None:
    transport = await server.transport()
    server.broken = True
    assert transport.offer(Frames([ONE]))
    with pytest.raises(ClientGone):
        await transport.send("{}")
    await transport.close(1000, "bye")
    assert server.texts == []


async def test_a_goodbye_to_one_that_has_just_gone_is_no_fault(server: Server) -> None:
    transport = await server.transport()
    server.broken = True
    await transport.close(1000, "bye")
