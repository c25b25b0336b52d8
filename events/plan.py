"""What a group of appends does to the log: decided in one place, for every engine.

Pure: the store hands in what it read under the head lock, and writes down what comes out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from events import codec
from events.chain import hash_row, names_part
from events.envelope import ANY, Append, Appended, Head, Idempotency, NewEvent, RecordedEvent
from events.errors import (
    AppendConflict,
    DuplicateEvent,
    FenceLost,
    IdempotencyConflict,
    VersionConflict,
)
from events.scalars import to_micros
from events.store import Outcome

IDEMPOTENCY_KEY_S_MAX: Final = 7 * 86_400
"""How long an idempotency key is remembered; after that it is a new key, and its row is deleted."""

NAMES_KEPT: Final = 10_000
"""Combinations of stream, type and source whose hashed bytes are remembered."""

_names_part = lru_cache(NAMES_KEPT)(names_part)


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """What an idempotency key was answered with: a row that is kept beside the log for a while."""

    key: str
    fingerprint: bytes
    answer: str
    positions: tuple[int, ...]
    recorded_at_us: int

    def is_forgotten(self, now_us: int) -> bool:
        """Whether it is older than a key is remembered."""
        return self.recorded_at_us < forgotten_before(now_us)

    def again(self, asked: Idempotency) -> Appended:
        """What the key is answered with when it comes again.

        Raises:
            IdempotencyConflict: it came with another request.
        """
        if self.fingerprint != asked.fingerprint:
            raise IdempotencyConflict(asked.key)
        return Appended(events=(), positions=self.positions, answer=self.answer)


def forgotten_before(now_us: int) -> int:
    """The commit time before which a key was last remembered, in microseconds."""
    return now_us - IDEMPOTENCY_KEY_S_MAX * 1_000_000


@dataclass(slots=True)
class LogView:
    """What the store read under the head lock; `plan_appends` moves it on as it accepts appends.

    Attributes:
        head: the end of the log.
        versions: the last version of each stream that the appends write or expect; absent means 0.
        recorded: those of the appends' events that are recorded already, by the bytes of their ids
            (a `UUID` is hashed and compared in Python).
        answers: those of the appends' idempotency keys that were answered already, and not forgotten since.
        now_us: the commit time to stamp; never before the head's.
        fences: the present fence of each lease that the appends name; absent while nobody holds it.
    """

    head: Head
    versions: dict[str, int]
    recorded: dict[bytes, RecordedEvent]
    answers: dict[str, StoredAnswer]
    now_us: int
    fences: Mapping[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Plan:
    """What to write: the new events, the moved streams, the new answers.

    Attributes:
        outcomes: what becomes of each append.
        events: what to record, in order; `position` and `hash` are those of the last one.
        streams: the last version and position of every stream that moves.
        answers: the idempotency keys that are answered.
    """

    position: int
    hash: bytes
    outcomes: list[Outcome] = field(default_factory=list)
    events: list[RecordedEvent] = field(default_factory=list)
    streams: dict[str, tuple[int, int]] = field(default_factory=dict)
    answers: list[StoredAnswer] = field(default_factory=list)


def plan_appends(view: LogView, appends: Sequence[Append]) -> Plan:
    """Decide on a group of appends, in order; positions and versions stay dense."""
    head = view.head
    view.now_us = max(view.now_us, head.recorded_at_us)
    plan = Plan(head.position, head.hash)
    for append in appends:
        try:
            plan.outcomes.append(_plan_one(view, plan, append))
        except AppendConflict as conflict:
            plan.outcomes.append(conflict)
    if plan.events:
        view.head = Head(head.epoch, plan.position, plan.hash, view.now_us)
    return plan


def _plan_one(view: LogView, plan: Plan, append: Append) -> Appended:
    # Before anything else: who lost its lease is told so, also where there is nothing left to record.
    if append.fence and view.fences.get(append.fence.name) != append.fence.number:
        raise FenceLost(*append.fence)
    if append.idempotency and (known := view.answers.get(append.idempotency.key)):
        return known.again(append.idempotency)
    if len(append.events) == 1 and append.idempotency is None:
        # Nearly all of them, a thousand in a group: the same as below, with nothing to collect.
        event = append.events[0]
        key = event.event_id.bytes
        if key not in view.recorded:
            if append.expected:
                _check_versions(view.versions, append.expected)
            recorded = _record(view, plan, event, key)
            return Appended((recorded,), (recorded.position,))
    keyed = [(event.event_id.bytes, event) for event in append.events]
    if len(keyed) > 1:
        _refuse_contradiction(keyed)
    known_ids, before = view.recorded, len(plan.events)
    try:
        fresh = [pair for pair in keyed if not (pair[0] in known_ids and _is_same(view, *pair))]
    except DuplicateEvent:
        # Another content may follow from an old state: who decided on one is told that first.
        _check_versions(view.versions, append.expected)
        raise
    if append.expected and (fresh or not keyed):
        _check_versions(view.versions, append.expected)
    for key, event in fresh:
        # An append may hold the same event twice: the second is a duplicate of the first.
        if key not in known_ids:
            _record(view, plan, event, key)
    new = tuple(plan.events[before:])
    positions = tuple([known_ids[key].position for key, _event in keyed])
    appended = Appended(new, positions, len(positions) - len(new))
    if append.idempotency:
        _remember_answer(view, plan, append.idempotency, appended)
    return appended


def _refuse_contradiction(keyed: Sequence[tuple[bytes, NewEvent]]) -> None:
    contents: dict[bytes, tuple[str, str, str]] = {}
    for key, event in keyed:
        content = (event.event_type.name, event.stream, event.payload_json)
        if contents.setdefault(key, content) != content:
            raise DuplicateEvent(str(event.event_id), None)


def _is_same(view: LogView, key: bytes, event: NewEvent) -> bool:
    """Whether an event whose id is taken is the recorded one; raises when it is another."""
    known = view.recorded[key]
    same = known.type == event.event_type.name and known.stream == event.stream
    if not same or _text_today(known) != event.payload_json:
        raise DuplicateEvent(str(event.event_id), known.position)
    return True


def _text_today(known: RecordedEvent) -> str | None:
    """A payload that was written under another schema is compared as it would be written today."""
    try:
        return codec.rewritten(known)
    except Exception:  # noqa: BLE001  # a step that fails on it may not fail the rest of the group
        return None


def _check_versions(versions: Mapping[str, int], expected: Mapping[str, int]) -> None:
    for stream, version in expected.items():
        actual = versions.get(stream, 0)
        if version not in (ANY, actual):
            raise VersionConflict(stream, version, actual)


def _record(view: LogView, plan: Plan, event: NewEvent, key: bytes) -> RecordedEvent:
    stream = event.stream
    version = view.versions.get(stream, 0) + 1
    position = plan.position + 1
    recorded = _recorded(event, key, plan.hash, position, version, view.now_us)
    plan.position, plan.hash = position, recorded.hash
    plan.events.append(recorded)
    plan.streams[stream] = (version, position)
    view.versions[stream] = version
    view.recorded[key] = recorded
    return recorded


def _recorded(
    event: NewEvent, key: bytes, previous: bytes, position: int, version: int, now_us: int
) -> RecordedEvent:
    """The event in its place; built once, since a second time for the hash was 5 microseconds more."""
    entry, text, source = event.event_type, event.payload_json, event.source
    name, schema_version = entry.name, entry.schema_version
    correlation_id, causation_id = event.correlation_id, event.causation_id
    occurred_at_us = to_micros(event.occurred_at)
    return RecordedEvent(
        position,
        event.stream,
        version,
        event.event_id,
        name,
        schema_version,
        occurred_at_us,
        now_us,
        source,
        correlation_id or event.event_id,
        causation_id,
        text,
        hash_row(
            previous,
            (position, version, schema_version, occurred_at_us, now_us),
            (
                key,
                correlation_id.bytes if correlation_id else key,
                causation_id.bytes if causation_id else None,
            ),
            _names_part(event.stream, name, source),
            text,
        ),
    )


def _remember_answer(view: LogView, plan: Plan, given: Idempotency, appended: Appended) -> None:
    stored = StoredAnswer(
        given.key, given.fingerprint, given.answer, appended.positions, view.now_us
    )
    view.answers[given.key] = stored
    plan.answers.append(stored)
