"""Streams in market order, (market time, version), without an index on market time.

Events on time are in market order as they stand: their market time is the greatest of their stream so far,
and that rises with the version. Late ones, mostly none, have an index of their own. Merging the two gives
market order, a page at a time, from any place in it, and a few statements serve any number of streams.
"""

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from operator import attrgetter
from typing import Any, Final

from sqlalchemy import Connection, text

from events.envelope import FoldEvent
from events.snapshots import FOLD_CHUNK, MarketPage, MarketPlace, MarketQuery, TakeEvents
from events.sql_keys import tuples_of_keys
from events.sql_market_search import BEFORE_ALL, NO_RUN, find_runs
from events.sql_search import StreamPlace, stream_places

LATE_MAX: Final = 2_000
"""Late events that are read for all streams at once; where there are more, each stream is asked on its own."""

FOLD_WINDOW: Final = 10_000
"""Events that one statement of a fold asks for: asyncpg holds all of a statement's rows in memory."""

_FOREVER: Final = 2**63 - 1
_COLUMNS: Final = "position, type, schema_version, occurred_at, recorded_at, source, payload"
"""The columns of a `FoldEvent`, in its order."""

_OWN_COLUMNS: Final = ", ".join(f"e.{name}" for name in ["stream_id", *_COLUMNS.split(", ")])
_RANGE: Final = text(f"""
    SELECT {_COLUMNS} FROM events
    WHERE position > :after AND position <= :upto ORDER BY position
""")  # noqa: S608
_ON_TIME: Final = "e.stream_id = {0} AND e.version >= {1} AND e.version < {2}"
_LATE: Final = "e.stream_id = {0} AND e.occurred_at < e.occurred_max"
_AFTER: Final = "e.occurred_at >= {1} AND (e.occurred_at > {1} OR e.position > {2})"
_UNDATES: Final = "e.occurred_at < {1} AND e.position > {2} AND e.position <= :known"

_to_event: Final = partial(tuple.__new__, FoldEvent)
_market_place: Final = attrgetter("occurred_at_us", "position")


def fold_range(connection: Connection, after: int, upto: int, take: TakeEvents) -> None:
    """Hand over the events after one position and up to another, in position order.

    Read and folded a few at a time, in the reader's thread: that takes less time than a list of them all,
    and the event loop is not held up, for SQLite lets others run at every row. They come straight from
    the driver's cursor: rows made by SQLAlchemy would take longer than the fold itself.
    """
    for start in range(after, upto, FOLD_WINDOW):
        window = {"after": start, "upto": min(upto, start + FOLD_WINDOW)}
        with connection.execute(_RANGE, window) as result:
            while rows := result.cursor.fetchmany(FOLD_CHUNK):
                take(list(map(_to_event, rows)))


def streams_with_late(
    connection: Connection, snapshots: Collection[tuple[StreamPlace, MarketPlace]], known: int
) -> set[int]:
    """The ids of streams that got an event from before a snapshot's market time after it, up to `known`."""
    keys = [(one.stream_id, *place) for one, place in snapshots if place[1] < one.position]
    rows = _late_rows(connection, "e.stream_id", _UNDATES, keys, {"known": known})
    if rows is None:
        return {number for number, *_place in keys}
    return {number for (number,) in rows}


def earliest_late(
    connection: Connection, stream: StreamPlace, snapshot: MarketPlace, known: int
) -> MarketPlace | None:
    """The earliest event from before a snapshot's market time, recorded after it and up to `known`."""
    keys = [(stream.stream_id, *snapshot)]
    where, tail = f"{_LATE} AND {_UNDATES}", "ORDER BY e.occurred_at LIMIT 1"
    rows = tuples_of_keys(connection, "e.occurred_at, e.position", where, keys, tail, known=known)
    return (rows[0][0], rows[0][1]) if rows else None


def late_positions(
    connection: Connection, stream: StreamPlace, upto_us: int, after: int, known: int, most: int
) -> list[int]:
    """The positions, falling, of the newest late events of up to a market time, recorded after a position."""
    where = f"{_LATE} AND e.occurred_at <= {{1}} AND e.position > {{2}} AND e.position <= :known"
    tail = "ORDER BY e.position DESC LIMIT :most"
    keys = [(stream.stream_id, upto_us, after)]
    rows = tuples_of_keys(connection, "e.position", where, keys, tail, known=known, most=most)
    return [position for (position,) in rows]


def read_market(connection: Connection, query: MarketQuery) -> dict[str, MarketPage]:
    """The next page of every stream of the query."""
    places = [place for place in stream_places(connection) if place.name in query.after]
    pages = {name: MarketPage([], True) for name in query.after}
    runs = find_runs(connection, query, places, query.limit)
    windows = [(number, low, min(high, low + query.limit)) for number, (low, high) in runs.items()]
    on_time = _by_stream(
        tuples_of_keys(
            connection,
            _OWN_COLUMNS,
            f"{_ON_TIME} AND e.occurred_at = e.occurred_max",
            windows,
            "ORDER BY e.position",
        )
    )
    late = _late_pages(connection, query, places)
    for place in places:
        low, high = runs.get(place.stream_id, NO_RUN)
        ready = on_time.get(place.stream_id, [])
        is_whole = high - low <= query.limit
        if late is None or not (is_whole or ready):
            pages[place.name] = _page_of_one(connection, query, place)
        else:
            pages[place.name] = _merged(ready, late.get(place.stream_id, []), query, is_whole)
    return pages


def _merged(
    on_time: list[FoldEvent], late: list[FoldEvent], query: MarketQuery, is_whole: bool
) -> MarketPage:
    """A page of what is on time and what is late; `is_whole`: `on_time` is all there is."""
    events = sorted(on_time + late, key=_market_place) if late else on_time
    if not is_whole:
        # What is late and later than this may come after something that has not been read.
        last = _market_place(on_time[-1])
        events = [event for event in events if _market_place(event) <= last]
    return MarketPage(events[: query.limit], is_whole and len(events) <= query.limit)


def _by_stream(rows: Sequence[tuple[Any, ...]]) -> dict[int, list[FoldEvent]]:
    found: dict[int, list[FoldEvent]] = {}
    for row in rows:
        found.setdefault(row[0], []).append(_to_event(row[1:]))
    return found


def _late_pages(
    connection: Connection, query: MarketQuery, places: Collection[StreamPlace]
) -> Mapping[int, list[FoldEvent]] | None:
    """The late events of each stream that the query asks for; None if they are too many for one answer."""
    keys = [(place.stream_id, *(query.after[place.name] or BEFORE_ALL)) for place in places]
    values = {"upto": _FOREVER if query.upto_us is None else query.upto_us, "known": query.known}
    where = f"{_AFTER} AND e.occurred_at <= :upto AND e.position <= :known"
    rows = _late_rows(connection, _OWN_COLUMNS, where, keys, values)
    return None if rows is None else _by_stream(rows)


def _late_rows(
    connection: Connection,
    columns: str,
    where: str,
    keys: Sequence[Sequence[int]],
    values: Mapping[str, int],
) -> Sequence[tuple[Any, ...]] | None:
    """Late events; None if they are too many for one answer."""
    if not keys:
        return []
    where, tail = f"{_LATE} AND {where}", "LIMIT :most"
    rows = tuples_of_keys(connection, columns, where, keys, tail, most=LATE_MAX + 1, **values)
    return rows if len(rows) <= LATE_MAX else None


def _page_of_one(connection: Connection, query: MarketQuery, place: StreamPlace) -> MarketPage:
    """A page of a stream with much that is late: as many of each sort as the page may hold, merged."""
    run = find_runs(connection, query, [place]).get(place.stream_id, NO_RUN)
    upto = _FOREVER if query.upto_us is None else query.upto_us
    most = query.limit + 1
    on_time = tuples_of_keys(
        connection,
        _OWN_COLUMNS,
        f"{_ON_TIME} AND e.occurred_at = e.occurred_max",
        [(place.stream_id, *run)],
        "ORDER BY e.version LIMIT :most",
        most=most,
    )
    late = tuples_of_keys(
        connection,
        _OWN_COLUMNS,
        f"{_LATE} AND {_AFTER} AND e.occurred_at <= :upto AND e.position <= :known",
        [(place.stream_id, *(query.after[place.name] or BEFORE_ALL))],
        "ORDER BY e.occurred_at, e.position LIMIT :most",
        upto=upto,
        known=query.known,
        most=most,
    )
    found = _by_stream([*on_time, *late]).get(place.stream_id, [])
    events = sorted(found, key=_market_place)
    return MarketPage(events[: query.limit], len(events) <= query.limit)
