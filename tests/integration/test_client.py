"""The Python client against the real server, over a wire that breaks."""

import asyncio
import json
import random
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.client import (
    Event,
    Limits,
    PositionBeyondHead,
    SynapseClient,
    SyncSynapseClient,
)
from events.catalog import Payload, PriceUpdate, RegimeUpdate
from tests.house.tree import ROOT
from tests.integration.served import Json, Served, daily, new_symbol, serving
from tests.wires import wire_to

QUICK = Limits(backoff_s_min=0.01, backoff_s_max=0.05)
PYTHON_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def post_days(served: Served, symbol: str, *numbers: int) -> None:
    served.post_prices(*(daily(symbol, f"{5 + number}", number) for number in numbers))


def shown(event: Event) -> Json:
    """An event as the log's page shows it, from what the client made of it."""
    assert isinstance(event.payload, Payload)
    return {
        "msg_id": event.msg_id,
        "type": event.type,
        "payload": json.loads(event.payload.model_dump_json()),
        "position": event.position,
        "stream": event.stream,
        "version": event.version,
        "source": event.source,
    }


def logged(served: Served, query: str) -> list[Json]:
    keys = ("msg_id", "type", "payload", "position", "stream", "version", "source")
    return [{key: one[key] for key in keys} for one in served.events(query)]


async def first(count: int, events: AsyncIterator[Event]) -> list[Event]:
    return [await anext(events) for _ in range(count)]


async def test_events_are_typed_and_run_from_history_into_live(served: Served) -> None:
    symbol = new_symbol()
    post_days(served, symbol, 0, 1)
    client = SynapseClient(served.url)
    async with client.subscribe(["prices", "regime"], [symbol], history="all") as events:
        got = await first(4, events)
        await asyncio.to_thread(post_days, served, symbol, 2)
        got += await first(2, events)
    assert [shown(one) for one in got] == logged(served, f"channels=prices,regime&symbols={symbol}")
    assert {type(one.payload) for one in got} == {PriceUpdate, RegimeUpdate}


@pytest.mark.parametrize("seed", range(3))
async def test_over_a_wire_that_breaks_everything_comes_once_and_in_order(
    tmp_path: Path, seed: int
) -> None:
    chance, days = random.Random(seed), 60
    with serving(tmp_path) as served:
        post_days(served, "A", *range(days))

        async def write() -> None:
            for number in range(days):
                await asyncio.to_thread(post_days, served, "B", number)

        async with wire_to(served.url) as wire:
            writer = asyncio.create_task(write())
            client = SynapseClient(wire.url, limits=QUICK)
            got: list[Event] = []
            async with client.subscribe(["prices", "regime"], history="all") as events:
                while len(got) < 4 * days:
                    got += await first(1, events)
                    if chance.random() < 0.05:
                        wire.cut()
            await writer
            assert wire.opened > 2
        assert [shown(one) for one in got] == logged(served, "channels=prices,regime")


async def test_a_server_that_starts_again_is_resumed(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        post_days(served, "A", 0, 1)
        async with wire_to(served.url) as wire:
            client = SynapseClient(wire.url, limits=QUICK)
            async with client.subscribe(["prices"], history="all") as events:
                got = await first(2, events)
                await asyncio.to_thread(served.stop)
                with serving(tmp_path) as again:
                    wire.target = again.url
                    post_days(again, "A", 2)
                    got += await first(1, events)
                    assert [shown(one) for one in got] == logged(again, "channels=prices")


async def test_a_cursor_is_all_that_a_program_has_to_keep(served: Served) -> None:
    symbol = new_symbol()
    post_days(served, symbol, *range(4))
    client = SynapseClient(served.url)
    async with client.subscribe(["prices"], [symbol], history="all") as events:
        await first(2, events)
        cursor = events.cursor
    assert cursor is not None
    resumed = client.subscribe(
        ["prices"], [symbol], history={"after": cursor.position}, epoch=cursor.epoch
    )
    async with resumed as events:
        assert [one.version for one in await first(2, events)] == [3, 4]
    with pytest.raises(PositionBeyondHead):
        await anext(client.subscribe(["prices"], history={"after": 2**53 - 1}))


def test_the_sync_twin_yields_the_same(served: Served) -> None:
    symbol = new_symbol()
    post_days(served, symbol, *range(30))
    with SyncSynapseClient(served.url).subscribe(
        ["prices", "regime"], [symbol], history={"last": 20}
    ) as events:
        got = [next(events) for _ in range(40)]
        post_days(served, symbol, 30)
        got += [next(events) for _ in range(2)]
    whole = logged(served, f"channels=prices,regime&symbols={symbol}")
    assert [shown(one) for one in got] == whole[-len(got) :]


def test_every_python_block_of_the_page_runs(tmp_path: Path) -> None:
    blocks = PYTHON_BLOCK.findall((ROOT / "docs/clients.md").read_text(encoding="utf-8"))
    assert len(blocks) >= 3
    with serving(tmp_path) as served:
        post_days(served, "SPX", 0, 1, 2)
        for block in blocks:
            assert "http://127.0.0.1:8000" in block
            code = compile(block.replace("http://127.0.0.1:8000", served.url), "clients.md", "exec")
            exec(code, {"__name__": "__main__"})
