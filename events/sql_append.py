"""The append, as one function over one SQL transaction: lock the head, look, plan, insert, move the head.

Synchronous on purpose: SQLite runs it in the writer's thread in a single hop, PostgreSQL under SQLAlchemy's
greenlet. The caller owns the transaction, and commits.
"""

from collections.abc import Iterator, Sequence
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
_STREAMS = select(streams.c.stream_id, streams.c.name, streams.c.version).where(
    streams.c.name.in_(bindparam("names", expanding=True))
)
_LAST_STREAM_ID = select(streams.c.stream_id).order_by(streams.c.stream_id.desc()).limit(1)
_BY_ID = select(*EVENT_COLUMNS).where(events.c.event_id.in_(bindparam("ids", expanding=True)))
_ANSWERS = select(idempotency_keys).where(
    idempotency_keys.c.key.in_(bindparam("keys", expanding=True))
)
_MOVE_STREAM = (
    update(streams)
    .where(streams.c.stream_id == bindparam("id"))
    .values(version=bindparam("to_version"), position=bindparam("to_position"))
)

Item = TypeVar("Item")


def append_group(
    connection: Connection, names: StreamNames, appends: Sequence[Append], now_us: int
) -> tuple[list[Outcome], Head]:
    """Record a group of appends inside the caller's transaction; returns an outcome each, and the head."""
    head_row = connection.execute(_LOCK_HEAD).one()
    head = Head(head_row.epoch, head_row.position, head_row.hash, head_row.recorded_at)
    stream_ids, versions = _read_streams(connection, appends)
    view = LogView(
        head=head,
        versions=versions,
        recorded=find_events(connection, names, [e.event_id for a in appends for e in a.events]),
        answers=_read_answers(connection, appends),
        now_us=now_us,
    )
    plan = plan_appends(view, appends)
    if plan.events:
        _write_streams(connection, plan, stream_ids)
        occurred_max = _write_events(connection, plan, stream_ids, head_row.occurred_max)
        _move_head(connection, view.head, occurred_max)
    _write_answers(connection, plan, view.now_us)
    return plan.outcomes, view.head


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


def _read_streams(
    connection: Connection, appends: Sequence[Append]
) -> tuple[dict[str, int], dict[str, int]]:
    wanted = {event.stream for append in appends for event in append.events}
    wanted.update(stream for append in appends for stream in append.expected)
    ids, versions = {}, {}
    for chunk in _chunks(sorted(wanted)):
        for row in connection.execute(_STREAMS, {"names": list(chunk)}):
            ids[row.name] = row.stream_id
            versions[row.name] = row.version
    return ids, versions


def _read_answers(connection: Connection, appends: Sequence[Append]) -> dict[str, StoredAnswer]:
    keys = sorted({append.idempotency.key for append in appends if append.idempotency})
    answers = {}
    for chunk in _chunks(keys):
        for row in connection.execute(_ANSWERS, {"keys": list(chunk)}):
            positions = tuple(orjson.loads(row.positions))
            answers[row.key] = StoredAnswer(row.key, row.fingerprint, row.answer, positions)
    return answers


def _write_streams(connection: Connection, plan: Plan, stream_ids: dict[str, int]) -> None:
    fresh: list[dict[str, Any]] = []
    moved: list[dict[str, Any]] = []
    for name, (version, position) in plan.streams.items():
        if name in stream_ids:
            place = {"id": stream_ids[name], "to_version": version, "to_position": position}
            moved.append(place)
        else:
            fresh.append({"name": name, "version": version, "position": position})
    if fresh:
        last = connection.execute(_LAST_STREAM_ID).scalar_one_or_none() or 0
        for number, row in enumerate(fresh, start=last + 1):
            row["stream_id"] = stream_ids[row["name"]] = number
        connection.execute(insert(streams), fresh)
    if moved:
        connection.execute(_MOVE_STREAM, moved)


def _write_events(
    connection: Connection, plan: Plan, stream_ids: dict[str, int], occurred_max: int
) -> int:
    rows = []
    for event in plan.events:
        occurred_max = max(occurred_max, event.occurred_at_us)
        rows.append(
            {
                "position": event.position,
                "stream_id": stream_ids[event.stream],
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
    connection.execute(insert(events), rows)
    return occurred_max


def _move_head(connection: Connection, head: Head, occurred_max: int) -> None:
    connection.execute(
        update(log_head)
        .where(log_head.c.id == 1)
        .values(
            position=head.position,
            hash=head.hash,
            recorded_at=head.recorded_at_us,
            occurred_max=occurred_max,
        )
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
