"""`TypedConnection`: clients that do not read, heartbeats, failures, and the end."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from app.stream import connection as connection_module
from app.stream.connection import CONTROL_WAITING_MAX
from app.stream.transport import ClientGone
from events.errors import PositionGap, StoreUnavailable
from events.tail import Tail
from tests.unit.events.builders import prices
from tests.unit.stream.room import Room, ended, make_room
from tests.unit.stream.talk import message, ping, subscribe


@pytest.fixture
async def room() -> AsyncIterator[Room]:
    async for one in make_room(heartbeat_s=3_600):
        yield one


@pytest.fixture
async def beating() -> AsyncIterator[Room]:
    async for one in make_room(heartbeat_s=0.01):
        yield one


# --- a client that does not read ----------------------------------------------------------------


async def test_who_falls_out_of_the_tail_is_told_and_loses_nothing(room: Room) -> None:
    room.log.end.tail = Tail(0, 4)
    wire = room.client(subscribe(history="none"))
    await wire.until("caught_up")
    wire.stop_reading()
    for _ in range(6):
        await room.log.append(prices(3))
    wire.read_again()
    await wire.until_position(18)
    await wire.until("caught_up", 2)
    assert wire.positions() == list(range(1, 19))
    assert wire.types().count("lagging") >= 1
    lagging = wire.messages[wire.types().index("lagging")]["payload"]
    assert lagging["request_msg_id"] == "s1"


async def test_a_client_that_talks_but_does_not_read_is_closed(room: Room) -> None:
    wire, _, task = room.connect()
    wire.stop_reading()
    wire.say(*[ping()] * (CONTROL_WAITING_MAX + 10))
    await ended(task)
    assert wire.closed is not None
    assert wire.closed[0] == 4008


async def test_a_burst_of_questions_from_a_client_that_reads_is_answered(room: Room) -> None:
    count = 3 * CONTROL_WAITING_MAX
    wire = room.client(*[ping()] * count)
    await wire.until("pong", count)
    assert wire.closed is None


async def test_a_slow_client_is_still_answered_while_events_pour_in(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_module, "LIVE_BATCH_EVENTS", 10)
    wire = room.client(subscribe(history="none"))
    await wire.until("caught_up")
    wire.stop_reading()
    await room.log.append(prices(500))
    wire.say(ping())
    await asyncio.sleep(0)
    wire.read_again()
    await wire.until_position(500)
    assert wire.types().index("pong") < 50


async def test_one_busy_client_does_not_hold_up_another(room: Room) -> None:
    await room.log.append(prices(5_000))
    busy = room.client(subscribe(history="all"))
    other = room.client(ping())
    await other.until("pong")
    assert len(busy.positions()) < 5_000


async def test_latest_is_conflated_over_all_that_waits(room: Room) -> None:
    wire = room.client(subscribe(history="none", delivery="latest"))
    await wire.until("caught_up")
    wire.stop_reading()
    await room.log.append(prices(1))
    for _ in range(5):
        await asyncio.sleep(0)
    await room.log.append([*prices(2_000), *prices(3, "NDX")])
    wire.read_again()
    await wire.until_position(2_004)
    assert wire.positions() == [1, 2_001, 2_004]


# --- heartbeats ---------------------------------------------------------------------------------


async def test_a_heartbeat_claims_no_more_than_was_sent(beating: Room) -> None:
    wire = beating.client(subscribe(history="none"))
    await wire.until("caught_up")
    for _ in range(10):
        for _ in range(6):
            await beating.log.append(prices(2))
        await wire.until("heartbeat", wire.types().count("heartbeat") + 1)
    await wire.until_position(120)
    await wire.until("heartbeat", wire.types().count("heartbeat") + 2)
    sent = 0
    for one in wire.messages:
        if one["type"] == "heartbeat":
            assert one["payload"]["head"] <= sent
        sent = max(sent, one.get("position", 0))
    assert wire.messages[-1]["payload"]["head"] == 120
    assert wire.messages[-1]["payload"]["channels"] == {"prices": 120}


async def test_a_heartbeats_head_moves_over_what_does_not_match(beating: Room) -> None:
    wire = beating.client(subscribe("trades", history="none"))
    await wire.until("heartbeat")
    await beating.log.append(prices(7))
    await wire.until("heartbeat", wire.types().count("heartbeat") + 2)
    assert wire.messages[-1]["payload"]["head"] == 7
    assert wire.positions() == []


# --- errors and the end -------------------------------------------------------------------------


async def test_a_store_that_fails_in_mid_catch_up_closes_with_4001(room: Room) -> None:
    await room.log.append(prices(3))
    room.store.unreadable = StoreUnavailable("planted")
    wire, _, task = room.connect(subscribe(history="all"))
    await ended(task)
    assert wire.closed == (4001, "store_unavailable")
    assert wire.positions() == []


async def test_a_store_that_fails_while_a_subscribe_opens_closes_with_4001(room: Room) -> None:
    await room.log.append(prices(3))
    room.store.unreadable = StoreUnavailable("planted")
    wire, _, task = room.connect(subscribe(history={"last": 1}))
    await ended(task)
    assert wire.closed == (4001, "store_unavailable")


async def test_a_log_that_contradicts_itself_is_not_passed_over(room: Room) -> None:
    await room.log.append(prices(3))
    room.store.unreadable = PositionGap("planted", 1, 3)
    _, _, task = room.connect(subscribe(history="all"))
    with pytest.raises(PositionGap):
        await ended(task)


async def test_a_wrong_token_hangs_up_and_a_right_one_does_not(room: Room) -> None:
    good = room.client(message("authenticate", {"token": "right"}), ping())
    await good.until("pong")
    bad, _, task = room.connect(message("authenticate", {"token": "wrong"}))
    await ended(task)
    assert bad.closed == (4401, "unauthorised")
    assert good.closed is None


@pytest.mark.parametrize("reading", [True, False])
async def test_a_client_that_goes_leaves_nothing_behind(room: Room, reading: bool) -> None:
    wire, _, task = room.connect(subscribe(history="none"))
    await wire.until("caught_up")
    if not reading:
        wire.stop_reading()
        await room.log.append(prices(2))
    wire.leave()
    await ended(task)
    assert wire.closed is None


async def test_a_client_that_goes_in_mid_catch_up_leaves_nothing_behind(room: Room) -> None:
    await room.log.append(prices(3))
    room.store.read_gate.clear()
    wire, _, task = room.connect(subscribe(history="all"))
    while not room.store.reads:
        await asyncio.sleep(0)
    wire.leave()
    await ended(task)


async def test_a_connection_that_is_cancelled_ends_its_tasks(room: Room) -> None:
    wire, _, task = room.connect(subscribe(history="none"))
    await wire.until("caught_up")
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert tasks_of_connections() == []


def tasks_of_connections() -> Sequence[str]:
    return [repr(task) for task in asyncio.all_tasks() if "TypedConnection" in repr(task)]


async def test_a_shutdown_is_announced_and_then_the_connection_closed(room: Room) -> None:
    wire, connection, task = room.connect(subscribe(history="none"))
    await wire.until("caught_up")
    connection.shut_down(1.5)
    await ended(task)
    assert wire.messages[-1]["type"] == "shutdown"
    assert wire.messages[-1]["payload"] == {"reconnect_after_s": 1.5}
    assert wire.closed == (1012, "restart")


async def test_who_is_dismissed_in_the_turn_in_which_its_wire_breaks_ends_quietly(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    wire, connection, task = room.connect(subscribe(history="none"))
    await wire.until("caught_up")

    async def breaks(_text: str) -> None:
        connection.dismiss(4401, "over")
        raise ClientGone

    monkeypatch.setattr(wire, "send", breaks)
    connection.shut_down(1.0)
    await ended(task)
    assert wire.closed == (4401, "over")
