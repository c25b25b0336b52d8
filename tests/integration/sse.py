"""Reading Server-Sent Events in tests."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx

from tests.integration.served import PATIENCE_S, Json, Served


@dataclass(frozen=True)
class Block:
    """One event as a browser would see it."""

    event: str
    data: str
    id: str | None = None
    retry: int | None = None

    @property
    def message(self) -> Json:
        """The socket's message that it carries."""
        return dict(json.loads(self.data))


class EventSource:
    """One open stream."""

    def __init__(self, answer: httpx.Response) -> None:
        self.answer = answer
        self.blocks = self._blocks()

    async def _blocks(self) -> AsyncIterator[Block]:
        fields: dict[str, str] = {}
        async for line in _lines(self.answer):
            name, _, value = line.partition(": ")
            if line:
                assert name not in fields, f"{name} twice"
                fields[name] = value
            else:
                yield _block(fields)
                fields = {}
        assert not fields, "the stream ended in the middle of an event"

    async def until(self, done: Callable[[Block], bool]) -> list[Block]:
        """All blocks up to the first that is it, that one included."""
        got: list[Block] = []
        async for block in self.blocks:
            got.append(block)
            if done(block):
                return got
        raise AssertionError(f"the stream ended before it came: {[one.event for one in got]}")

    async def until_event(self, kind: str) -> list[Block]:
        """All blocks up to the first of a type."""
        return await self.until(lambda block: block.event == kind)


async def _lines(answer: httpx.Response) -> AsyncIterator[str]:
    # httpx breaks lines where Python does, at characters that JSON may hold; the stream does at \n.
    rest = ""
    async for text in answer.aiter_text():
        *lines, rest = (rest + text).split("\n")
        for line in lines:
            yield line
    assert not rest


def _block(fields: dict[str, str]) -> Block:
    assert fields.keys() <= {"id", "event", "data", "retry"}
    retry = fields.get("retry")
    return Block(
        fields.get("event", ""),
        fields.get("data", ""),
        fields.get("id"),
        None if retry is None else int(retry),
    )


@asynccontextmanager
async def event_source(
    served: Served, query: str = "", **headers: str
) -> AsyncIterator[EventSource]:
    """Open `GET /api/stream`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    async with (
        httpx.AsyncClient(base_url=served.url, timeout=PATIENCE_S) as http,
        http.stream("GET", f"/api/stream?{query}", headers=named) as answer,
    ):
        assert answer.status_code == 200, (await answer.aread()).decode()
        yield EventSource(answer)
