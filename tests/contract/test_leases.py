"""What every event store promises about leases, and about appends that are made under one."""

# covers: events.lease_rules, events.memory_leases, events.sql_leases, events.plan

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

import pytest

from events.envelope import Append, Appended, Fence, Idempotency, NewEvent
from events.errors import FenceLost, InvalidLease, VersionConflict
from events.lease_rules import LEASE_TEXT_MAX, TTL_S_MAX, TTL_S_MIN, Lease
from events.store import EventStore, Outcome, ReadQuery
from tests.unit.events.builders import appended, new, price, prices

PassTime = Callable[[float], Awaitable[None]]
FEED = "feed:spx"


async def acquire(store: EventStore, holder: str = "a", name: str = FEED) -> Lease:
    lease = await store.acquire_lease(name, holder, 10)
    assert lease is not None
    return lease


async def append(store: EventStore, fence: Fence | None, *events: NewEvent) -> Outcome:
    (outcome,) = await store.append([Append(events or prices(1), fence=fence)])
    return outcome


async def positions(store: EventStore) -> list[int]:
    return [event.position for event in await store.read(ReadQuery())]


# --- who has it ---------------------------------------------------------------------------------


async def test_a_free_lease_is_its_first_askers(store: EventStore) -> None:
    lease = await acquire(store)
    assert (lease.name, lease.holder, lease.fence) == (FEED, "a", 1)
    assert await store.leases() == [lease]
    assert await store.acquire_lease(FEED, "b", 10) is None
    assert await store.leases() == [lease]


async def test_leases_of_other_names_are_apart(store: EventStore) -> None:
    first, second = await acquire(store, "a", "feed:b"), await acquire(store, "b", "feed:a")
    assert (first.fence, second.fence) == (1, 1)
    assert await store.leases() == [second, first]


async def test_it_is_free_when_it_expires_and_not_before(
    store: EventStore, pass_time: PassTime
) -> None:
    await acquire(store)
    await pass_time(8)
    assert await store.acquire_lease(FEED, "b", 10) is None
    await pass_time(2)
    assert (await acquire(store, "b")).fence == 2


async def test_a_renewal_sets_the_time_anew(store: EventStore, pass_time: PassTime) -> None:
    lease = await acquire(store)
    assert await store.renew_lease(lease, 60) is not None
    await pass_time(50)
    assert await store.acquire_lease(FEED, "b", 10) is None
    await pass_time(10)
    assert (await acquire(store, "b")).fence == 2


async def test_renewing_keeps_it_for_its_holder_under_the_same_fence(
    store: EventStore, pass_time: PassTime
) -> None:
    lease = await acquire(store)
    for _ in range(3):
        await pass_time(8)
        again = await store.renew_lease(lease, 10)
        assert again is not None
        assert (again.holder, again.fence) == ("a", 1)
        assert await store.leases() == [again]
    assert await store.acquire_lease(FEED, "b", 10) is None


async def test_an_expired_lease_is_renewed_while_nobody_has_taken_it(
    store: EventStore, pass_time: PassTime
) -> None:
    lease = await acquire(store)
    await pass_time(100)
    assert [one.fence for one in await store.leases()] == [lease.fence]
    assert await store.renew_lease(lease, 10) is not None
    assert await store.acquire_lease(FEED, "b", 10) is None


async def test_a_clock_set_back_by_a_day_does_not_make_a_dead_holders_lease_last_a_day(
    store: EventStore, pass_time: PassTime
) -> None:
    lease = await acquire(store)
    await pass_time(-86_400)
    assert await store.acquire_lease(FEED, "b", 10) is None
    await pass_time(8)
    assert await store.acquire_lease(FEED, "b", 10) is None
    await pass_time(2)
    assert (await acquire(store, "b")).fence == lease.fence + 1


async def test_a_clock_set_back_takes_a_lease_from_no_living_holder(
    store: EventStore, pass_time: PassTime
) -> None:
    lease = await acquire(store)
    await pass_time(-86_400)
    assert await store.acquire_lease(FEED, "b", 10) is None
    for _ in range(3):
        await pass_time(5)
        assert await store.renew_lease(lease, 10) is not None
        assert await store.acquire_lease(FEED, "b", 10) is None


async def test_a_lease_that_was_taken_is_not_renewed(
    store: EventStore, pass_time: PassTime
) -> None:
    lease = await acquire(store)
    await pass_time(10)
    stolen = await acquire(store, "b")
    assert await store.renew_lease(lease, 10) is None
    assert await store.leases() == [stolen]


async def test_a_released_lease_is_free_at_once_and_renewed_no_more(store: EventStore) -> None:
    lease = await acquire(store)
    await store.release_lease(lease)
    assert await store.leases() == []
    assert await store.renew_lease(lease, 10) is None
    assert (await acquire(store, "b")).fence == 2


async def test_releasing_what_is_no_longer_ones_own_changes_nothing(
    store: EventStore, pass_time: PassTime
) -> None:
    lease = await acquire(store)
    await pass_time(10)
    stolen = await acquire(store, "b")
    await store.release_lease(lease)
    assert await store.leases() == [stolen]
    await store.release_lease(replace(lease, name="feed:never"))
    assert await store.renew_lease(replace(lease, name="feed:never"), 10) is None
    assert await store.leases() == [stolen]


async def test_fences_rise_by_one_for_ever(store: EventStore, pass_time: PassTime) -> None:
    fences = [(await acquire(store)).fence]
    for holder in ("a", "a", "b", "a"):
        await pass_time(10)
        lease = await acquire(store, holder)
        fences.append(lease.fence)
        if holder == "b":
            await store.release_lease(lease)
    assert fences == [1, 2, 3, 4, 5]


async def test_the_same_holder_takes_its_own_lease_again_and_ends_its_first_one(
    store: EventStore,
) -> None:
    first = await acquire(store)
    second = await acquire(store)
    assert second.fence == 2
    assert await store.renew_lease(first, 10) is None
    assert isinstance(await append(store, first.key), FenceLost)
    assert isinstance(await append(store, second.key), Appended)


async def test_of_many_who_ask_at_once_one_gets_it(store: EventStore) -> None:
    asked = await asyncio.gather(*(store.acquire_lease(FEED, f"h{n}", 10) for n in range(8)))
    won = [lease for lease in asked if lease is not None]
    assert [lease.fence for lease in won] == [1]
    assert await store.leases() == won


@pytest.mark.parametrize("text", ["", "a b", "a\0", "\ud800", "é", "x" * (LEASE_TEXT_MAX + 1)])
async def test_names_and_holders_are_visible_ascii(store: EventStore, text: str) -> None:
    with pytest.raises(InvalidLease, match="the name of a lease has 1 to 100 visible ASCII"):
        await store.acquire_lease(text, "a", 10)
    with pytest.raises(InvalidLease, match="the holder of a lease has 1 to 100 visible ASCII"):
        await store.acquire_lease(FEED, text, 10)
    assert await store.leases() == []


async def test_the_longest_names_are_kept(store: EventStore) -> None:
    name, holder = "n" * LEASE_TEXT_MAX, "h" * LEASE_TEXT_MAX
    lease = await store.acquire_lease(name, holder, TTL_S_MAX)
    assert lease is not None
    assert await store.leases() == [lease]
    assert isinstance(await append(store, lease.key), Appended)


@pytest.mark.parametrize("ttl_s", [0, -1, TTL_S_MIN / 2, TTL_S_MAX + 1, float("nan")])
async def test_times_have_their_limits(store: EventStore, ttl_s: float) -> None:
    with pytest.raises(InvalidLease, match="a lease lasts"):
        await store.acquire_lease(FEED, "a", ttl_s)
    lease = await acquire(store)
    with pytest.raises(InvalidLease, match="a lease lasts"):
        await store.renew_lease(lease, ttl_s)


# --- appends under a fence ----------------------------------------------------------------------


async def test_an_append_under_a_held_lease_is_recorded(store: EventStore) -> None:
    lease = await acquire(store)
    assert appended(await append(store, lease.key)).positions == (1,)
    renewed = await store.renew_lease(lease, 10)
    assert renewed is not None
    assert appended(await append(store, renewed.key)).positions == (2,)


async def test_an_append_after_the_lease_was_taken_changes_nothing(
    store: EventStore, pass_time: PassTime
) -> None:
    old = await acquire(store)
    await append(store, old.key)
    await pass_time(10)
    stolen = await acquire(store, "b")
    head = await store.head()
    refused = await append(store, old.key)
    assert isinstance(refused, FenceLost)
    assert (refused.code, refused.name, refused.number) == ("fence_lost", FEED, 1)
    assert await store.head() == head
    assert appended(await append(store, stolen.key)).positions == (2,)


async def test_an_append_under_an_expired_lease_that_nobody_took_is_recorded(
    store: EventStore, pass_time: PassTime
) -> None:
    lease = await acquire(store)
    await pass_time(100)
    assert isinstance(await append(store, lease.key), Appended)


async def test_an_append_after_the_release_changes_nothing(store: EventStore) -> None:
    lease = await acquire(store)
    await store.release_lease(lease)
    assert isinstance(await append(store, lease.key), FenceLost)
    assert await positions(store) == []


@pytest.mark.parametrize("fence", [Fence("feed:never", 1), Fence(FEED, 0), Fence(FEED, 2)])
async def test_a_fence_that_was_never_given_out_is_refused(store: EventStore, fence: Fence) -> None:
    await acquire(store)
    assert isinstance(await append(store, fence), FenceLost)
    assert await positions(store) == []


async def test_a_lost_fence_fails_its_own_append_and_not_its_group(
    store: EventStore, pass_time: PassTime
) -> None:
    old = await acquire(store)
    await pass_time(10)
    held, other = await acquire(store, "b"), await acquire(store, "a", "feed:ndx")
    fences: Sequence[Fence | None] = [old.key, None, held.key, old.key, other.key, old.key]
    groups = [
        Append(prices(2, f"S{number}", first=number), fence=fence)
        for number, fence in enumerate(fences)
    ]
    outcomes = await store.append(groups)
    lost = [isinstance(outcome, FenceLost) for outcome in outcomes]
    assert lost == [True, False, False, True, False, True]
    assert [appended(outcomes[n]).positions for n in (1, 2, 4)] == [(1, 2), (3, 4), (5, 6)]
    assert await positions(store) == [1, 2, 3, 4, 5, 6]


async def test_a_group_may_name_more_leases_than_one_lookup_holds(store: EventStore) -> None:
    held = [await acquire(store, "a", f"feed:{number}") for number in range(9)]
    groups = [Append((new(price()),), fence=lease.key) for lease in held]
    groups += [Append((new(price()),), fence=Fence(f"feed:{n}", 2)) for n in range(9)]
    outcomes = await store.append(groups)
    assert [isinstance(one, Appended) for one in outcomes] == [True] * 9 + [False] * 9


async def test_the_same_ids_under_a_new_fence_are_duplicates(
    store: EventStore, pass_time: PassTime
) -> None:
    events = prices(3)
    old = await acquire(store)
    first = appended(await append(store, old.key, *events))
    await pass_time(10)
    held = await acquire(store, "b")
    again = appended(await append(store, held.key, *events, *prices(1, first=3)))
    assert (again.positions, again.duplicates) == ((*first.positions, 4), 3)
    # Whoever lost the lease is told so, though nothing is left to record.
    assert isinstance(await append(store, old.key, *events), FenceLost)


async def test_a_lost_fence_answers_no_key_and_takes_none(
    store: EventStore, pass_time: PassTime
) -> None:
    old = await acquire(store)
    key = Idempotency("k", b"f", "done")
    await pass_time(10)
    held = await acquire(store, "b")
    for _ in range(2):
        (refused,) = await store.append([Append(prices(1), idempotency=key, fence=old.key)])
        assert isinstance(refused, FenceLost)
        (told,) = await store.append([Append(prices(1), idempotency=key, fence=held.key)])
        assert appended(told).positions == (1,)


async def test_a_held_fence_takes_nothing_from_the_other_checks(store: EventStore) -> None:
    lease = await acquire(store)
    wrong = Append(prices(1), {"prices:SPX": 7}, fence=lease.key)
    (outcome,) = await store.append([wrong])
    assert isinstance(outcome, VersionConflict)
