"""A page of message texts made by the database itself, for readers that send events on and look no further.

The text is `app.stream.protocol.event_text`, byte for byte (a test holds the two together). Made in Python,
an event costs a row of nine columns, two ids, two times and the text; here it is one column of one row, and
no other thread waits while it is made. Only payloads at their present schema version come this way.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Final

from sqlalchemy import Connection

from events.catalog import CATALOG
from events.envelope import RecordedEvent
from events.sql_keys import rows_of_keys
from events.sql_read import find_page, page_range, read_at
from events.sql_rows import StreamNames
from events.sql_text import Driver
from events.store import EventText, ReadQuery

TextOf = Callable[[RecordedEvent], str]
"""How a reader makes the text of an event that does not come this way."""

_SECOND_US: Final = 1_000_000
_DAY_US: Final = 86_400 * _SECOND_US


def _remainder(column: str, divisor: int) -> str:
    # Both engines cut towards zero: without this, times before 1970 would be a second or a day too late.
    return f"((({column} % {divisor}) + {divisor}) % {divisor})"


def _sqlite_time(column: str) -> str:
    micros = _remainder(column, _SECOND_US)
    any_time = _sqlite_seconds(f"({column} - {micros}) / {_SECOND_US}", f"{_SECOND_US} + {micros}")
    return (
        f"CASE WHEN {column} < {_SECOND_US} THEN {any_time}"
        f" ELSE {_sqlite_seconds(f'{column} / {_SECOND_US}', column)} END"
    )


def _sqlite_seconds(seconds: str, ends_in_micros: str) -> str:
    return (
        f"strftime('%Y-%m-%dT%H:%M:%S.', {seconds}, 'unixepoch')"
        f" || substr({ends_in_micros}, -6) || 'Z'"
    )


def _postgres_time(column: str) -> str:
    # By days and the rest: an interval is multiplied in floating point, which 2**53 microseconds end.
    micros = _remainder(column, _DAY_US)
    days = f"CAST(({column} - {micros}) / {_DAY_US} AS INTEGER)"
    moment = f"CAST(DATE '1970-01-01' + {days} AS TIMESTAMP) + {micros} * INTERVAL '1 microsecond'"
    return f"""to_char({moment}, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""


_SQLITE_ID: Final = "lower({})".format(
    " || '-' || ".join(
        f"hex(substr(e.event_id, {start}, {length}))"
        for start, length in ((1, 4), (5, 2), (7, 2), (9, 2), (11, 6))
    )
)
_NAME: Final = "(SELECT s.name FROM streams AS s WHERE s.stream_id = e.stream_id)"
_PARTS: Final[Mapping[str, Mapping[str, str]]] = {
    "sqlite": {
        "id": _SQLITE_ID,
        "recorded_at": _sqlite_time("e.recorded_at"),
        "occurred_at": _sqlite_time("e.occurred_at"),
        "stream": f"json_quote({_NAME})",
    },
    "postgresql": {
        "id": "CAST(CAST(encode(e.event_id, 'hex') AS UUID) AS TEXT)",
        "recorded_at": _postgres_time("e.recorded_at"),
        "occurred_at": _postgres_time("e.occurred_at"),
        "stream": f"CAST(to_json({_NAME}) AS TEXT)",
    },
}
_MESSAGE: Final = """
    '{{"msg_id":"' || {id} || '","type":"' || e.type || '","payload":' || e.payload
    || ',"direction":"s2c","timestamp":"' || {recorded_at}
    || '","position":' || e.position || ',"stream":' || {stream}
    || ',"version":' || e.version || ',"occurred_at":"' || {occurred_at}
    || '","source":"' || e.source || '"}}'
"""


@cache
def _columns(dialect: str) -> str:
    """The position and the text; no text where the payload is not at its present schema version."""
    current = " OR ".join(
        f"(e.type = '{entry.name}' AND e.schema_version = {entry.schema_version})"
        for entry in CATALOG.values()
    )
    message = _MESSAGE.format(**_PARTS[dialect])
    # A colon before a letter would be a parameter to SQLAlchemy.
    return f"e.position, CASE WHEN {current} THEN {message} END".replace(":", r"\:")


def read_texts(
    connection: Connection, names: StreamNames, query: ReadQuery, text_of: TextOf
) -> list[EventText]:
    """One page of messages, in position order or the reverse; `text_of` makes those of older schemas."""
    columns = _columns(connection.dialect.name)
    upto, positions = find_page(connection, query)
    if positions is None:
        statement = page_range(columns, descending=query.descending)
        rows = Driver(connection).rows(statement, query.after, upto, query.limit)
    else:
        keys = [(position,) for position in positions]
        found = rows_of_keys(connection, columns, "e.position = {0}", keys)
        rows = sorted(found, key=lambda row: row[0], reverse=query.descending)
    old = [position for position, message in rows if message is None]
    made = {event.position: text_of(event) for event in read_at(connection, names, old)}
    return [(position, message or made[position]) for position, message in rows]
