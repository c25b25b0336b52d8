"""Every answer of a real server carries the headers, whatever it is and whoever made it."""

import asyncio
from collections.abc import Iterator
from typing import Final

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from app.api import dashboard
from app.api.headers import HEADERS
from app.api.limits import BODY_BYTES_MAX
from tests.integration.served import Served, daily, serving

KEPT: Final = {"/": "no-cache", "/assets/a.js": "public, max-age=31536000, immutable"}
"""What says itself how long it may be kept; everything else is not to be."""


@pytest.fixture(scope="module")
def dashed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server with a small dashboard, and a path that fails."""
    folder = tmp_path_factory.mktemp("dashed")
    static = folder / "static"
    (static / "assets").mkdir(parents=True)
    (static / "index.html").write_text("<p>the dashboard")
    (static / "assets" / "a.js").write_text("go()")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dashboard, "STATIC", static)
        with serving(folder) as served:
            served.app.add_api_route("/fails", _fails)
            # Before the dashboard, which takes every path that is left.
            served.app.router.routes.insert(0, served.app.router.routes.pop())
            served.post_prices(daily("HEADS", "5", 0))
            yield served


async def _fails() -> None:
    raise ZeroDivisionError


def check(headers: httpx.Headers, path: str) -> None:
    """The headers are there, each once."""
    for name, value in HEADERS.items():
        assert headers.get_list(name) == [value], (path, name)
    assert headers.get_list("cache-control") == [KEPT.get(path, "no-store")], path
    assert "strict-transport-security" not in headers


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        *(("GET", path, 200) for path in ("/", "/assets/a.js", "/healthz", "/readyz", "/metrics")),
        *(("GET", path, 200) for path in ("/openapi.json", "/asyncapi", "/asyncapi.css")),
        *(("GET", f"/api/{name}", 200) for name in ("state", "events", "session", "episodes")),
        *(("GET", f"/api/events?format={name}", 200) for name in ("csv", "ndjson", "parquet")),
        ("HEAD", "/", 200),
        ("HEAD", "/assets/a.js", 200),
        ("GET", "/assets/none.js", 404),
        ("GET", "/api/none", 404),
        ("DELETE", "/api/state", 405),
        ("POST", "/api/prices", 422),
        ("GET", "/api/events?order=up", 422),
        ("GET", "/api/events?after=99&format=csv", 409),
        ("GET", "/fails", 500),
    ],
)
def test_every_answer_has_them(dashed: Served, method: str, path: str, status: int) -> None:
    # After a fault the server hangs up: none of these shares a connection with the one that fails.
    alone = {"Connection": "close"}
    answer = dashed.http.request(method, path, json={} if method == "POST" else None, headers=alone)
    assert answer.status_code == status, answer.text
    check(answer.headers, path)


def test_those_to_what_is_refused_or_known_already_have_them(dashed: Served) -> None:
    with httpx.Client(base_url=dashed.url) as stranger:
        answer = stranger.post("/api/prices", json={"prices": []})
        assert answer.status_code == 401
        check(answer.headers, "/api/prices")
    known = {"If-None-Match": dashed.http.get("/").headers["etag"]}
    answer = dashed.http.get("/", headers=known)
    assert answer.status_code == 304
    check(answer.headers, "/")
    answer = dashed.http.post("/api/prices", content=bytes(BODY_BYTES_MAX + 1))
    assert answer.status_code == 413
    check(answer.headers, "/api/prices")


def test_a_stream_of_events_has_them(dashed: Served) -> None:
    with dashed.http.stream("GET", "/api/stream?channels=prices") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        check(answer.headers, "/api/stream")


def test_a_socket_that_is_refused_with_an_answer_has_them(dashed: Served) -> None:
    async def refused() -> InvalidStatus:
        with pytest.raises(InvalidStatus) as caught:
            async with connect(f"{dashed.url.replace('http', 'ws')}/ws/none"):
                pass
        return caught.value

    response = asyncio.run(refused()).response
    assert response.status_code == 404
    check(httpx.Headers(list(response.headers.raw_items())), "/ws/none")
