"""Hundreds of dear questions at once: few are answered at a time, most are told to come back, and the server lives."""

# covers: app.api.questions, app.queries.bars, app.queries.compare, app.queries.explain

import asyncio
from collections.abc import Iterator
from inspect import iscoroutinefunction, isfunction
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.api.questions import QUESTIONS_MAX, QUESTIONS_WAITING_PER_CLIENT_MAX
from app.queries.bars import bars
from app.queries.reader import LogReader
from tests.endpoints import routes
from tests.integration.served import AUTHORISED, PATIENCE_S, Served, daily, serving

DEAR = (
    "/api/bars?symbol=SPX&points=10000",
    "/api/compare?a=2020-02-01T00:00:00Z&b=head",
    "/api/explain?symbol=SPX&at=5",
    "/api/events?limit=1000",
    "/api/events/5",
    "/api/state?position=5",
    "/api/state?at=2020-02-01T00:00:00Z",
    "/api/episodes",
    "/api/transitions",
    "/api/lanes",
)
ALLOWED = QUESTIONS_MAX + QUESTIONS_WAITING_PER_CLIENT_MAX


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder: Path = tmp_path_factory.mktemp("many")
    with serving(folder) as running:
        running.post_prices(*(daily("SPX", str(100 + number), number) for number in range(900)))
        yield running


async def asked(server: Served, path: str, times: int) -> list[httpx.Response]:
    """So many at once; one connection each."""
    limits = httpx.Limits(max_connections=times)
    async with httpx.AsyncClient(
        base_url=server.url, headers=AUTHORISED, timeout=PATIENCE_S, limits=limits
    ) as http:
        return await asyncio.gather(*(http.get(path) for _ in range(times)))


async def held(server: Served, path: str) -> list[int]:
    """The answers to some more than may be asked, while all turns are taken."""
    questions = server.app.state.services.questions
    for _ in range(QUESTIONS_MAX):
        await asyncio.to_thread(server.call, lambda: questions._take("another"))
    more = asyncio.create_task(asked(server, path, ALLOWED))
    try:
        while await asyncio.to_thread(waiting, server) < QUESTIONS_WAITING_PER_CLIENT_MAX:
            assert not more.done(), "they do not wait"
            await asyncio.sleep(0.01)
        refused = await asked(server, path, 1)
        assert refused[0].json()["code"] == "too_many_questions"
        assert refused[0].headers["retry-after"] == "5"
        assert (await asked(server, "/healthz", 1))[0].status_code == 200
        assert (await asked(server, "/api/state", 1))[0].status_code == 200
    finally:
        for _ in range(QUESTIONS_MAX):
            await asyncio.to_thread(server.call, lambda: give_on(server))
    return [one.status_code for one in await more]


def waiting(server: Served) -> int:
    return int(server.app.state.services.questions.waiting)


async def give_on(server: Served) -> None:
    server.app.state.services.questions._give_on()


@pytest.mark.parametrize("path", DEAR)
async def test_so_many_wait_and_one_more_is_told_to_come_back(server: Served, path: str) -> None:
    statuses = await held(server, path)
    # Of a few more than may wait, those that came last were refused.
    assert sorted(statuses) == [200] * QUESTIONS_WAITING_PER_CLIENT_MAX + [503] * QUESTIONS_MAX


async def test_what_a_dashboard_asks_as_it_opens_is_all_answered(server: Served) -> None:
    answers = await asyncio.gather(*(asked(server, path, 3) for path in DEAR))
    assert {one.status_code for each in answers for one in each} == {200}


async def test_who_goes_before_his_turn_costs_nothing(
    server: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[str] = []

    async def counting(_reader: LogReader, symbol: str, **asked: Any) -> dict[str, Any]:
        begun.append("one")
        return await bars(_reader, symbol, **asked)

    monkeypatch.setattr("app.api.bars.bars", counting)
    questions = server.app.state.services.questions
    for _ in range(QUESTIONS_MAX):
        await asyncio.to_thread(server.call, lambda: questions._take("another"))
    clients = [await asyncio.open_connection(*server.url[7:].split(":")) for _ in range(20)]
    for _, writer in clients:
        writer.write(f"GET {DEAR[0]} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    async with asyncio.timeout(PATIENCE_S):
        while await asyncio.to_thread(waiting, server) < len(clients):
            await asyncio.sleep(0.01)
        for _, writer in clients:
            writer.transport.abort()
        while server.connections:
            await asyncio.sleep(0.01)
        for _ in range(QUESTIONS_MAX):
            await asyncio.to_thread(server.call, lambda: give_on(server))
        while await asyncio.to_thread(waiting, server):
            await asyncio.sleep(0.01)
    assert (await asked(server, DEAR[0], 1))[0].status_code == 200
    assert begun == ["one"]


def test_no_question_waits_for_a_thread_before_it_is_looked_at(server: Served) -> None:
    """A dependency that is no coroutine is called in a thread: hundreds of requests would wait for theirs."""
    every = (getattr(route, "dependant", None) for route in routes(server.app))
    waiting = [one for one in every if one is not None]
    looked_at = 0
    while waiting:
        one = waiting.pop()
        waiting += one.dependencies
        called = one.call if isfunction(one.call) else type(one.call).__call__
        assert iscoroutinefunction(called), one.call
        looked_at += 1
    assert looked_at > len(DEAR)
