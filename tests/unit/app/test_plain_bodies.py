"""A packed body is refused before anybody looks at it."""

import gzip

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.api.plain_bodies import PlainBodies

BOMB = gzip.compress(bytes(10**6))


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    body = await Request(scope, receive).body()
    await Response(str(len(body)))(scope, receive, send)


async def posted(*encodings: str) -> httpx.Response:
    transport = httpx.ASGITransport(PlainBodies(echo))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        headers = [("Content-Encoding", encoding) for encoding in encodings]
        return await client.post("/", content=BOMB, headers=headers)


@pytest.mark.parametrize(
    "encodings", [("gzip",), ("GZIP",), ("br",), ("identity", "gzip"), ("identity, gzip",)]
)
async def test_a_packed_body_is_refused_with_415(encodings: tuple[str, ...]) -> None:
    answer = await posted(*encodings)
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")
    assert "Content-Encoding" in answer.json()["detail"]


@pytest.mark.parametrize("encodings", [(), ("identity",), ("Identity ",)])
async def test_a_plain_body_passes_as_it_is(encodings: tuple[str, ...]) -> None:
    assert (await posted(*encodings)).text == str(len(BOMB))
