"""Clients that stop reading, over real sockets: they cost the others nothing, and miss nothing themselves."""

# covers: app.stream.direct, app.stream.fan_out, app.stream.asgi

import asyncio
import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.asyncio.client import ClientConnection, connect

from app.stream import direct
from events.tail import Tail
from tests.integration.served import (
    Json,
    Served,
    daily,
    new_symbol,
    receive_until,
    serving,
    subscribe,
)

EVENTS = 3_000
TAIL = 200
"""Events kept in memory: far fewer, so that who slept through the rest goes on from the store."""


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path, heartbeat_s=0.2) as running:
        running.log.end.tail = Tail(running.log.head.position, TAIL)
        yield running


def a_sleeper(served: Served) -> connect:
    """A client whose system takes little on its behalf."""
    host, port = served.url.removeprefix("http://").split(":")
    small = socket.socket()
    small.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    small.connect((host, int(port)))
    return connect(served.socket_url, sock=small, max_queue=1)


def prices(symbol: str, first: int, count: int) -> list[Json]:
    bars = [daily(symbol, "5", 0) for _ in range(count)]
    for number, bar in enumerate(bars, start=first):
        bar["timestamp"] = (
            f"{1950 + number // 300:04}-01-01T00:{number % 300 // 60:02}:{number % 60:02}Z"
        )
    return bars


async def publish(served: Served, symbol: str, count: int) -> None:
    for first in range(0, count, 1_000):
        await asyncio.to_thread(served.post_prices, *prices(symbol, first, 1_000))


async def test_a_frozen_reader_holds_up_nobody_and_then_misses_nothing(served: Served) -> None:
    symbol = new_symbol()
    async with (
        a_sleeper(served) as frozen,
        connect(served.socket_url) as reader,
    ):
        for client in (frozen, reader):
            await client.send(subscribe("prices", symbols=[symbol], history="none"))
            await receive_until(client, "caught_up")
        reading = asyncio.create_task(until_versions(reader, EVENTS))
        await publish(served, symbol, EVENTS)
        assert await reading == list(range(1, EVENTS + 1))
        kinds: list[str] = []
        assert await until_versions(frozen, EVENTS, kinds) == list(range(1, EVENTS + 1))
        assert "lagging" in kinds
        await receive_until(frozen, "caught_up")


async def until_versions(
    client: ClientConnection, last: int, kinds: list[str] | None = None
) -> list[int]:
    """The versions received, up to the last one that is expected."""
    versions: list[int] = []
    while not versions or versions[-1] < last:
        one = json.loads(await asyncio.wait_for(client.recv(), 30))
        if kinds is not None:
            kinds.append(one["type"])
        if "version" in one:
            versions.append(one["version"])
    return versions


async def test_who_never_reads_again_is_cut_off_and_the_server_lives_on(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(direct, "WATCH_S", 0.05)
    monkeypatch.setattr(direct, "STALLED_AFTER_S", 0.3)
    symbol = new_symbol()
    manager = served.app.state.services.manager
    async with a_sleeper(served) as frozen:
        await frozen.send(subscribe("prices", symbols=[symbol], history="none"))
        await receive_until(frozen, "caught_up")
        await publish(served, symbol, EVENTS)
        async with asyncio.timeout(20):
            while manager.connections:  # another thread's number
                await asyncio.sleep(0.01)
    async with connect(served.socket_url) as awake:
        await awake.send(subscribe("prices", symbols=[symbol], history={"last": 1}))
        assert (await until_versions(awake, EVENTS)) == [EVENTS]
