"""Every question that can be asked of the log, as functions over one SQL connection.

No question scans the log: a page of everything is a range of positions, a page of some streams is merged
from ranges of their versions, and times are turned into versions and positions by binary search.
"""

from collections.abc import Collection, Mapping, Sequence
from functools import cache
from operator import itemgetter
from typing import Any, Final

from sqlalchemy import Connection, select, text

from events.catalog import CATALOG
from events.envelope import EventColumns, Head, RecordedEvent, event_columns
from events.errors import CorruptLog
from events.selection import Selection
from events.sql_keys import as_parameter, key_items, key_list, rows_of_keys, tuples_of_keys
from events.sql_merge import merged_positions, query_filter
from events.sql_rows import EVENT_COLUMNS, StreamNames, to_events
from events.sql_search import (
    BY_OCCURRED_MAX,
    BY_POSITION,
    StreamPlace,
    first_versions,
    last_recorded_upto,
    place_of,
    stream_places,
)
from events.sql_text import Driver, Prepared
from events.store import ReadQuery, StreamHead
from events.tables import events

FEW_STREAMS: Final = 16
"""Up to so many streams a page is merged at once; for more, the log's next few events are looked at first."""

MUCH: Final = 3
"""Streams that hold a third of the log or more are read in its order, whatever their number."""

WINDOW_PAGES: Final = 4
"""How many pages' worth of events are looked at for a page of many streams, before it is merged."""

_HEAD: Final = Prepared(
    text("SELECT epoch, position, hash, recorded_at FROM log_head WHERE id = 1")
)
_COLUMN_NAMES: Final = ", ".join(f"e.{column.name}" for column in EVENT_COLUMNS)
_SHOWN_COLUMNS: Final = (
    "e.position, e.stream_id, e.version, e.event_id, e.type, e.schema_version, e.occurred_at, e.recorded_at,"
    " e.source, e.payload"
)
_RANGE: Final = """
    SELECT {columns} FROM events AS e
    WHERE e.position > :after AND e.position <= :upto ORDER BY e.position {order} LIMIT :limit
"""

NO_HEAD: Final = "the row that tells where the log ends is missing"


def read_head(connection: Connection) -> Head:
    """The end of the log."""
    rows = Driver(connection).rows(_HEAD)
    if not rows:
        raise CorruptLog(NO_HEAD)
    return Head(*rows[0])


def read_streams(connection: Connection) -> Mapping[str, StreamHead]:
    """The end of every stream."""
    places = stream_places(connection)
    return {place.name: StreamHead(place.version, place.position) for place in places}


def read_page(connection: Connection, names: StreamNames, query: ReadQuery) -> list[RecordedEvent]:
    """One page, in position order (or the reverse)."""
    return to_events(connection, names, page_rows(connection, _COLUMN_NAMES, query))


def read_columns(connection: Connection, names: StreamNames, query: ReadQuery) -> EventColumns:
    """One page, column by column."""
    rows = page_rows(connection, _SHOWN_COLUMNS, query)
    if not rows:
        return event_columns([])
    positions, stream_ids, *columns = zip(*rows, strict=True)
    named = {number: names.of(connection, number) for number in set(stream_ids)}
    return EventColumns(positions, [named[number] for number in stream_ids], *columns)


def page_rows(connection: Connection, columns: str, query: ReadQuery) -> Sequence[Any]:
    """The rows of one page, in its order; the first of the `columns` is `e.position`."""
    head = read_head(connection).position
    upto = head if query.upto is None else min(query.upto, head)
    if query.recorded_upto_us is not None:
        upto = min(upto, last_recorded_upto(connection, query.recorded_upto_us))
    if query.limit == 0 or upto <= query.after:
        return []
    is_timed = query.occurred_from_us is not None or query.occurred_upto_us is not None
    if query.selection is None and query.types is None and not is_timed:
        return _range_rows(connection, columns, query, upto)
    places = stream_places(connection)
    chosen = _chosen(places, query)
    if query.types is None and not is_timed and _are_all(places, chosen, query.after):
        return _range_rows(connection, columns, query, upto)
    if len(chosen) > FEW_STREAMS or MUCH * sum(place.version for place in chosen) >= head:
        nearby = _nearby(connection, columns, query, upto, chosen)
        if nearby is not None:
            return nearby
    positions = merged_positions(connection, query, upto, chosen)
    return rows_at(connection, columns, positions, descending=query.descending)


def rows_at(
    connection: Connection, columns: str, positions: Collection[int], *, descending: bool = False
) -> list[Any]:
    """The rows at these positions, in position order or the reverse; `columns` begin with `e.position`."""
    if not positions:
        return []
    keys = [(position,) for position in set(positions)]
    rows = tuples_of_keys(connection, columns, "e.position = {0}", keys)
    return sorted(rows, key=itemgetter(0), reverse=descending)


@cache
def _range(columns: str, *, descending: bool) -> Prepared:
    order = "DESC" if descending else "ASC"
    return Prepared(text(_RANGE.format(columns=columns, order=order)), ("after", "upto", "limit"))


def _range_rows(connection: Connection, columns: str, query: ReadQuery, upto: int) -> Sequence[Any]:
    statement = _range(columns, descending=query.descending)
    return Driver(connection).rows(statement, query.after, upto, query.limit)


def _are_all(places: Collection[StreamPlace], chosen: Collection[StreamPlace], after: int) -> bool:
    """Whether every event after a position is of a chosen stream."""
    return len(chosen) == sum(place.position > after for place in places)


def _chosen(places: Collection[StreamPlace], query: ReadQuery) -> list[StreamPlace]:
    """The streams that can hold something that the query asks for."""
    channels = None
    if query.types is not None:
        # A type is found in its channel alone; one that this program does not know, in any.
        known = [CATALOG[name].channel for name in query.types if name in CATALOG]
        channels = set(known) if len(known) == len(query.types) else None
    return [
        place
        for place in places
        if (query.selection is None or query.selection.matches(place.name))
        and (channels is None or place.name.partition(":")[0] in channels)
        and place.position > query.after
    ]


def _nearby(
    connection: Connection,
    columns: str,
    query: ReadQuery,
    upto: int,
    chosen: Collection[StreamPlace],
) -> Sequence[Any] | None:
    """The page, if the next few events of the log hold a whole one; None if they do not.

    Where the chosen streams are much of the log, this is cheaper than searching each of them.
    """
    most = WINDOW_PAGES * query.limit
    low, high = query.after, min(upto, query.after + most)
    if query.descending:
        low, high = max(query.after, upto - most), upto
    condition, values = query_filter(query)
    dialect = connection.dialect.name
    # The plus sign keeps planners from the index of versions: the rows are read in the log's order.
    statement = f"""
        SELECT {columns} FROM events AS e
        WHERE e.position > :low AND e.position <= :high AND {condition}
            AND +e.stream_id IN (SELECT {key_items(dialect)[0]} FROM {key_list(dialect)})
        ORDER BY e.position {"DESC" if query.descending else "ASC"} LIMIT :limit
    """  # noqa: S608
    values |= {"low": low, "high": high, "limit": query.limit}
    keys = as_parameter((place.stream_id,) for place in chosen)
    with connection.execute(text(statement), {**values, "keys": keys}) as result:
        rows: list[Any] = list(result.cursor.fetchall())
    is_whole = len(rows) == query.limit or (low, high) == (query.after, upto)
    return rows if is_whole else None


def read_at(
    connection: Connection, names: StreamNames, positions: Sequence[int]
) -> list[RecordedEvent]:
    """The events at these positions, in position order."""
    return to_events(connection, names, rows_at(connection, _COLUMN_NAMES, positions))


def last_positions(
    connection: Connection, _names: StreamNames, selection: Selection, last: int, upto: int
) -> list[int]:
    """The positions, rising, of the newest `last` events of each stream, none beyond `upto`."""
    chosen = [place for place in stream_places(connection) if selection.matches(place.name)]
    longer = [place for place in chosen if place.position > upto]
    ends = {place.stream_id: place.version + 1 for place in chosen}
    ends.update(first_versions(connection, BY_POSITION, longer, upto + 1))
    where = "e.stream_id = {0} AND e.version >= {1} AND e.version < {2}"
    keys = [(number, max(1, end - last), end) for number, end in ends.items()]
    return sorted(row.position for row in rows_of_keys(connection, "e.position", where, keys))


def newest_at(
    connection: Connection, names: StreamNames, stream: str, occurred_at_us: int
) -> RecordedEvent | None:
    """The newest event of a stream with exactly this market time."""
    place = place_of(connection, stream)
    if place is None or place.occurred_max < occurred_at_us:
        return None
    number = place.stream_id
    low = first_versions(connection, BY_OCCURRED_MAX, [place], occurred_at_us)[number]
    high = first_versions(connection, BY_OCCURRED_MAX, [place], occurred_at_us + 1)[number]
    of_time = select(events.c.position).where(
        events.c.stream_id == number, events.c.occurred_at == occurred_at_us
    )
    on_time = of_time.where(events.c.version >= low, events.c.version < high)
    on_time = on_time.order_by(events.c.version.desc()).limit(1)
    late = of_time.where(events.c.occurred_at < events.c.occurred_max)
    found = [*connection.execute(on_time).scalars(), *connection.execute(late).scalars()]
    return read_at(connection, names, [max(found)])[0] if found else None
