"""Faults: each knob does what it says, the same each time, and a right consumer comes to the same end."""

# covers: events.testing.faults, events.testing.faulty

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from events.envelope import RecordedEvent
from events.testing import (
    BadExpectation,
    CaughtUpTimeout,
    Crashed,
    DroppedConnection,
    LogUnderTest,
    assert_log,
    faults,
)
from tests.unit.events.builders import price, recorded

EVENTS = recorded([price(second=second) for second in range(12)])


async def stream(after: int = 0) -> AsyncIterator[RecordedEvent]:
    """Twelve events."""
    for event in EVENTS[after:]:
        yield event


async def places(source: Any) -> list[int]:
    """What comes, by position; of a stream that never fails."""
    return [event.position async for event in source]


async def noted(source: Any, got: list[int]) -> None:
    """A consumer that notes positions as they come."""
    async for event in source:
        got += [event.position]


async def doggedly(source: Any) -> tuple[list[int], list[str]]:
    """A consumer that iterates again after every fault: what came, and the faults."""
    got: list[int] = []
    met: list[str] = []
    while True:
        try:
            await noted(source, got)
        except (DroppedConnection, Crashed) as fault:
            met.append(str(fault))
        else:
            return got, met


async def test_without_a_knob_nothing_changes() -> None:
    assert await places(faults(stream())) == list(range(1, 13))
    assert await places(faults(stream)) == list(range(1, 13))


async def test_repeats_every_nth_at_once() -> None:
    assert await places(faults(stream(), repeat=5)) == [
        1,
        2,
        3,
        4,
        5,
        5,
        6,
        7,
        8,
        9,
        10,
        10,
        11,
        12,
    ]
    assert await places(faults(stream(6), repeat=1)) == [7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12]


async def test_repeats_by_chance_the_same_with_the_same_seed() -> None:
    first = await places(faults(stream(), repeat=0.5, seed=3))
    assert 12 < len(first) < 24
    assert await places(faults(stream(), repeat=0.5, seed=3)) == first
    assert await places(faults(stream(), repeat=0.5, seed=4)) != first
    assert sorted(set(first)) == list(range(1, 13))


async def test_reorders_within_windows() -> None:
    got = await places(faults(stream(), reorder=5, seed=1))
    assert got != sorted(got)
    assert [sorted(got[start : start + 5]) for start in (0, 5, 10)] == [
        [1, 2, 3, 4, 5],
        [6, 7, 8, 9, 10],
        [11, 12],
    ]
    assert await places(faults(stream(), reorder=5, seed=1)) == got


async def test_delays_by_the_clock_that_is_handed_in() -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    assert len(await places(faults(stream(), delay=0.5, sleep=sleep))) == 12
    assert slept == [0.5] * 12
    slept.clear()
    await places(faults(stream(), delay=(1, 2), sleep=sleep))
    assert all(1 <= seconds <= 2 for seconds in slept)
    assert len(set(slept)) > 1


async def test_drops_the_connection_and_goes_on_after_the_last_position() -> None:
    opened: list[int] = []

    def connect(after: int) -> AsyncIterator[RecordedEvent]:
        opened.append(after)
        return stream(after)

    got, met = await doggedly(faults(connect, drop_connection=5))
    assert got == list(range(1, 13))
    assert opened == [0, 5, 10]
    assert met == [
        "planted: the connection was lost, all up to 5 had come; faults(drop_connection=5, seed=0)",
        "planted: the connection was lost, all up to 10 had come; faults(drop_connection=5, seed=0)",
    ]
    assert issubclass(DroppedConnection, ConnectionError)


async def test_a_consumer_may_connect_again_after_its_own_cursor() -> None:
    source = faults(stream, drop_connection=3)
    got: list[int] = []
    cursor = 0
    while cursor < 12:
        try:
            async for event in source(cursor):
                got.append(event.position)
                cursor = max(cursor, event.position - 1)  # one that saves its cursor too late
                cursor = 12 if event.position == 12 else cursor
        except ConnectionError:
            continue
    assert got == [1, 2, 3, 3, 4, 5, 5, 6, 7, 7, 8, 9, 9, 10, 11, 11, 12]


async def test_a_single_stream_that_is_dropped_goes_on_as_well() -> None:
    got, met = await doggedly(faults(stream(), drop_connection=5))
    assert got == list(range(1, 13))
    assert len(met) == 2
    with pytest.raises(BadExpectation, match="hand in what opens it"):
        faults(stream())(3)


async def test_crashes_once() -> None:
    got, met = await doggedly(faults(stream, crash_after=4))
    assert got == list(range(1, 13))
    assert met == ["planted: a crash after 4 events; faults(crash_after=4, seed=0)"]


async def test_what_was_not_handed_out_before_a_drop_comes_again() -> None:
    for seed in range(20):
        source = faults(stream, reorder=4, repeat=0.3, drop_connection=3, crash_after=7, seed=seed)
        got, met = await asyncio.wait_for(doggedly(source), 5)
        assert set(got) == set(range(1, 13)), f"{source!r}: {got}"
        assert met


async def test_a_lost_repetition_does_not_hold_up_the_rest() -> None:
    got, met = await asyncio.wait_for(doggedly(faults(stream, repeat=1, drop_connection=1)), 5)
    assert got == list(range(1, 13))
    assert len(met) == 12


async def test_all_faults_are_had_again_by_their_seed() -> None:
    def run(seed: int) -> Any:
        return doggedly(faults(stream, reorder=3, repeat=0.4, drop_connection=5, seed=seed))

    assert await run(9) == await run(9)
    assert await run(9) != await run(10)


async def test_a_failure_is_told_its_seed() -> None:
    async def consume() -> None:
        async with faults(stream(), repeat=2, seed=11) as source:
            async for event in source:
                _ = event.position / 0

    with pytest.raises(ZeroDivisionError) as failed:
        await consume()
    assert failed.value.__notes__ == ["under faults(repeat=2, seed=11), after 1 events"]


async def test_one_that_is_closed_gives_no_more() -> None:
    source = faults(stream)
    await anext(source)
    await source.aclose()
    assert await places(source) == []
    assert await places(source(10)) == [11, 12]


# --- over a log under test ---


async def test_a_right_consumer_comes_to_the_same_end(log: LogUnderTest) -> None:
    def connect(after: int) -> Any:
        return log.follow(after=after, name="mine")

    kept: dict[int, RecordedEvent] = {}

    async def consume() -> None:
        source = faults(connect, repeat=0.5, drop_connection=2, crash_after=5, seed=2)
        while True:
            try:
                async for event in source:
                    kept[event.position] = event
            except (ConnectionError, Crashed):
                continue
            else:
                return

    task = asyncio.create_task(consume())
    await log.caught_up()
    log.append(price(second=1), price(second=2))
    await log.caught_up()
    assert_log([kept[position] for position in sorted(kept)]).dense()
    log.close()
    await task


async def test_what_faults_hold_back_is_not_taken(log: LogUnderTest) -> None:
    follower = log.follow(name="mine")
    source = faults(follower, reorder=4)
    got: list[int] = []
    task = asyncio.create_task(noted(source, got))
    while follower.taken < 4:
        await asyncio.sleep(0)
    with pytest.raises(CaughtUpTimeout, match=r"mine took all up to 4; position 5 .* is held back"):
        await log.caught_up(timeout=0.01)
    log.append(price(second=1), price(second=2))
    await log.caught_up()
    assert sorted(got) == list(range(1, 9))
    log.close()
    await task


async def test_the_second_of_two_is_taken_before_the_event_is(log: LogUnderTest) -> None:
    follower = log.follow(live=False)
    source = faults(follower, repeat=1)
    assert [(await anext(source)).position for _ in range(3)] == [1, 1, 2]
    assert follower.taken == 1
    assert await places(source) == [2, 3, 3, 4, 4, 5, 5, 6, 6]
    assert follower.taken == 6


@pytest.mark.parametrize(
    ("knobs", "problem"),
    [
        ({"repeat": 0}, "repeat=0: every n-th event, or a probability"),
        ({"repeat": 1.5}, "repeat=1.5"),
        ({"repeat": "2"}, "repeat='2': every n-th event"),
        ({"repeat": True}, "repeat=True: every n-th event"),
        ({"crash_at_work": 0}, "crash_at_work=0: a number of events, from 1"),
        ({"reorder": 1}, "reorder=1: a window of 2 to 1000 events"),
        ({"reorder": 1001}, "a window of 2 to 1000"),
        ({"drop_connection": 0}, "drop_connection=0: a number of events, from 1"),
        ({"crash_after": True}, "crash_after=True: a number of events"),
        ({"delay": 1}, "delay= needs what waits: sleep=asyncio.sleep"),
        ({"delay": (2, 1), "sleep": asyncio.sleep}, "seconds, or the least and the most"),
        ({"delay": -1, "sleep": asyncio.sleep}, "seconds, or the least and the most"),
    ],
)
def test_a_knob_that_cannot_be_turned_so_is_refused(knobs: dict[str, Any], problem: str) -> None:
    with pytest.raises(BadExpectation) as refused:
        faults(stream, **knobs)
    assert problem in str(refused.value)


async def test_only_events_with_a_place_can_have_faults() -> None:
    async def payloads() -> AsyncIterator[Any]:
        yield price()

    with pytest.raises(BadExpectation, match="has no position"):
        await places(faults(payloads(), reorder=2))


def test_reads_as_it_was_written() -> None:
    assert repr(faults(stream, repeat=3, seed=7)) == "faults(repeat=3, seed=7)"
    assert repr(faults(stream)) == "faults(seed=0)"


async def early(source: Any, cursor: list[int], done: list[int]) -> None:
    """A consumer with the classic fault: it keeps its cursor before it has done the work."""
    work = source.at_work(done.append)
    while True:
        try:
            async for event in source(cursor[-1]):
                cursor.append(event.position)
                work(event.position)
        except Crashed:
            continue
        else:
            return


async def late(source: Any, cursor: list[int], done: list[int]) -> None:
    """A right one: work first."""
    work = source.at_work(done.append)
    while True:
        try:
            async for event in source(cursor[-1]):
                work(event.position)
                cursor.append(event.position)
        except Crashed:
            continue
        else:
            return


async def test_a_crash_at_work_finds_the_cursor_that_is_kept_too_early() -> None:
    done: list[int] = []
    await early(faults(stream, crash_at_work=5), [0], done)
    assert done == [1, 2, 3, 4, *range(6, 13)]
    done = []
    await late(faults(stream, crash_at_work=5), [0], done)
    assert done == list(range(1, 13))


@pytest.mark.parametrize("again", [stream, None])
async def test_an_event_that_a_crash_took_from_work_comes_again(again: Any) -> None:
    source = faults(again or stream(), crash_at_work=3, repeat=5)
    done: list[int] = []
    work = source.at_work(done.append)

    async def consumer() -> None:
        async for event in source:
            work(event.position)

    with pytest.raises(Crashed, match="planted: a crash at work on event 3; faults"):
        await consumer()
    await consumer()
    assert sorted(set(done)) == list(range(1, 13))
    assert source.never_struck is None


async def test_a_fault_that_never_struck_is_named() -> None:
    source = faults(stream, crash_after=500, drop_connection=100, repeat=0.001, seed=3)
    await places(source)
    assert source.never_struck == (
        f"{source!r}: crash_after and drop_connection never struck, 12 events were handed out"
    )
    struck = faults(stream, repeat=2, reorder=3, drop_connection=5, crash_after=7)
    await doggedly(struck)
    assert struck.never_struck is None


async def test_what_a_window_holds_back_names_the_knob_and_the_way_out(log: LogUnderTest) -> None:
    consumer = asyncio.create_task(noted(faults(log.follow(name="mine"), reorder=4), []))
    with pytest.raises(
        CaughtUpTimeout, match=r"reorder=4.* append as many, or follow\(live=False\)"
    ):
        await log.caught_up(timeout=0.3)
    consumer.cancel()
