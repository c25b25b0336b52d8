"""Who sends too much over a socket is told so, and closed; up to the limit all is answered."""

import asyncio
from dataclasses import replace

import pytest

from app.stream.close_codes import CLOSE_TOO_BIG
from app.stream.json_depth import JSON_DEPTH_MAX
from tests.unit.stream.replay_room import Machine, over, ticks
from tests.unit.stream.replayed import start
from tests.unit.stream.room import ended, make_room
from tests.unit.stream.talk import Wire, ping, subscribe

A_MINUTE = 20


def nested(levels: int) -> str:
    return "[" * levels + "]" * levels


def codes(wire: Wire) -> list[str]:
    return [one["payload"]["code"] for one in wire.messages if one["type"] == "error"]


@pytest.mark.parametrize("said", [ping(), "nonsense"])
async def test_one_message_too_many_is_told_and_closes(said: str) -> None:
    async for room in make_room(heartbeat_s=3_600):
        room.context = replace(room.context, messages_per_minute=A_MINUTE)
        wire, _, task = room.connect(*[said] * (A_MINUTE // 2))
        while len(wire.texts) < A_MINUTE // 2:
            await asyncio.sleep(0)
        assert wire.closed is None
        wire.say(said)
        await ended(task)
        assert codes(wire)[-1] == "too_many_messages"
        assert wire.closed == (4429, "too many messages")


async def test_a_flood_is_not_read_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.stream.connection.ABUSE_GOODBYE_S_MAX", 0.01)
    async for room in make_room(heartbeat_s=3_600):
        room.context = replace(room.context, messages_per_minute=A_MINUTE)
        wire, connection, task = room.connect()
        wire.stop_reading()
        wire.say(*[ping()] * 500)
        await ended(task)
        assert wire.closed == (4429, "too many messages")
        assert len(connection._control) <= A_MINUTE
        assert len(wire._said) == 500 - A_MINUTE // 2 - 1


async def test_what_nests_too_deep_closes_and_what_does_not_is_answered() -> None:
    async for room in make_room(heartbeat_s=3_600):
        wire, _, task = room.connect(nested(JSON_DEPTH_MAX), subscribe(history="none"))
        await wire.until("caught_up")
        assert (codes(wire), wire.closed) == (["invalid_message"], None)
        wire.say(nested(JSON_DEPTH_MAX + 1), ping())
        await ended(task)
        assert codes(wire)[-1] == "too_deep"
        assert wire.closed == (CLOSE_TOO_BIG, "too deep")
        assert "pong" not in wire.types()


def test_a_replay_is_closed_for_the_same() -> None:
    async def scene(made: Machine) -> None:
        made.context = replace(made.context, messages_per_minute=A_MINUTE)
        flooding, deep = made.client(start()), made.client(nested(JSON_DEPTH_MAX), start())
        await flooding.until("replay_snapshot")
        flooding.say(*[ping()] * (A_MINUTE // 2))
        await deep.until("replay_snapshot")
        deep.say(nested(JSON_DEPTH_MAX + 1))
        await asyncio.gather(*made.tasks)
        assert (codes(flooding), codes(deep)) == (
            ["too_many_messages"],
            ["invalid_message", "too_deep"],
        )
        assert (flooding.closed, deep.closed) == (
            (4429, "too many messages"),
            (1009, "too deep"),
        )

    over(ticks(3), scene)
