"""`/ws/synapse` over a real wire: history, then live, without a gap and without anything twice.

All of it twice: over the direct way to the client, and over plain ASGI as any other server gives it.
"""

# covers: app.stream.manager, app.stream.connection, app.stream.transport, app.stream.asgi, app.stream.direct

import asyncio
import json
from pathlib import Path

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from app.stream import manager
from app.stream.asgi import AsgiTransport
from tests.integration.served import (
    PATIENCE_S,
    TOKEN,
    Json,
    Served,
    daily,
    day,
    message,
    new_symbol,
    receive,
    receive_text,
    receive_until,
    serving,
    subscribe,
)

THE_EXAMPLE = (
    '{"msg_id":"test-001","type":"subscribe","payload":{"channels":["regime"],"user_id":"test"},'
    '"direction":"c2s","timestamp":"2026-01-16T12:00:00Z"}'
)


@pytest.fixture(autouse=True, params=["direct", "plain ASGI"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """How the server reaches its clients."""
    if request.param == "plain ASGI":
        monkeypatch.setattr(manager, "open_transport", AsgiTransport)
    return str(request.param)


def payloads(messages: list[Json], kind: str) -> list[Json]:
    return [each["payload"] for each in messages if each["type"] == kind]


def with_position(messages: list[Json]) -> list[Json]:
    return [each for each in messages if "position" in each]


async def closed(socket: ClientConnection) -> tuple[int, list[Json]]:
    """Read until the server closes; its code, and what it said before."""
    said: list[Json] = []
    try:
        while True:
            said.append(await receive(socket))
    except ConnectionClosed as error:
        return error.rcvd.code if error.rcvd else 1006, said


async def test_the_protocols_example_works_as_it_stands(served: Served) -> None:
    symbol = new_symbol()
    served.post_prices(*(daily(symbol, "5", number) for number in range(60)))
    async with connect(served.socket_url) as socket:
        await socket.send(THE_EXAMPLE)
        messages = await receive_until(socket, "caught_up")
        confirmed = messages[0]["payload"]
        assert messages[0]["type"] == "subscription_confirmed"
        assert confirmed["request_msg_id"] == "test-001"
        assert (confirmed["channels"], confirmed["resumed"]) == (["regime"], False)
        assert confirmed["head"] == messages[-1]["payload"]["position"] == served.head()
        history = with_position(messages)
        assert {each["type"] for each in history} == {"regime_update"}
        mine = [each["version"] for each in history if each["payload"]["symbol"] == symbol]
        assert mine == list(range(11, 61))
        served.post_prices(daily(symbol, "6", 60))
        # A heartbeat may come at any time.
        live = (await receive_until(socket, "regime_update"))[-1]
        assert live["version"] == 61
        assert live["payload"]["symbol"] == symbol


@pytest.mark.parametrize(
    ("history", "versions"),
    [
        ({"last": 2}, [5, 6]),
        ({"last": 10_000}, [1, 2, 3, 4, 5, 6]),
        ({"since": day(3)}, [4, 5, 6]),
        ({"since": "9999-12-31T23:59:59.999999Z"}, []),
        ("all", [1, 2, 3, 4, 5, 6]),
        ("none", []),
    ],
)
async def test_history_of_every_kind(tmp_path: Path, history: object, versions: list[int]) -> None:
    with serving(tmp_path) as served:
        served.post_prices(*(daily("SPX", f"{5 + number}", number) for number in range(6)))
        async with connect(served.socket_url) as socket:
            await socket.send(subscribe("prices", history=history))
            messages = await receive_until(socket, "caught_up")
            assert [each["version"] for each in with_position(messages)] == versions


async def test_a_client_resumes_where_it_stopped(served: Served) -> None:
    symbol = new_symbol()
    served.post_prices(*(daily(symbol, f"{5 + number}", number) for number in range(4)))
    async with connect(served.socket_url) as socket:
        await socket.send(subscribe("prices", symbols=[symbol], history="all"))
        messages = await receive_until(socket, "caught_up")
        epoch = messages[0]["payload"]["epoch"]
        cursor = with_position(messages)[1]["position"]
    async with connect(served.socket_url) as socket:
        resumed = {"history": {"after": cursor}, "epoch": epoch}
        await socket.send(subscribe("prices", symbols=[symbol], **resumed))
        messages = await receive_until(socket, "caught_up")
        assert messages[0]["payload"]["resumed"] is True
        assert [each["version"] for each in with_position(messages)] == [3, 4]


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ({"history": {"after": 0}, "epoch": "another"}, "epoch_mismatch"),
        ({"history": {"after": 2**53 - 1}}, "position_beyond_head"),
    ],
)
async def test_a_foreign_cursor_is_refused_and_nothing_is_streamed(
    served: Served, payload: Json, code: str
) -> None:
    async with connect(served.socket_url) as socket:
        await socket.send(subscribe("prices", msg_id="resume", **payload))
        await socket.send(message("ping", "after"))
        error, pong = await receive(socket), await receive(socket)
        assert (error["type"], error["payload"]["code"]) == ("error", code)
        assert error["payload"]["severity"] == "business_logic_error"
        assert error["payload"]["request_msg_id"] == "resume"
        assert pong["payload"]["request_msg_id"] == "after"


async def test_history_runs_into_live_while_a_writer_writes(served: Served) -> None:
    symbol, count = new_symbol(), 60
    served.post_prices(*(daily(symbol, "5", number) for number in range(20)))

    async def write() -> None:
        for number in range(20, 20 + count):
            await asyncio.to_thread(served.post_prices, daily(symbol, "5", number))

    async def follow(history: object) -> list[str]:
        texts = []
        async with connect(served.socket_url) as socket:
            await socket.send(subscribe("prices", "regime", symbols=[symbol], history=history))
            while True:
                text = await receive_text(socket)
                each = json.loads(text)
                if "position" not in each:
                    continue
                texts.append(text)
                if each["stream"] == f"regime:{symbol}" and each["version"] == 20 + count:
                    return texts

    writing = asyncio.create_task(write())
    readers = [follow("all"), follow({"after": 0}), follow({"last": 1_000}), follow("all")]
    first, *others = await asyncio.gather(*readers)
    await writing
    log = served.events(f"symbols={symbol}&channels=prices,regime")
    assert [json.loads(text) for text in first] == log
    assert all(texts == first for texts in others)


async def test_a_second_subscribe_sends_nothing_twice(served: Served) -> None:
    symbol = new_symbol()
    served.post_prices(*(daily(symbol, "5", number) for number in range(3)))
    async with connect(served.socket_url) as socket:
        await socket.send(subscribe("prices", symbols=[symbol], history="all", msg_id="one"))
        first = await receive_until(socket, "caught_up")
        both = subscribe("prices", "regime", symbols=[symbol], history="all", msg_id="two")
        await socket.send(both)
        second = await receive_until(socket, "caught_up")
        assert {each["type"] for each in with_position(first)} == {"price_update"}
        assert [each["type"] for each in with_position(second)] == ["regime_update"] * 3
        assert payloads(second, "caught_up")[0]["request_msg_id"] == "two"
        served.post_prices(daily(symbol, "5", 3))
        live = [await receive(socket), await receive(socket)]
        assert [each["version"] for each in live] == [4, 4]


async def test_what_is_unsubscribed_is_sent_no_more(served: Served) -> None:
    symbol = new_symbol()
    async with connect(served.socket_url) as socket:
        await socket.send(subscribe("prices", "regime", symbols=[symbol], history="none"))
        await receive_until(socket, "caught_up")
        await socket.send(message("unsubscribe", "off", channels=["prices"]))
        answer = await receive(socket)
        assert (answer["type"], answer["payload"]["request_msg_id"]) == ("unsubscribed", "off")
        served.post_prices(daily(symbol, "5", 0))
        assert (await receive(socket))["type"] == "regime_update"
        await socket.send(message("ping", "end"))
        assert (await receive(socket))["type"] == "pong"


async def test_a_heartbeat_tells_how_far_everything_was_sent(tmp_path: Path) -> None:
    with serving(tmp_path, heartbeat_s=0.05) as served:
        served.post_prices(daily("SPX", "5", 0))
        async with connect(served.socket_url) as socket:
            await socket.send(subscribe("regime", history="none"))
            messages = await receive_until(socket, "heartbeat")
            assert messages[0]["payload"]["heartbeat_s"] == 0.05
            beat = messages[-1]["payload"]
            assert beat["head"] == served.head()
            assert beat["channels"] == {"prices": 1, "regime": 2}
            served.post_prices(daily("SPX", "6", 1))
            beat = (await receive_until(socket, "heartbeat"))[-1]["payload"]
            while beat["head"] < 4:
                beat = (await receive_until(socket, "heartbeat"))[-1]["payload"]


async def test_the_right_token_keeps_the_connection(served: Served) -> None:
    async with connect(served.socket_url) as socket:
        await socket.send(message("authenticate", token=TOKEN))
        await socket.send(message("ping", "still-here"))
        assert (await receive_until(socket, "pong"))[-1]["payload"][
            "request_msg_id"
        ] == "still-here"


async def test_a_wrong_token_closes_the_connection(served: Served) -> None:
    async with connect(served.socket_url) as socket:
        await socket.send(message("authenticate", token="wrong"))
        code, _ = await closed(socket)
        assert code == 4401


async def test_a_stopping_server_tells_when_to_come_back(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        async with connect(served.socket_url) as quiet, connect(served.socket_url) as socket:
            await socket.send(subscribe("regime"))
            await receive_until(socket, "caught_up")
            stopping = asyncio.create_task(asyncio.to_thread(served.stop))
            for each in (socket, quiet):
                code, said = await asyncio.wait_for(closed(each), PATIENCE_S)
                assert code == 1012
                assert [one["type"] for one in said] == ["shutdown"]
                assert 0.5 <= said[0]["payload"]["reconnect_after_s"] <= 5
            await stopping
