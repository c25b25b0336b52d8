"""Which versions of a stream can hold what comes next in its market order."""

from collections.abc import Collection
from functools import cache
from typing import Final

from sqlalchemy import Connection, TextClause, text

from events.snapshots import MarketPlace, MarketQuery
from events.sql_keys import as_parameter, key_items, key_list, tuples_of_keys
from events.sql_search import BY_OCCURRED_MAX, BY_POSITION, StreamPlace

BEFORE_ALL: Final[MarketPlace] = (-(2**63), 0)
"""The place before a stream's first event."""

Run = tuple[int, int]
"""Versions of a stream: from one (inclusive) to another (exclusive)."""

NO_RUN: Final[Run] = (1, 1)

# As `events.sql_search`, with a bound for each stream instead of one for all, from a version that is known to
# be too small.
_EACH: Final = """
    WITH RECURSIVE wanted(stream_id, least, below) AS (SELECT {item0}, {item1}, {item2} FROM {keys}),
    search(stream_id, least, version, below, step) AS (
        SELECT s.stream_id, w.least, s.version, w.below, CAST(:step AS BIGINT)
        FROM wanted AS w JOIN streams AS s ON s.stream_id = w.stream_id
        UNION ALL
        SELECT stream_id, least, version,
            CASE WHEN below + step <= version AND (
                SELECT e.{column} FROM events AS e
                WHERE e.stream_id = search.stream_id AND e.version = search.below + search.step
            ) < least THEN below + step ELSE below END,
            step / 2
        FROM search WHERE step > 0
    )
    SELECT stream_id, least, below + 1 FROM search WHERE step = 0
"""


_Bound = tuple[int, int, int]
"""A stream's id, a bound, and a version of it that is known to be below that; 0 for none."""


@cache
def _statement(dialect: str, column: str) -> TextClause:
    items = {f"item{number}": item for number, item in enumerate(key_items(dialect))}
    return text(_EACH.format(column=column, keys=key_list(dialect), **items))


def find_runs(
    connection: Connection,
    query: MarketQuery,
    places: Collection[StreamPlace],
    most: int | None = None,
) -> dict[int, Run]:
    """The versions of each stream that can be on time and within the query; streams without any are left out.

    Beyond a place lie the versions of a later market time, and those of the same time that were recorded
    later; within the query those of its time or before, up to the position that is known.

    Args:
        connection: where to look.
        query: the places, and the ends.
        places: the streams.
        most: a run that is longer may be told as any that is longer than this, which is found sooner.
    """
    lows = _lows(connection, query, places)
    times: set[_Bound] = set()
    positions: set[_Bound] = set()
    for place in places:
        number, below = place.stream_id, lows[place.stream_id] - 1
        if query.upto_us is not None and query.upto_us < place.occurred_max:
            times.add((number, query.upto_us + 1, below))
        if query.known < place.position:
            positions.add((number, query.known + 1, below))
    length = max((place.version for place in places), default=0)
    if most is not None:
        length = min(length, most + 1)
    by_time = _first_versions(connection, BY_OCCURRED_MAX, times, length)
    by_position = _first_versions(connection, BY_POSITION, positions, length)
    runs = {}
    for place in places:
        number, low, end = place.stream_id, lows[place.stream_id], place.version + 1
        high = min(by_time.get(number, end), by_position.get(number, end))
        if low < high:
            runs[number] = (low, high)
    return runs


def _lows(
    connection: Connection, query: MarketQuery, places: Collection[StreamPlace]
) -> dict[int, int]:
    """The first version of each stream that can lie beyond the query's place; the last + 1 when none can.

    Mostly a place is that of an event on time, and what follows it is the next version: one look-up.
    """
    after = {place.stream_id: query.after[place.name] for place in places}
    keys = [(number, place[1]) for number, place in after.items() if place is not None]
    columns, where = (
        "e.stream_id, e.version, e.occurred_max",
        "e.stream_id = {0} AND e.position = {1}",
    )
    found = {row[0]: row[1:] for row in tuples_of_keys(connection, columns, where, keys)}
    lows: dict[int, int] = {}
    times: set[_Bound] = set()
    positions: set[_Bound] = set()
    for one in places:
        number, place = one.stream_id, after[one.stream_id]
        version, occurred_max = found.get(number, (None, 0))
        lows[number] = 1 if place is None else (version or one.version) + 1
        if place is None or (version and occurred_max <= place[0]):
            continue
        if place[0] < one.occurred_max:
            times.add((number, place[0] + 1, 0))
        if version is None and place[1] < one.position:
            positions.add((number, place[1] + 1, 0))
    length = max((place.version for place in places), default=0)
    for column, bounds in ((BY_OCCURRED_MAX, times), (BY_POSITION, positions)):
        for number, version in _first_versions(connection, column, bounds, length).items():
            lows[number] = min(lows[number], version)
    return lows


def _first_versions(
    connection: Connection, column: str, bounds: Collection[_Bound], length: int
) -> dict[int, int]:
    """For each stream the first version whose `column` is at least its bound.

    `length`: how many versions beyond those that are known to be too small are looked at, at least.
    """
    if not bounds:
        return {}
    step = 1 << length.bit_length() - 1
    values = {"keys": as_parameter(bounds), "step": step}
    rows = connection.execute(_statement(connection.dialect.name, column), values)
    return {stream_id: version for stream_id, _least, version in rows}
