"""What a client may send over HTTP: requests a minute, and bodies that nest; at the limit, and beyond it."""

# covers: app.api.limits, app.stream.json_depth

from typing import Any

import httpx
import pytest
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api import limits
from app.api.limits import BodyLimit, RequestLimit
from app.stream.json_depth import JSON_DEPTH_MAX

A_MINUTE = 10


async def sized(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers with how long the body was."""
    taken = 0
    message: Message = {"more_body": True}
    while message.get("more_body"):
        message = await receive()
        taken += len(message.get("body", b""))
    await JSONResponse({"taken": taken})(scope, receive, send)


async def ask(
    app: ASGIApp, client: str = "192.0.2.1", path: str = "/api/state", **more: Any
) -> Any:
    transport = httpx.ASGITransport(app, client=(client, 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as asking:
        return await asking.request(more.pop("method", "GET"), path, **more)


async def statuses(app: ASGIApp, client: str, count: int) -> list[int]:
    return [(await ask(app, client)).status_code for _ in range(count)]


async def test_one_request_too_many_of_a_client_waits_and_others_do_not() -> None:
    app = RequestLimit(sized, A_MINUTE)
    assert await statuses(app, "192.0.2.1", A_MINUTE // 2) == [200] * (A_MINUTE // 2)
    refused = await ask(app, "192.0.2.1")
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_requests")
    assert refused.headers["content-type"] == "application/problem+json"
    assert 1 <= int(refused.headers["retry-after"]) <= 12
    assert await statuses(app, "192.0.2.2", 1) == [200]


async def test_liveness_is_never_refused() -> None:
    app = RequestLimit(sized, 2)
    assert await statuses(app, "192.0.2.1", 2) == [200, 429]
    for _ in range(5):
        assert (await ask(app, path="/healthz")).status_code == 200


async def test_a_network_of_ipv6_is_one_client() -> None:
    app = RequestLimit(sized, 4)
    assert await statuses(app, "2001:db8::1", 2) == [200, 200]
    assert await statuses(app, "2001:db8::ffff:2", 1) == [429]
    assert await statuses(app, "2001:db8:0:1::1", 1) == [200]
    assert await statuses(app, "::ffff:192.0.2.9", 2) == [200, 200]
    assert await statuses(app, "192.0.2.9", 1) == [429]


async def test_who_was_quiet_longest_is_forgotten_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "CLIENTS_COUNTED", 2)
    app = RequestLimit(sized, 2)
    assert await statuses(app, "192.0.2.1", 2) == [200, 429]
    assert await statuses(app, "192.0.2.2", 1) == [200]
    assert await statuses(app, "192.0.2.1", 1) == [429]
    assert await statuses(app, "192.0.2.3", 1) == [200]
    assert len(app._clients) == 2
    assert await statuses(app, "192.0.2.1", 1) == [429]
    assert await statuses(app, "192.0.2.2", 1) == [200]


async def test_a_handshake_is_counted_too() -> None:
    said: list[Message] = []

    async def send(message: Message) -> None:
        said.append(message)

    async def nothing() -> Message:
        return {"type": "websocket.connect"}

    async def accepts(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "websocket.accept"})

    app = RequestLimit(accepts, 2)
    extensions: dict[str, Any] = {"websocket.http.response": {}}
    scope = {"type": "websocket", "path": "/ws/synapse", "client": ("192.0.2.1", 1)}
    for _ in range(2):
        await app({**scope, "extensions": extensions}, nothing, send)
    assert [one["type"] for one in said[:2]] == [
        "websocket.accept",
        "websocket.http.response.start",
    ]
    assert said[1]["status"] == 429


def nested(levels: int) -> bytes:
    return b'{"a":' * levels + b"[]" + b"}" * levels


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (nested(JSON_DEPTH_MAX - 1), 200, None),
        (nested(JSON_DEPTH_MAX), 413, "too_deep"),
        (b"[" * 2_000, 413, "too_deep"),
        (b'{"a":"' + b"[" * 2_000 + b'"}', 200, None),
        (("[" * 40).encode("utf-16"), 400, "malformed_json"),
        (b" " * 4_096, 200, None),
        (b" " * 4_097, 413, "content_too_large"),
    ],
)
@pytest.mark.parametrize("pieces", [1, 7])
async def test_bodies_at_the_limits_and_beyond(
    body: bytes, status: int, code: str | None, pieces: int
) -> None:
    async def chunks() -> Any:
        size = -(-len(body) // pieces)
        for at in range(0, len(body), size):
            yield body[at : at + size]

    content = body if pieces == 1 else chunks()
    answer = await ask(BodyLimit(sized, 4_096), method="POST", content=content)
    assert (answer.status_code, answer.json().get("code")) == (status, code)
    if code is None:
        assert answer.json()["taken"] == len(body)


async def test_a_client_that_leaves_in_the_midst_of_its_body_is_told_of() -> None:
    coming: list[Message] = [
        {"type": "http.request", "body": b"{", "more_body": True},
        {"type": "http.disconnect"},
    ]
    heard: list[str] = []

    async def receive() -> Message:
        return coming.pop(0)

    async def app(_scope: Scope, receive: Receive, _send: Send) -> None:
        heard.append((await receive())["type"])

    async def send(_message: Message) -> None:
        raise AssertionError("nobody is there")

    scope = {"type": "http", "headers": [(b"transfer-encoding", b"chunked")]}
    await BodyLimit(app)(scope, receive, send)
    assert heard == ["http.disconnect"]
