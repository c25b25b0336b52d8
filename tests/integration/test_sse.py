"""`GET /api/stream`: the socket's promises, kept over Server-Sent Events."""

# covers: app.api.stream, app.api.sse

import asyncio
import json
import socket
from functools import partial
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import connect

from tests.integration.served import (
    PATIENCE_S,
    Json,
    Served,
    daily,
    day,
    new_symbol,
    receive_text,
    serving,
    subscribe,
)
from tests.integration.sse import Block, event_source


def events(blocks: list[Block]) -> list[Json]:
    return [one.message for one in blocks if one.data and "position" in one.message]


def versions(blocks: list[Block]) -> list[int]:
    return [one["version"] for one in events(blocks)]


def post_days(served: Served, symbol: str, *numbers: int) -> None:
    served.post_prices(*(daily(symbol, f"{5 + number}", number) for number in numbers))


async def test_history_runs_into_live_in_the_very_text_of_the_socket(served: Served) -> None:
    symbol, count = new_symbol(), 40
    post_days(served, symbol, *range(20))

    async def write() -> None:
        for number in range(20, count):
            await asyncio.to_thread(post_days, served, symbol, number)

    def is_last(block: Block) -> bool:
        message = block.message if block.data else {}
        return message.get("stream") == f"regime:{symbol}" and message["version"] == count

    writer = asyncio.create_task(write())
    query = f"channels=prices,regime&symbols={symbol}&history=all"
    async with event_source(served, query) as source:
        blocks = await source.until(is_last)
    await writer
    epoch = served.get("/api/events?limit=1")["epoch"]
    async with connect(served.socket_url) as ws:
        await ws.send(subscribe("prices", "regime", symbols=[symbol], history="all"))
        texts = [await receive_text(ws) for _ in range(2 * count + 2)]
    carried = [one for one in blocks if one.data and "position" in one.message]
    assert [one.data for one in carried] == [one for one in texts if '"position":' in one][
        : 2 * count
    ]
    assert len(carried) == 2 * count
    for one in carried:
        assert (one.event, one.id) == (one.message["type"], f"{epoch}:{one.message['position']}")


async def test_the_stream_begins_with_what_a_browser_needs(served: Served) -> None:
    symbol = new_symbol()
    post_days(served, symbol, 0)
    async with event_source(served, f"channels=prices&symbols={symbol}") as source:
        headers = source.answer.headers
        blocks = await source.until_event("caught_up")
    assert headers["content-type"] == "text/event-stream; charset=utf-8"
    assert headers["cache-control"] == "no-store"
    assert headers["x-accel-buffering"] == "no"
    assert [one.event for one in blocks] == [
        "",
        "subscription_confirmed",
        "price_update",
        "caught_up",
    ]
    assert (blocks[0].retry, blocks[1].id) == (2000, None)
    confirmed, caught_up = blocks[1].message["payload"], blocks[3].message["payload"]
    assert blocks[3].id == f"{confirmed['epoch']}:{caught_up['position']}"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("last=2", [5, 6]),
        ("after=3", [4, 5, 6]),
        (f"since={day(3)}", [4, 5, 6]),
        ("history=all", [1, 2, 3, 4, 5, 6]),
        ("history=none", []),
        ("", [1, 2, 3, 4, 5, 6]),
        ("symbols=OTHER&history=all", []),
        ("delivery=latest&history=all&user_id=me", [1, 2, 3, 4, 5, 6]),
    ],
)
async def test_history_of_every_kind(tmp_path: Path, query: str, expected: list[int]) -> None:
    with serving(tmp_path) as served:
        post_days(served, "SPX", *range(6))
        after = served.events("channels=prices")[2]["position"]
        query = query.replace("after=3", f"after={after}")
        async with event_source(served, f"channels=prices&{query}") as source:
            assert versions(await source.until_event("caught_up")) == expected


async def test_it_resumes_after_the_last_event_id_whatever_the_parameters_say(
    served: Served,
) -> None:
    symbol = new_symbol()
    post_days(served, symbol, *range(4))
    query = f"channels=prices&symbols={symbol}&history=all&epoch=another"
    async with event_source(served, query) as source:
        blocks = await source.until_event("caught_up")
    assert versions(blocks) == [1, 2, 3, 4]
    event_id = next(one.id for one in blocks if one.data and one.message.get("version") == 2)
    assert event_id is not None
    async with event_source(served, query, Last_Event_ID=event_id) as source:
        blocks = await source.until_event("caught_up")
        assert versions(blocks) == [3, 4]
        assert blocks[1].message["payload"]["resumed"] is True


async def test_a_heartbeat_carries_the_cursor_on(tmp_path: Path) -> None:
    with serving(tmp_path, heartbeat_s=0.1) as served:
        async with event_source(served, "channels=regime&history=none") as source:
            await source.until_event("caught_up")
            served.post_prices({"symbol": "A", "price": "5", "timestamp": day(0)})
            head = served.head()
            beat = (
                await source.until(
                    lambda one: one.event == "heartbeat" and one.message["payload"]["head"] >= head
                )
            )[-1]
        epoch = served.get("/api/events?limit=1")["epoch"]
        assert beat.id == f"{epoch}:{beat.message['payload']['head']}"


@pytest.mark.parametrize(
    ("query", "event_id", "status", "code", "problem"),
    [
        ("", "another:1", 409, "epoch_mismatch", "another"),
        ("after=1&epoch=another", None, 409, "epoch_mismatch", "another"),
        ("after=9007199254740991", None, 409, "position_beyond_head", "9007199254740991"),
        ("", "12", 400, "invalid_request", "Last-Event-ID"),
        ("", "a:b:3", 400, "invalid_request", "Last-Event-ID"),
        ("", "another:9999999999999999", 422, "invalid_request", "history"),
        ("last=3&after=1", None, 422, "invalid_request", "one of last, after, since"),
        ("last=0", None, 422, "invalid_request", "last"),
        ("last=10001", None, 422, "invalid_request", "last"),
        ("history=some", None, 422, "invalid_request", "history"),
        ("since=yesterday", None, 422, "invalid_request", "since"),
        ("channels=moods", None, 422, "invalid_request", "channels.0"),
        ("channels=", None, 422, "invalid_request", "channels"),
        ("symbols=bad%20symbol", None, 422, "invalid_request", "symbols.0"),
        ("delivery=sometimes", None, 422, "invalid_request", "delivery"),
        ("key=secret", None, 422, "invalid_request", "no such parameter"),
        ("token=secret", None, 400, "token_in_query", "is not taken"),
    ],
)
def test_what_cannot_be_streamed_is_refused_before_the_stream_starts(
    served: Served, query: str, event_id: str | None, status: int, code: str, problem: str
) -> None:
    headers = {} if event_id is None else {"Last-Event-ID": event_id}
    answer = served.http.get(f"/api/stream?{query}", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem in answer.json()["detail"]


async def test_a_server_that_stops_says_when_to_come_back_and_ends_the_stream(
    tmp_path: Path,
) -> None:
    with serving(tmp_path) as served:
        async with event_source(served, "channels=prices") as source:
            await source.until_event("caught_up")
            stopping = asyncio.create_task(asyncio.to_thread(served.stop))
            last = (await source.until_event("shutdown"))[-1]
            assert last.retry == round(last.message["payload"]["reconnect_after_s"] * 1000)
            assert [one async for one in source.blocks] == []
            await stopping


async def test_a_client_that_goes_is_forgotten(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        manager = served.app.state.services.manager

        async def count() -> int:
            return int(manager.connections)

        async with event_source(served, "channels=prices") as source:
            await source.until_event("caught_up")
            assert served.call(count) == 1
        while served.call(count):
            await asyncio.sleep(0)


async def test_a_reader_that_stops_reading_is_waited_for_and_misses_nothing(
    tmp_path: Path,
) -> None:
    days, symbols = 1_000, ["S1", "S2", "S3", "S4", "S5", "S6"]
    with serving(tmp_path) as served, socket.socket() as frozen:
        # What the kernels keep for a connection is not what this is about.
        frozen.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        frozen.settimeout(PATIENCE_S)
        frozen.connect(("127.0.0.1", httpx.URL(served.url).port))
        frozen.sendall(
            b"GET /api/stream?channels=prices,regime HTTP/1.1\r\nHost: localhost\r\n\r\n"
        )
        async with event_source(served, "channels=prices,regime") as source:
            await source.until_event("caught_up")
            for symbol in symbols:
                await asyncio.to_thread(post_days, served, symbol, *range(days))
            got = await source.until(lambda one: one.data.find(f'"regime:S6","version":{days}') > 0)
            assert len(events(got)) == 2 * days * len(symbols)
            sent = served.call(partial(_bytes_sent, served))
            assert sent[0] < sent[1] / 2
        last = f'"stream":"regime:S6","version":{days},'.encode()
        texts = (await asyncio.to_thread(_read_until, frozen, last)).split("\n")
        carried = [json.loads(one[6:]) for one in texts if one.startswith("data: ")]
        for name in symbols:
            mine = [one["version"] for one in carried if one.get("stream") == f"prices:{name}"]
            assert mine == list(range(1, days + 1))


async def _bytes_sent(served: Served) -> list[int]:
    connections = served.app.state.services.manager._connections
    return sorted(one._transport.bytes_sent for one in connections)


def _read_until(frozen: socket.socket, last: bytes) -> str:
    read = bytearray()
    while last not in read[-4096:]:
        more = frozen.recv(4096)
        assert more, "the stream ended"
        read += more
    # The last line may be in parts.
    return read.decode().rpartition("\n")[0]
