"""Too many connections: each way in is told so with 429, nobody who is in notices, and a place is free again."""

# covers: app.stream.crowd, app.stream.manager

import asyncio
import json
from collections.abc import Iterator
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from app.api.problems import CROWDED_RETRY_S, ProblemDetails
from app.stream.crowd import Crowd
from tests.integration.served import Served, daily, receive_until, serving, subscribe
from tests.waiting import eventually

MOST = 3


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path) as running:
        running.app.state.services.manager.crowd = Crowd(most=10, most_per_client=MOST)
        yield running


def crowd(served: Served) -> Crowd:
    found: Crowd = served.app.state.services.manager.crowd
    return found


def until_all_have_left(served: Served) -> None:
    eventually(lambda: not len(crowd(served)))  # another thread's number


def check(status: int, headers: object, body: str) -> None:
    assert status == 429
    assert str(headers["retry-after"]) == str(CROWDED_RETRY_S)  # type: ignore[index]
    problem = ProblemDetails.model_validate_json(body)
    assert problem.code == "too_many_connections"
    assert f"127.0.0.1 holds {MOST} connections" in problem.detail


@pytest.mark.parametrize("path", ["/ws/synapse", "/ws/replay"])
async def test_one_socket_too_many_is_told_so_and_the_others_are_served(
    served: Served, path: str
) -> None:
    url = served.url.replace("http", "ws") + path
    async with AsyncExitStack() as stack:
        held = [await stack.enter_async_context(connect(served.socket_url)) for _ in range(MOST)]
        with pytest.raises(InvalidStatus) as refused:
            await connect(url)
        answer = refused.value.response
        check(answer.status_code, answer.headers, (answer.body or b"").decode())
        await held[0].send(subscribe("prices", history="none"))
        await receive_until(held[0], "caught_up")
        served.post_prices(daily("SPX", "5", 0))
        assert (await receive_until(held[0], "price_update"))[-1]["payload"]["symbol"] == "SPX"
    await asyncio.to_thread(until_all_have_left, served)
    async with connect(url):
        pass


def test_one_event_stream_too_many_is_told_so_and_leaves_its_place_when_it_ends(
    served: Served,
) -> None:
    url = "/api/stream?channels=prices"
    with ExitStack() as stack:
        for _ in range(MOST):
            client = stack.enter_context(httpx.Client(base_url=served.url))
            stream = stack.enter_context(client.stream("GET", url))
            assert stream.status_code == 200
        answer = served.http.get(url)
        check(answer.status_code, answer.headers, json.dumps(answer.json()))
        assert served.http.get("/healthz").status_code == 200
    until_all_have_left(served)


async def test_a_socket_that_breaks_off_leaves_its_place(served: Served) -> None:
    client = await connect(served.socket_url)
    assert len(crowd(served)) == 1
    client.transport.abort()
    await asyncio.to_thread(until_all_have_left, served)


def test_a_packed_body_is_refused_by_the_application(served: Served) -> None:
    answer = served.http.post("/api/prices", content=b"", headers={"Content-Encoding": "gzip"})
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")
