"""Finding places by binary search over dense numbers, inside the database.

Along a stream, position and the greatest market time so far rise with the version, and versions have no
holes; along the log, commit time rises with the position. So the two indexes that keep the numbers dense
answer "the first with at least this" in about twenty look-ups, however long the log, and no append pays
for another index. One statement searches any number of streams at once.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from sqlalchemy import Connection, Select, TextClause, select, text

from events.sql_keys import as_parameter, key_items, key_list, rows_of_keys
from events.tables import log_head, streams

BY_POSITION: Final = "position"
BY_OCCURRED_MAX: Final = "occurred_max"

# `below` counts the versions that are known to be too small; it grows by falling powers of two. What is
# looked up stands in a subquery of its own: such a one is always an index look-up, never part of a join.
_STREAMS: Final = """
    WITH RECURSIVE search(stream_id, version, below, step) AS (
        SELECT stream_id, version, CAST(0 AS BIGINT), CAST(:step AS BIGINT) FROM streams
        WHERE stream_id IN (SELECT {item} FROM {keys})
        UNION ALL
        SELECT stream_id, version,
            CASE WHEN below + step <= version AND (
                SELECT e.{column} FROM events AS e
                WHERE e.stream_id = search.stream_id AND e.version = search.below + search.step
            ) < :least THEN below + step ELSE below END,
            step / 2
        FROM search WHERE step > 0
    )
    SELECT stream_id, below + 1 FROM search WHERE step = 0
"""
_LOG: Final = text("""
    WITH RECURSIVE search(head, below, step) AS (
        SELECT position, CAST(0 AS BIGINT), CAST(:step AS BIGINT) FROM log_head
        UNION ALL
        SELECT head,
            CASE WHEN below + step <= head AND (
                SELECT e.recorded_at FROM events AS e
                WHERE e.position = search.below + search.step
            ) <= :most THEN below + step ELSE below END,
            step / 2
        FROM search WHERE step > 0
    )
    SELECT below FROM search WHERE step = 0
""")


@dataclass(frozen=True, slots=True)
class StreamPlace:
    """One stream as the streams table knows it."""

    stream_id: int
    name: str
    version: int
    position: int
    occurred_max: int


_PLACES: Final = select(
    streams.c.stream_id,
    streams.c.name,
    streams.c.version,
    streams.c.position,
    streams.c.occurred_max,
)


def stream_places(connection: Connection) -> list[StreamPlace]:
    """Every stream's end."""
    return _places(connection, _PLACES)


def place_of(connection: Connection, name: str) -> StreamPlace | None:
    """One stream's end; None when nothing was recorded in it."""
    return next(iter(_places(connection, _PLACES.where(streams.c.name == name))), None)


def _places(
    connection: Connection, statement: Select[int, str, int, int, int]
) -> list[StreamPlace]:
    return [StreamPlace(*row) for row in connection.execute(statement)]


@cache
def _search(dialect: str, column: str) -> TextClause:
    item = key_items(dialect)[0]
    return text(_STREAMS.format(column=column, item=item, keys=key_list(dialect)))


def first_step(last: int) -> int:
    """The greatest power of two that is not beyond `last`; 0 for 0."""
    return 1 << last.bit_length() - 1 if last else 0


def first_versions(
    connection: Connection, column: str, places: Collection[StreamPlace], least: int
) -> dict[int, int]:
    """The first version of each stream whose `column` is at least `least`; the last + 1 when none is.

    Args:
        connection: where to look.
        column: `BY_POSITION` or `BY_OCCURRED_MAX`.
        places: the streams.
        least: the bound.
    """
    if not places:
        return {}
    values = {
        "keys": as_parameter((place.stream_id,) for place in places),
        "step": first_step(max(place.version for place in places)),
        "least": least,
    }
    rows = connection.execute(_search(connection.dialect.name, column), values)
    return {int(row[0]): int(row[1]) for row in rows}


def last_recorded_upto(connection: Connection, recorded_at_us: int) -> int:
    """The last position whose commit time is not after this; 0 when there is none."""
    head = int(connection.execute(select(log_head.c.position)).scalar_one())
    values = {"step": first_step(head), "most": recorded_at_us}
    return int(connection.execute(_LOG, values).scalar_one())


def positions_of(connection: Connection, versions: Sequence[tuple[int, int]]) -> list[int]:
    """The positions of single versions, each given as (stream id, version)."""
    where = "e.stream_id = {0} AND e.version = {1}"
    return [row.position for row in rows_of_keys(connection, "e.position", where, versions)]


def first_since(connection: Connection, occurred_at_us: int) -> int:
    """The first position whose market time is not before this; head + 1 if there is none.

    The first such event of the log is the first such event of its stream.
    """
    head = int(connection.execute(select(log_head.c.position)).scalar_one())
    later = [place for place in stream_places(connection) if place.occurred_max >= occurred_at_us]
    versions = first_versions(connection, BY_OCCURRED_MAX, later, occurred_at_us)
    return min(positions_of(connection, list(versions.items())), default=head + 1)
