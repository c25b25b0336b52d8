"""`EventLog` after a fault: it tries the store by itself, and tells as soon as it works again."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from events import log as log_module
from events.errors import CorruptLog, EventError, StoreUnavailable
from events.log import EventLog
from tests.unit.events.builders import positions_of, prices
from tests.unit.events.faulty_store import FaultyStore

NO_DISK = StoreUnavailable("planted: no disk")


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> FaultyStore:
    monkeypatch.setattr(log_module, "RECOVERY_S", 0)
    return FaultyStore()


@pytest.fixture
async def log(store: FaultyStore) -> AsyncIterator[EventLog]:
    opened = await EventLog.open(store)
    yield opened
    await opened.close()


async def until_recovered(log: EventLog) -> None:
    async with asyncio.timeout(10):
        while log.fault is not None:
            await asyncio.sleep(0)


async def test_it_recovers_though_nobody_appends(log: EventLog, store: FaultyStore) -> None:
    store.before = NO_DISK
    with pytest.raises(StoreUnavailable):
        await log.append(prices(1))
    await until_recovered(log)
    assert log.head.position == (await store.head()).position == 0
    assert (await log.append(prices(1))).positions == (1,)


async def test_it_stays_faulty_as_long_as_the_store_does(
    log: EventLog, store: FaultyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = 0

    async def refuse(_appends: object) -> None:
        nonlocal tries
        tries += 1
        raise NO_DISK

    with monkeypatch.context() as patch:
        patch.setattr(store, "append", refuse)
        with pytest.raises(StoreUnavailable):
            await log.append(prices(1))
        async with asyncio.timeout(10):
            while tries < 5:
                assert log.fault is NO_DISK
                await asyncio.sleep(0)
    await until_recovered(log)


async def test_each_try_is_a_real_write_and_the_tries_end_with_the_fault(
    log: EventLog, store: FaultyStore
) -> None:
    store.before = NO_DISK
    with pytest.raises(StoreUnavailable):
        await log.append(prices(1))
    await until_recovered(log)
    for _ in range(100):
        await asyncio.sleep(0)
    tries = [one for group in store.groups[1:] for one in group]
    # A key that was answered before would write nothing, and so would an append of nothing.
    assert [(one.events, one.idempotency is not None) for one in tries] == [((), True)]


async def test_what_a_failed_commit_recorded_reaches_the_tail_though_nobody_appends(
    log: EventLog, store: FaultyStore
) -> None:
    store.after = NO_DISK
    with pytest.raises(StoreUnavailable):
        await log.append(prices(3))
    async with asyncio.timeout(10):
        await log.moved_beyond(2)
    assert positions_of(log.tail.after(0, 10) or []) == [1, 2, 3]
    assert log.head == await store.head()
    await until_recovered(log)


async def test_a_second_fault_is_recovered_from_like_the_first(
    log: EventLog, store: FaultyStore
) -> None:
    faults: dict[Exception, str] = {
        NO_DISK: "planted: no disk",
        CorruptLog("planted"): "planted",
        RuntimeError("planted"): "the append failed: RuntimeError",  # a stranger's text is not told
    }
    for error, told in faults.items():
        store.before = error
        with pytest.raises(EventError, match=f"^{told}$"):
            await log.append(prices(1))
        assert log.fault is not None
        await until_recovered(log)


async def test_a_log_that_is_closed_while_faulty_tries_no_more(
    store: FaultyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_module, "RECOVERY_S", 3_600)
    log = await EventLog.open(store)
    store.before = NO_DISK
    with pytest.raises(StoreUnavailable):
        await log.append(prices(1))
    await log.close()
    await asyncio.sleep(0)
    assert len(store.groups) == 1
    assert "recovery" not in {task.get_name() for task in asyncio.all_tasks()}
