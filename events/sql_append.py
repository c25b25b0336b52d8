"""The append, as one function over one SQL transaction: lock the head, look, plan, insert, move the head.

Synchronous on purpose: SQLite runs it in the writer's thread in a single hop, PostgreSQL under SQLAlchemy's
greenlet. The caller owns the transaction, and commits.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, TypeVar
from uuid import UUID

import orjson
from sqlalchemy import Connection, bindparam, insert, select, update

from events.envelope import Append, Head, RecordedEvent
from events.plan import LogView, Plan, StoredAnswer, plan_appends
from events.sql_rows import EVENT_COLUMNS, StreamNames, to_event
from events.store import Outcome
from events.tables import events, idempotency_keys, log_head, streams

LOOKUP_CHUNK = 500
"""Keys in one IN list: far below every engine's limit of bound parameters."""

_LOCK_HEAD = select(log_head).where(log_head.c.id == 1).with_for_update()
_STREAMS = select(
    streams.c.stream_id, streams.c.name, streams.c.version, streams.c.occurred_max
).where(streams.c.name.in_(bindparam("names", expanding=True)))
_LAST_STREAM_ID = select(streams.c.stream_id).order_by(streams.c.stream_id.desc()).limit(1)
_BY_ID = select(*EVENT_COLUMNS).where(events.c.event_id.in_(bindparam("ids", expanding=True)))
_ANSWERS = select(idempotency_keys).where(
    idempotency_keys.c.key.in_(bindparam("keys", expanding=True))
)
_MOVE_STREAM = (
    update(streams)
    .where(streams.c.stream_id == bindparam("id"))
    .values(
        version=bindparam("to_version"),
        position=bindparam("to_position"),
        occurred_max=bindparam("to_occurred_max"),
    )
)

Item = TypeVar("Item")


def append_group(
    connection: Connection, names: StreamNames, appends: Sequence[Append], now_us: int
) -> tuple[list[Outcome], Head]:
    """Record a group of appends inside the caller's transaction; returns an outcome each, and the head."""
    head_row = connection.execute(_LOCK_HEAD).one()
    head = Head(head_row.epoch, head_row.position, head_row.hash, head_row.recorded_at)
    known = _read_streams(connection, appends)
    view = LogView(
        head=head,
        versions={name: row.version for name, row in known.items()},
        recorded=find_events(connection, names, [e.event_id for a in appends for e in a.events]),
        answers=_read_answers(connection, appends),
        now_us=now_us,
    )
    plan = plan_appends(view, appends)
    if plan.events:
        _write_plan(connection, plan, known)
        _move_head(connection, view.head)
    _write_answers(connection, plan, view.now_us)
    return plan.outcomes, view.head


def _write_plan(connection: Connection, plan: Plan, known: Mapping[str, Any]) -> None:
    ids = {name: row.stream_id for name, row in known.items()}
    newest = {name: row.occurred_max for name, row in known.items()}
    fresh = [name for name in plan.streams if name not in ids]
    if fresh:
        last = connection.execute(_LAST_STREAM_ID).scalar_one_or_none() or 0
        ids.update({name: number for number, name in enumerate(fresh, start=last + 1)})
    rows = _event_rows(plan, ids, newest)
    places = [
        {
            "stream_id": ids[name],
            "name": name,
            "version": version,
            "position": position,
            "occurred_max": newest[name],
        }
        for name, (version, position) in plan.streams.items()
    ]
    _write_streams(connection, places, set(fresh))
    connection.execute(insert(events), rows)


def find_events(
    connection: Connection, names: StreamNames, event_ids: Sequence[UUID]
) -> dict[UUID, RecordedEvent]:
    """Those of the events that are recorded, by id."""
    found = {}
    for chunk in _chunks(event_ids):
        for row in connection.execute(_BY_ID, {"ids": [key.bytes for key in chunk]}):
            event = to_event(row, names.of(connection, row.stream_id))
            found[event.event_id] = event
    return found


def _chunks(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), LOOKUP_CHUNK):
        yield items[start : start + LOOKUP_CHUNK]


def _read_streams(connection: Connection, appends: Sequence[Append]) -> dict[str, Any]:
    wanted = {event.stream for append in appends for event in append.events}
    wanted.update(stream for append in appends for stream in append.expected)
    known: dict[str, Any] = {}
    for chunk in _chunks(sorted(wanted)):
        for row in connection.execute(_STREAMS, {"names": list(chunk)}):
            known[row.name] = row
    return known


def _read_answers(connection: Connection, appends: Sequence[Append]) -> dict[str, StoredAnswer]:
    keys = sorted({append.idempotency.key for append in appends if append.idempotency})
    answers = {}
    for chunk in _chunks(keys):
        for row in connection.execute(_ANSWERS, {"keys": list(chunk)}):
            positions = tuple(orjson.loads(row.positions))
            answers[row.key] = StoredAnswer(row.key, row.fingerprint, row.answer, positions)
    return answers


def _write_streams(
    connection: Connection, places: Sequence[dict[str, Any]], fresh: Collection[str]
) -> None:
    inserted = [place for place in places if place["name"] in fresh]
    moved = [
        {
            "id": place["stream_id"],
            "to_version": place["version"],
            "to_position": place["position"],
            "to_occurred_max": place["occurred_max"],
        }
        for place in places
        if place["name"] not in fresh
    ]
    if inserted:
        connection.execute(insert(streams), inserted)
    if moved:
        connection.execute(_MOVE_STREAM, moved)


def _event_rows(plan: Plan, ids: Mapping[str, int], newest: dict[str, int]) -> list[dict[str, Any]]:
    """The rows to insert; `newest` moves on to each stream's greatest market time."""
    rows = []
    for event in plan.events:
        occurred_max = max(newest.get(event.stream, event.occurred_at_us), event.occurred_at_us)
        newest[event.stream] = occurred_max
        rows.append(
            {
                "position": event.position,
                "stream_id": ids[event.stream],
                "version": event.version,
                "event_id": event.event_id.bytes,
                "type": event.type,
                "schema_version": event.schema_version,
                "occurred_at": event.occurred_at_us,
                "occurred_max": occurred_max,
                "recorded_at": event.recorded_at_us,
                "source": event.source,
                "correlation_id": event.correlation_id.bytes,
                "causation_id": event.causation_id.bytes if event.causation_id else None,
                "payload": event.payload_json,
                "hash": event.hash,
            }
        )
    return rows


def _move_head(connection: Connection, head: Head) -> None:
    connection.execute(
        update(log_head)
        .where(log_head.c.id == 1)
        .values(position=head.position, hash=head.hash, recorded_at=head.recorded_at_us)
    )


def _write_answers(connection: Connection, plan: Plan, now_us: int) -> None:
    rows = [
        {
            "key": answer.key,
            "fingerprint": answer.fingerprint,
            "answer": answer.answer,
            "positions": orjson.dumps(answer.positions).decode(),
            "recorded_at": now_us,
        }
        for answer in plan.answers
    ]
    if rows:
        connection.execute(insert(idempotency_keys), rows)
