"""The known end of the log: what is pushed is dense, wakes who waits, and is remembered by channel."""

import asyncio

import pytest

from events.envelope import Append, Appended, RecordedEvent
from events.errors import PositionGap
from events.log_end import LogEnd
from events.memory_store import MemoryEventStore
from tests.unit.events.builders import new, notice, price

PATIENCE_S = 10.0


async def recorded_events() -> tuple[LogEnd, list[RecordedEvent]]:
    store = MemoryEventStore()
    end = LogEnd(await store.head(), {})
    (outcome,) = await store.append([Append((new(notice()), new(price()), new(price(second=1))))])
    assert isinstance(outcome, Appended)
    return end, list(outcome.events)


async def test_the_head_moves_with_what_is_pushed() -> None:
    end, events = await recorded_events()
    end.push(events[:1])
    assert (end.head.position, end.head.hash) == (1, events[0].hash)
    end.push([])
    end.push(events[1:])
    assert (end.head.position, end.head.recorded_at_us) == (3, events[2].recorded_at_us)
    assert end.newest_by_channel == {"system": 1, "prices": 3}
    assert end.tail.after(1, 10) == events[1:]


async def test_whoever_waits_is_woken_once_the_head_is_beyond() -> None:
    end, events = await recorded_events()
    waiting = asyncio.create_task(end.moved_beyond(1))
    await asyncio.sleep(0)
    end.push(events[:1])
    await asyncio.sleep(0)
    assert not waiting.done()
    end.push(events[1:])
    await asyncio.wait_for(waiting, PATIENCE_S)


async def test_a_hole_is_refused_and_changes_nothing() -> None:
    end, events = await recorded_events()
    with pytest.raises(PositionGap):
        end.push(events[1:])
    assert (end.head.position, end.newest_by_channel) == (0, {})
