"""How many symbols all connections of a client name: counted as they come and go, and refused beyond."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from app.stream.names_held import SYMBOLS_HELD_ALL_MAX, SYMBOLS_HELD_PER_CLIENT_MAX, NamesHeld
from tests.unit.stream.room import Room, ended, make_room
from tests.unit.stream.talk import Wire, subscribe, unsubscribe

ABC = ["A", "B", "C"]


@pytest.fixture
async def room() -> AsyncIterator[Room]:
    async for one in make_room(heartbeat_s=3_600):
        one.context = replace(one.context, names=NamesHeld(most=8, most_per_client=5))
        yield one


def asks(*symbols: str, msg_id: str = "s1") -> str:
    return subscribe(symbols=list(symbols), msg_id=msg_id, history="none")


def refusals(wire: Wire) -> list[tuple[str, str]]:
    errors = [one["payload"] for one in wire.messages if one["type"] == "error"]
    return [(error["code"], error["request_msg_id"]) for error in errors]


async def test_what_one_connection_names_is_missing_to_another_of_the_same_client(
    room: Room,
) -> None:
    names = room.context.names
    first, _, task = room.connect(asks(*ABC))
    await first.until("caught_up")
    assert (len(names), names.room("192.0.2.1"), names.room("192.0.2.2")) == (3, 2, 5)
    second = room.client(asks(*ABC), asks("A", "B", msg_id="s2"))
    await second.until("caught_up")
    assert refusals(second) == [("too_many_symbols", "s1")]
    assert len(names) == 5
    first.leave()
    await ended(task)
    assert len(names) == 2
    second.say(asks("C", "D", "E", msg_id="s3"))
    await second.until("caught_up", 2)
    assert len(names) == 5


async def test_who_has_no_room_left_may_subscribe_to_all_and_take_back_what_it_named(
    room: Room,
) -> None:
    names = room.context.names
    wire = room.client(asks(*ABC), asks("D", "E", msg_id="s2"))
    await wire.until("caught_up", 2)
    wire.say(subscribe("trades", history="none"))
    await wire.until("caught_up", 3)
    wire.say(unsubscribe("prices", symbols=["A"]))
    await wire.until("unsubscribed")
    assert (refusals(wire), len(names)) == ([], 4)
    wire.say(unsubscribe("prices"))
    await wire.until("unsubscribed", 2)
    assert len(names) == 0


async def test_symbols_that_are_left_out_of_all_count_too(room: Room) -> None:
    wire = room.client(subscribe(history="none"), unsubscribe("prices", symbols=ABC))
    await wire.until("unsubscribed")
    assert len(room.context.names) == 3
    wire.say(unsubscribe("prices", symbols=["D", "E", "F"], msg_id="u2"))
    await wire.until("error")
    assert refusals(wire) == [("too_many_symbols", "u2")]


async def test_while_the_log_is_asked_others_of_the_client_may_take_the_room(room: Room) -> None:
    room.store.read_gate.clear()
    slow = room.client(subscribe(symbols=ABC, history={"last": 5}))
    quick = room.client(asks("D", "E", "F"))
    await quick.until("caught_up")
    room.store.read_gate.set()
    await slow.until("error")
    assert refusals(slow) == [("too_many_symbols", "s1")]
    assert len(room.context.names) == 3


def test_all_clients_together_have_an_end() -> None:
    names = NamesHeld(most=8, most_per_client=5)
    names.change("192.0.2.1", 5)
    assert (names.room("192.0.2.1"), names.room("192.0.2.2")) == (0, 3)
    names.change("192.0.2.1", -5)
    assert (len(names), len(names._of)) == (0, 0)  # who has gone is not remembered


def test_the_limits_are_the_documented_ones() -> None:
    usual = NamesHeld()
    assert usual.room("192.0.2.1") == SYMBOLS_HELD_PER_CLIENT_MAX == 100_000
    usual.change("192.0.2.2", SYMBOLS_HELD_ALL_MAX)
    assert (usual.room("192.0.2.1"), SYMBOLS_HELD_ALL_MAX) == (0, 1_000_000)
