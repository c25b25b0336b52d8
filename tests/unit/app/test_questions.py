"""Dear questions come in their turn: few at once, few that wait, no client before all others, none for who has gone."""

import asyncio
from contextlib import AsyncExitStack

import pytest
from fastapi import Request
from starlette.types import Message

from app.api.problems import ApiProblem
from app.api.questions import (
    QUESTIONS_MAX,
    QUESTIONS_WAITING_MAX,
    QUESTIONS_WAITING_PER_CLIENT_MAX,
    Questions,
)


def from_client(address: str, *, gone: bool = False) -> Request:
    """A request, of which the client may have gone."""

    async def receive() -> Message:
        if not gone:
            await asyncio.Event().wait()
        return {"type": "http.disconnect"}

    return Request({"type": "http", "client": (address, 1)}, receive)


class Asked:
    """Questions that are asked in the background; `begun` has their names in the order of their turns."""

    def __init__(self, questions: Questions) -> None:
        self.questions = questions
        self.begun: list[str] = []
        self.tasks: dict[str, asyncio.Task[None]] = {}
        self._done: dict[str, asyncio.Event] = {}

    async def ask(self, name: str, address: str, *, gone: bool = False) -> None:
        self._done[name] = asyncio.Event()
        self.tasks[name] = asyncio.create_task(self._one(name, from_client(address, gone=gone)))
        await self.settle()

    async def _one(self, name: str, request: Request) -> None:
        async with self.questions.turn(request):
            self.begun.append(name)
            await self._done[name].wait()

    async def end(self, name: str) -> None:
        self._done[name].set()
        await self.settle()

    async def settle(self) -> None:
        for _ in range(10):
            await asyncio.sleep(0)


async def test_few_are_answered_at_once_and_the_next_waits() -> None:
    asked = Asked(Questions(2))
    for name in ("a", "b", "c"):
        await asked.ask(name, "1.1.1.1")
    assert (asked.begun, asked.questions.waiting) == (["a", "b"], 1)
    await asked.end("b")
    assert (asked.begun, asked.questions.waiting) == (["a", "b", "c"], 0)


async def test_clients_take_turns() -> None:
    asked = Asked(Questions(1))
    for name, address in (("a1", "1.1.1.1"), ("a2", "1.1.1.1"), ("a3", "1.1.1.1")):
        await asked.ask(name, address)
    await asked.ask("b1", "2.2.2.2")
    for name in ("a1", "a2", "b1"):
        await asked.end(name)
    assert asked.begun == ["a1", "a2", "b1", "a3"]


@pytest.mark.parametrize(
    ("addresses", "one_more"),
    [
        (["1.1.1.1"] * 3, "1.1.1.1"),
        (["2001:db8::1", "2001:db8::2", "2001:db8::3"], "2001:db8::4"),
        (["1.1.1.1", "1.1.1.1", "2.2.2.2", "2.2.2.2", "3.3.3.3"], "4.4.4.4"),
    ],
)
async def test_one_more_than_may_wait_is_told_when_to_come_back(
    addresses: list[str], one_more: str
) -> None:
    questions = Questions(1, waiting_max=4, per_client_max=2)
    asked = Asked(questions)
    for number, address in enumerate(addresses):
        await asked.ask(str(number), address)
    assert questions.waiting == len(addresses) - 1
    with pytest.raises(ApiProblem) as refused:
        async with questions.turn(from_client(one_more)):
            pytest.fail("it was let in")
    assert (refused.value.status, refused.value.code) == (503, "too_many_questions")
    assert refused.value.headers == {"Retry-After": "5"}
    for number in range(len(addresses)):
        await asked.end(str(number))
    assert len(asked.begun) == len(addresses)


async def test_a_question_whose_client_has_gone_is_not_begun_and_keeps_no_place() -> None:
    asked = Asked(Questions(1))
    await asked.ask("first", "1.1.1.1")
    await asked.ask("gone", "1.1.1.1", gone=True)
    await asked.ask("last", "1.1.1.1")
    await asked.end("first")
    assert asked.begun == ["first", "last"]
    assert isinstance(asked.tasks["gone"].exception(), ApiProblem)


async def test_one_that_is_ended_while_it_waits_or_as_its_turn_comes_keeps_no_place() -> None:
    asked = Asked(Questions(1))
    for name in ("first", "waits", "comes", "last"):
        await asked.ask(name, "1.1.1.1")
    asked.tasks["waits"].cancel()
    await asked.settle()
    asked._done["first"].set()
    await asyncio.sleep(0)  # `first` ends, and gives its turn to `comes`, which has not run yet
    asked.tasks["comes"].cancel()
    await asked.settle()
    assert (asked.begun, asked.questions.waiting) == (["first", "last"], 0)


async def test_a_dashboard_that_opens_waits_for_all_that_it_asks() -> None:
    questions, done = Questions(), asyncio.Event()

    async def ask() -> None:
        async with questions.turn(from_client("1.1.1.1")):
            await done.wait()

    async with AsyncExitStack() as stack:
        group = await stack.enter_async_context(asyncio.TaskGroup())
        for _ in range(QUESTIONS_MAX + QUESTIONS_WAITING_PER_CLIENT_MAX):
            group.create_task(ask())
        done.set()
    assert QUESTIONS_WAITING_PER_CLIENT_MAX > 10
    assert QUESTIONS_WAITING_MAX > QUESTIONS_WAITING_PER_CLIENT_MAX
