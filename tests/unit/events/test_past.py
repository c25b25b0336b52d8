"""The past is answered from snapshots, with a bounded number of events, and always as without them."""

from collections.abc import AsyncIterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events import past as past_module
from events.errors import PositionGap
from events.log import EventLog
from events.past import Past
from events.projection import Folded, fold
from events.scalars import to_micros
from events.store import ReadQuery
from tests.unit.events.builders import at
from tests.unit.events.trail import (
    TRAIL,
    CountingStore,
    events_for,
    expected_at,
    log_of,
    random_seconds,
)


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(past_module, "SNAPSHOT_EVERY", 10)
    monkeypatch.setattr(past_module, "MARKET_SNAPSHOT_EVERY", 5)
    monkeypatch.setattr(past_module, "MARKET_PAGE", 7)
    monkeypatch.setattr(past_module, "STREAMS_A_TURN", 2)
    monkeypatch.setattr(past_module, "SAVED_AT_ONCE", 3)


@pytest.fixture
async def opened() -> AsyncIterator[list[EventLog]]:
    """Logs to close when the test is over."""
    logs: list[EventLog] = []
    yield logs
    for log in logs:
        await log.close()


async def test_every_position_is_answered_alike_with_and_without_snapshots(
    opened: list[EventLog],
) -> None:
    store = CountingStore()
    log = await log_of(store, random_seconds(73, 0.1))
    opened.append(log)
    events = await log.read(ReadQuery(limit=1_000))
    past = Past(log, TRAIL)
    for _ in range(2):
        for position in range(74):
            folded = await past.at_position(position)
            assert folded.state == fold(TRAIL, events[:position])
            assert folded.position == position
            last = events[position - 1] if position else None
            assert folded.recorded_at_us == (last.recorded_at_us if last else None)
    assert store.saved == {"": 7}


async def test_a_position_costs_no_more_events_than_lie_between_two_snapshots(
    opened: list[EventLog],
) -> None:
    store = CountingStore()
    log = await log_of(store, random_seconds(500, 0.1))
    opened.append(log)
    past = Past(log, TRAIL)
    await past.at_position(497)
    assert store.folded == 497
    for position in (497, 490, 489, 3, 255):
        store.folded = 0
        await past.at_position(position)
        assert store.folded <= 10


moments = st.tuples(st.none() | st.integers(-1, 60), st.integers(0, 60))


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.sampled_from(["A", "B", "system"]), st.integers(0, 30)), max_size=60),
    st.lists(moments, min_size=1, max_size=6),
)
async def test_every_moment_is_answered_alike_with_and_without_snapshots(
    seconds: list[tuple[str, int]], asked: list[tuple[int | None, int]]
) -> None:
    store = CountingStore()
    log = await log_of(store, seconds)
    try:
        events = await log.read(ReadQuery(limit=1_000))
        past = Past(log, TRAIL)
        for second, known in asked * 2:
            at_us = None if second is None else to_micros(at(second))
            known = min(known, log.head.position)  # noqa: PLW2901
            folded = await past.at_time(at_us, known)
            assert folded.state == expected_at(events, at_us, known)
            chosen = [e for e in events if e.position <= known]
            chosen = [e for e in chosen if at_us is None or e.occurred_at_us <= at_us]
            newest = max((e.occurred_at_us for e in chosen), default=None)
            assert (folded.position, folded.occurred_at_us) == (
                max((e.position for e in chosen), default=0),
                newest,
            )
    finally:
        await log.close()


@pytest.mark.parametrize("lateness", [0.0, 0.05, 0.5])
async def test_a_moment_costs_no_more_events_of_a_stream_than_lie_between_two_snapshots(
    opened: list[EventLog], lateness: float
) -> None:
    store = CountingStore()
    log = await log_of(store, random_seconds(600, lateness))
    opened.append(log)
    past, known = Past(log, TRAIL), log.head.position
    await past.at_time(None, known)
    assert store.folded == 600
    # Late events of one market time follow one another; a snapshot waits until the time moves on.
    streams, most_of_one_time = 4, 12
    for second in range(0, 600, 37):
        store.folded = 0
        await past.at_time(to_micros(at(second)), known)
        assert store.folded <= streams * (5 + most_of_one_time)


async def test_many_events_of_one_time_do_not_keep_a_snapshot_from_being_made(
    opened: list[EventLog],
) -> None:
    store = CountingStore()
    log = await log_of(store, [("A", 0)] * 100)
    opened.append(log)
    past = Past(log, TRAIL)
    await past.at_time(None, 100)
    store.folded = 0
    assert (await past.at_time(to_micros(at(0)), 98)).state == {"A": list(range(1, 99))}
    assert store.folded <= 5


async def test_after_a_correction_the_first_read_folds_further_and_the_next_does_not(
    opened: list[EventLog],
) -> None:
    store = CountingStore()
    seconds = [("A", second) for second in range(200)]
    log = await log_of(store, seconds)
    opened.append(log)
    past = Past(log, TRAIL)
    await past.at_time(None, 200)
    await store.append(events_for([("A", 50)]))
    costs = []
    for known in (201, 201, 200):
        store.folded = 0
        state = (await past.at_time(None, known)).state
        assert state == expected_at(store._events, None, known)
        costs.append(store.folded)
    assert costs[0] > 140
    assert costs[1:] == [pytest.approx(0, abs=5)] * 2


async def test_damaged_snapshots_are_passed_over_and_mended(opened: list[EventLog]) -> None:
    store = CountingStore()
    log = await log_of(store, random_seconds(60, 0.1))
    opened.append(log)
    past = Past(log, TRAIL)
    states = [(await past.at_position(55)).state, (await past.at_time(None, 60)).state]
    store.damage()
    for _ in range(2):
        store.folded = 0
        assert (await past.at_position(55)).state == states[0]
        assert (await past.at_time(None, 60)).state == states[1]
    assert store.folded <= 5 + 4 * 5


async def test_a_store_that_cannot_be_written_is_read_all_the_same(
    opened: list[EventLog],
) -> None:
    store = CountingStore()
    log = await log_of(store, random_seconds(60, 0.1))
    opened.append(log)
    store.writable = False
    assert (await Past(log, TRAIL).at_position(60)).position == 60
    assert store.saved == {}


async def test_a_store_that_leaves_events_out_is_found_out(opened: list[EventLog]) -> None:
    store = CountingStore()
    log = await log_of(store, random_seconds(30, 0.0))
    opened.append(log)
    del store._events[12]
    with pytest.raises(PositionGap):
        await Past(log, TRAIL).at_position(30)


async def test_a_fold_that_is_not_to_save_leaves_nothing(opened: list[EventLog]) -> None:
    store = CountingStore()
    log = await log_of(store, random_seconds(60, 0.1))
    opened.append(log)
    past = Past(log, TRAIL)
    past.saving = False
    folded: Folded[dict[str, list[int]]] = await past.at_position(60)
    await past.at_time(None, 60)
    assert (folded.position, store.saved) == (60, {})


async def costs_of_moments(store: CountingStore, past: Past[dict[str, list[int]]]) -> list[int]:
    """Events folded for moments all over the log, as known at positions all over it."""
    costs = []
    for known in range(1, len(store._events) + 1, 9):
        for second in range(0, 150, 13):
            store.folded = 0
            at_us = to_micros(at(second))
            state = (await past.at_time(at_us, known)).state
            assert state == expected_at(store._events, at_us, known)
            costs.append(store.folded)
    return costs


@pytest.mark.parametrize("late", [[10], [90, 10], [10, 90], [50, 50, 10]])
async def test_after_preparing_no_moment_as_known_at_any_time_costs_more_than_a_few_events(
    opened: list[EventLog], monkeypatch: pytest.MonkeyPatch, late: list[int]
) -> None:
    monkeypatch.setattr(past_module, "FAR_BACK", 10)
    store, seconds = CountingStore(), [("A", second) for second in range(60)]
    for number, second in enumerate(late):
        seconds += [("A", second % (60 + 30 * number))]
        seconds += [("A", second) for second in range(60 + 30 * number, 90 + 30 * number)]
    log = await log_of(store, seconds)
    opened.append(log)
    past = Past(log, TRAIL)
    await past.prepare(log.head.position)
    past.saving = False
    costs = await costs_of_moments(store, past)
    # Between two snapshots, and what is not yet far back.
    assert max(costs) <= 5 + 10


async def test_preparing_folds_no_more_than_the_log_twice_and_a_page(
    opened: list[EventLog], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(past_module, "FAR_BACK", 5)
    monkeypatch.setattr(past_module, "SNAPSHOT_EVERY", 1)
    store, seconds = CountingStore(), [("A", second) for second in range(300, 0, -1)]
    log = await log_of(store, seconds)
    opened.append(log)
    past = Past(log, TRAIL)
    counted: list[int] = []
    await past.prepare(300, counted.append)
    assert sum(counted) == 300
    # The last fold that begins within the bounds is brought to its end.
    assert store.folded <= 3 * 300


async def test_preparing_again_folds_only_what_no_snapshot_holds(opened: list[EventLog]) -> None:
    store = CountingStore()
    log = await log_of(store, random_seconds(300, 0.05))
    opened.append(log)
    past = Past(log, TRAIL)
    await past.prepare(300)
    store.folded = 0
    await past.prepare(300)
    assert store.folded <= 4 * (5 + 12)
