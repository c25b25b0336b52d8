"""What clients do to connections below the protocol's messages: the server stops cleanly, and keeps nothing."""

# covers: app.stream.direct, app.serving

import asyncio
import socket
import time
from pathlib import Path

from websockets.asyncio.client import connect
from websockets.frames import Frame, Opcode

from tests.integration.served import Served, daily, receive_until, serving, subscribe

UPGRADE = (
    b"GET /ws/synapse HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


def raw(served: Served) -> socket.socket:
    host, port = served.url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=10)


async def test_a_server_stops_though_a_goodbye_lies_unread_before_what_it_sent(
    tmp_path: Path,
) -> None:
    with serving(tmp_path) as served:
        served.post_prices(*(daily("SPX", "5", number) for number in range(300)))
        client = raw(served)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        client.sendall(UPGRADE)
        text = subscribe("prices", "regime", history="all").encode()
        client.sendall(Frame(Opcode.TEXT, text).serialize(mask=True))
        client.recv(1_000)
        client.sendall(Frame(Opcode.CLOSE, b"\x03\xe8").serialize(mask=True))
        async with connect(served.socket_url) as other:
            await other.send(subscribe("prices", history="none"))
            await receive_until(other, "caught_up")
            stopping = asyncio.create_task(asyncio.to_thread(served.stop))
            assert (await receive_until(other, "shutdown"))[-1]["payload"]["reconnect_after_s"] > 0
            await stopping
        client.close()


async def test_a_connection_is_not_handed_over_in_the_midst_of_an_answer(tmp_path: Path) -> None:
    with serving(tmp_path) as served, raw(served) as client:
        client.sendall(b"GET /api/stream?channels=prices HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert b"200 OK" in client.recv(1_000)
        client.sendall(UPGRADE)
        ended = time.monotonic() + 10
        while client.recv(65_536):
            assert time.monotonic() < ended
        while served.get("/api/connections")["total"]:
            assert time.monotonic() < ended
