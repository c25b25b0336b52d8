"""`EventLog`: group commit, the tail, the wake-up, and what happens when the store fails."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from events import log as log_module
from events.envelope import NO_STREAM, Append, Appended, Idempotency, NewEvent
from events.errors import (
    DuplicateEvent,
    EventError,
    InvalidEvent,
    LogBusy,
    StoreUnavailable,
    VersionConflict,
)
from events.log import GROUP_EVENTS_MAX, EventLog
from tests.unit.events.builders import new, notice, positions_of, price, prices, regime
from tests.unit.events.faulty_store import FaultyStore

NO_DISK = StoreUnavailable("planted: no disk")


@pytest.fixture
def store() -> FaultyStore:
    return FaultyStore()


@pytest.fixture
async def log(store: FaultyStore) -> AsyncIterator[EventLog]:
    opened = await EventLog.open(store)
    yield opened
    store.gate.set()
    await opened.close()


async def until_waiting(store: FaultyStore, transactions: int = 1) -> None:
    """Until the store has been asked for so many transactions."""
    while len(store.groups) < transactions:
        await asyncio.sleep(0)


async def held_up(log: EventLog, store: FaultyStore) -> asyncio.Task[Appended]:
    """A first append that the store keeps waiting, so that others gather behind it."""
    store.gate.clear()
    first = asyncio.create_task(log.append([new(notice("first"))]))
    await until_waiting(store, len(store.groups) + 1)
    return first


async def behind(log: EventLog, *appends: tuple[NewEvent, ...]) -> list[asyncio.Task[Appended]]:
    """Appends that wait for the writer, in this order."""
    tasks = [asyncio.create_task(log.append(events)) for events in appends]
    await asyncio.sleep(0)
    return tasks


def tail_of(log: EventLog) -> list[int]:
    return positions_of(log.tail.after(0, 100_000) or [])


# --- opening ------------------------------------------------------------------------------------


async def test_it_begins_with_what_the_store_holds(store: FaultyStore) -> None:
    await store.append([Append((*prices(3), new(regime()), new(price("NDX")))), Append(())])
    log = await EventLog.open(store)
    assert log.head == await store.head()
    assert log.newest_by_channel == {"prices": 5, "regime": 4}
    assert log.tail.after(5, 10) == []
    assert log.tail.after(4, 10) is None
    await log.close()


# --- appending ----------------------------------------------------------------------------------


async def test_an_append_moves_the_head_the_tail_and_the_channels(log: EventLog) -> None:
    appended = await log.append([new(price()), new(regime())])
    assert appended.positions == (1, 2)
    assert log.head == await log.store.head()
    assert log.tail.after(0, 10) == list(appended.events)
    assert log.newest_by_channel == {"prices": 1, "regime": 2}
    assert log.fault is None


async def test_appends_that_wait_share_one_transaction(log: EventLog, store: FaultyStore) -> None:
    first = await held_up(log, store)
    waiting = await behind(log, prices(2), prices(1, "NDX"), (new(regime()),))
    store.gate.set()
    assert [(await one).positions for one in [first, *waiting]] == [(1,), (2, 3), (4,), (5,)]
    assert [len(group) for group in store.groups] == [1, 3]


async def test_each_of_a_group_gets_its_own_answer_or_error(
    log: EventLog, store: FaultyStore
) -> None:
    first = await held_up(log, store)
    taken = new(price("A"))
    appends = [
        log.append([taken], stream="prices:A", expected=NO_STREAM),
        log.append([new(price("A"))], stream="prices:A", expected=NO_STREAM),
        log.append([replace(taken, payload=price("A", "999"))]),
        log.append([new(price("A"))], expected={"prices:A": 1, "regime:A": NO_STREAM}),
    ]
    tasks = [asyncio.create_task(append) for append in appends]
    await asyncio.sleep(0)
    store.gate.set()
    good, conflict, duplicate, last = await asyncio.gather(*tasks, return_exceptions=True)
    await first
    assert isinstance(good, Appended)
    assert good.positions == (2,)
    assert isinstance(conflict, VersionConflict)
    assert (conflict.stream, conflict.expected, conflict.actual) == ("prices:A", 0, 1)
    assert isinstance(duplicate, DuplicateEvent)
    assert isinstance(last, Appended)
    assert last.positions == (3,)
    assert len(store.groups) == 2


async def test_a_group_is_closed_when_it_is_full(log: EventLog, store: FaultyStore) -> None:
    first = await held_up(log, store)
    half = GROUP_EVENTS_MAX // 2
    waiting = await behind(log, prices(half), prices(half), prices(1), prices(GROUP_EVENTS_MAX + 5))
    store.gate.set()
    await asyncio.gather(first, *waiting)
    assert [sum(len(one.events) for one in group) for group in store.groups] == [
        1,
        2 * half,
        1,
        GROUP_EVENTS_MAX + 5,
    ]


async def test_one_too_many_is_refused_at_once(
    log: EventLog, store: FaultyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_module, "WAITING_APPENDS_MAX", 3)
    first = await held_up(log, store)
    waiting = await behind(log, prices(1), prices(1), prices(1))
    with pytest.raises(LogBusy) as caught:
        await log.append(prices(1))
    assert caught.value.limit == 3
    store.gate.set()
    await asyncio.gather(first, *waiting)
    assert (await log.append(prices(1))).positions == (5,)


async def test_an_expected_number_needs_its_stream(log: EventLog) -> None:
    with pytest.raises(ValueError, match="needs the stream"):
        await log.append(prices(1), expected=0)


async def test_an_idempotency_key_is_answered_again(log: EventLog) -> None:
    for answer in (None, "said"):
        key = Idempotency("k", b"f", "said")
        assert (await log.append(prices(1), idempotency=key)).answer == answer
    assert log.head.position == 1


async def test_a_caller_that_gives_up_disturbs_nobody(log: EventLog, store: FaultyStore) -> None:
    first = await held_up(log, store)
    waiting = await behind(log, prices(1), prices(1), prices(1))
    waiting[1].cancel()
    first.cancel()
    store.gate.set()
    assert (await waiting[0]).positions == (2,)
    assert (await waiting[2]).positions == (4,)
    assert waiting[1].cancelled()
    assert tail_of(log) == [1, 2, 3, 4]


# --- a store that fails -------------------------------------------------------------------------


async def test_a_failed_commit_is_told_to_every_caller_and_remembered(
    log: EventLog, store: FaultyStore
) -> None:
    store.before = NO_DISK
    waiting = await behind(log, prices(1), prices(1))
    told = await asyncio.gather(*waiting, return_exceptions=True)
    assert told == [NO_DISK, NO_DISK]
    assert [len(group) for group in store.groups] == [2]
    assert log.fault is NO_DISK
    assert (log.head.position, tail_of(log)) == (0, [])


async def test_it_recovers_with_the_next_success(log: EventLog, store: FaultyStore) -> None:
    store.before = NO_DISK
    with pytest.raises(StoreUnavailable):
        await log.append(prices(1))
    assert (await log.append(prices(1))).positions == (1,)
    assert log.fault is None
    assert tail_of(log) == [1]


async def test_an_unknown_failure_becomes_an_error_of_the_log_with_its_cause(
    log: EventLog, store: FaultyStore
) -> None:
    store.before = RuntimeError("planted")
    with pytest.raises(EventError, match=r"the append failed: RuntimeError$") as caught:
        await log.append(prices(1))
    assert isinstance(caught.value.__cause__, RuntimeError)
    assert log.fault is caught.value
    await log.append(prices(1))


async def test_the_tail_has_no_gap_though_a_failed_commit_had_in_truth_succeeded(
    log: EventLog, store: FaultyStore
) -> None:
    await log.append(prices(1))
    store.after = NO_DISK
    with pytest.raises(StoreUnavailable):
        await log.append([new(regime()), new(notice())])
    assert log.head.position == 1
    assert (await log.append(prices(1))).positions == (4,)
    assert tail_of(log) == [1, 2, 3, 4]
    assert log.newest_by_channel == {"prices": 4, "regime": 2, "system": 3}
    assert log.head == await store.head()


async def test_the_same_events_again_bring_out_what_a_failed_commit_recorded(
    log: EventLog, store: FaultyStore
) -> None:
    events = prices(2)
    store.after = NO_DISK
    with pytest.raises(StoreUnavailable):
        await log.append(events)
    again = await log.append(events)
    assert (again.positions, again.duplicates) == ((1, 2), 2)
    assert tail_of(log) == [1, 2]
    assert log.head == await store.head()
    assert log.fault is None


async def test_a_conflict_after_a_failure_brings_it_out_too(
    log: EventLog, store: FaultyStore
) -> None:
    store.after = NO_DISK
    with pytest.raises(StoreUnavailable):
        await log.append(prices(2))
    with pytest.raises(VersionConflict):
        await log.append(prices(1), stream="prices:SPX", expected=NO_STREAM)
    assert tail_of(log) == [1, 2]


async def test_what_somebody_else_wrote_reaches_the_tail_in_order(
    log: EventLog, store: FaultyStore
) -> None:
    await store.append([Append(prices(3))])
    theirs = new(price("NDX"))
    await store.append([Append((theirs,))])
    assert (await log.append(prices(1))).positions == (5,)
    assert tail_of(log) == [1, 2, 3, 4, 5]


async def test_an_answer_beyond_the_head_makes_it_look_again(
    log: EventLog, store: FaultyStore
) -> None:
    events = prices(2)
    await store.append([Append(events)])
    assert (await log.append(events)).duplicates == 2
    assert tail_of(log) == [1, 2]


async def test_a_store_that_cannot_be_read_back_fails_the_append_and_not_the_log(
    log: EventLog, store: FaultyStore
) -> None:
    await store.append([Append(prices(3))])
    store.unreadable = NO_DISK
    events = prices(1, "NDX")
    with pytest.raises(StoreUnavailable):
        await log.append(events)
    assert (log.fault, log.head.position, tail_of(log)) == (NO_DISK, 0, [])
    assert (await log.append(events)).positions == (4,)
    assert tail_of(log) == [1, 2, 3, 4]


async def test_a_waiting_group_survives_the_failure_of_the_one_before(
    log: EventLog, store: FaultyStore
) -> None:
    first = await held_up(log, store)
    waiting = await behind(log, prices(1), prices(1))
    store.before = NO_DISK
    store.gate.set()
    with pytest.raises(StoreUnavailable):
        await first
    assert [(await one).positions for one in waiting] == [(1,), (2,)]


# --- waking up ----------------------------------------------------------------------------------


async def test_who_is_beyond_already_does_not_wait(log: EventLog) -> None:
    await log.append(prices(2))
    await asyncio.wait_for(log.moved_beyond(1), 1)


async def test_everybody_is_woken_once_the_head_is_beyond(log: EventLog) -> None:
    waits = [asyncio.create_task(log.moved_beyond(position)) for position in (0, 0, 1, 2)]
    await asyncio.sleep(0)
    await log.append(prices(1))
    await asyncio.wait_for(asyncio.gather(*waits[:2]), 1)
    assert [wait.done() for wait in waits] == [True, True, False, False]
    await log.append(prices(2))
    await asyncio.wait_for(asyncio.gather(*waits), 1)


async def test_nobody_is_woken_before_the_commit(log: EventLog, store: FaultyStore) -> None:
    woken = asyncio.create_task(log.moved_beyond(0))
    first = await held_up(log, store)
    assert (woken.done(), log.head.position, tail_of(log)) == (False, 0, [])
    store.gate.set()
    await first
    await asyncio.wait_for(woken, 1)


# --- closing ------------------------------------------------------------------------------------


async def test_closing_commits_what_waits(store: FaultyStore) -> None:
    log = await EventLog.open(store)
    first = await held_up(log, store)
    waiting = await behind(log, prices(1), prices(GROUP_EVENTS_MAX), prices(2))
    closing = asyncio.create_task(log.close())
    await asyncio.sleep(0)
    assert not closing.done()
    store.gate.set()
    await closing
    assert [len((await one).positions) for one in [first, *waiting]] == [1, 1, GROUP_EVENTS_MAX, 2]
    assert store.closed


async def test_closing_goes_on_though_who_asked_for_it_was_cancelled(store: FaultyStore) -> None:
    log = await EventLog.open(store)
    store.gate.clear()
    first = asyncio.create_task(log.append([new()]))
    await until_waiting(store)
    second = asyncio.create_task(log.append([new()]))
    await asyncio.sleep(0)
    closing = asyncio.create_task(log.close())
    await asyncio.sleep(0)
    closing.cancel()
    store.gate.set()
    assert [len((await task).positions) for task in (first, second)] == [1, 1]
    await log.close()
    assert store.closed


async def test_an_expected_stream_that_can_be_none_fails_its_own_append_alone(
    log: EventLog,
) -> None:
    bad = log.append([new()], expected={"prices:\ud800": 0})
    good = log.append([new()])
    answers = await asyncio.gather(bad, good, return_exceptions=True)
    assert isinstance(answers[0], InvalidEvent)
    assert isinstance(answers[1], Appended)


async def test_once_closing_it_takes_nothing_more(store: FaultyStore) -> None:
    log = await EventLog.open(store)
    await log.close()
    with pytest.raises(StoreUnavailable, match="closing"):
        await log.append(prices(1))
    await log.close()


async def test_closing_works_though_the_last_commit_fails(store: FaultyStore) -> None:
    log = await EventLog.open(store)
    first = await held_up(log, store)
    waiting = await behind(log, prices(1))
    store.before = NO_DISK
    closing = asyncio.create_task(log.close())
    store.gate.set()
    await closing
    with pytest.raises(StoreUnavailable, match="no disk"):
        await first
    assert (await waiting[0]).positions == (1,)
    assert store.closed
