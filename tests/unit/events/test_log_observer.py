"""Who watches a log's appends is told of each one, and sees how many wait."""

import asyncio

import pytest

from events.envelope import NO_STREAM
from events.errors import VersionConflict
from events.log import EventLog
from tests.unit.events.builders import new, notice, price
from tests.unit.events.faulty_store import FaultyStore


async def test_every_append_that_is_on_disk_is_told_with_its_time() -> None:
    store = FaultyStore()
    log = await EventLog.open(store)
    told: list[tuple[float, int]] = []
    log.on_commit = lambda seconds, events: told.append((seconds, events))
    await log.append([new(notice("one")), new(notice("two"))])
    await log.append([new(price(value="5"))])
    with pytest.raises(VersionConflict):
        await log.append([new(price(value="6"))], stream="prices:SPX", expected=NO_STREAM)
    await log.close()
    assert [events for _, events in told] == [2, 1]
    assert all(seconds > 0 for seconds, _ in told)


async def test_appends_behind_a_commit_are_counted_as_waiting() -> None:
    store = FaultyStore()
    log = await EventLog.open(store)
    store.gate.clear()
    appends = [asyncio.create_task(log.append([new(notice("first"))]))]
    while not store.groups:
        await asyncio.sleep(0)
    appends += [asyncio.create_task(log.append([new(notice(str(n)))])) for n in range(3)]
    await asyncio.sleep(0)
    assert log.waiting_appends == 3
    store.gate.set()
    await asyncio.gather(*appends)
    assert log.waiting_appends == 0
    await log.close()
