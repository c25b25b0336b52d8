"""`EventLog` against a simple model: whatever happens, it is a list that only grows."""

from collections.abc import Coroutine, Sequence
from dataclasses import replace
from typing import Any, TypeVar
from uuid import UUID

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    precondition,
    rule,
)

from events.catalog import Payload
from events.chain import GENESIS, check_chain
from events.envelope import Append, Appended, Idempotency, NewEvent
from events.errors import (
    AppendConflict,
    DuplicateEvent,
    IdempotencyConflict,
    StoreUnavailable,
    VersionConflict,
)
from events.log import EventLog
from events.store import ReadQuery
from events.tail import Tail
from tests.simulation.virtual_time import VirtualLoop
from tests.unit.events.builders import new, notice, price, regime
from tests.unit.events.faulty_store import FaultyStore

Result = TypeVar("Result")

TAIL_SIZE = 4

payloads: st.SearchStrategy[Payload] = st.one_of(
    st.builds(price, st.sampled_from("AB"), st.sampled_from(["1", "2"]), st.integers(0, 9)),
    st.builds(regime, st.sampled_from("AB"), st.integers(0, 9)),
    st.builds(notice, st.just("x"), st.integers(0, 9)),
)
new_events = st.builds(new, payloads, st.uuids(version=4))
failures = st.sampled_from(["before", "after"])


class LogMachine(RuleBasedStateMachine):
    """The model: the texts in order, the ids with their places, the answered keys."""

    made = Bundle("made")
    keys = Bundle("keys")

    @initialize()
    def begin(self) -> None:
        self.loop = VirtualLoop()
        self.store = FaultyStore()
        self.events: list[NewEvent] = []
        self.answers: dict[str, tuple[bytes, tuple[int, ...]]] = {}
        self.silent = False
        self._open()

    def _open(self) -> None:
        self.log = self.run(EventLog.open(self.store))
        self.log.end.tail = Tail(self.log.head.position, TAIL_SIZE)
        self.opened_at = len(self.events)

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        return self.loop.run_until_complete(work)

    def _places(self) -> dict[UUID, int]:
        return {event.event_id: place for place, event in enumerate(self.events, start=1)}

    def _version(self, stream: str) -> int:
        return sum(event.stream == stream for event in self.events)

    def _ask(self, events: Sequence[NewEvent], **options: Any) -> Appended:
        """Append, and see whether the log has to hear of what was written behind its back."""
        recovers, head = self.log.fault is not None, self.log.head.position
        try:
            appended = self.run(self.log.append(events, **options))
        except AppendConflict:
            self.silent = self.silent and not recovers
            raise
        told = recovers or appended.events or max(appended.positions, default=0) > head
        self.silent = self.silent and not told
        return appended

    def _append(self, *events: NewEvent, **options: Any) -> Appended:
        """Append what must be accepted; the model takes what is new."""
        appended = self._ask(events, **options)
        for event in events:
            if event.event_id not in self._places():
                self.events.append(event)
        places = self._places()
        assert appended.positions == tuple(places[event.event_id] for event in events)
        assert appended.duplicates == len(events) - len(appended.events)
        return appended

    # --- what may happen ---

    @rule(target=made, event=new_events)
    def make(self, event: NewEvent) -> NewEvent:
        return event

    @rule(events=st.lists(made, max_size=4))
    def append(self, events: list[NewEvent]) -> None:
        self._append(*events)

    @rule(events=st.lists(made, min_size=1, max_size=3))
    def append_what_was_read(self, events: list[NewEvent]) -> None:
        streams = {event.stream for event in events}
        self._append(*events, expected={name: self._version(name) for name in streams})

    @rule(event=new_events, wrong=st.integers(1, 3))
    def append_after_somebody_else(self, event: NewEvent, wrong: int) -> None:
        expected = self._version(event.stream) + wrong
        with pytest.raises(VersionConflict) as caught:
            self._ask([event], stream=event.stream, expected=expected)
        assert caught.value.stream == event.stream
        assert caught.value.expected == expected
        assert caught.value.actual == self._version(event.stream)

    @precondition(lambda self: self.events)
    @rule(data=st.data())
    def take_a_recorded_id_for_something_else(self, data: st.DataObject) -> None:
        known = data.draw(st.sampled_from(self.events))
        other = replace(known, payload=notice("other"))
        with pytest.raises(DuplicateEvent) as caught:
            self._ask([other])
        assert caught.value.position == self._places()[known.event_id]

    @rule(target=keys, key=st.uuids(version=4).map(str), events=st.lists(made, max_size=2))
    def append_with_a_key(self, key: str, events: list[NewEvent]) -> str:
        appended = self._append(*events, idempotency=Idempotency(key, b"f", key))
        assert appended.answer is None
        self.answers[key] = (b"f", appended.positions)
        return key

    @rule(key=keys, event=new_events)
    def use_a_key_again(self, key: str, event: NewEvent) -> None:
        again = self._ask([event], idempotency=Idempotency(key, b"f", "other"))
        assert (again.answer, again.events) == (key, ())
        assert again.positions == self.answers[key][1]

    @rule(key=keys)
    def use_a_key_for_something_else(self, key: str) -> None:
        with pytest.raises(IdempotencyConflict):
            self._ask([], idempotency=Idempotency(key, b"other", ""))

    @rule(event=consumes(made), when=failures)
    def fail(self, event: NewEvent, when: str) -> None:
        setattr(self.store, when, StoreUnavailable("planted"))
        with pytest.raises(StoreUnavailable):
            self.run(self.log.append([event]))
        assert self.log.fault is not None
        if when == "after" and event.event_id not in self._places():
            self.events.append(event)
        self.silent = True

    @rule(event=new_events)
    def somebody_else_writes(self, event: NewEvent) -> None:
        self.run(self.store.append([Append((event,))]))
        self.events.append(event)
        self.silent = True

    @rule()
    def restart(self) -> None:
        self.run(self.log.close())
        self._open()
        self.silent = False

    # --- what always holds ---

    @invariant()
    def the_store_is_the_model(self) -> None:
        if not hasattr(self, "log"):
            return
        recorded = self.run(self.log.read(ReadQuery(limit=10_000)))
        assert [event.event_id for event in recorded] == [e.event_id for e in self.events]
        assert [event.stream for event in recorded] == [e.stream for e in self.events]
        assert check_chain(GENESIS, 0, recorded)[1] == len(self.events)
        versions: dict[str, int] = {}
        for event in recorded:
            versions[event.stream] = versions.get(event.stream, 0) + 1
            assert event.version == versions[event.stream]

    @invariant()
    def the_head_and_the_tail_follow(self) -> None:
        """Unless something was written that the log has not been told of yet."""
        if not hasattr(self, "log"):
            return
        head = self.log.head.position
        assert head == self.log.tail.head
        assert head <= len(self.events)
        if self.silent:
            return
        assert (head, self.log.fault) == (len(self.events), None)
        first = max(self.opened_at, head - TAIL_SIZE)
        held = self.log.tail.after(first, TAIL_SIZE)
        assert held is not None
        assert [event.position for event in held] == list(range(first + 1, head + 1))
        if first > self.opened_at or first:
            assert self.log.tail.after(first - 1, TAIL_SIZE) is None

    def teardown(self) -> None:
        if hasattr(self, "log"):
            self.run(self.log.close())
            self.loop.close()


LogMachine.TestCase.settings = settings(max_examples=30, stateful_step_count=25)
TestLogMachine = LogMachine.TestCase
