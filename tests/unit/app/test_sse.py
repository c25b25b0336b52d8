"""Server-Sent Events as a wire: what it writes for what a connection sends, and when it waits."""

import asyncio
from typing import Any

import orjson
import pytest

from app.api.sse import RECONNECT_MS, WRITE_BYTES, SseTransport
from app.stream.protocol import Subscribe, SubscribePayload, parse_client_message
from app.stream.transport import ClientGone, Frames
from events.catalog import Channel
from events.messages import EventText

ASKED = SubscribePayload(channels=[Channel.PRICES])


class Client:
    """One that reads when it is let to."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.reads = asyncio.Event()
        self.reads.set()
        self.heard: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.wire = SseTransport(ASKED, self.heard.get, self._send)

    async def _send(self, message: Any) -> None:
        await self.reads.wait()
        self.sent.append(message)

    @property
    def text(self) -> str:
        return b"".join(one["body"] for one in self.sent).decode()


def control(kind: str, **payload: Any) -> str:
    return orjson.dumps({"type": kind, "payload": payload}).decode()


def event(position: int, text: str = "{}") -> EventText:
    return EventText(position, "prices:A", position, "price_update", text)


CONFIRMED = control("subscription_confirmed", epoch="e", head=9)


async def test_the_client_says_its_subscribe_and_then_nothing_until_it_goes() -> None:
    client = Client()
    said = await client.wire.receive()
    assert said is not None
    message = parse_client_message(said)
    assert isinstance(message, Subscribe)
    assert message.payload == ASKED
    client.heard.put_nowait({"type": "http.request", "body": b""})
    client.heard.put_nowait({"type": "http.disconnect"})
    assert await client.wire.receive() is None


async def test_what_carries_a_position_carries_the_cursor() -> None:
    client = Client()
    await client.wire.begin()
    await client.wire.send(CONFIRMED)
    await client.wire.send_events([event(7), event(8, '{"a":1}')])
    caught_up, lagging = control("caught_up", position=9), control("lagging", from_position=9)
    await client.wire.send(caught_up)
    await client.wire.send(lagging)
    assert client.text == (
        f"retry: {RECONNECT_MS}\n\n"
        f"event: subscription_confirmed\ndata: {CONFIRMED}\n\n"
        "id: e:7\nevent: price_update\ndata: {}\n\n"
        'id: e:8\nevent: price_update\ndata: {"a":1}\n\n'
        f"id: e:9\nevent: caught_up\ndata: {caught_up}\n\n"
        f"event: lagging\ndata: {lagging}\n\n"
    )
    assert client.wire.bytes_sent == len(client.text)


async def test_a_shutdown_tells_a_browser_when_to_come_back() -> None:
    client = Client()
    goodbye = control("shutdown", reconnect_after_s=1.2345)
    await client.wire.send(goodbye)
    assert client.text == f"retry: 1234\nevent: shutdown\ndata: {goodbye}\n\n"


async def test_a_page_goes_out_in_writes_of_a_bounded_size() -> None:
    client = Client()
    long = '"' + "x" * (WRITE_BYTES // 2) + '"'
    await client.wire.send_events([event(position, long) for position in range(1, 6)])
    assert [one["body"].count(b"data: ") for one in client.sent] == [2, 2, 1]


async def test_an_offer_is_refused_while_the_client_does_not_read_and_sending_waits() -> None:
    client = Client()
    await client.wire.send(CONFIRMED)
    client.reads.clear()
    beat = control("heartbeat", head=9)
    assert client.wire.offer(Frames([event(1)]))
    assert not client.wire.offer(Frames([event(2)]))
    sending = asyncio.create_task(client.wire.send_events([event(3)]))
    await asyncio.sleep(0)
    assert len(client.sent) == 1
    client.reads.set()
    await sending
    assert client.wire.offer(Frames(control=beat))
    await client.wire.send_events([event(10)])
    ids = [line for line in client.text.splitlines() if line.startswith("id: ")]
    assert ids == ["id: e:1", "id: e:3", "id: e:9", "id: e:10"]


async def test_a_refused_subscribe_ends_the_stream_since_nothing_would_follow() -> None:
    client = Client()
    with pytest.raises(ClientGone):
        await client.wire.send(control("error", code="epoch_mismatch"))
    assert "event: error" in client.text


async def test_closing_drops_what_was_offered_and_ends_the_body_once() -> None:
    client = Client()
    client.reads.clear()
    assert client.wire.offer(Frames([event(1)]))
    await asyncio.sleep(0)
    client.reads.set()
    for _ in range(2):
        await client.wire.close(1012, "restart")
    assert client.sent[-1] == {"type": "http.response.body", "body": b"", "more_body": False}
    assert sum(not one["more_body"] for one in client.sent) == 1


async def test_a_wire_that_is_broken_is_a_client_that_has_gone() -> None:
    async def broken(message: Any) -> None:
        raise OSError("gone")

    wire = SseTransport(ASKED, asyncio.Queue[Any]().get, broken)
    with pytest.raises(ClientGone):
        await wire.send_events([event(1)])
    assert wire.offer(Frames([event(1)]))
    with pytest.raises(ClientGone):
        await wire.send(CONFIRMED)
    await wire.close(1000, "")
