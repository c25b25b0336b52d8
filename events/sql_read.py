"""Every question that can be asked of the log, as functions over one SQL connection."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Select, select

from events.envelope import Head, RecordedEvent
from events.selection import Selection
from events.sql_rows import EVENT_COLUMNS, StreamNames, to_event
from events.store import ReadQuery, StreamHead
from events.tables import events, log_head, streams


def read_head(connection: Connection) -> Head:
    """The end of the log."""
    row = connection.execute(select(log_head).where(log_head.c.id == 1)).one()
    return Head(row.epoch, row.position, row.hash, row.recorded_at)


def read_streams(connection: Connection) -> Mapping[str, StreamHead]:
    """The end of every stream."""
    rows = connection.execute(select(streams.c.name, streams.c.version, streams.c.position))
    return {row.name: StreamHead(row.version, row.position) for row in rows}


def read_page(connection: Connection, names: StreamNames, query: ReadQuery) -> list[RecordedEvent]:
    """One page, in position order (or the reverse)."""
    statement = _page_statement(query)
    if query.selection is not None:
        chosen = _stream_ids(connection, names, query.selection)
        if not chosen:
            return []
        statement = statement.where(events.c.stream_id.in_(chosen))
    return _fetch(connection, names, statement)


def _page_statement(query: ReadQuery) -> Select[Any]:
    column = events.c.position
    statement = select(*EVENT_COLUMNS).where(column > query.after).limit(query.limit)
    if query.upto is not None:
        statement = statement.where(column <= query.upto)
    if query.types is not None:
        statement = statement.where(events.c.type.in_(sorted(query.types)))
    if query.occurred_from_us is not None:
        statement = statement.where(events.c.occurred_at >= query.occurred_from_us)
    if query.occurred_upto_us is not None:
        statement = statement.where(events.c.occurred_at <= query.occurred_upto_us)
    if query.recorded_upto_us is not None:
        statement = statement.where(events.c.recorded_at <= query.recorded_upto_us)
    return statement.order_by(column.desc() if query.descending else column)


def _stream_ids(connection: Connection, names: StreamNames, selection: Selection) -> list[int]:
    known = names.refresh(connection)
    return [number for number, name in known.items() if selection.matches(name)]


def read_at(
    connection: Connection, names: StreamNames, positions: Sequence[int]
) -> list[RecordedEvent]:
    """The events at these positions, in position order."""
    statement = select(*EVENT_COLUMNS).where(events.c.position.in_(positions))
    return _fetch(connection, names, statement.order_by(events.c.position))


def _fetch(
    connection: Connection, names: StreamNames, statement: Select[Any]
) -> list[RecordedEvent]:
    rows = connection.execute(statement).all()
    return [to_event(row, names.of(connection, row[1])) for row in rows]


def last_positions(
    connection: Connection, names: StreamNames, selection: Selection, last: int, upto: int
) -> list[int]:
    """The positions, rising, of the newest `last` events of each stream, none beyond `upto`."""
    found: list[int] = []
    for stream_id in _stream_ids(connection, names, selection):
        newest = (
            select(events.c.position)
            .where(events.c.stream_id == stream_id, events.c.position <= upto)
            .order_by(events.c.version.desc())
            .limit(last)
        )
        found += connection.execute(newest).scalars()
    return sorted(found)


def first_since(connection: Connection, occurred_at_us: int) -> int:
    """The first position whose market time is not before this, by binary search; head + 1 if none."""
    low, high = 1, read_head(connection).position + 1
    while low < high:
        middle = (low + high) // 2
        reached = select(events.c.occurred_max).where(events.c.position == middle)
        if connection.execute(reached).scalar_one() >= occurred_at_us:
            high = middle
        else:
            low = middle + 1
    return low


def newest_at(
    connection: Connection, names: StreamNames, stream: str, occurred_at_us: int
) -> RecordedEvent | None:
    """The newest event of a stream with exactly this market time."""
    statement = (
        select(*EVENT_COLUMNS)
        .join(streams, streams.c.stream_id == events.c.stream_id)
        .where(streams.c.name == stream, events.c.occurred_at == occurred_at_us)
        .order_by(events.c.version.desc())
        .limit(1)
    )
    return next(iter(_fetch(connection, names, statement)), None)
