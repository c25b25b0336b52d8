"""Finding places in a stream by binary search over its dense versions, inside the database.

Along a stream, position, commit time and the greatest market time so far all rise with the version, and
versions have no holes. So one index, (stream, version), answers "the first version with at least this"
for each of them in about twenty look-ups, however long the log, and no append pays for another index.
"""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, TextClause, select, text

from events.tables import events, log_head, streams

_TEMPLATE: Final = """
    WITH RECURSIVE search(low, high) AS (
        SELECT CAST(1 AS BIGINT), version + 1 FROM streams WHERE stream_id = :stream_id
        UNION ALL
        SELECT
            CASE WHEN e.{column} < :least THEN (low + high) / 2 + 1 ELSE low END,
            CASE WHEN e.{column} < :least THEN high ELSE (low + high) / 2 END
        FROM search JOIN events AS e ON e.stream_id = :stream_id AND e.version = (low + high) / 2
        WHERE low < high
    )
    SELECT low FROM search WHERE low >= high
"""
BY_POSITION: Final = text(_TEMPLATE.format(column="position"))
BY_OCCURRED_MAX: Final = text(_TEMPLATE.format(column="occurred_max"))


@dataclass(frozen=True, slots=True)
class StreamPlace:
    """One stream as the streams table knows it."""

    stream_id: int
    name: str
    version: int
    position: int
    occurred_max: int


def stream_places(connection: Connection) -> list[StreamPlace]:
    """Every stream's end."""
    columns = (
        streams.c.stream_id,
        streams.c.name,
        streams.c.version,
        streams.c.position,
        streams.c.occurred_max,
    )
    return [StreamPlace(*row) for row in connection.execute(select(*columns))]


def first_version(connection: Connection, search: TextClause, stream_id: int, least: int) -> int:
    """The first version whose searched column is at least `least`; last version + 1 when none is."""
    found = connection.execute(search, {"stream_id": stream_id, "least": least})
    return int(found.scalar_one())


def position_of(connection: Connection, stream_id: int, version: int) -> int:
    """The position of one version of a stream."""
    place = select(events.c.position)
    place = place.where(events.c.stream_id == stream_id, events.c.version == version)
    return int(connection.execute(place).scalar_one())


def last_recorded_upto(connection: Connection, recorded_at_us: int) -> int:
    """The last position whose commit time is not after this, by binary search over the log; 0 if none."""
    low, high = 0, int(connection.execute(select(log_head.c.position)).scalar_one())
    while low < high:
        middle = (low + high + 1) // 2
        reached = select(events.c.recorded_at).where(events.c.position == middle)
        if connection.execute(reached).scalar_one() <= recorded_at_us:
            low = middle
        else:
            high = middle - 1
    return low


def first_since(connection: Connection, occurred_at_us: int) -> int:
    """The first position whose market time is not before this; head + 1 if there is none.

    The first such event of the log is the first such event of its stream.
    """
    first = int(connection.execute(select(log_head.c.position)).scalar_one()) + 1
    for place in stream_places(connection):
        if place.occurred_max >= occurred_at_us:
            version = first_version(connection, BY_OCCURRED_MAX, place.stream_id, occurred_at_us)
            first = min(first, position_of(connection, place.stream_id, version))
    return first
