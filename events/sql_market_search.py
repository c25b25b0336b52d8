"""Which versions of a stream can hold what comes next in its market order."""

from collections.abc import Collection
from functools import cache
from typing import Final

from sqlalchemy import Connection, TextClause, text

from events.snapshots import MarketPlace, MarketQuery
from events.sql_keys import as_parameter, key_items, key_list
from events.sql_search import BY_OCCURRED_MAX, BY_POSITION, StreamPlace

BEFORE_ALL: Final[MarketPlace] = (-(2**63), 0)
"""The place before a stream's first event."""

Run = tuple[int, int]
"""Versions of a stream: from one (inclusive) to another (exclusive)."""

# As `events.sql_search`, with a bound for each stream instead of one for all.
_EACH: Final = """
    WITH RECURSIVE wanted(stream_id, least) AS (SELECT {item0}, {item1} FROM {keys}),
    search(stream_id, least, version, below, step) AS (
        SELECT s.stream_id, w.least, s.version, CAST(0 AS BIGINT), CAST(:step AS BIGINT)
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


@cache
def _statement(dialect: str, column: str) -> TextClause:
    first, second, _third = key_items(dialect)
    keys = key_list(dialect)
    return text(_EACH.format(item0=first, item1=second, keys=keys, column=column))


def find_runs(
    connection: Connection, query: MarketQuery, places: Collection[StreamPlace]
) -> dict[int, Run]:
    """The versions of each stream that can be on time and within the query; streams without any are left out.

    Beyond a place lie the versions of a later market time, and those of the same time that were recorded
    later; within the query those of its time or before, up to the position that is known.
    """
    times: set[tuple[int, int]] = set()
    positions: set[tuple[int, int]] = set()
    for place in places:
        after_us, after_position = query.after[place.name] or BEFORE_ALL
        bounds = (after_us, place.occurred_max if query.upto_us is None else query.upto_us)
        times.update((place.stream_id, us + 1) for us in bounds if us < place.occurred_max)
        known = (after_position, query.known)
        positions.update((place.stream_id, one + 1) for one in known if one < place.position)
    length = max((place.version for place in places), default=0)
    by_time = _first_versions(connection, BY_OCCURRED_MAX, times, length)
    by_position = _first_versions(connection, BY_POSITION, positions, length)
    runs = {}
    for place in places:
        number, end = place.stream_id, place.version + 1
        after_us, after_position = query.after[place.name] or BEFORE_ALL
        low = min(
            by_time.get((number, after_us + 1), end),
            by_position.get((number, after_position + 1), end),
        )
        high = by_position.get((number, query.known + 1), end)
        if query.upto_us is not None:
            high = min(high, by_time.get((number, query.upto_us + 1), end))
        if low < high:
            runs[number] = (low, high)
    return runs


def _first_versions(
    connection: Connection, column: str, keys: Collection[tuple[int, int]], length: int
) -> dict[tuple[int, int], int]:
    """For each (stream id, bound) the first version whose `column` is at least the bound."""
    if not keys:
        return {}
    step = 1 << length.bit_length() - 1
    values = {"keys": as_parameter(keys), "step": step}
    rows = connection.execute(_statement(connection.dialect.name, column), values)
    return {(stream_id, least): version for stream_id, least, version in rows}
