"""A page of messages made from the columns, for readers that send events on and look no further.

The text is `events.messages.event_text`, byte for byte. Nothing is made that it does not need: no event, no
ids, no decoded payload. (Made by the database, in one SQL expression, it was measured at 1.3 times the time:
an id and two times cost SQLite more than all the rest.)
"""

from collections.abc import Collection, Iterable
from typing import Any, Final

import orjson
from sqlalchemy import Connection

from events.catalog import CATALOG
from events.messages import EventText, TextOf, message_text, text_with
from events.scalars import format_micros
from events.sql_read import page_rows, read_at, rows_at
from events.sql_rows import StreamNames
from events.store import ReadQuery

_COLUMNS: Final = ", ".join(
    f"e.{name}"
    for name in (
        "position",
        "stream_id",
        "version",
        "event_id",
        "type",
        "schema_version",
        "occurred_at",
        "recorded_at",
        "source",
        "payload",
    )
)
_new_text: Final = EventText._make


def read_texts(
    connection: Connection, names: StreamNames, query: ReadQuery, text_of: TextOf
) -> list[EventText]:
    """One page of messages, in position order or the reverse; `text_of` makes those of other schemas."""
    return _texts(connection, names, page_rows(connection, _COLUMNS, query), text_of)


def texts_at(
    connection: Connection, names: StreamNames, positions: Collection[int], text_of: TextOf
) -> list[EventText]:
    """The messages of the events at these positions, in position order."""
    return _texts(connection, names, rows_at(connection, _COLUMNS, positions), text_of)


def _texts(
    connection: Connection, names: StreamNames, rows: Iterable[Any], text_of: TextOf
) -> list[EventText]:
    present = {entry.name: entry.schema_version for entry in CATALOG.values()}
    streams: dict[int, tuple[str, str]] = {}
    texts: list[EventText] = []
    of_other_schemas: list[tuple[int, int]] = []
    last_recorded, recorded = None, ""
    last_occurred, occurred = None, ""
    for (
        position,
        stream_id,
        version,
        event_id,
        type_name,
        schema_version,
        occurred_us,
        recorded_us,
        source,
        payload,
    ) in rows:
        if stream_id not in streams:
            name = names.of(connection, stream_id)
            streams[stream_id] = (name, orjson.dumps(name).decode())
        stream, stream_json = streams[stream_id]
        if recorded_us != last_recorded:  # the events of one commit share it
            last_recorded, recorded = recorded_us, format_micros(recorded_us)
        if occurred_us != last_occurred:  # and those that one price caused, this
            last_occurred, occurred = occurred_us, format_micros(occurred_us)
        if present.get(type_name) == schema_version:
            text = message_text(
                event_id.hex(),
                type_name,
                payload,
                recorded,
                position,
                stream_json,
                version,
                occurred,
                source,
            )
        else:
            of_other_schemas.append((len(texts), position))
            text = ""
        texts.append(_new_text((position, stream, version, type_name, text)))
    if of_other_schemas:
        events = read_at(connection, names, [position for _index, position in of_other_schemas])
        made = {event.position: text_with(event, text_of) for event in events}
        for index, position in of_other_schemas:
            texts[index] = made[position]
    return texts
