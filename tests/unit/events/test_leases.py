"""A lease as its holder has it: waited for, kept, lost and given back; in a time that jumps."""

import asyncio
from collections.abc import Callable, Coroutine

import pytest

from events.chain import hash_lease
from events.envelope import Fence
from events.errors import EventError, FenceLost, InvalidEvent, InvalidLease, StoreUnavailable
from events.lease_rules import Lease
from events.leases import RELEASE_S_MAX, RENEWALS, RETRY_S, Hold
from events.log import EventLog
from events.memory_store import MemoryEventStore
from tests.simulation import virtual_time
from tests.unit.events.builders import positions_of, prices
from tests.unit.events.faulty_store import FaultyStore

TTL_S = 15.0
FEED = "feed:spx"


def loop_time() -> float:
    return asyncio.get_running_loop().time()


class LeaseStore(MemoryEventStore):
    """Its time is the loop's.

    Attributes:
        fault: raised by renewals and releases.
        hangs: renewals and releases never end.
    """

    def __init__(self) -> None:
        super().__init__(lambda: round(loop_time() * 1_000_000))
        self.fault: Exception | None = None
        self.hangs = False
        self.renewals: list[float] = []

    async def renew_lease(self, lease: Lease, ttl_s: float) -> Lease | None:
        self.renewals.append(loop_time())
        await self._suffer()
        return await super().renew_lease(lease, ttl_s)

    async def release_lease(self, lease: Lease) -> None:
        await self._suffer()
        await super().release_lease(lease)

    async def _suffer(self) -> None:
        if self.hangs:
            await asyncio.Event().wait()
        if self.fault is not None:
            raise self.fault


def hold(store: LeaseStore, holder: str = "a", ttl_s: float = TTL_S) -> Hold:
    return Hold(store, FEED, holder, ttl_s)


Story = Callable[[LeaseStore], Coroutine[object, object, None]]


def told(story: Story) -> None:
    """Run a story to its end; hours of it take no time."""

    async def run() -> None:
        await story(LeaseStore())

    virtual_time.run(run())


# --- waited for and kept ------------------------------------------------------------------------


def test_it_is_kept_for_as_long_as_it_is_held() -> None:
    async def story(store: LeaseStore) -> None:
        async with hold(store) as held:
            assert held.fence == Fence(FEED, 1)
            for _ in range(100):
                await asyncio.sleep(TTL_S)
                assert await store.acquire_lease(FEED, "b", TTL_S) is None
            assert (held.fence, held.lost.is_set()) == (Fence(FEED, 1), False)
        # So often in its time, and no more.
        assert len(store.renewals) == pytest.approx(100 * RENEWALS, abs=1)

    told(story)


@pytest.mark.parametrize("ttl_s", [TTL_S, 0.3])
def test_who_waits_has_it_soon_after_it_was_given_back(ttl_s: float) -> None:
    async def story(store: LeaseStore) -> None:
        first = hold(store, "a", ttl_s)
        assert await first.acquire()
        second = hold(store, "b", ttl_s)
        assert not await second.acquire()
        waiting = asyncio.create_task(second.__aenter__())
        await asyncio.sleep(10 * TTL_S)
        assert not waiting.done()
        given_back = loop_time()
        await first.release()
        assert await waiting is second
        assert loop_time() - given_back <= min(RETRY_S, ttl_s / RENEWALS) + 0.001
        assert second.fence == Fence(FEED, 2)
        await second.release()

    told(story)


def test_a_lease_whose_holder_is_gone_is_free_after_its_time() -> None:
    async def story(store: LeaseStore) -> None:
        await store.acquire_lease(FEED, "killed", TTL_S)
        async with hold(store, "b") as held:
            assert TTL_S <= loop_time() <= TTL_S + RETRY_S + 0.001
            assert held.fence.number == 2

    told(story)


def test_a_new_hold_of_the_same_holder_ends_the_one_before() -> None:
    async def story(store: LeaseStore) -> None:
        first, second = hold(store), hold(store)
        assert await first.acquire()
        assert await second.acquire()
        await first.lost.wait()
        assert loop_time() == pytest.approx(TTL_S / RENEWALS, abs=0.001)
        assert second.fence.number == 2
        await first.release()
        assert [one.fence for one in await store.leases()] == [2]
        await second.release()

    told(story)


# --- lost ---------------------------------------------------------------------------------------


def refused(held: Hold) -> FenceLost:
    with pytest.raises(FenceLost) as caught:
        _ = held.fence
    return caught.value


def test_a_lease_that_another_one_has_is_told_at_the_next_renewal() -> None:
    async def story(store: LeaseStore) -> None:
        async with hold(store) as held:
            (lease,) = await store.leases()
            await store.release_lease(lease)
            assert await store.acquire_lease(FEED, "b", TTL_S) is not None
            await held.lost.wait()
            assert loop_time() == pytest.approx(TTL_S / RENEWALS, abs=0.001)
            assert (refused(held).name, refused(held).number) == (FEED, 1)
        # Nothing of the new holder's was given back.
        assert [one.holder for one in await store.leases()] == ["b"]

    told(story)


def test_without_the_store_it_is_lost_when_its_time_is_over_and_not_before() -> None:
    async def story(store: LeaseStore) -> None:
        async with hold(store) as held:
            await asyncio.sleep(TTL_S / RENEWALS + 0.1)
            renewed_at = store.renewals[-1]
            store.fault = StoreUnavailable("planted: no server")
            await held.lost.wait()
            assert loop_time() - renewed_at == pytest.approx(TTL_S, abs=0.01)

    told(story)


def test_a_renewal_that_failed_once_is_made_again() -> None:
    async def story(store: LeaseStore) -> None:
        async with hold(store) as held:
            store.fault = StoreUnavailable("planted: no server")
            await asyncio.sleep(TTL_S * 0.9)
            store.fault = None
            await asyncio.sleep(TTL_S * 10)
            assert not held.lost.is_set()

    told(story)


def test_a_store_that_never_answers_is_waited_for_no_longer_than_the_lease_lasts() -> None:
    async def story(store: LeaseStore) -> None:
        held = hold(store)
        assert await held.acquire()
        store.hangs = True
        await held.lost.wait()
        assert loop_time() == pytest.approx(TTL_S, abs=0.001)
        await held.release()
        assert loop_time() == pytest.approx(TTL_S + RELEASE_S_MAX, abs=0.001)

    told(story)


def test_what_no_store_should_raise_loses_the_lease_and_is_told_at_the_end() -> None:
    async def story(store: LeaseStore) -> None:
        held = hold(store)
        assert await held.acquire()
        store.fault = ZeroDivisionError("planted")
        await held.lost.wait()
        store.fault = None
        with pytest.raises(ZeroDivisionError):
            await held.release()

    told(story)


# --- given back ---------------------------------------------------------------------------------


def test_it_is_given_back_whatever_ends_its_use() -> None:
    async def story(store: LeaseStore) -> None:
        async def use(held: Hold, error: type[Exception] | None) -> None:
            async with held:
                if error:
                    raise error
                await asyncio.sleep(1_000)

        with pytest.raises(ZeroDivisionError):
            await use(hold(store), ZeroDivisionError)
        assert await store.leases() == []
        using = asyncio.create_task(use(hold(store), None))
        await asyncio.sleep(1)
        assert len(await store.leases()) == 1
        using.cancel()
        with pytest.raises(asyncio.CancelledError):
            await using
        assert await store.leases() == []

    told(story)


def test_after_it_was_given_back_it_has_no_fence() -> None:
    async def story(store: LeaseStore) -> None:
        held = hold(store)
        assert refused(held).number == 0
        async with held:
            pass
        assert refused(held).number == 1
        assert held.lost.is_set()
        await held.release()

    told(story)


def test_a_store_that_is_down_lets_it_expire() -> None:
    async def story(store: LeaseStore) -> None:
        async with hold(store):
            store.fault = StoreUnavailable("planted: no server")
        assert loop_time() < 1
        assert len(await store.leases()) == 1

    told(story)


def test_a_hold_is_used_once() -> None:
    async def story(store: LeaseStore) -> None:
        held = hold(store)
        async with held:
            with pytest.raises(RuntimeError, match="acquired already"):
                await held.acquire()
        with pytest.raises(RuntimeError, match="acquired already"):
            await held.acquire()

    told(story)


# --- the log ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "holder", "ttl_s"), [("", "a", 1.0), (FEED, "two words", 1.0), (FEED, "a", 0.0)]
)
async def test_a_hold_that_cannot_be_is_refused_before_anything_is_asked(
    name: str, holder: str, ttl_s: float
) -> None:
    log = await EventLog.open(MemoryEventStore())
    with pytest.raises(InvalidLease):
        log.hold(name, holder, ttl_s)
    await log.close()


async def test_the_log_appends_under_a_fence_and_refuses_under_a_lost_one() -> None:
    store = FaultyStore()
    log = await EventLog.open(store)
    async with log.hold(FEED, "a", TTL_S) as held:
        fence = held.fence
        assert (await log.append(prices(1), fence=fence)).positions == (1,)
    outcomes = await asyncio.gather(
        log.append(prices(1), fence=fence), log.append(prices(1)), return_exceptions=True
    )
    assert [type(outcome).__name__ for outcome in outcomes] == ["FenceLost", "Appended"]
    # Both were of one transaction, and the log itself is well.
    assert (len(store.groups[-1]), log.fault) == (2, None)
    assert positions_of(log.tail.after(0, 10) or []) == [1, 2]
    await log.close()


async def test_a_fence_that_no_store_can_look_for_fails_alone() -> None:
    log = await EventLog.open(MemoryEventStore())
    with pytest.raises(InvalidEvent, match="the name of a lease"):
        await log.append(prices(1), fence=Fence("a\0b", 1))
    await log.close()


async def test_a_closed_log_loses_its_leases_quietly(tmp_path: object) -> None:
    log = await EventLog.open(MemoryEventStore())
    held = log.hold(FEED, "a", TTL_S)
    assert await held.acquire()
    await log.close()
    await held.release()
    assert isinstance(refused(held), EventError)


def test_the_hash_of_a_lease_covers_each_of_its_columns() -> None:
    rows = [
        ("n", "h", 1, 2),
        ("m", "h", 1, 2),
        ("n", "i", 1, 2),
        ("n", "h", 2, 2),
        ("n", "h", 1, 3),
    ]
    rows.append(("nh", "", 1, 2))
    assert len({hash_lease(*row) for row in rows}) == len(rows)
