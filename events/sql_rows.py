"""Rows of the events table as `RecordedEvent`, with the names of their streams."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, select

from events.envelope import RecordedEvent
from events.errors import CorruptLog
from events.tables import events, streams

EVENT_COLUMNS: Final = (
    events.c.position,
    events.c.stream_id,
    events.c.version,
    events.c.event_id,
    events.c.type,
    events.c.schema_version,
    events.c.occurred_at,
    events.c.recorded_at,
    events.c.source,
    events.c.correlation_id,
    events.c.causation_id,
    events.c.payload,
    events.c.hash,
)


class StreamNames:
    """The names of the streams by id, remembered: a stream never changes its name."""

    def __init__(self) -> None:
        self._names: Mapping[int, str] = {}

    def of(self, connection: Connection, stream_id: int) -> str:
        """The name of one stream, read from the database the first time."""
        name = self._names.get(stream_id) or self.refresh(connection).get(stream_id)
        if name is None:
            raise CorruptLog(f"stream id {stream_id} has no row in the streams table")
        return name

    def refresh(self, connection: Connection) -> Mapping[int, str]:
        """Read all the names again."""
        rows = connection.execute(select(streams.c.stream_id, streams.c.name))
        # A new dict, never changed: the writer's thread and the readers' use this side by side.
        self._names = {**self._names, **{row.stream_id: row.name for row in rows}}
        return self._names


def to_event(row: Sequence[Any], stream: str) -> RecordedEvent:
    """One row, in the order of `EVENT_COLUMNS`, as a recorded event."""
    (
        position,
        _stream_id,
        version,
        event_id,
        type_name,
        schema_version,
        occurred_at,
        recorded_at,
        source,
        correlation_id,
        causation_id,
        payload,
        hash_,
    ) = row
    return RecordedEvent(
        position,
        stream,
        version,
        UUID(bytes=event_id),
        type_name,
        schema_version,
        occurred_at,
        recorded_at,
        source,
        UUID(bytes=correlation_id),
        UUID(bytes=causation_id) if causation_id else None,
        payload,
        hash_,
    )
