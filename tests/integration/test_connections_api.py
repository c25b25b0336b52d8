"""`GET /api/connections`: who is connected, furthest behind first."""

# covers: app.api.connections, app.stream.connection_view

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.api.connections import CONNECTIONS_PAGE_MAX, SYMBOLS_SHOWN_MAX
from app.metrics import Way
from events.catalog import Channel
from tests.integration.served import Served, daily, serving
from tests.unit.stream.views import View


@contextmanager
def connected(served: Served, views: Sequence[View]) -> Iterator[None]:
    """Connections that only tell about themselves."""
    register = served.app.state.services.register

    async def connect() -> None:
        for view in views:
            register.opened(view, "192.0.2.1")

    async def disconnect() -> None:
        for view in views:
            register.closed(view, 1000)

    served.call(connect)
    yield
    served.call(disconnect)


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Served]:
    """A server that nobody else is connected to, with a few events."""
    with serving(tmp_path) as served:
        served.post_prices(*(daily("SPX", str(100 + number), number) for number in range(5)))
        yield served


def test_nobody_is_connected_at_first(alone: Served) -> None:
    assert alone.get("/api/connections") == {"head": alone.head(), "total": 0, "connections": []}


def test_everything_about_a_connection_is_told(alone: Served) -> None:
    view = View(
        id="c-9",
        way=Way.SSE,
        channels=[Channel.PRICES, Channel.REGIME],
        symbols=["SPX"],
        user_id="Ann",
        position=3,
        messages_sent=7,
        bytes_sent=2100,
        parked=True,
    )
    with connected(alone, [view]):
        told = alone.get("/api/connections")
    assert told["connections"] == [
        {
            "id": "c-9",
            "way": "sse",
            "channels": ["prices", "regime"],
            "symbols": ["SPX"],
            "symbol_count": 1,
            "user_id": "Ann",
            "since": "2026-01-16T12:00:00.000000Z",
            "position": 3,
            "lag": alone.head() - 3,
            "messages_sent": 7,
            "bytes_sent": 2100,
            "parked": True,
        }
    ]


def test_the_furthest_behind_come_first_and_the_total_counts_all(alone: Served) -> None:
    head = alone.head()
    views = [
        View("keeps-up", position=head),
        View("late", position=1),
        View("new"),
        View("so-so", position=4),
    ]
    with connected(alone, views):
        told = alone.get("/api/connections?limit=2")
    assert [one["id"] for one in told["connections"]] == ["late", "so-so"]
    assert (told["total"], told["head"]) == (4, head)


def test_of_many_symbols_some_are_shown(alone: Served) -> None:
    symbols = [f"S{number}" for number in range(SYMBOLS_SHOWN_MAX + 30)]
    with connected(alone, [View(symbols=symbols)]):
        (told,) = alone.get("/api/connections")["connections"]
    assert told["symbols"] == symbols[:SYMBOLS_SHOWN_MAX]
    assert told["symbol_count"] == SYMBOLS_SHOWN_MAX + 30


@pytest.mark.parametrize("limit", ["0", "-1", str(CONNECTIONS_PAGE_MAX + 1), "many"])
def test_a_limit_out_of_bounds_is_refused(served: Served, limit: str) -> None:
    answer = served.http.get(f"/api/connections?limit={limit}")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
