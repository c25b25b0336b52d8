"""A page of some streams, merged from ranges of their versions: what is read is what is needed.

Each chosen stream is a run of dense versions, found by binary search. The runs are read side by side in
chunks, and one whose next event lies beyond the page is left alone. Late events, which market order puts
before others of their stream, are found by an index of their own unless they are most of what there is.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from math import isqrt
from typing import Any, Final

from sqlalchemy import Connection

from events.sql_keys import rows_of_keys
from events.sql_search import BY_OCCURRED_MAX, BY_POSITION, StreamPlace, first_versions
from events.store import ReadQuery

CHUNK_MIN: Final = 8
CHUNK_MAX: Final = 10_000
"""Versions of one stream that are read at a time."""

WALKED_PAGES: Final = 4
"""How many pages' worth of versions are walked through before late events are looked up by their index."""

_RANGE: Final = "e.stream_id = {0} AND e.version >= {1} AND e.version < {2}"
_LATE: Final = "e.stream_id = {0} AND e.occurred_at < e.occurred_max"


@dataclass(slots=True)
class Run:
    """Versions of one stream that are still to be read: `low` inclusive, `high` exclusive."""

    stream_id: int
    low: int
    high: int

    def take(self, count: int, *, descending: bool) -> tuple[int, int, int]:
        """The next few versions, as a key of `sql_keys`; they are no longer to be read."""
        if descending:
            low, high = max(self.low, self.high - count), self.high
            self.high = low
        else:
            low, high = self.low, min(self.high, self.low + count)
            self.low = high
        return self.stream_id, low, high


@dataclass(slots=True)
class _Zone:
    """Where in a stream a query can match: on time up to `until`, from there on only late events."""

    stream_id: int
    low: int
    until: int
    high: int

    @property
    def late_versions(self) -> int:
        return max(0, self.high - max(self.low, self.until))


def query_filter(query: ReadQuery) -> tuple[str, dict[str, Any]]:
    """What of a query each event `e` has to be asked for, as a condition and its parameters."""
    parts = ["1 = 1"]
    values: dict[str, Any] = {}
    if query.types is not None:
        names = {f"type{number}": name for number, name in enumerate(sorted(query.types))}
        parts.append(f"e.type IN ({', '.join(f':{name}' for name in names) or 'NULL'})")
        values.update(names)
    if query.occurred_from_us is not None:
        parts.append("e.occurred_at >= :occurred_from")
        values["occurred_from"] = query.occurred_from_us
    if query.occurred_upto_us is not None:
        parts.append("e.occurred_at <= :occurred_upto")
        values["occurred_upto"] = query.occurred_upto_us
    return " AND ".join(parts), values


def merged_positions(
    connection: Connection, query: ReadQuery, upto: int, chosen: Collection[StreamPlace]
) -> list[int]:
    """The positions of one page of the chosen streams, in the query's order."""
    zones = _zones(connection, query, upto, chosen)
    if any(zone.late_versions for zone in zones):
        # While the page is full of what lies next to one another, nothing need be looked up.
        runs = [Run(zone.stream_id, zone.low, zone.high) for zone in zones]
        rows_max = CHUNK_MIN * len(runs) + WALKED_PAGES * query.limit
        if (page := _merge(connection, query, runs, (), rows_max)) is not None:
            return page
    late, walked = _late_positions(connection, query, [z for z in zones if z.late_versions])
    runs = [
        Run(zone.stream_id, zone.low, zone.high if zone in walked else min(zone.until, zone.high))
        for zone in zones
    ]
    page = _merge(connection, query, [run for run in runs if run.low < run.high], late)
    assert page is not None, "nothing limits this one"
    return page


def _zones(
    connection: Connection, query: ReadQuery, upto: int, chosen: Collection[StreamPlace]
) -> list[_Zone]:
    zones = {p.stream_id: _Zone(p.stream_id, 1, p.version + 1, p.version + 1) for p in chosen}
    if query.after > 0:
        for number, low in first_versions(connection, BY_POSITION, chosen, query.after + 1).items():
            zones[number].low = low
    if (since := query.occurred_from_us) is not None:
        for number, low in first_versions(connection, BY_OCCURRED_MAX, chosen, since).items():
            zones[number].low = max(zones[number].low, low)
    longer = [place for place in chosen if place.position > upto]
    for number, high in first_versions(connection, BY_POSITION, longer, upto + 1).items():
        zones[number].high = high
    if (until := query.occurred_upto_us) is not None:
        later = [place for place in chosen if place.occurred_max > until]
        for number, end in first_versions(connection, BY_OCCURRED_MAX, later, until + 1).items():
            zones[number].until = end
    return [zone for zone in zones.values() if zone.low < zone.high]


def _late_positions(
    connection: Connection, query: ReadQuery, zones: Sequence[_Zone]
) -> tuple[set[int], list[_Zone]]:
    """The positions of late events that match, and the zones that had better be walked through.

    Looking up k events by their index costs k for every page; walking through n versions costs, for a page
    of p events, about p * n / k. So where k is greater than the root of p * n, walking costs less.
    """
    if not zones:
        return set(), []
    most = query.limit + isqrt(query.limit * sum(zone.late_versions for zone in zones))
    condition, values = query_filter(query)
    rows = rows_of_keys(
        connection,
        "e.position",
        # The plus signs keep planners from the index of versions: few of those are late.
        f"{_LATE} AND +e.version >= {{1}} AND +e.version < {{2}} AND {condition}",
        [(zone.stream_id, max(zone.low, zone.until), zone.high) for zone in zones],
        "LIMIT :most",
        most=most + 1,
        **values,
    )
    if len(rows) <= most:
        return {row.position for row in rows}, []
    if len(zones) == 1:
        return set(), list(zones)
    half = len(zones) // 2
    first, first_walked = _late_positions(connection, query, zones[:half])
    second, second_walked = _late_positions(connection, query, zones[half:])
    return first | second, first_walked + second_walked


def _merge(
    connection: Connection,
    query: ReadQuery,
    runs: list[Run],
    late: Collection[int],
    rows_max: int | None = None,
) -> list[int] | None:
    """The page that runs and late events make; None if that takes more than `rows_max` rows."""
    sign = -1 if query.descending else 1
    condition, values = query_filter(query)
    columns = f"e.stream_id, e.position, CASE WHEN {condition} THEN 1 ELSE 0 END AS matches"
    found = sorted(sign * position for position in late)[: query.limit]
    chunk = CHUNK_MIN + 2 * query.limit // max(1, len(runs))
    rows_read = 0
    while runs:
        if rows_max is not None and rows_read > rows_max:
            return None
        taken = [run.take(chunk, descending=query.descending) for run in runs]
        reached: dict[int, int] = {}
        rows = rows_of_keys(connection, columns, _RANGE, taken, **values)
        rows_read += len(rows)
        for row in rows:
            place = sign * row.position
            reached[row.stream_id] = max(place, reached.get(row.stream_id, place))
            if row.matches:
                found.append(place)
        found = sorted(found)[: query.limit]
        is_full = len(found) == query.limit
        runs = [
            run
            for run in runs
            if run.low < run.high and not (is_full and reached[run.stream_id] > found[-1])
        ]
        chunk = min(2 * chunk, CHUNK_MAX)
    return [sign * place for place in found]
