"""`EventLog`: which cursors it accepts, and reading it a page at a time."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from events.errors import EpochMismatch, PositionBeyondHead
from events.log import EventLog
from events.memory_store import MemoryEventStore
from events.selection import Selection
from events.store import ReadQuery
from events.tail import Tail
from tests.unit.events.builders import positions_of, prices


@pytest.fixture
async def log() -> AsyncIterator[EventLog]:
    opened = await EventLog.open(MemoryEventStore())
    yield opened
    await opened.close()


async def test_a_cursor_of_this_log_is_accepted(log: EventLog) -> None:
    await log.append(prices(2))
    for position, epoch in ((0, None), (2, None), (2, log.head.epoch)):
        await log.check_cursor(position, epoch)


async def test_a_cursor_of_another_lifetime_is_refused(log: EventLog) -> None:
    with pytest.raises(EpochMismatch) as caught:
        await log.check_cursor(0, "another")
    assert (caught.value.given, caught.value.actual) == ("another", log.head.epoch)


async def test_a_cursor_beyond_the_head_is_refused(log: EventLog) -> None:
    await log.append(prices(2))
    with pytest.raises(PositionBeyondHead) as caught:
        await log.check_cursor(3, log.head.epoch)
    assert (caught.value.position, caught.value.head) == (3, 2)


@pytest.mark.parametrize("limit", [1, 3, 7, 500])
async def test_a_stream_of_pages_is_whole_in_both_directions(log: EventLog, limit: int) -> None:
    await log.append([*prices(7), *prices(7, "NDX")])
    query = ReadQuery(after=2, upto=13, limit=limit)
    rising = [event.position async for event in log.stream(query)]
    assert rising == list(range(3, 14))
    falling = [event.position async for event in log.stream(replace(query, descending=True))]
    assert falling == rising[::-1]
    only = replace(query, selection=Selection.of(["prices"], ["NDX"]))
    assert [event.position async for event in log.stream(only)] == list(range(8, 14))
    assert await log.read(replace(query, limit=2)) == await log.store.read(replace(query, limit=2))


async def test_a_small_tail_forgets_and_the_store_does_not(log: EventLog) -> None:
    log.end.tail = Tail(0, 3)
    await log.append(prices(5))
    assert log.tail.after(1, 10) is None
    assert positions_of(log.tail.after(2, 10) or []) == [3, 4, 5]
    assert len(await log.read(ReadQuery())) == 5
