"""Real clients, as they show in `/api/connections`, `/metrics` and the log."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from structlog.testing import LogCapture
from websockets.asyncio.client import connect

from tests.integration.served import (
    Json,
    Served,
    daily,
    message,
    receive_until,
    serving,
    subscribe,
)
from tests.integration.test_metrics_api import value
from tests.waiting import eventually


@pytest.fixture
def lines() -> Iterator[list[Any]]:
    """What is logged meanwhile, also by loggers that were made before."""
    capture = LogCapture()
    before = structlog.get_config()
    structlog.configure(processors=[capture])
    yield capture.entries
    structlog.configure(**before)


@pytest.fixture
def alone(tmp_path: Path, lines: list[Any]) -> Iterator[Served]:
    with serving(tmp_path) as served:
        served.post_prices(*(daily("SPX", str(100 + number), number) for number in range(5)))
        yield served


def only(served: Served) -> Json:
    """The one connection that there is."""
    (one,) = served.get("/api/connections")["connections"]
    return dict(one)


async def test_a_sockets_life_is_seen(alone: Served, lines: list[Any]) -> None:
    async with connect(alone.socket_url) as socket:
        await socket.send(subscribe("prices", symbols=["SPX"], history="all", user_id="Ann"))
        await receive_until(socket, "caught_up")
        eventually(lambda: only(alone)["position"] == alone.head())
        seen = only(alone)
        assert (seen["way"], seen["channels"], seen["symbols"]) == ("ws", ["prices"], ["SPX"])
        assert (seen["user_id"], seen["lag"], seen["parked"]) == ("Ann", 0, False)
        assert seen["messages_sent"] == 7
        assert seen["bytes_sent"] > 1_000
        delivered = value(alone, "synapse_events_delivered_total")
        assert delivered == 5
        alone.post_prices(daily("SPX", "106", 6))
        await receive_until(socket, "price_update")
        eventually(lambda: value(alone, "synapse_events_delivered_total") == 6)
        assert value(alone, "synapse_delivery_seconds_count") >= 1
        await socket.send(message("gossip", "bad-1"))
        await receive_until(socket, "error")
        assert value(alone, "synapse_messages_refused_total", code="unknown_message_type") == 1
        assert value(alone, "synapse_connections", way="ws") == 1
    eventually(lambda: value(alone, "synapse_connections", way="ws") == 0)
    assert value(alone, "synapse_connections_closed_total", way="ws", code="1000") == 1
    told = [line for line in lines if line.get("connection") == seen["id"]]
    assert [line["event"] for line in told] == [
        "connection_opened",
        "subscribed",
        "message_refused",
        "connection_closed",
    ]
    assert told[2]["msg_id"] == "bad-1"
    assert (told[3]["code"], told[3]["refused"]) == (1000, 1)
    assert told[3]["messages"] >= 9


async def test_a_replay_is_seen_and_behind_nothing(alone: Served) -> None:
    async with connect(f"{alone.socket_url.replace('synapse', 'replay')}") as socket:
        await socket.send(message("replay_start", channels=["prices"], after=0, speed="max"))
        await receive_until(socket, "price_update")
        seen = only(alone)
        assert (seen["way"], seen["channels"], seen["symbols"]) == ("replay", ["prices"], None)
        assert (seen["position"], seen["lag"]) == (None, 0)
        assert value(alone, "synapse_connections", way="replay") == 1


async def test_server_sent_events_are_seen(alone: Served) -> None:
    with alone.http.stream("GET", "/api/stream?channels=prices&history=all") as answer:
        heard = answer.iter_lines()  # kept: the stream is closed with it
        assert any(line == "event: caught_up" for line in heard)
        seen = only(alone)
        assert (seen["way"], seen["channels"]) == ("sse", ["prices"])
        assert seen["messages_sent"] >= 6
    eventually(lambda: value(alone, "synapse_connections", way="sse") == 0)
