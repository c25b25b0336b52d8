"""`TypedConnection` between a wire in memory and a log in memory: history, live, several requests."""

# covers: app.stream.context, app.stream.connection

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.unit.events.builders import new, notice, price, prices, regime
from tests.unit.stream.room import Room, make_room
from tests.unit.stream.talk import message, ping, subscribe, unsubscribe


@pytest.fixture
async def room() -> AsyncIterator[Room]:
    async for one in make_room(heartbeat_s=3_600):
        yield one


@pytest.fixture
async def beating() -> AsyncIterator[Room]:
    async for one in make_room(heartbeat_s=0.01):
        yield one


# --- the way through ----------------------------------------------------------------------------


async def test_the_server_sends_nothing_before_the_client_spoke(beating: Room) -> None:
    await beating.log.append(prices(3))
    wire = beating.client()
    other = beating.client(subscribe())
    await other.until("heartbeat", 3)
    assert wire.texts == []


async def test_confirmed_then_history_then_caught_up_then_live(room: Room) -> None:
    await room.log.append(prices(3))
    wire = room.client(subscribe(history="all"))
    await wire.until("caught_up")
    await room.log.append([new(regime()), new(price())])
    await wire.until_position(5)
    assert wire.types() == [
        "subscription_confirmed",
        *["price_update"] * 3,
        "caught_up",
        "price_update",
    ]
    assert wire.positions() == [1, 2, 3, 5]


@pytest.mark.parametrize(
    ("history", "positions"),
    [
        ({"last": 2}, [3, 4, 5, 6]),
        ({"last": 50}, [1, 2, 3, 4, 5, 6]),
        ({"after": 4}, [5, 6]),
        ({"after": 6}, []),
        ({"since": "2026-01-16T12:00:02Z"}, [3, 4, 5, 6]),
        ({"since": "2027-01-01T00:00:00Z"}, []),
        ("all", [1, 2, 3, 4, 5, 6]),
        ("none", []),
    ],
)
async def test_each_history_begins_where_it_says(
    room: Room, history: object, positions: list[int]
) -> None:
    ticks = [price("A", "1", 0), price("A", "1", 1), price("A", "1", 2), price("B", "1", 0)]
    await room.log.append([new(tick) for tick in [*ticks, price("A", "1", 3), price("B", "1", 9)]])
    wire = room.client(subscribe(history=history))
    await wire.until("caught_up")
    assert wire.positions() == positions
    assert wire.messages[0]["payload"]["resumed"] is (
        isinstance(history, dict) and "after" in history
    )


async def test_a_client_resumes_with_its_cursor(room: Room) -> None:
    await room.log.append(prices(3))
    epoch = room.log.head.epoch
    wire = room.client(subscribe(history={"after": 2}, epoch=epoch))
    await wire.until("caught_up")
    assert wire.positions() == [3]


@pytest.mark.parametrize(
    ("after", "epoch", "code"),
    [(2, "another", "epoch_mismatch"), (4, None, "position_beyond_head")],
)
async def test_a_wrong_cursor_is_refused_and_nothing_is_streamed(
    room: Room, after: int, epoch: str | None, code: str
) -> None:
    await room.log.append(prices(3))
    wire = room.client(subscribe(history={"after": after}, epoch=epoch), ping())
    await wire.until("pong")
    await room.log.append(prices(1))
    wire.say(ping("p2"))
    await wire.until("pong", 2)
    assert wire.types() == ["error", "pong", "pong"]
    assert wire.messages[0]["payload"]["code"] == code


async def test_a_malformed_message_is_answered_and_the_connection_lives_on(room: Room) -> None:
    wire = room.client("{", message("shout", {}), subscribe(history="none"), ping())
    await wire.until("pong")
    await room.log.append(prices(1))
    await wire.until_position(1)
    assert wire.types()[:2] == ["error", "error"]


async def test_after_the_answer_to_an_unsubscribe_nothing_of_it_is_sent(room: Room) -> None:
    wire = room.client(subscribe("prices", "regime", history="none"))
    await wire.until("caught_up")
    wire.stop_reading()
    await room.log.append([*prices(300), new(regime())])
    wire.say(unsubscribe("prices"))
    await asyncio.sleep(0)
    wire.read_again()
    await wire.until("unsubscribed")
    await room.log.append([*prices(5), new(regime())])
    await wire.until_position(307)
    place = wire.types().index("unsubscribed")
    assert "price_update" not in wire.types()[place:]


async def test_an_unsubscribe_in_the_midst_of_a_page_takes_effect(room: Room) -> None:
    await room.log.append([*prices(5), new(regime())])
    room.store.read_gate.clear()
    wire = room.client(subscribe("prices", "regime", history="all"))
    while not room.store.reads:
        await asyncio.sleep(0)
    wire.say(unsubscribe("prices"))
    await asyncio.sleep(0)
    room.store.read_gate.set()
    await wire.until("caught_up")
    await wire.until("unsubscribed")
    assert wire.positions() == [6]


# --- two requests -------------------------------------------------------------------------------


async def test_two_subscribes_at_two_heads_lose_nothing(room: Room) -> None:
    wire = room.client()
    wire.stop_reading()
    wire.say(subscribe("prices", history="none"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    await room.log.append([*prices(3), new(regime())])
    wire.say(subscribe("regime", msg_id="s2", history="none"))
    for _ in range(5):
        await asyncio.sleep(0)
    wire.read_again()
    await wire.until("caught_up", 2)
    await room.log.append([new(regime()), new(price())])
    await wire.until_position(6)
    assert wire.positions("prices") == [1, 2, 3, 6]
    assert wire.positions("regime") == [5]


async def test_a_long_history_does_not_hold_up_what_is_live(room: Room) -> None:
    await room.log.append(prices(1_200))
    wire = room.client(subscribe("system", history="none"))
    await wire.until("caught_up")
    room.store.read_gate.clear()
    wire.say(subscribe("prices", msg_id="s2", history="all"))
    await wire.until("subscription_confirmed", 2)
    room.store.read_gate.set()
    await room.log.append([new(notice())])
    await wire.until("caught_up", 2)
    place = wire.positions().index(1_201)
    assert place <= 1_000
    assert wire.positions("prices") == list(range(1, 1_201))
