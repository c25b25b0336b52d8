"""The past at a pace: no second holds more than it may, nothing is lost, and what is live does not wait."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from app.stream import connection, replay_connection
from app.stream.past import PIECE_BYTES, PastTurns, PastWriter, pieces_of
from app.stream.transport import size_of
from events.messages import EventText, event_text, text_with
from tests.simulation.virtual_time import run
from tests.unit.events.builders import new, price, prices, recorded, regime
from tests.unit.stream.replay_room import Machine, finished, over, ticks
from tests.unit.stream.replayed import start
from tests.unit.stream.room import Room, make_room
from tests.unit.stream.talk import Wire, subscribe

EVENTS = [text_with(one, event_text) for one in recorded([price("A")] * 1_000)]
SECOND_MAX = 2 * PIECE_BYTES


class TimedWire(Wire):
    """A wire that notes when which events were sent."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[tuple[float, int]] = []

    async def send_events(self, events: Sequence[EventText]) -> None:
        self.sent.append((asyncio.get_running_loop().time(), size_of(events)))
        await super().send_events(events)


def most_in_a_second(sent: Sequence[tuple[float, int]]) -> int:
    return max(
        sum(size for at, size in sent if first <= at < first + 1 - 1e-6) for first, _ in sent
    )


def test_one_connection_is_sent_no_more_in_any_second_and_all_of_it() -> None:
    async def scene() -> None:
        wire = TimedWire()
        writer = PastWriter(wire, SECOND_MAX)
        for first in range(0, 1_000, 250):
            await writer.send(EVENTS[first : first + 250])
        assert wire.positions() == list(range(1, 1_001))
        assert PIECE_BYTES < most_in_a_second(wire.sent) <= SECOND_MAX
        assert wire.sent[-1][0] > 2

    run(scene())


def test_pieces_hold_everything_once_and_no_more_than_a_piece_but_for_one_long_message() -> None:
    long = EVENTS[7]._replace(text="x" * (2 * PIECE_BYTES))
    events = [*EVENTS[:400], long, *EVENTS[400:]]
    pieces = list(pieces_of(events))
    assert [event for piece in pieces for event in piece] == events
    assert all(size_of(piece) <= PIECE_BYTES or list(piece) == [long] for piece in pieces)
    assert list(pieces_of([])) == []


def test_all_together_read_no_more_in_any_second_and_one_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("app.stream.past.PAGE_BYTES", 50 * len(EVENTS[0].text))
    page, under_way, reads = EVENTS[:50], 0, []

    async def read() -> list[EventText]:
        nonlocal under_way
        under_way += 1
        assert under_way == 1
        await asyncio.sleep(0.001)
        under_way -= 1
        reads.append((asyncio.get_running_loop().time(), size_of(page)))
        return page

    async def scene() -> None:
        turns = PastTurns(4 * size_of(page))
        pages = await asyncio.gather(*[turns.page(read) for _ in range(20)])
        assert pages == [page] * 20
        assert most_in_a_second(reads) <= 4 * size_of(page)

    run(scene())


def test_a_turn_that_fails_or_is_given_up_is_not_lost_for_the_others() -> None:
    async def scene() -> None:
        turns, gate = PastTurns(), asyncio.Event()

        async def waits() -> list[EventText]:
            await gate.wait()
            return []

        async def fails() -> list[EventText]:
            raise OSError("planted")

        given_up, failing = (asyncio.create_task(turns.page(read)) for read in (waits, fails))
        await asyncio.sleep(0)
        given_up.cancel()
        with pytest.raises(OSError, match="planted"):
            await failing
        gate.set()
        assert await turns.page(waits) == []

    run(scene())


class SlowTurns(PastTurns):
    """Turns that come only while a gate is open."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = asyncio.Event()

    async def page(self, read: Callable[[], Any]) -> list[EventText]:
        await self.gate.wait()
        return await super().page(read)


@asynccontextmanager
async def slow_room() -> AsyncIterator[tuple[Room, SlowTurns]]:
    turns = SlowTurns()
    async for room in make_room(heartbeat_s=3_600):
        room.context = replace(room.context, past=turns)
        yield room, turns


async def test_what_is_live_comes_while_the_history_of_another_channel_waits() -> None:
    async with slow_room() as (room, turns):
        await room.log.append(prices(3))
        wire = room.client(subscribe("regime", history="none", msg_id="live"))
        await wire.until("caught_up")
        wire.say(subscribe("prices", history="all", msg_id="past"))
        await wire.until("subscription_confirmed", 2)
        await room.log.append([new(regime("SPX"))])
        await wire.until("regime_update")
        await room.log.append(prices(2, "NDX"))
        assert wire.positions("prices") == []
        turns.gate.set()
        await wire.until("caught_up", 2)
        await wire.until_position(6)
        assert wire.positions("prices") == [1, 2, 3, 5, 6]


async def test_who_leaves_while_its_turn_has_not_come_leaves_nothing_behind() -> None:
    async with slow_room() as (room, turns):
        await room.log.append(prices(3))
        wire, _, task = room.connect(subscribe("prices", history="all"))
        await wire.until("subscription_confirmed")
        wire.leave()
        await asyncio.wait_for(task, 5)
        turns.gate.set()
        assert wire.positions() == []


def test_a_replay_at_full_speed_is_paced_and_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replay_connection, "PastWriter", lambda wire: PastWriter(wire, SECOND_MAX))
    wires: list[TimedWire] = []

    def timed() -> TimedWire:
        wires.append(TimedWire())
        return wires[-1]

    monkeypatch.setattr("tests.unit.stream.replay_room.Wire", timed)

    async def scene(made: Machine) -> None:
        wire = made.client(start(speed="max"))
        await finished(wire)
        assert wire.positions() == list(range(1, 1_201))
        assert most_in_a_second(wires[0].sent) <= SECOND_MAX
        assert asyncio.get_running_loop().time() > 2

    over(ticks(1_200), scene)


async def test_a_history_is_paced_and_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []

    class Noting(PastWriter):
        async def send(self, events: Sequence[EventText]) -> None:
            sizes.append(len(events))
            await super().send(events)

    monkeypatch.setattr(connection, "PastWriter", Noting)
    async for room in make_room(heartbeat_s=3_600):
        await room.log.append(prices(1_200))
        wire = room.client(subscribe("prices", history="all"))
        await wire.until("caught_up")
        await room.log.append(prices(1, "NDX"))
        await wire.until_position(1_201)
        assert sum(sizes) == 1_200  # and what is live is not
