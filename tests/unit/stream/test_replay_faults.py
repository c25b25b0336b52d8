"""`ReplayConnection` where something goes wrong: what is told, what closes it, and what lives on."""

import asyncio

import pytest

from events.errors import PositionGap, StoreUnavailable
from events.store import PAGE_EVENTS
from tests.unit.events.builders import regime
from tests.unit.stream.replay_room import Machine, over, ticks
from tests.unit.stream.replayed import command, start
from tests.unit.stream.talk import message, ping


def test_what_is_wrong_is_told_and_the_connection_lives_on() -> None:
    async def scene(made: Machine) -> None:
        wire = made.client("{", command("pause"), start(after=4), start(epoch="another"))
        wire.say(start(after=1), command("seek", position=0), command("pause"))
        await wire.until("error", 5)
        codes = [one["payload"]["code"] for one in wire.messages if one["type"] == "error"]
        expected = ["malformed_json", "no_replay", "position_beyond_head", "epoch_mismatch"]
        assert codes == [*expected, "outside_replay"]
        await wire.until("replay_state", 2)

    over(ticks(3), scene)


def test_a_projection_that_is_parked_refuses_the_start() -> None:
    async def scene(made: Machine) -> None:
        made.parked = True
        wire = made.client(start(), ping())
        await wire.until("pong")
        assert wire.messages[0]["payload"]["code"] == "projection_parked"
        made.parked = False
        wire.say(start())
        await wire.until("replay_snapshot")

    over(ticks(3), scene)


@pytest.mark.parametrize("texts", [(start(speed="max"),), (start(), command("next_shift"))])
def test_a_store_that_cannot_be_read_closes_the_connection(texts: tuple[str, ...]) -> None:
    async def scene(made: Machine) -> None:
        made.store.unreadable = StoreUnavailable("planted")
        wire = made.client(*texts)
        await asyncio.wait_for(asyncio.gather(*made.tasks), 5)
        assert wire.closed == (4001, "store_unavailable")

    over([*ticks(3), regime("A")], scene)


def test_a_fault_of_the_logs_is_never_passed_over() -> None:
    async def scene(made: Machine) -> None:
        made.store.unreadable = PositionGap("planted", 1, 3)
        made.client(start(speed="max"))
        (result,) = await asyncio.gather(*made.tasks, return_exceptions=True)
        assert isinstance(result, PositionGap)

    over(ticks(3), scene)


def test_a_wrong_token_closes_it_and_a_right_one_is_not_answered() -> None:
    async def scene(made: Machine) -> None:
        right = message("authenticate", {"token": "right"})
        wire = made.client(right, ping(), message("authenticate", {"token": "wrong"}))
        await asyncio.wait_for(asyncio.gather(*made.tasks), 5)
        assert (wire.types(), wire.closed) == (["pong"], (4401, "unauthorised"))

    over([], scene)


def test_a_client_that_goes_ends_it_quietly() -> None:
    async def scene(made: Machine) -> None:
        wire = made.client(start(speed="max"))
        await wire.until("price_update")
        wire.leave()
        await asyncio.wait_for(asyncio.gather(*made.tasks), 5)
        assert wire.closed is None

    over(ticks(5 * PAGE_EVENTS), scene)


@pytest.mark.parametrize(
    "texts", [(), (start(),), (start(speed="max"), command("seek", time="2026-01-16T12:00:00Z"))]
)
def test_a_server_that_stops_takes_leave_whatever_it_is_doing(texts: tuple[str, ...]) -> None:
    async def scene(made: Machine) -> None:
        wire = made.client(*texts)
        await asyncio.sleep(0.015)
        assert made.last is not None
        made.last.shut_down(1.5)
        made.last.shut_down(2.5)
        await asyncio.wait_for(asyncio.gather(*made.tasks), 5)
        assert wire.messages[-1]["payload"] == {"reconnect_after_s": 1.5}
        assert wire.closed == (1012, "restart")

    over(ticks(PAGE_EVENTS), scene)


def test_leaving_one_that_has_gone_is_no_fault() -> None:
    async def scene(made: Machine) -> None:
        wire = made.client(start())
        await wire.until("replay_snapshot")
        assert made.last is not None
        made.last.shut_down(1.5)
        wire.leave()
        await asyncio.wait_for(asyncio.gather(*made.tasks), 5)
        assert wire.closed is None

    over(ticks(3), scene)
