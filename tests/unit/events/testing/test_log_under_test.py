"""A log under test: a real one, in a loop of its own, followed and caught up with, and gone in the end."""

# covers: events.testing.loop_thread, events.testing.follower, events.testing.followers

import asyncio
import gc
import threading
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from app.migrate import upgrade
from events.envelope import RecordedEvent
from events.errors import DuplicateEvent, StoreUnavailable, VersionConflict
from events.log import EventLog
from events.sql_store import SqlEventStore
from events.store import EventStore
from events.testing import (
    BadExpectation,
    CaughtUpTimeout,
    Follower,
    LogUnderTest,
    PriceUpdated,
    RegimeUpdated,
    Span,
    assert_log,
)
from events.testing.loop_thread import LoopThread
from tests.unit.events.builders import new, price, regime


@pytest.fixture
def empty() -> Iterator[LogUnderTest]:
    with LogUnderTest() as opened:
        yield opened


def threads() -> list[str]:
    """The names of the threads that serve logs under test."""
    return [one.name for one in threading.enumerate() if one.name == "log-under-test"]


async def take(stream: Follower, into: list[int]) -> None:
    """A consumer: it notes the positions."""
    async for event in stream:
        into += [event.position]


# --- appending and reading, from where there is no loop ---


def test_appends_payloads_new_events_and_expectations(empty: LogUnderTest) -> None:
    one = new(price())
    recorded = empty.append(one, regime(), PriceUpdated(symbol="IXIC", price=5), source="import")
    assert [event.position for event in recorded] == [1, 2, 3]
    assert [event.source for event in recorded] == ["simulated", "import", "import"]
    assert empty.events == recorded
    assert empty.head == 3
    assert len(empty.epoch) == 32


def test_says_what_caused_an_event(empty: LogUnderTest) -> None:
    first = empty.append(price())[0]
    second = empty.append(regime(), caused_by=first)[0]
    assert (second.causation_id, second.correlation_id) == (first.event_id, first.event_id)


def test_what_is_recorded_already_is_given_again(empty: LogUnderTest) -> None:
    one, two = new(price()), new(price(second=1))
    empty.append(one)
    assert [event.position for event in empty.append(two, one)] == [2, 1]
    assert empty.head == 2


def test_errors_of_the_log_are_the_callers(empty: LogUnderTest) -> None:
    empty.append(price(), expected=0)
    with pytest.raises(VersionConflict, match="is at version 1, not 0"):
        empty.append(price(second=1), expected=0)
    with pytest.raises(VersionConflict):
        empty.append(price(second=1), expected={"regime:SPX": 5})
    empty.append(price(second=1), expected=1)
    taken = uuid4()
    with pytest.raises(DuplicateEvent):
        empty.append(new(price(), taken), new(regime(), taken))
    with pytest.raises(BadExpectation, match="events are of 2: hand in a version for each"):
        empty.append(price(), regime(), expected=1)


def test_reads_a_part(log: LogUnderTest) -> None:
    def places(**part: object) -> list[int]:
        return [event.position for event in log.read(**part)]  # type: ignore[arg-type]

    assert places(after=2, upto=4) == [3, 4]
    assert places(channels=["regime", "price_alerts"]) == [2, 4, 5]
    assert places(symbols=["IXIC"]) == [6]
    assert places(types=["price_alert"]) == [5]
    with pytest.raises(BadExpectation, match="'prises' is no channel; did you mean 'prices'"):
        log.read(channels=["prises"])
    with pytest.raises(BadExpectation, match="are lists"):
        log.read(channels="prices")


def test_work_is_done_in_the_logs_own_loop(log: LogUnderTest) -> None:
    async def head_of(inner: EventLog, plus: int, *, minus: int = 0) -> int:
        assert threading.current_thread().name == "log-under-test"
        with pytest.raises(RuntimeError, match="await the log instead"):
            _ = log.events
        return inner.head.position + plus - minus

    assert log.run(head_of, 10, minus=1) == 15

    async def fails(inner: EventLog) -> None:
        raise ZeroDivisionError("planted")

    with pytest.raises(ZeroDivisionError, match="planted"):
        log.run(fails)


def test_a_span_is_loaded_with_its_ids_and_causes(empty: LogUnderTest, span: Span) -> None:
    loaded = empty.load(span)
    assert [event.event_id for event in loaded] == [event.event_id for event in span]
    assert [event.causation_id for event in loaded] == [event.causation_id for event in span]
    assert [event.source for event in loaded] == [event.source for event in span]
    assert_log(empty).dense().contains(RegimeUpdated(regime="CRASH")).caused_by(PriceUpdated())


def test_a_log_on_a_real_file(tmp_path: Path) -> None:
    path = tmp_path / "log.db"

    async def opening() -> EventStore:
        return await SqlEventStore.open_sqlite(path, upgrade)

    with LogUnderTest(opening) as log:
        log.append(price(), regime())
    with LogUnderTest(opening) as again:
        assert again.head == 2
        assert_log(again).dense()


# --- following ---


async def test_follows_history_and_then_what_comes(log: LogUnderTest) -> None:
    got: list[int] = []
    task = asyncio.create_task(take(log.follow(), got))
    await log.caught_up()
    assert got == [1, 2, 3, 4, 5, 6]
    log.append(price(second=1), price(second=2))
    await log.caught_up()
    assert got[6:] == [7, 8]
    log.close()
    await task


async def test_follows_a_part_from_a_cursor(log: LogUnderTest) -> None:
    regimes: list[int] = []
    one = log.follow(["regime", "prices"], ["SPX"], after=1, live=False)
    await take(one, regimes)
    assert regimes == [2, 3, 4]


async def test_an_event_counts_as_taken_when_the_next_is_asked_for(log: LogUnderTest) -> None:
    stream = log.follow(after=4)
    assert (await anext(stream)).position == 5
    assert stream.taken == 4
    assert (await anext(stream)).position == 6
    assert stream.taken == 5
    with pytest.raises(
        CaughtUpTimeout, match=r"took all up to 5; position 6 .* was given, and the next one"
    ):
        await log.caught_up(timeout=0.01)
    waiting = asyncio.create_task(anext(stream))
    await log.caught_up()
    assert stream.taken == 6
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_a_cancelled_wait_loses_nothing(log: LogUnderTest) -> None:
    stream = log.follow(after=6)
    waiting = asyncio.ensure_future(anext(stream))
    await log.caught_up()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    log.append(price(second=1))
    assert (await anext(stream)).position == 7


async def test_caught_up_waits_for_a_consumer_that_works_on(log: LogUnderTest) -> None:
    go, done = asyncio.Event(), []

    async def slow() -> None:
        async for event in log.follow(["regime"]):
            await go.wait()
            done.append(event.position)

    task = asyncio.create_task(slow())
    waiting = asyncio.create_task(log.caught_up())
    with pytest.raises(CaughtUpTimeout):
        await log.caught_up(timeout=0.01)
    assert not waiting.done()
    go.set()
    await waiting
    assert done == [2, 4]
    log.close()
    await task


async def test_caught_up_waits_for_what_a_consumer_appends(log: LogUnderTest) -> None:
    async def echo(stream: Follower) -> None:
        async for event in stream:
            if event.type == "regime_update":
                log.append(PriceUpdated(symbol="ECHO"))

    got: list[int] = []
    tasks = [asyncio.create_task(echo(log.follow())), asyncio.create_task(take(log.follow(), got))]
    await log.caught_up()
    assert got == [1, 2, 3, 4, 5, 6, 7, 8]
    log.close()
    await asyncio.gather(*tasks)


async def test_a_timeout_says_who_is_how_far(log: LogUnderTest) -> None:
    with pytest.raises(
        CaughtUpTimeout, match=r"after 0\.01 s nobody follows the log, whose head is 6"
    ):
        await log.caught_up(timeout=0.01)
    got: list[int] = []
    quick = log.follow()
    task = asyncio.create_task(take(quick, got))
    stuck = log.follow(["prices"], name="portfolio")
    await anext(stuck)
    while quick.taken < log.head:
        await asyncio.sleep(0)
    with pytest.raises(CaughtUpTimeout) as failed:
        await log.caught_up(timeout=0.01)
    assert str(failed.value) == (
        "after 0.01 s the log's head is 6; 1 of 2 that follow it did not take all of it:\n"
        "  portfolio took all up to 0; position 1 (price_update of prices:SPX) was given, and the next one not"
        " asked for: its consumer is at work, or gone"
    )
    log.follow(["regime"], name="portfolio")
    with pytest.raises(
        CaughtUpTimeout, match=r"portfolio took all up to 0; position 2 .* and nobody asks"
    ):
        await log.caught_up(timeout=0.01)
    log.close()
    await task


async def test_who_has_ended_is_not_waited_for(log: LogUnderTest) -> None:
    async with log.follow() as stream:
        await anext(stream)
    got: list[int] = []
    task = asyncio.create_task(take(log.follow(after=6), got))
    await log.caught_up()
    with pytest.raises(StopAsyncIteration):
        await anext(stream)
    log.close()
    await task


async def test_a_new_follower_takes_the_place_of_its_name(log: LogUnderTest) -> None:
    first = log.follow(name="mine")
    await anext(first)
    got: list[int] = []
    task = asyncio.create_task(take(log.follow(name="mine"), got))
    await log.caught_up()
    assert len(got) == 6
    log.close()
    await task


async def test_more_than_a_page_is_followed(empty: LogUnderTest) -> None:
    got: list[int] = []
    task = asyncio.create_task(take(empty.follow(), got))
    for hundred in range(3):
        empty.append(*[price(second=100 * hundred + second) for second in range(100)])
    await empty.caught_up()
    assert got == list(range(1, 301))
    empty.close()
    await task


def test_followers_live_in_any_loop(log: LogUnderTest) -> None:
    async def consume() -> list[RecordedEvent]:
        return [event async for event in log.follow(live=False)]

    assert asyncio.run(consume()) == asyncio.run(consume()) == log.events


# --- its end ---


def test_nothing_is_left_behind() -> None:
    before = threads()
    with LogUnderTest() as log:
        assert len(threads()) == len(before) + 1
        log.append(price())
    log.close()
    assert threads() == before
    with pytest.raises(RuntimeError, match="it is closed"):
        log.append(price())


def test_an_opening_that_fails_is_the_callers_error_and_leaves_nothing() -> None:
    before = threads()

    async def opening() -> EventStore:
        raise StoreUnavailable("planted: no server")

    with pytest.raises(StoreUnavailable, match="planted"):
        LogUnderTest(opening)
    gc.collect()
    assert threads() == before


def test_one_that_is_not_closed_is_noticed() -> None:
    def forget() -> None:
        LogUnderTest()
        gc.collect()

    with pytest.warns(ResourceWarning, match="a LogUnderTest was not closed"):
        forget()


async def test_a_follower_ends_with_its_log(log: LogUnderTest) -> None:
    stream = log.follow(after=6)
    waiting = asyncio.ensure_future(anext(stream, None))
    await log.caught_up()
    log.close()
    assert await waiting is None
    late = log.follow()
    assert [event async for event in late] == []


def test_a_loop_in_a_thread_gives_results_and_errors() -> None:
    thread = LoopThread("planted")

    async def work(value: int) -> int:
        return 10 // value

    assert thread.run(work(5)) == 2
    with pytest.raises(ZeroDivisionError):
        thread.run(work(0))
    thread.close()
    thread.close()
    assert thread.closed
    thread.call(lambda: None)
    with pytest.raises(RuntimeError, match="it is closed"):
        thread.run(work(1))
