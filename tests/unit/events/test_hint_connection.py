"""A way of hints is kept connected: tried again, later each time, told once, and at an end when it is closed."""

import asyncio
from collections.abc import Callable

import pytest
from structlog.testing import capture_logs

from events import hint_connection
from events.hint_connection import RETRY_S_MAX, RETRY_S_MIN, HintConnection
from events.hints import Hint, HintKind


class Clock:
    """Time that passes only where somebody waits.

    Attributes:
        now: in seconds.
        pauses: how long each wait was.
    """

    def __init__(self) -> None:
        self.now = 0.0
        self.pauses: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(hint_connection, "sleep", clock.sleep)
    monkeypatch.setattr(hint_connection, "monotonic", lambda: clock.now)
    monkeypatch.setattr(hint_connection, "uniform", lambda _least, most: most)
    return clock


class Way:
    """A way whose connections end as a test says; after the last of them it is closed."""

    def __init__(self, *connections: Callable[["Way"], None]) -> None:
        self.kept = HintConnection(HintKind.NATS, self._session)
        self.heard: list[Hint] = []
        self._connections = list(connections)

    async def _session(self) -> None:
        connection = self._connections.pop(0)
        self.kept.closing = not self._connections
        connection(self)

    async def run(self) -> None:
        """All of its connections, one after the other."""
        self.kept.start(self.heard.append)
        assert self.kept.task is not None
        await self.kept.task


def refused(_way: Way) -> None:
    raise ConnectionRefusedError("nobody there\nand more of it")


def lost(way: Way) -> None:
    way.kept.found("h:4222")
    raise ConnectionResetError("gone")


def ended(way: Way) -> None:
    way.kept.found("h:4222")


async def test_each_try_comes_twice_as_late_as_the_one_before_and_never_later_than_the_limit(
    clock: Clock,
) -> None:
    await Way(*[refused] * 10).run()
    doubled = [RETRY_S_MIN * 2**number for number in range(9)]
    assert clock.pauses == [min(pause, RETRY_S_MAX) for pause in doubled]
    assert clock.pauses[-1] == RETRY_S_MAX == 5.0
    assert RETRY_S_MIN == 0.1


async def test_a_connection_that_held_is_made_again_at_once(clock: Clock) -> None:
    def held(way: Way) -> None:
        clock.now += RETRY_S_MAX + 1
        lost(way)

    def broke(way: Way) -> None:
        clock.now += RETRY_S_MAX
        lost(way)

    await Way(refused, refused, broke, held, refused, ended).run()
    assert clock.pauses == [0.1, 0.2, 0.4, 0.1, 0.2]


async def test_nodes_come_back_at_different_times(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hint_connection, "uniform", lambda least, _most: least)
    await Way(refused, refused, ended).run()
    assert clock.pauses == [RETRY_S_MIN / 2, RETRY_S_MIN]


async def test_an_outage_is_told_once_and_its_end_too(clock: Clock) -> None:
    with capture_logs() as lines:
        way = Way(refused, refused, lost, refused, ended)
        await way.run()
    assert len(clock.pauses) == 4
    said = [(line["event"], line.get("server") or line["error"]) for line in lines]
    assert said == [
        ("hints_lost", "nobody there"),
        ("hints_connected", "h:4222"),
        ("hints_lost", "gone"),
        ("hints_connected", "h:4222"),
    ]
    assert way.kept.status.reconnects == 1


async def test_who_is_connected_looks_for_what_was_told_before(clock: Clock) -> None:
    way = Way(lost, ended)
    await way.run()
    assert way.heard == [Hint(), Hint()]
    assert (way.kept.status.connected, clock.pauses) == (False, [RETRY_S_MIN])


@pytest.mark.usefixtures("clock")
async def test_what_fails_while_it_is_closed_is_no_outage() -> None:
    with capture_logs() as lines:
        way = Way(lost)
        await way.run()
    assert [line["event"] for line in lines] == ["hints_connected"]
    assert way.kept.status.error == "gone"


async def test_a_way_that_is_cancelled_is_not_connected() -> None:
    kept: HintConnection

    async def forever() -> None:
        kept.found("h:4222")
        await asyncio.Event().wait()

    kept = HintConnection(HintKind.NOTIFY, forever)
    heard = asyncio.Event()
    kept.start(lambda _: heard.set())
    await heard.wait()
    assert kept.task is not None
    kept.task.cancel()
    await asyncio.wait([kept.task])
    assert not kept.status.connected
