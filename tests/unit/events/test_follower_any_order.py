"""Whatever becomes of hints, lost, doubled, late, false, between looks and own commits: exactly the log, in order."""

# covers: events.follower, events.held_hints

import asyncio
from collections.abc import Sequence
from typing import Literal

from hypothesis import given
from hypothesis import strategies as st

from events.envelope import Append, RecordedEvent
from events.errors import EventError
from events.hints import Hint
from events.memory_store import MemoryEventStore
from events.store import ReadQuery
from tests.unit.events.builders import appended, prices
from tests.unit.events.hinted import Following, altered

PATIENCE_S = 10.0
NO_POLL_S = 600.0

Step = tuple[
    Literal["others", "own", "hint", "false", "cut", "empty", "look", "hold", "go", "turn"], int
]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["others", "own", "hint", "hint", "false", "cut", "empty", "look", "hold", "go", "turn"]
        ),
        st.integers(0, 5),
    ),
    max_size=60,
)


class Play:
    """Does one step after another."""

    def __init__(self, following: Following) -> None:
        self.following = following
        self.batches: list[Sequence[RecordedEvent]] = []
        self.tasks: list[asyncio.Task[None]] = []

    async def step(self, what: str, number: int) -> None:
        following = self.following
        batch = self.batches[-1 - number % len(self.batches)] if self.batches else ()
        if what == "others":
            self.batches.append(await following.store.others_append(number + 1))
        elif what == "own":
            await self.append(number + 1)
        elif what == "look":
            self.tasks.append(asyncio.create_task(following.follower.refresh()))
        elif what == "hold":
            following.store.gate.clear()
        elif what == "go":
            following.store.gate.set()
        elif what == "turn":
            for _ in range(number + 1):
                await asyncio.sleep(0)
        elif what == "empty" or not batch:
            following.follower.hear(Hint())
        else:
            self.hear(what, list(batch), number)

    def hear(self, what: str, batch: list[RecordedEvent], number: int) -> None:
        """A hint as it was told, or cut off at its beginning, or with a false event in it."""
        if what == "cut":
            batch = batch[number % len(batch) :]
        elif what == "false":
            place = number % len(batch)
            batch[place] = altered(batch[place])
        self.following.hear(batch)

    async def append(self, count: int) -> None:
        """Commit, and pass it on some time later, as the group commit does: one at a time."""
        (outcome,) = await self.following.store.append([Append(prices(count, "OWN"))])
        events = appended(outcome).events
        before = self.tasks[-1] if self.tasks else None

        async def publish() -> None:
            if before is not None:
                await asyncio.wait([before])
            await self.following.follower.publish(events, events[-1].position, whole=True)

        self.tasks.append(asyncio.create_task(publish()))


@given(STEPS)
def test_any_fate_of_hints_gives_exactly_the_log_in_order(steps: list[Step]) -> None:
    async def play() -> EventError | None:
        following = await Following.begin()
        following.follower.start(NO_POLL_S)
        playing = Play(following)
        for what, number in steps:
            await playing.step(what, number)
        following.store.gate.set()
        await asyncio.gather(*playing.tasks)
        head = await MemoryEventStore.head(following.store)
        # No poll and no look of ours: one hint must do, whatever came before it.
        following.follower.hear(Hint())
        await asyncio.wait_for(following.end.moved_beyond(head.position - 1), PATIENCE_S)
        assert following.end.head == head
        everything = await MemoryEventStore.read(following.store, ReadQuery())
        assert (following.end.tail.after(0, 10_000) or []) == everything
        assert not following.follower.replaced.is_set()
        await following.follower.close()
        return following.follower.unread

    assert asyncio.run(play()) is None
