"""A writer sends the same request under the same key until it is answered."""

from collections.abc import Callable

import httpx
import pytest

from app.check.findings import Fault
from app.check.http import CannotCheck, Http
from app.check.plan import Plan
from app.check.stage import Stage
from app.check.writer import Writer

Answers = Callable[[int, httpx.Request], httpx.Response]


class Server:
    """Answers as it is told; keeps what it was asked."""

    def __init__(self, answers: Answers) -> None:
        self.asked: list[tuple[str, bytes]] = []
        self._answers = answers

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append((request.headers["Idempotency-Key"], request.content))
        return self._answers(len(self.asked), request)


def accepted(first: int = 1) -> httpx.Response:
    return httpx.Response(200, json={"positions": [first, first + 1], "events": 2, "duplicates": 0})


async def write(server: Server, prices: int = 1) -> Stage:
    plan = Plan("http://test", "r", writers=1, prices=prices, patience_s=0.3)
    http = Http(plan.url, None)
    http.client = httpx.AsyncClient(base_url=plan.url, transport=httpx.MockTransport(server))
    stage = Stage(plan, http, "e", 0)
    await Writer(stage, 0).write()
    await http.aclose()
    return stage


@pytest.mark.parametrize(
    "passing",
    [
        httpx.Response(503, headers={"Retry-After": "0"}),
        httpx.Response(429),
        httpx.Response(500, text="oh"),
    ],
)
async def test_what_may_pass_is_sent_again_under_the_same_key(passing: httpx.Response) -> None:
    server = Server(lambda count, _request: passing if count < 3 else accepted())
    stage = await write(server)
    assert len(server.asked) >= 3
    assert len(set(server.asked)) == 1
    assert stage.retries >= 2
    assert [one.positions for one in stage.sent] == [(1, 2)]
    assert [str(one.answer) for one in stage.answered] == ["1 to 2, 2 events, 0 duplicates"]


async def test_a_connection_that_breaks_is_no_answer() -> None:
    def answers(count: int, request: httpx.Request) -> httpx.Response:
        if count < 2:
            raise httpx.ReadError("gone", request=request)
        return accepted()

    stage = await write(Server(answers))
    assert (stage.acknowledged, stage.retries >= 1) == (1, True)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (httpx.Response(401, json={"detail": "no"}), "refuses the token"),
        (httpx.Response(422, json={"detail": "no"}), "refuses prices: 422: no"),
        (httpx.Response(200, json=[]), "cannot be read"),
        (httpx.Response(200, json={"positions": [1]}), "cannot be read"),
        (httpx.Response(503), r"has been away for 0\.3 s"),
    ],
)
async def test_what_will_not_pass_ends_the_run(answer: httpx.Response, said: str) -> None:
    with pytest.raises(CannotCheck, match=said):
        await write(Server(lambda _count, _request: answer))


async def test_a_second_answer_to_one_key_is_a_claim() -> None:
    stage = await write(Server(lambda count, _request: accepted(count)), prices=300)
    assert stage.repeats >= 1
    assert {finding.fault for finding in stage.findings} == {Fault.CLAIM}


async def test_prices_rise_in_time_and_none_is_sent_twice_but_under_its_key() -> None:
    stage = await write(Server(lambda _count, _request: accepted()), prices=50)
    keys = [(one.symbol, one.timestamp) for one in stage.sent]
    assert len(keys) == len(set(keys)) == 50
    for symbol in {symbol for symbol, _ in keys}:
        times = [timestamp for one, timestamp in keys if one == symbol]
        assert times == sorted(times)
