"""Following others: hints are used only where they continue the log, and the store stands behind them."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from events import follower as follower_module
from events import held_hints
from events.errors import BrokenChain, EventError, LogReplaced, StoreUnavailable
from events.hints import Hint
from tests.unit.events.hinted import Following, altered
from tests.waiting import until

PATIENCE_S = 10.0
NO_POLL_S = 600.0
AGES_S = 600.0


@pytest.fixture
async def following() -> AsyncIterator[Following]:
    one = await Following.begin()
    yield one
    one.store.gate.set()
    one.store.page_gate.set()
    await one.follower.close()


@pytest.fixture
async def alive(following: Following) -> Following:
    """One that looks in the store by itself, but only when a hint makes it."""
    following.follower.start(NO_POLL_S)
    return following


async def idle() -> None:
    """Let everything that can go on go on."""
    for _ in range(50):
        await asyncio.sleep(0)


async def test_the_next_position_is_taken_as_it_is(following: Following) -> None:
    following.hear(await following.store.others_append(2), await following.store.others_append(1))
    assert following.known == [1, 2, 3]
    assert following.came == (3, 0)
    assert (following.store.heads, following.store.reads) == (0, 0)


async def test_of_a_hint_that_begins_in_what_is_known_the_rest_is_taken(
    following: Following,
) -> None:
    events = await following.store.others_append(4)
    following.hear(events[:2], events[1:])
    assert following.known == [1, 2, 3, 4]
    assert following.came == (4, 0)


async def test_what_is_known_is_heard_again_without_effect(alive: Following) -> None:
    events = await alive.store.others_append(3)
    alive.hear(events, events, events[:1], events[2:])
    await idle()
    assert alive.known == [1, 2, 3]
    assert (alive.follower.counts.holes, alive.store.heads) == (0, 0)


async def test_what_others_wrote_is_read_page_by_page(
    following: Following, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert follower_module.READ_ON == 2_000
    monkeypatch.setattr(follower_module, "READ_ON", 3)
    await following.store.others_append(7)
    await following.follower.refresh()
    assert following.known == list(range(1, 8))
    assert (following.store.reads, following.follower.counts.reads) == (3, 1)


async def test_a_hole_is_read_in_the_store(alive: Following) -> None:
    await alive.store.others_append(2)
    alive.hear(await alive.store.others_append(1))
    assert alive.known == []
    await asyncio.wait_for(alive.end.moved_beyond(2), PATIENCE_S)
    assert alive.known == [1, 2, 3]
    assert alive.came == (0, 3)
    assert (alive.follower.counts.holes, alive.follower.counts.reads) == (1, 1)


async def test_hints_that_overtook_each_other_are_put_in_order_without_reading(
    alive: Following,
) -> None:
    batches = [await alive.store.others_append(2) for _ in range(4)]
    alive.hear(batches[2], batches[3], batches[1], batches[0])
    assert alive.known == list(range(1, 9))
    await idle()
    assert alive.came == (8, 0)
    assert alive.store.reads == 0


@pytest.mark.parametrize("wrong", ["hash", "number"])
async def test_a_false_hint_is_not_shown_and_the_store_is_read(
    alive: Following, wrong: str
) -> None:
    events = list(await alive.store.others_append(3))
    true = events[1]
    events[1] = altered(true) if wrong == "hash" else true._replace(version=1 << 70)
    alive.hear(events)
    assert alive.known == []
    await asyncio.wait_for(alive.end.moved_beyond(2), PATIENCE_S)
    assert alive.end.tail.after(1, 1) == [true]
    assert alive.came == (0, 3)


async def test_a_false_hint_of_far_ahead_costs_a_look_or_two_and_is_forgotten(
    alive: Following,
) -> None:
    (event,) = await alive.store.others_append(1)
    alive.hear([event._replace(position=9)])
    await asyncio.wait_for(alive.end.moved_beyond(0), PATIENCE_S)
    await idle()
    looks = alive.store.heads
    own = await alive.store.others_append(1)
    await alive.follower.publish(own, 2, whole=True)
    await idle()
    assert alive.store.heads == looks <= 2
    batches = [await alive.store.others_append(1) for _ in range(9)]
    alive.hear(*batches)
    assert alive.known == list(range(1, 12))


@pytest.mark.parametrize("hint", [Hint(), Hint("another epoch")])
async def test_a_hint_without_events_or_of_another_epoch_makes_it_look(
    alive: Following, hint: Hint
) -> None:
    events = await alive.store.others_append(2)
    alive.follower.hear(hint if hint.epoch is None else hint._replace(events=events))
    assert alive.known == []
    await asyncio.wait_for(alive.end.moved_beyond(1), PATIENCE_S)
    assert alive.came == (0, 2)


async def test_what_is_heard_during_a_read_waits_for_it_and_is_taken(following: Following) -> None:
    store = following.store
    first = await store.others_append(3)
    store.page_gate.clear()
    looking = asyncio.create_task(following.follower.refresh())
    await until(lambda: store.reads == 1)
    batches = [await store.others_append(1) for _ in range(4)]
    following.hear(first[:2], batches[1], batches[0], *batches)
    assert following.known == []
    store.page_gate.set()
    await looking
    assert following.known == list(range(1, 8))
    assert following.came == (4, 3)
    assert (store.reads, following.follower.unread) == (1, None)


async def test_what_a_read_leaves_missing_is_looked_for_again(alive: Following) -> None:
    store = alive.store
    await store.others_append(3)
    store.page_gate.clear()
    alive.follower.hear(Hint())
    await until(lambda: store.reads == 1)
    await store.others_append(2)
    alive.hear(await store.others_append(1))
    store.page_gate.set()
    await asyncio.wait_for(alive.end.moved_beyond(5), PATIENCE_S)
    assert store.heads == 2


async def test_what_waits_beyond_a_read_is_kept_for_the_hint_that_is_missing(
    following: Following,
) -> None:
    store = following.store
    await store.others_append(3)
    store.page_gate.clear()
    looking = asyncio.create_task(following.follower.refresh())
    await until(lambda: store.reads == 1)
    missing = await store.others_append(2)
    following.hear(await store.others_append(1))
    store.page_gate.set()
    await looking
    assert following.known == [1, 2, 3]
    following.hear(missing)
    assert following.known == [1, 2, 3, 4, 5, 6]


async def test_what_hints_have_brought_meanwhile_is_not_read(following: Following) -> None:
    store = following.store
    events = await store.others_append(3)
    store.gate.clear()
    looking = asyncio.create_task(following.follower.refresh())
    await until(lambda: store.heads == 1)
    following.hear(events)
    store.gate.set()
    await looking
    assert (following.known, store.reads, following.follower.unread) == ([1, 2, 3], 0, None)


async def test_what_is_heard_during_a_read_that_fails_is_taken_all_the_same(
    following: Following,
) -> None:
    store = following.store
    first = await store.others_append(2)
    store.unreadable = StoreUnavailable("planted: away")
    store.page_gate.clear()
    looking = asyncio.create_task(following.follower.refresh())
    await until(lambda: store.reads == 1)
    following.hear(first)
    store.page_gate.set()
    await looking
    assert isinstance(following.follower.unread, StoreUnavailable)
    assert following.came == (2, 0)


async def test_more_than_may_wait_is_let_go_and_read(
    alive: Following, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(held_hints, "HELD_BACK_MAX", 5)
    await alive.store.others_append(1)
    alive.store.gate.clear()
    alive.follower.hear(Hint())
    batches = [await alive.store.others_append(2) for _ in range(4)]
    alive.hear(*batches)
    alive.store.gate.set()
    await asyncio.wait_for(alive.end.moved_beyond(8), PATIENCE_S)
    assert alive.known == list(range(1, 10))


async def test_any_number_of_hints_during_a_look_cause_one_more(alive: Following) -> None:
    store = alive.store
    store.gate.clear()
    alive.follower.hear(Hint())
    await until(lambda: store.heads == 1)
    await store.others_append(1)
    for _ in range(100):
        alive.follower.hear(Hint())
        await asyncio.sleep(0)
    store.gate.set()
    await asyncio.wait_for(alive.end.moved_beyond(0), PATIENCE_S)
    await idle()
    assert (store.heads, store.reads) == (2, 1)


async def test_a_crowd_that_asks_is_served_by_one_look_that_began_after_it(
    following: Following,
) -> None:
    store = following.store
    store.gate.clear()
    early = asyncio.create_task(following.follower.refresh())
    await until(lambda: store.heads == 1)
    await store.others_append(1)
    crowd = [asyncio.create_task(following.follower.refresh()) for _ in range(50)]
    await idle()
    crowd[0].cancel()
    store.gate.set()
    await asyncio.gather(early, *crowd, return_exceptions=True)
    assert following.known == [1]
    assert store.heads == 2


async def test_a_look_that_is_cancelled_serves_nobody(following: Following) -> None:
    store = following.store
    store.gate.clear()
    early, first, second = (asyncio.create_task(following.follower.refresh()) for _ in range(3))
    await until(lambda: store.heads == 1)
    early.cancel()
    await until(lambda: store.heads == 2)
    first.cancel()
    await store.others_append(1)
    store.gate.set()
    await second
    assert following.known == [1]


async def test_a_look_that_fails_in_any_way_does_not_end_the_looking(
    alive: Following, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follower_module, "RETRY_S", 0.001)
    alive.store.fault = cause = RuntimeError("planted: a bug")
    alive.follower.hear(Hint())
    seen: list[EventError | None] = []
    await until(lambda: bool(alive.follower.unread and not seen.append(alive.follower.unread)))  # type: ignore[func-returns-value]  # it is meant
    (fault,) = seen
    assert str(fault) == "the log cannot be followed: RuntimeError"
    assert fault is not None
    assert fault.__cause__ is cause
    await alive.store.others_append(1)
    await asyncio.wait_for(alive.end.moved_beyond(0), PATIENCE_S)
    await until(lambda: alive.follower.unread is None)


async def test_an_event_that_was_altered_in_the_store_is_told_and_read_again_without_a_storm(
    alive: Following, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follower_module, "RETRY_S", AGES_S)
    alive.store.rotten = 2
    await alive.store.others_append(3)
    for _ in range(50):
        alive.follower.hear(Hint())
        alive.hear((await alive.store.others_append(2))[1:])
        await asyncio.sleep(0)
    await idle()
    assert isinstance(alive.follower.unread, BrokenChain)
    assert not alive.follower.replaced.is_set()
    assert (alive.known, alive.store.reads) == ([], 1)


async def test_a_store_that_was_mended_is_followed_again(
    alive: Following, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follower_module, "RETRY_S", 0.001)
    alive.store.rotten = 2
    await alive.store.others_append(3)
    alive.follower.hear(Hint())
    await until(lambda: isinstance(alive.follower.unread, BrokenChain))
    alive.store.rotten = 0
    await asyncio.wait_for(alive.end.moved_beyond(2), PATIENCE_S)
    await until(lambda: alive.follower.unread is None)


async def test_a_replaced_log_is_left_for_good(alive: Following) -> None:
    events = await alive.store.others_append(3)
    alive.hear(events[:1], events[2:])
    alive.store.replaced = True
    alive.follower.hear(Hint())
    await asyncio.wait_for(alive.follower.replaced.wait(), PATIENCE_S)
    alive.hear(events[1:])
    with pytest.raises(LogReplaced):
        await alive.follower.publish(events[1:2], 2, whole=True)
    alive.store.replaced = False
    await alive.follower.refresh()
    assert isinstance(alive.follower.unread, LogReplaced)
    assert (alive.known, alive.hints.told) == ([1], [])


async def test_own_commits_are_told_and_fill_the_holes_of_others(following: Following) -> None:
    own = await following.store.others_append(2)
    following.hear(await following.store.others_append(2))
    assert following.known == []
    await following.follower.publish(own, 2, whole=True)
    assert following.known == [1, 2, 3, 4]
    assert following.hints.told == [(following.epoch, own)]
    await following.follower.publish([], 4, whole=True)
    assert len(following.hints.told) == 1
    assert following.store.reads == 0


async def test_an_own_commit_after_anothers_reads_what_lies_between(following: Following) -> None:
    await following.store.others_append(3)
    own = await following.store.others_append(1)
    await following.follower.publish(own, 4, whole=True)
    assert following.known == [1, 2, 3, 4]
    assert following.came == (0, 4)


async def test_closing_ends_the_looking_and_the_hints(alive: Following) -> None:
    assert alive.hints.heard == alive.follower.hear
    await alive.follower.close()
    assert alive.hints.closed
    alive.follower.hear(Hint())
    await idle()
    assert alive.store.heads == 0
