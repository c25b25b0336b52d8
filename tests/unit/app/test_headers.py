"""What the middleware adds to an answer, and what it leaves as it is."""

import asyncio
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from app.api.headers import CONTENT_SECURITY_POLICY, HEADERS, HSTS_S, PERMISSIONS, AnswerHeaders

START = "http.response.start"


def answered(
    *own: tuple[bytes, bytes], kind: str = START, scheme: str = "http", host: str = "desk.test:8000"
) -> list[tuple[str, str]]:
    """The headers of an answer that the application began with `own`."""
    sent: list[Message] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": kind, "status": 200, "headers": own})
        await send({"type": "http.response.body", "body": b"text"})

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        raise AssertionError("nobody reads")

    asked = {"type": kind.split(".", 1)[0], "scheme": scheme, "headers": [(b"host", host.encode())]}
    asyncio.run(AnswerHeaders(app)(asked, receive, send))
    assert sent[1] == {"type": "http.response.body", "body": b"text"}
    return [(name.decode(), value.decode()) for name, value in sent[0]["headers"]]


def test_an_answer_carries_every_header_once_beside_its_own() -> None:
    headers = answered((b"content-type", b"text/plain"))
    assert headers[0] == ("content-type", "text/plain")
    assert sorted(name for name, _ in headers[1:]) == sorted(
        [*(name.lower() for name in HEADERS), "cache-control"]
    )
    assert dict(headers)["content-security-policy"] == HEADERS["Content-Security-Policy"]


@pytest.mark.parametrize("name", [b"Cache-Control", b"cache-control"])
def test_what_says_how_long_it_may_be_kept_is_left_alone(name: bytes) -> None:
    headers = answered((name, b"public, max-age=60"))
    assert [value for key, value in headers if key.lower() == "cache-control"] == [
        "public, max-age=60"
    ]
    assert dict(answered())["cache-control"] == "no-store"


def test_the_refusal_of_a_socket_has_them_and_its_acceptance_has_not() -> None:
    refused = dict(answered(kind="websocket.http.response.start"))
    assert refused["x-content-type-options"] == "nosniff"
    assert answered((b"a", b"b"), kind="websocket.accept") == [("a", "b")]


@pytest.mark.parametrize(
    ("scheme", "host", "is_told"),
    [
        ("https", "desk.test", True),
        ("https", "127.0.0.1:8443", True),  # browsers take no notice of it for addresses
        ("wss", "desk.test", True),
        ("https", "localhost:8443", False),
        ("https", "LOCALHOST", False),
        ("http", "desk.test", False),
        ("ws", "desk.test", False),
    ],
)
def test_only_over_tls_and_not_as_localhost_is_a_browser_told_to_keep_to_tls(
    scheme: str, host: str, is_told: bool
) -> None:
    kind = "websocket.http.response.start" if scheme.startswith("w") else START
    found = dict(answered(kind=kind, scheme=scheme, host=host)).get("strict-transport-security")
    assert found == (f"max-age={HSTS_S}" if is_told else None)


def test_a_lifespan_passes_through() -> None:
    seen: list[Any] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append((scope, receive, send))

    async def nothing(*_: Any) -> Any:
        raise AssertionError("nobody calls")

    asyncio.run(AnswerHeaders(app)({"type": "lifespan"}, nothing, nothing))
    assert seen == [({"type": "lifespan"}, nothing, nothing)]


def test_the_policy_allows_nothing_inline_no_evaluation_and_nobody_else() -> None:
    allowed = {word for value in CONTENT_SECURITY_POLICY.values() for word in value.split()}
    assert allowed == {"'self'", "'none'", "'script'"}
    assert CONTENT_SECURITY_POLICY["default-src"] == "'none'"
    assert CONTENT_SECURITY_POLICY["frame-ancestors"] == "'none'"


def test_pages_may_play_a_sound_and_copy_a_link_and_nothing_else() -> None:
    allowed = {name for name, who in PERMISSIONS.items() if who != "()"}
    assert allowed == {"autoplay", "clipboard-write"}
