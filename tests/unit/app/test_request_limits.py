"""What a client may send over HTTP: requests a minute, and bodies that nest; at the limit, and beyond it."""

# covers: app.api.limits, app.stream.json_depth

import asyncio
from typing import Any

import httpx
import pytest
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api import limits
from app.api.json_values import JSON_VALUES_MAX
from app.api.limits import (
    BODIES_BYTES_MAX,
    BODIES_BYTES_NO_WRITE_MAX,
    BODY_BYTES_MAX,
    BODY_BYTES_NO_WRITE_MAX,
    BodyLimit,
    BodyRoom,
    RequestLimit,
)
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


async def test_a_handshake_is_refused_where_no_body_can_tell_why() -> None:
    said: list[Message] = []

    async def send(message: Message) -> None:
        said.append(message)

    async def nothing() -> Message:
        return {"type": "websocket.connect"}

    async def accepts(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "websocket.accept"})

    app = RequestLimit(accepts, 2)
    for _ in range(2):
        await app({"type": "websocket", "path": "/", "client": ("192.0.2.1", 1)}, nothing, send)
    assert said == [{"type": "websocket.accept"}, {"type": "websocket.close", "code": 1008}]


def chunked(method: str, path: str) -> Scope:
    """A request whose body does not say how long it is."""
    headers = [(b"transfer-encoding", b"chunked")]
    return {"type": "http", "method": method, "path": path, "headers": headers}


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
    app = BodyLimit(sized, BodyRoom(4_096, 4_096))
    answer = await ask(app, path="/api/prices", method="POST", content=content)
    assert (answer.status_code, answer.json().get("code")) == (status, code)
    if code is None:
        assert answer.json()["taken"] == len(body)


async def test_a_body_of_too_many_values_is_refused_before_anybody_parses_it() -> None:
    body = b"[" + b"1," * JSON_VALUES_MAX + b"1]"
    answer = await ask(BodyLimit(sized), path="/api/prices", method="POST", content=body)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_many_values")
    assert str(JSON_VALUES_MAX) in answer.json()["detail"]


async def test_one_client_sends_so_many_bodies_at_once_and_others_send_theirs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limits, "BODIES_PER_CLIENT_MAX", 2)
    app, ends = BodyLimit(sized), asyncio.Event()
    begun = 0

    async def slow() -> Any:
        nonlocal begun
        begun += 1
        yield b"{"
        await ends.wait()
        yield b"}"

    def post(client: str, content: Any) -> Any:
        return ask(app, client, "/api/prices", method="POST", content=content)

    coming = [asyncio.create_task(post("192.0.2.1", slow())) for _ in range(2)]
    while begun < 2:
        await asyncio.sleep(0)
    refused = await post("192.0.2.1", b"{}")
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_bodies")
    assert refused.headers["retry-after"] == "1"
    assert (await post("192.0.2.2", b"{}")).status_code == 200
    ends.set()
    assert [answer.json() for answer in await asyncio.gather(*coming)] == [{"taken": 2}] * 2
    assert (await post("192.0.2.1", b"{}")).status_code == 200


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

    await BodyLimit(app)(chunked("POST", "/api/prices"), receive, send)
    assert heard == ["http.disconnect"]


@pytest.mark.parametrize(
    ("method", "path", "most"),
    [
        ("POST", "/api/prices", BODY_BYTES_MAX),
        ("POST", "/api/session", BODY_BYTES_NO_WRITE_MAX),
        ("POST", "/nowhere", BODY_BYTES_NO_WRITE_MAX),
        ("GET", "/healthz", BODY_BYTES_NO_WRITE_MAX),
    ],
)
async def test_only_what_is_written_may_be_long(method: str, path: str, most: int) -> None:
    app = BodyLimit(sized)
    fits = await ask(app, method=method, path=path, content=b" " * most)
    assert fits.status_code == 200, fits.text
    longer = await ask(app, method=method, path=path, content=b" " * (most + 1))
    assert (longer.status_code, longer.json()["code"]) == (413, "content_too_large")
    assert str(most) in longer.json()["detail"]


async def test_a_body_that_nobody_reads_is_not_kept() -> None:
    nothing = BodyRoom(100, 0)
    answer = await ask(BodyLimit(sized, nothing, nothing), content=b" " * 100)
    assert (answer.status_code, answer.json()) == (200, {"taken": 0})
    refused = await ask(BodyLimit(sized, nothing, nothing), method="POST", content=b" ")
    assert refused.status_code == 503


async def test_bodies_have_so_much_room_together_and_give_it_back_however_they_end() -> None:
    room = BodyRoom(100, 150)
    went_on = asyncio.Event()
    came: list[int] = []

    async def waits(scope: Scope, receive: Receive, send: Send) -> None:
        came.append(len((await receive())["body"]))
        await went_on.wait()
        if len(came) > 1:
            raise ZeroDivisionError
        await JSONResponse({})(scope, receive, send)

    async def post(size: int) -> Any:
        return await ask(app, method="POST", path="/api/prices", content=b" " * size)

    app = BodyLimit(waits, room, BodyRoom(10, 10))
    first = asyncio.create_task(post(100))
    while not came:
        await asyncio.sleep(0)
    refused = await post(51)
    assert (refused.status_code, refused.json()["code"]) == (503, "too_busy")
    assert refused.headers["retry-after"] == "1"
    second = asyncio.create_task(post(50))
    while len(came) < 2:
        await asyncio.sleep(0)
    went_on.set()
    assert isinstance((await asyncio.gather(first, second, return_exceptions=True))[1], Exception)
    assert room.take(150)
    assert not room.take(1)


async def test_who_leaves_in_the_midst_of_a_body_gives_its_room_back() -> None:
    room = BodyRoom(100, 100)
    coming: list[Message] = [
        {"type": "http.request", "body": b" " * 60, "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive() -> Message:
        return coming.pop(0)

    async def app(_scope: Scope, receive: Receive, _send: Send) -> None:
        assert (await receive())["type"] == "http.disconnect"

    async def send(_message: Message) -> None:
        raise AssertionError("nobody is there")

    await BodyLimit(app, room)(chunked("POST", "/api/prices"), receive, send)
    assert room.take(100)


def test_who_has_no_token_takes_no_room_from_those_who_have() -> None:
    limit = BodyLimit(sized)
    assert limit._others.take(BODIES_BYTES_NO_WRITE_MAX)
    assert not limit._others.take(1)
    assert limit._writes.take(BODIES_BYTES_MAX)
