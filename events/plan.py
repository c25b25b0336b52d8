"""What a group of appends does to the log: decided in one place, for every engine.

Pure: the store hands in what it read under the head lock, and writes down what comes out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from events import chain, codec
from events.envelope import ANY, Append, Appended, Head, NewEvent, RecordedEvent
from events.errors import AppendConflict, DuplicateEvent, IdempotencyConflict, VersionConflict
from events.scalars import to_micros
from events.store import Outcome


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """What an idempotency key was answered with: a row that is kept beside the log."""

    key: str
    fingerprint: bytes
    answer: str
    positions: tuple[int, ...]


@dataclass(slots=True)
class LogView:
    """What the store read under the head lock; `plan_appends` moves it on as it accepts appends.

    Attributes:
        head: the end of the log.
        versions: the last version of each stream that the appends write or expect; absent means 0.
        recorded: those of the appends' event ids that are recorded already.
        answers: those of the appends' idempotency keys that were answered already.
        now_us: the commit time to stamp; never before the head's.
    """

    head: Head
    versions: dict[str, int]
    recorded: dict[UUID, RecordedEvent]
    answers: dict[str, StoredAnswer]
    now_us: int


@dataclass(slots=True)
class Plan:
    """What to write: the new events, the moved streams, the new answers, the new head."""

    outcomes: list[Outcome]
    events: list[RecordedEvent]
    streams: dict[str, tuple[int, int]] = field(default_factory=dict)
    answers: list[StoredAnswer] = field(default_factory=list)


def plan_appends(view: LogView, appends: Sequence[Append]) -> Plan:
    """Decide on a group of appends, in order; positions and versions stay dense."""
    view.now_us = max(view.now_us, view.head.recorded_at_us)
    plan = Plan(outcomes=[], events=[])
    for append in appends:
        try:
            plan.outcomes.append(_plan_one(view, plan, append))
        except AppendConflict as conflict:
            plan.outcomes.append(conflict)
    return plan


def _plan_one(view: LogView, plan: Plan, append: Append) -> Appended:
    if append.idempotency and (known := view.answers.get(append.idempotency.key)):
        if known.fingerprint != append.idempotency.fingerprint:
            raise IdempotencyConflict(append.idempotency.key)
        return Appended(events=(), positions=known.positions, answer=known.answer)
    encoded = [codec.encode(event.payload) for event in append.events]
    _refuse_contradiction(append, encoded)
    fresh = [not _is_recorded(view, *pair) for pair in zip(append.events, encoded, strict=True)]
    if any(fresh) or not append.events:
        _check_versions(view.versions, append.expected)
    recorded, positions = [], []
    for event, text, new in zip(append.events, encoded, fresh, strict=True):
        # An append may hold the same event twice: the second is a duplicate of the first.
        if new and event.event_id not in view.recorded:
            recorded.append(_record(view, plan, event, text))
        positions.append(view.recorded[event.event_id].position)
    appended = Appended(
        tuple(recorded), tuple(positions), duplicates=len(positions) - len(recorded)
    )
    _remember_answer(view, plan, append, appended)
    return appended


def _refuse_contradiction(append: Append, encoded: Sequence[str]) -> None:
    texts: dict[UUID, str] = {}
    for event, text in zip(append.events, encoded, strict=True):
        if texts.setdefault(event.event_id, text) != text:
            raise DuplicateEvent(str(event.event_id), None)


def _is_recorded(view: LogView, event: NewEvent, text: str) -> bool:
    known = view.recorded.get(event.event_id)
    if known is None:
        return False
    same = known.type == event.event_type.name and known.stream == event.stream
    # A payload written under an older schema is compared as it would be written today.
    stored = known.payload_json if codec.is_current(known) else codec.encode(codec.decode(known))
    if not same or stored != text:
        raise DuplicateEvent(str(event.event_id), known.position)
    return True


def _check_versions(versions: Mapping[str, int], expected: Mapping[str, int]) -> None:
    for stream, version in expected.items():
        actual = versions.get(stream, 0)
        if version not in (ANY, actual):
            raise VersionConflict(stream, version, actual)


def _record(view: LogView, plan: Plan, event: NewEvent, text: str) -> RecordedEvent:
    entry, stream = event.event_type, event.stream
    version = view.versions.get(stream, 0) + 1
    position = view.head.position + 1
    recorded = RecordedEvent(
        position=position,
        stream=stream,
        version=version,
        event_id=event.event_id,
        type=entry.name,
        schema_version=entry.schema_version,
        occurred_at_us=to_micros(event.occurred_at),
        recorded_at_us=view.now_us,
        source=event.source,
        correlation_id=event.correlation_id or event.event_id,
        causation_id=event.causation_id,
        payload_json=text,
        hash=b"",
    )
    recorded = replace(recorded, hash=chain.link(view.head.hash, recorded))
    view.head = Head(view.head.epoch, position, recorded.hash, view.now_us)
    view.versions[stream] = version
    view.recorded[event.event_id] = recorded
    plan.events.append(recorded)
    plan.streams[stream] = (version, position)
    return recorded


def _remember_answer(view: LogView, plan: Plan, append: Append, appended: Appended) -> None:
    if append.idempotency:
        given = append.idempotency
        stored = StoredAnswer(given.key, given.fingerprint, given.answer, appended.positions)
        view.answers[given.key] = stored
        plan.answers.append(stored)
