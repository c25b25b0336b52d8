"""Every question that can be asked of the log, as functions over one SQL connection.

No question scans the log: a page of a few streams is merged from ranges of their versions, a page of many
is a range of positions, and times are turned into versions and positions by binary search.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Select, select, union_all

from events.catalog import CATALOG
from events.envelope import Head, RecordedEvent
from events.selection import Selection
from events.sql_rows import EVENT_COLUMNS, StreamNames, to_event
from events.sql_search import (
    BY_OCCURRED_MAX,
    BY_POSITION,
    StreamPlace,
    first_version,
    last_recorded_upto,
    stream_places,
)
from events.store import ReadQuery, StreamHead
from events.tables import events, log_head

MERGED_STREAMS_MAX: Final = 64
"""Up to so many streams a page is merged from their own ranges; for more, positions are read in order."""

UNION_MAX: Final = 100
"""Selects in one UNION ALL: far below every engine's limit."""

_LATE: Final = events.c.occurred_at < events.c.occurred_max


def read_head(connection: Connection) -> Head:
    """The end of the log."""
    row = connection.execute(select(log_head).where(log_head.c.id == 1)).one()
    return Head(row.epoch, row.position, row.hash, row.recorded_at)


def read_streams(connection: Connection) -> Mapping[str, StreamHead]:
    """The end of every stream."""
    places = stream_places(connection)
    return {place.name: StreamHead(place.version, place.position) for place in places}


def read_page(connection: Connection, names: StreamNames, query: ReadQuery) -> list[RecordedEvent]:
    """One page, in position order (or the reverse)."""
    upto = read_head(connection).position if query.upto is None else query.upto
    if query.recorded_upto_us is not None:
        upto = min(upto, last_recorded_upto(connection, query.recorded_upto_us))
    if query.limit == 0 or upto <= query.after:
        return []
    is_timed = query.occurred_from_us is not None or query.occurred_upto_us is not None
    if not is_timed and query.selection is None and query.types is None:
        return _fetch(connection, names, _range(query, upto))
    chosen = _chosen(connection, query)
    if is_timed or len(chosen) <= MERGED_STREAMS_MAX:
        positions = _merged(connection, query, upto, chosen)
        return _by_position(connection, names, positions, descending=query.descending)
    ids = [place.stream_id for place in chosen]
    return _fetch(connection, names, _range(query, upto).where(events.c.stream_id.in_(ids)))


def _range(query: ReadQuery, upto: int) -> Select[Any]:
    column = events.c.position
    statement = select(*EVENT_COLUMNS).where(column > query.after, column <= upto)
    order = column.desc() if query.descending else column
    return statement.order_by(order).limit(query.limit)


def _chosen(connection: Connection, query: ReadQuery) -> list[StreamPlace]:
    """The streams that can hold something that the query asks for."""
    channels = None
    if query.types is not None:
        # A type is found in its channel alone; one that this program does not know, in any.
        known = [CATALOG[name].channel for name in query.types if name in CATALOG]
        channels = set(known) if len(known) == len(query.types) else None
    return [
        place
        for place in stream_places(connection)
        if (query.selection is None or query.selection.matches(place.name))
        and (channels is None or place.name.partition(":")[0] in channels)
        and place.position > query.after
    ]


def _merged(
    connection: Connection, query: ReadQuery, upto: int, chosen: Sequence[StreamPlace]
) -> list[int]:
    """The positions of a page: the first (or last) few of each stream, merged."""
    parts: list[Select[Any]] = []
    for place in chosen:
        parts += _parts(connection, query, upto, place)
    found: set[int] = set()
    for start in range(0, len(parts), UNION_MAX):
        limited = [select(part.subquery()) for part in parts[start : start + UNION_MAX]]
        found.update(connection.execute(union_all(*limited)).scalars())
    return sorted(found, reverse=query.descending)[: query.limit]


def _parts(
    connection: Connection, query: ReadQuery, upto: int, place: StreamPlace
) -> list[Select[Any]]:
    """Selects of the positions of one stream, each at most `query.limit` long and read from an index."""
    low, high = _versions(connection, query, upto, place)
    on_time = _of_stream(query, place).where(events.c.version >= low, events.c.version < high)
    order = events.c.version.desc() if query.descending else events.c.version
    parts = [on_time.order_by(order).limit(query.limit)] if low < high else []
    if query.occurred_upto_us is not None and high <= place.version:
        # Beyond that version only late events can be of the time that is asked for.
        late = _of_stream(query, place).where(
            _LATE,
            events.c.version >= max(low, high),
            events.c.position > query.after,
            events.c.position <= upto,
        )
        order = events.c.position.desc() if query.descending else events.c.position
        parts.append(late.order_by(order).limit(query.limit))
    return parts


def _versions(
    connection: Connection, query: ReadQuery, upto: int, place: StreamPlace
) -> tuple[int, int]:
    """From which version (inclusive) to which (exclusive) a stream can match, late events left aside."""
    number, low, high = place.stream_id, 1, place.version + 1
    if query.after > 0:
        low = first_version(connection, BY_POSITION, number, query.after + 1)
    if query.occurred_from_us is not None:
        since = first_version(connection, BY_OCCURRED_MAX, number, query.occurred_from_us)
        low = max(low, since)
    if upto < place.position:
        high = first_version(connection, BY_POSITION, number, upto + 1)
    if query.occurred_upto_us is not None and place.occurred_max > query.occurred_upto_us:
        until = first_version(connection, BY_OCCURRED_MAX, number, query.occurred_upto_us + 1)
        high = min(high, until)
    return low, high


def _of_stream(query: ReadQuery, place: StreamPlace) -> Select[Any]:
    statement = select(events.c.position).where(events.c.stream_id == place.stream_id)
    if query.types is not None:
        statement = statement.where(events.c.type.in_(sorted(query.types)))
    if query.occurred_from_us is not None:
        statement = statement.where(events.c.occurred_at >= query.occurred_from_us)
    if query.occurred_upto_us is not None:
        statement = statement.where(events.c.occurred_at <= query.occurred_upto_us)
    return statement


def read_at(
    connection: Connection, names: StreamNames, positions: Sequence[int]
) -> list[RecordedEvent]:
    """The events at these positions, in position order."""
    return _by_position(connection, names, positions)


def _by_position(
    connection: Connection,
    names: StreamNames,
    positions: Sequence[int],
    *,
    descending: bool = False,
) -> list[RecordedEvent]:
    statement = select(*EVENT_COLUMNS).where(events.c.position.in_(positions))
    column = events.c.position
    return _fetch(connection, names, statement.order_by(column.desc() if descending else column))


def _fetch(
    connection: Connection, names: StreamNames, statement: Select[Any]
) -> list[RecordedEvent]:
    rows = connection.execute(statement).all()
    return [to_event(row, names.of(connection, row[1])) for row in rows]


def last_positions(
    connection: Connection, _names: StreamNames, selection: Selection, last: int, upto: int
) -> list[int]:
    """The positions, rising, of the newest `last` events of each stream, none beyond `upto`."""
    found: list[int] = []
    for place in stream_places(connection):
        if not selection.matches(place.name):
            continue
        end = place.version + 1
        if upto < place.position:
            end = first_version(connection, BY_POSITION, place.stream_id, upto + 1)
        newest = select(events.c.position).where(
            events.c.stream_id == place.stream_id,
            events.c.version >= end - last,
            events.c.version < end,
        )
        found += connection.execute(newest).scalars()
    return sorted(found)


def newest_at(
    connection: Connection, names: StreamNames, stream: str, occurred_at_us: int
) -> RecordedEvent | None:
    """The newest event of a stream with exactly this market time."""
    place = next((p for p in stream_places(connection) if p.name == stream), None)
    if place is None:
        return None
    of_time = select(events.c.position).where(
        events.c.stream_id == place.stream_id, events.c.occurred_at == occurred_at_us
    )
    low = first_version(connection, BY_OCCURRED_MAX, place.stream_id, occurred_at_us)
    high = first_version(connection, BY_OCCURRED_MAX, place.stream_id, occurred_at_us + 1)
    on_time = of_time.where(events.c.version >= low, events.c.version < high)
    found = connection.execute(union_all(on_time, of_time.where(_LATE))).scalars().all()
    return read_at(connection, names, [max(found)])[0] if found else None
