"""What a client must not say: answered, and the connection lives on; or too much, and it is closed."""

# covers: app.stream.protocol, app.stream.session

from typing import Any

import pytest
from websockets.asyncio.client import connect

from app.serving import MESSAGE_BYTES_MAX
from tests.integration.served import Json, Served, message, receive, subscribe
from tests.integration.test_socket import closed

MALFORMED: dict[str, str | bytes] = {
    "empty": "",
    "words": "hello",
    "half an object": '{"msg_id":"x"',
    "two objects": message("ping") + message("ping"),
    "a lone surrogate as id": '{"msg_id":"\\ud800","type":"ping"}',
    "a lone surrogate as key": '{"msg_id":"1","type":"ping","payload":{"\\udfff":1}}',
    "a number without end": '{"n":' + "9" * 5_000 + "}",
    "bytes that are no text": b"\xff\xfe",
}
UNKNOWN: dict[str, str | bytes] = {
    "an empty object": "{}",
    "another type": '{"msg_id":"x","type":"shout"}',
    "an event": '{"msg_id":"x","type":"regime_update"}',
    "type twice": '{"type":"ping","type":"shout"}',
}


@pytest.mark.parametrize("name", MALFORMED)
async def test_what_is_no_json_is_answered(served: Served, name: str) -> None:
    await answered(served, MALFORMED[name], "malformed_json")


@pytest.mark.parametrize("depth", [300, 60_000])
async def test_what_nests_too_deeply_is_answered_and_closes_the_connection(
    served: Served, depth: int
) -> None:
    async with connect(served.socket_url) as socket:
        await socket.send("[" * depth)
        error: dict[str, Any] = await receive(socket)
        assert (error["type"], error["payload"]["code"]) == ("error", "too_deep")
        assert (await closed(socket))[0] == 1009


@pytest.mark.parametrize("name", UNKNOWN)
async def test_an_unknown_type_is_answered(served: Served, name: str) -> None:
    error = await answered(served, UNKNOWN[name], "unknown_message_type")
    assert [detail["path"] for detail in error["details"]] == ["type"]
    assert "subscribe" in error["message"]


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("[]", ""),
        ("null", ""),
        ('"ping"', ""),
        (message("ping", x=1), "payload.x"),
        (message("ping", "x" * 129), "msg_id"),
        (message("ping", ""), "msg_id"),
        (message("ping").replace("c2s", "s2c"), "direction"),
        (message("ping").replace("00Z", "00"), "timestamp"),
        (subscribe(), "payload.channels"),
        (subscribe("regimes"), "payload.channels.0"),
        (subscribe("regime", symbols=[]), "payload.symbols"),
        (subscribe("regime", symbols=["🚀"]), "payload.symbols.0"),
        (subscribe("regime", symbols=["X"] * 1_001), "payload.symbols"),
        (subscribe("regime", history="some"), "payload.history"),
        (subscribe("regime", history={"last": 0}), "payload.history.last"),
        (subscribe("regime", history={"last": 10_001}), "payload.history.last"),
        (subscribe("regime", history={"after": -1}), "payload.history.after"),
        (subscribe("regime", history={"after": 1.5}), "payload.history.after"),
        (subscribe("regime", history={"since": "2020-01-01"}), "payload.history.since"),
        (subscribe("regime", user_id="x" * 129), "payload.user_id"),
        (subscribe("regime", delivery="some"), "payload.delivery"),
        (subscribe("regime", surprise=1), "payload.surprise"),
        (message("unsubscribe"), "payload.channels"),
        (message("authenticate", token=""), "payload.token"),
    ],
)
async def test_a_message_that_does_not_fit_is_answered_by_its_path(
    served: Served, text: str, path: str
) -> None:
    error = await answered(served, text, "invalid_message")
    assert path in [detail["path"] for detail in error["details"]]


async def answered(served: Served, text: str | bytes, code: str) -> Json:
    """Send something wrong; its answer. The connection must still work."""
    async with connect(served.socket_url) as socket:
        await socket.send(text)
        error: dict[str, Any] = await receive(socket)
        assert (error["type"], error["direction"]) == ("error", "s2c")
        assert error["payload"]["code"] == code
        assert error["payload"]["severity"] == "validation_error"
        await socket.send(message("ping", "after"))
        assert (await receive(socket))["payload"]["request_msg_id"] == "after"
        return dict(error["payload"])


async def test_a_ping_is_answered_by_its_id_in_text_or_bytes(served: Served) -> None:
    async with connect(served.socket_url) as socket:
        for ping in (message("ping", "Ω-1"), message("ping", "Ω-1").encode()):
            await socket.send(ping)
            pong = await receive(socket)
            assert (pong["type"], pong["payload"]) == ("pong", {"request_msg_id": "Ω-1"})


async def test_a_message_that_is_too_big_closes_the_connection(served: Served) -> None:
    async with connect(served.socket_url) as socket:
        await socket.send("x" * (MESSAGE_BYTES_MAX + 1))
        code, _ = await closed(socket)
        assert code == 1009
    async with connect(served.socket_url) as socket:
        await socket.send(message("ping") + " " * (MESSAGE_BYTES_MAX - len(message("ping"))))
        assert (await receive(socket))["type"] == "pong"


async def test_the_server_says_nothing_before_the_client_does(served: Served) -> None:
    async with connect(served.socket_url) as socket:
        served.post("/api/broadcast/portfolio", {"total_value": "1"})
        await socket.send(message("ping"))
        assert (await receive(socket))["type"] == "pong"
