"""What other processes append: the log looks for it, in order with its own, and followers hear of it."""

# covers: events.follower, events.hints, events.log

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from events.envelope import Append, Head
from events.errors import LogReplaced, PositionBeyondHead, StoreUnavailable
from events.log import EventLog
from events.store import Outcome
from tests.unit.events.builders import new, notice, positions_of, price, prices
from tests.unit.events.faulty_store import FaultyStore

AWAY = StoreUnavailable("planted: away")
PATIENCE_S = 10.0


class SharedStore(FaultyStore):
    """A store that others write as well.

    Attributes:
        away: raised whenever the head is asked for.
        replaced: the head that is answered instead.
        committed: set once a commit has been done; its outcome is told when `told` is set.
    """

    def __init__(self) -> None:
        super().__init__()
        self.away: Exception | None = None
        self.replaced: Head | None = None
        self.committed = asyncio.Event()
        self.told = asyncio.Event()
        self.told.set()

    async def head(self) -> Head:
        if self.away is not None:
            raise self.away
        return self.replaced or await super().head()

    async def still_holds(self, known: Head) -> bool:
        return self.replaced is None and await super().still_holds(known)

    async def append(self, appends: Sequence[Append]) -> list[Outcome]:
        outcomes = await super().append(appends)
        self.committed.set()
        await self.told.wait()
        return outcomes

    async def others_append(self, count: int) -> None:
        await super().append([Append(prices(count, "OTHER"))])


@pytest.fixture
def store() -> SharedStore:
    return SharedStore()


@pytest.fixture
async def log(store: SharedStore) -> AsyncIterator[EventLog]:
    opened = await EventLog.open(store)
    yield opened
    store.told.set()
    await opened.close()


def tail_of(log: EventLog) -> list[int]:
    return positions_of(log.tail.after(0, 100_000) or [])


async def test_what_others_appended_is_passed_on_to_who_follows(
    log: EventLog, store: SharedStore
) -> None:
    await log.append([new(notice())])
    following = asyncio.create_task(log.moved_beyond(1))
    await store.others_append(5_000)
    assert log.head.position == 1
    await log.refresh()
    await asyncio.wait_for(following, PATIENCE_S)
    assert tail_of(log) == list(range(1, 5_002))
    assert log.newest_by_channel == {"system": 1, "prices": 5_001}
    assert log.head == await store.head()
    assert (await log.append([new(price())])).positions == (5_002,)


async def test_nothing_new_changes_nothing(log: EventLog) -> None:
    await log.append(prices(2))
    head = log.head
    await log.refresh()
    assert (log.head, tail_of(log), log.fault) == (head, [1, 2], None)


async def test_a_commit_that_is_not_told_yet_is_passed_on_once(
    log: EventLog, store: SharedStore
) -> None:
    store.told.clear()
    appending = asyncio.create_task(log.append(prices(3)))
    await store.committed.wait()
    await asyncio.gather(log.refresh(), log.refresh())
    await store.others_append(2)
    assert tail_of(log) == [1, 2, 3]
    store.told.set()
    assert (await appending).positions == (1, 2, 3)
    await log.refresh()
    assert tail_of(log) == [1, 2, 3, 4, 5]


async def test_looking_while_everybody_writes_keeps_the_order(
    log: EventLog, store: SharedStore
) -> None:
    async def look() -> None:
        for _ in range(50):
            await log.refresh()
            await asyncio.sleep(0)

    async def write() -> None:
        for _ in range(50):
            await log.append(prices(2))

    async def others() -> None:
        for _ in range(50):
            await store.others_append(1)
            await asyncio.sleep(0)

    await asyncio.gather(look(), write(), others(), look(), write())
    await log.refresh()
    assert tail_of(log) == list(range(1, 251))
    assert log.fault is None


async def test_a_store_that_is_away_is_a_fault_until_it_is_back(
    log: EventLog, store: SharedStore
) -> None:
    store.away = AWAY
    await log.refresh()
    store.away = StoreUnavailable("planted: still away")
    await log.refresh()
    assert log.fault is store.away
    store.away = None
    await log.refresh()
    assert log.fault is None


async def test_reading_does_not_take_away_the_fault_of_an_append(
    log: EventLog, store: SharedStore
) -> None:
    store.before = no_disk = StoreUnavailable("planted: no disk")
    with pytest.raises(StoreUnavailable):
        await log.append(prices(1))
    await log.refresh()
    assert log.fault is no_disk
    store.away = AWAY
    await log.refresh()
    store.away = None
    await log.refresh()
    assert log.fault is no_disk


@pytest.mark.parametrize("head", [Head("another", 9, b"", 0), Head("same", 1, b"", 0)])
async def test_a_log_that_was_replaced_is_a_fault_and_is_not_followed(
    log: EventLog, store: SharedStore, head: Head
) -> None:
    await log.append(prices(2))
    epoch = log.head.epoch if head.epoch == "same" else head.epoch
    store.replaced = Head(epoch, head.position, head.hash, head.recorded_at_us)
    await log.refresh()
    assert isinstance(log.fault, LogReplaced)
    assert tail_of(log) == [1, 2]


async def test_a_log_that_polls_follows_without_being_asked(store: SharedStore) -> None:
    log = await EventLog.open(store, poll_s=0.001)
    await store.others_append(3)
    await asyncio.wait_for(log.moved_beyond(2), PATIENCE_S)
    store.away = AWAY
    while log.fault is None:
        await asyncio.sleep(0)
    store.away = None
    await store.others_append(1)
    await asyncio.wait_for(log.moved_beyond(3), PATIENCE_S)
    assert tail_of(log) == [1, 2, 3, 4]
    await log.close()


async def test_a_cursor_beyond_the_head_is_asked_for_in_the_store(
    log: EventLog, store: SharedStore
) -> None:
    await store.others_append(3)
    await log.check_cursor(3, log.head.epoch)
    assert tail_of(log) == [1, 2, 3]
    with pytest.raises(PositionBeyondHead):
        await log.check_cursor(4, None)
