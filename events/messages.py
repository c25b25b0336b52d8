"""The text of the message that carries an event: what every subscriber gets, on whatever way.

It depends on nothing but the event, so it is made once, or straight from the store's columns.
"""

from collections.abc import Callable
from typing import NamedTuple

import orjson

from events.envelope import RecordedEvent
from events.scalars import format_micros


class EventText(NamedTuple):
    """A message that carries an event, and of the event what a sender must know.

    Attributes:
        position, stream, version, type: of the event.
        text: the message.
    """

    position: int
    stream: str
    version: int
    type: str
    text: str


TextOf = Callable[[RecordedEvent], str]
"""How a reader makes the text of an event that has to be made new: one of an older schema."""


def message_text(  # noqa: PLR0913, PLR0917  # the message's parts, in its order
    id_hex: str,
    type_name: str,
    payload: str,
    recorded_at: str,
    position: int,
    stream_json: str,
    version: int,
    occurred_at: str,
    source: str,
) -> str:
    """The message of its parts: the stored payload is spliced in as it is.

    Args:
        id_hex: the event's id, 32 hexadecimal digits.
        type_name: its type.
        payload: the stored text.
        recorded_at: commit time, as `format_micros` writes it.
        position: its place in the log.
        stream_json: its stream's name as JSON.
        version: its place in the stream.
        occurred_at: market time, as `format_micros` writes it.
        source: where it came from.
    """
    return (
        f'{{"msg_id":"{id_hex[:8]}-{id_hex[8:12]}-{id_hex[12:16]}-{id_hex[16:20]}-{id_hex[20:]}",'
        f'"type":"{type_name}","payload":{payload},"direction":"s2c","timestamp":"{recorded_at}",'
        f'"position":{position},"stream":{stream_json},"version":{version},'
        f'"occurred_at":"{occurred_at}","source":"{source}"}}'
    )


def event_text(event: RecordedEvent) -> str:
    """The message that carries an event, with its payload as it is stored."""
    return message_text(
        event.event_id.hex,
        event.type,
        event.payload_json,
        format_micros(event.recorded_at_us),
        event.position,
        orjson.dumps(event.stream).decode(),
        event.version,
        format_micros(event.occurred_at_us),
        event.source,
    )


def text_with(event: RecordedEvent, text_of: TextOf) -> EventText:
    """An event's message, made by its reader."""
    return EventText(event.position, event.stream, event.version, event.type, text_of(event))
