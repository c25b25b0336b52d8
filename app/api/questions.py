"""How many dear questions are answered at once, and how many wait for their turn.

A chart, a comparison, a moment of the past: each reads thousands of events, so that a few hundred at once would
hold the server and its memory for everybody. Two are answered at a time, the others wait, client by client in turn.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Final

from fastapi import Request

from app.api.problems import ApiProblem
from app.stream.crowd import client_of

QUESTIONS_MAX: Final = 2
"""Dear questions that are answered at once."""

QUESTIONS_WAITING_MAX: Final = 64
"""Dear questions that wait, in all; one more is refused with 503, `too_many_questions`."""

QUESTIONS_WAITING_PER_CLIENT_MAX: Final = 32
"""The same of one client address. A dashboard that opens asks some 10 at once."""

QUESTION_RETRY_S: Final = 5
"""When whom that hit may ask again (`Retry-After`)."""


class Questions:
    """Gives dear questions their turns; the clients that wait come one after the other."""

    def __init__(
        self,
        most: int = QUESTIONS_MAX,
        waiting_max: int = QUESTIONS_WAITING_MAX,
        per_client_max: int = QUESTIONS_WAITING_PER_CLIENT_MAX,
    ) -> None:
        """`most` are answered at once; `waiting_max` wait, `per_client_max` of one client."""
        self._free = most
        self._waiting_max = waiting_max
        self._per_client_max = per_client_max
        self._waiting: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()

    @property
    def waiting(self) -> int:
        """How many wait."""
        return sum(map(len, self._waiting.values()))

    @asynccontextmanager
    async def turn(self, request: Request) -> AsyncIterator[None]:
        """Wait for a turn, and have it for as long as this lasts.

        Raises:
            ApiProblem: 503, too many wait already; or its client has gone meanwhile, so that nobody reads it.
        """
        client = client_of(request.client.host) if request.client else ""
        await self._take(client)
        try:
            if await request.is_disconnected():
                raise _refused("its client has gone")
            yield
        finally:
            self._give_on()

    async def _take(self, client: str) -> None:
        if self._free:  # then nobody waits
            self._free -= 1
            return
        of_client = self._waiting.get(client, ())
        if len(of_client) >= self._per_client_max or self.waiting >= self._waiting_max:
            raise _refused(
                "too many questions that take long wait for their turn already: ask again later,"
                " and fewer at once"
            )
        turn = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(client, deque()).append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():  # it had been given already
                self._give_on()
            raise

    def _give_on(self) -> None:
        while self._waiting:
            client, turns = next(iter(self._waiting.items()))
            turn = turns.popleft()
            if turns:
                self._waiting.move_to_end(client)
            else:
                del self._waiting[client]
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1


def _refused(detail: str) -> ApiProblem:
    return ApiProblem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "too_many_questions",
        detail,
        headers={"Retry-After": str(QUESTION_RETRY_S)},
    )
