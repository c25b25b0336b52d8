"""`ReplayConnection` in virtual time: the log in memory, a wire in memory, a clock that jumps."""

import asyncio

import pytest

from app.stream.replay_connection import (
    COMMANDS_WAITING_MAX,
    PULSES_PER_S_MAX,
    REPLAY_READS_MAX,
)
from app.stream.replay_session import PULSE_S
from events.store import PAGE_EVENTS, ReadQuery
from tests.unit.events.builders import new, price, regime
from tests.unit.stream.replay_room import Machine, finished, over, states, ticks
from tests.unit.stream.replayed import command, shift, start
from tests.unit.stream.talk import ping

# --- the way through ----------------------------------------------------------------------------


def test_all_of_it_with_the_same_texts_as_everywhere() -> None:
    async def scene(made: Machine) -> None:
        count = 2 * PAGE_EVENTS + 7
        wire = made.client(start("prices", speed="max"))
        await finished(wire)
        assert wire.types()[:3] == ["replay_state", "replay_snapshot", "price_update"]
        log = await made.store.read_texts(ReadQuery(limit=count), lambda _event: "")
        events = [text for text in wire.texts if '"position"' in text and '"stream"' in text]
        assert len(events) == len(log) == count
        assert wire.positions() == list(range(1, count + 1))

    over(ticks(2 * PAGE_EVENTS + 7), scene)


def test_a_snapshot_is_the_state_at_its_position() -> None:
    async def scene(made: Machine) -> None:
        wire = made.client(start("prices", after=1), command("seek", position=3))
        await wire.until("replay_snapshot", 2)
        snapshots = [one["payload"] for one in wire.messages if one["type"] == "replay_snapshot"]
        for snapshot, position in zip(snapshots, (1, 3), strict=True):
            state = await made.live_state.at_position(position)
            assert snapshot["state"] == state
            assert snapshot["state_hash"] == state["state_hash"]

    over([price("A"), regime("A"), price("B"), shift("A", 1), price("A", "1", 2)], scene)


def test_events_come_when_market_time_says_so() -> None:
    async def scene(made: Machine) -> None:
        loop = asyncio.get_running_loop()
        wire = made.client(start(speed=60))
        seen = []
        for position in (1, 2, 3):
            await wire.until_position(position)
            seen.append(loop.time())
        assert seen[1] - seen[0] == pytest.approx(1, abs=0.05)
        assert seen[2] - seen[1] == pytest.approx(1, abs=0.05)
        wire.say(command("pause"))
        await wire.until("replay_state", len(states(wire)) + 1)
        assert states(wire)[-1]["status"] == "paused"
        told = len(wire.texts)
        await asyncio.sleep(3_600)
        assert len(wire.texts) == told
        wire.say(command("resume"))
        resumed = loop.time()
        await finished(wire)
        assert loop.time() - resumed == pytest.approx(1, abs=0.05)

    over(ticks(4, every_s=60), scene)


def test_it_tells_where_it_stands_at_least_once_a_second() -> None:
    async def scene(made: Machine) -> None:
        wire = made.client(start())
        await wire.until("replay_snapshot")
        for _ in range(20):
            told = len(states(wire))
            await asyncio.sleep(1)
            assert len(states(wire)) > told

    over(ticks(3, every_s=3_600), scene)


def test_where_a_start_begins_and_ends() -> None:
    async def scene(made: Machine) -> None:
        for payload, positions in (
            ({"after": 3, "before": 6}, [4, 5]),
            ({"since": "2026-01-16T12:00:03Z", "until": "2026-01-16T12:00:05Z"}, [4, 5, 6]),
            ({"since": "2027-01-01T00:00:00Z"}, []),
            ({"until": "2020-01-01T00:00:00Z"}, []),
            ({"before": 0}, []),
            ({"before": 10**9, "after": 8}, [9, 10]),
        ):
            wire = made.client(start(speed="max", **payload))
            await finished(wire)
            assert wire.positions() == positions

    over(ticks(10), scene)


def test_what_is_appended_later_is_not_part_of_it() -> None:
    async def scene(made: Machine) -> None:
        wire = made.client(start(speed={"events_per_s": 1}))
        await wire.until_position(1)
        await made.log.append([new(price("A"))])
        await finished(wire)
        assert wire.positions() == [1, 2, 3]

    over(ticks(3), scene)


def test_a_seek_by_time_and_from_shift_to_shift() -> None:
    async def scene(made: Machine) -> None:
        wire = made.client(start("regime"), command("pause"))
        wire.say(command("seek", "time", time="2026-01-16T12:00:01.5Z"), command("next_shift"))
        await wire.until("replay_snapshot", 3)
        assert [one["position"] for one in states(wire)[-2:]] == [2, 4]
        wire.say(command("previous_shift"), command("previous_shift", "none"))
        await wire.until("error")
        assert states(wire)[-1]["position"] == 2
        assert wire.messages[-1]["payload"]["code"] == "no_shift"

    over([regime("A", 0), shift("A", 1), regime("A", 2), shift("A", 3)], scene)


# --- limits -------------------------------------------------------------------------------------


def test_a_client_that_does_not_read_costs_two_pages() -> None:
    async def scene(made: Machine) -> None:
        wire = made.client()
        wire.stop_reading()
        wire.say(start(speed="max"))
        await asyncio.sleep(60)
        wire.read_again()
        await wire.until("price_update")
        wire.stop_reading()
        read = len(made.store.pages)
        await asyncio.sleep(60)
        assert len(made.store.pages) - read <= 1
        wire.read_again()
        await finished(wire)
        assert len(wire.positions()) == 6 * PAGE_EVENTS

    over(ticks(6 * PAGE_EVENTS), scene)


def test_the_clock_waits_for_a_client_that_stalls() -> None:
    async def scene(made: Machine) -> None:
        wire = made.client(start())
        await wire.until_position(1)
        wire.stop_reading()
        await asyncio.sleep(600)
        wire.read_again()
        await asyncio.sleep(5)
        assert 5 <= wire.positions()[-1] <= 12

    over(ticks(1_000), scene)


def test_all_replays_together_read_only_so_much_at_once() -> None:
    async def scene(made: Machine) -> None:
        wires = [made.client(start(speed="max")) for _ in range(40)]
        for wire in wires:
            await finished(wire)
            assert len(wire.positions()) == PAGE_EVENTS + 1
        assert made.store.most_at_once == REPLAY_READS_MAX

    over(ticks(PAGE_EVENTS + 1), scene)


def test_the_more_replays_there_are_the_longer_is_the_pulse_of_each() -> None:
    async def scene(made: Machine) -> None:
        assert made.context.pulse_s == PULSE_S
        wires = [made.client(start(speed=1_000)) for _ in range(400)]
        await wires[-1].until("replay_snapshot")
        assert made.context.pulse_s == 400 / PULSES_PER_S_MAX
        wires[0].stop_reading()
        for wire in wires:
            wire.leave()
        await asyncio.gather(*made.tasks)
        assert made.context.pulse_s == PULSE_S

    over(ticks(5), scene)


def test_commands_beyond_the_limit_wait_on_the_wire_and_none_is_lost() -> None:
    async def scene(made: Machine) -> None:
        wire = made.client(start())
        await wire.until_position(1)
        wire.stop_reading()
        count = 3 * COMMANDS_WAITING_MAX
        wire.say(*(ping(f"p{number}") for number in range(count)))
        await asyncio.sleep(10)
        assert len(wire._said) >= count - COMMANDS_WAITING_MAX - 2
        wire.read_again()
        await wire.until("pong", count)

    over(ticks(100), scene)
