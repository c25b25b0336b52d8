"""The event store in memory: the same contract without a disk, for tests and throw-away logs."""

from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import takewhile
from uuid import UUID, uuid4

from events.chain import GENESIS
from events.clock import now_us
from events.envelope import (
    Append,
    Appended,
    EventColumns,
    Head,
    Idempotency,
    RecordedEvent,
    event_columns,
)
from events.memory_leases import MemoryLeases
from events.memory_snapshots import MemorySnapshots
from events.messages import EventText, TextOf, text_with
from events.plan import LogView, StoredAnswer, plan_appends
from events.selection import Selection
from events.store import Outcome, ReadQuery, StreamHead


class MemoryEventStore(MemorySnapshots, MemoryLeases):
    """An `EventStore` that forgets everything when the process ends."""

    def __init__(self, clock: Callable[[], int] = now_us) -> None:
        """`clock` gives microseconds since 1970; tests hand in their own."""
        MemorySnapshots.__init__(self)
        MemoryLeases.__init__(self)
        self._clock = clock
        self._head = Head(epoch=uuid4().hex, position=0, hash=GENESIS, recorded_at_us=0)
        self._events: list[RecordedEvent] = []
        self._by_id: dict[UUID, RecordedEvent] = {}
        self._streams: dict[str, list[RecordedEvent]] = {}
        self._answers: dict[str, StoredAnswer] = {}

    async def append(self, appends: Sequence[Append]) -> list[Outcome]:
        """Record a group of appends; one outcome each."""
        now_us = max(self._clock(), self._head.recorded_at_us)
        self._forget_answers(now_us)
        ids = [event.event_id for append in appends for event in append.events]
        view = LogView(
            head=self._head,
            versions={name: len(events) for name, events in self._streams.items()},
            recorded={key.bytes: event for key, event in (await self.find(ids)).items()},
            answers=dict(self._answers),
            now_us=now_us,
            fences=self._fences({append.fence.name for append in appends if append.fence}),
        )
        plan = plan_appends(view, appends)
        for event in plan.events:
            self._events.append(event)
            self._by_id[event.event_id] = event
            self._streams.setdefault(event.stream, []).append(event)
        self._answers.update({answer.key: answer for answer in plan.answers})
        self._head = view.head
        return plan.outcomes

    def note(self, head: Head) -> None:
        """Nothing takes another log's place in memory."""

    async def answer_to(self, idempotency: Idempotency) -> Appended | None:
        """What `append` would answer to a key that comes again; None for one that was never answered."""
        stored = self._answers.get(idempotency.key)
        if stored is None or stored.is_forgotten(self._clock()):
            return None
        return stored.again(idempotency)

    def _forget_answers(self, now_us: int) -> None:
        """They lie in the order in which they were given."""
        old = [*takewhile(lambda one: one.is_forgotten(now_us), self._answers.values())]
        for answer in old:
            del self._answers[answer.key]

    async def head(self) -> Head:
        """The end of the log."""
        return self._head

    async def still_holds(self, known: Head) -> bool:
        """Whether it is this log's: nothing takes another one's place in memory."""
        return known.epoch == self._head.epoch and (
            known.position == 0 or self._events[known.position - 1].hash == known.hash
        )

    async def streams(self) -> Mapping[str, StreamHead]:
        """The end of every stream."""
        return {
            name: StreamHead(len(events), events[-1].position)
            for name, events in self._streams.items()
        }

    async def read(self, query: ReadQuery) -> list[RecordedEvent]:
        """One page, in position order or the reverse."""
        events = reversed(self._events) if query.descending else iter(self._events[query.after :])
        page: list[RecordedEvent] = []
        for event in events:
            if len(page) == query.limit:
                break
            if query.accepts(event):
                page.append(event)
        return page

    async def read_columns(self, query: ReadQuery) -> EventColumns:
        """The page that `read` would give, column by column."""
        return event_columns(await self.read(query))

    async def read_texts(self, query: ReadQuery, text_of: TextOf) -> list[EventText]:
        """The page that `read` would give, as messages."""
        return [text_with(event, text_of) for event in await self.read(query)]

    async def texts_at(self, positions: Sequence[int], text_of: TextOf) -> list[EventText]:
        """The messages of `read_at`."""
        return [text_with(event, text_of) for event in await self.read_at(positions)]

    async def read_at(self, positions: Sequence[int]) -> list[RecordedEvent]:
        """The events at these positions."""
        held = range(1, self._head.position + 1)
        return [self._events[position - 1] for position in sorted(positions) if position in held]

    async def last_positions(self, selection: Selection, last: int, upto: int) -> list[int]:
        """The positions of the newest `last` events of each stream, none beyond `upto`."""
        found: list[int] = []
        for name, events in self._streams.items():
            if selection.matches(name):
                known = [event.position for event in events if event.position <= upto]
                found += known[max(0, len(known) - last) :]
        return sorted(found)

    async def first_since(self, occurred_at_us: int) -> int:
        """The first position whose market time is not before this; head + 1 when there is none."""
        later = (e.position for e in self._events if e.occurred_at_us >= occurred_at_us)
        return next(later, self._head.position + 1)

    async def find(self, event_ids: Collection[UUID]) -> Mapping[UUID, RecordedEvent]:
        """Those of the events that are recorded, by id."""
        return {key: self._by_id[key] for key in event_ids if key in self._by_id}

    async def newest_at(self, stream: str, occurred_at_us: int) -> RecordedEvent | None:
        """The newest event of a stream with exactly this market time."""
        events = reversed(self._streams.get(stream, []))
        return next((event for event in events if event.occurred_at_us == occurred_at_us), None)

    async def close(self) -> None:
        """Nothing to let go of."""
