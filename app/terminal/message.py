"""An event as the JSON of the message that carries it: what the socket sends, and `ndjson` exports."""

from typing import Any

import orjson

from app.client.messages import Event
from events.catalog import Payload, event_type
from events.scalars import format_time


def message_of(event: Event) -> dict[str, Any]:
    """The message's fields in its order; the payload as it is stored."""
    return {
        "msg_id": event.msg_id,
        "type": event.type,
        "payload": _payload(event.payload),
        "direction": "s2c",
        "timestamp": format_time(event.recorded_at),
        "position": event.position,
        "stream": event.stream,
        "version": event.version,
        "occurred_at": format_time(event.occurred_at),
        "source": event.source,
    }


def _payload(payload: Payload | dict[str, Any]) -> Any:
    if isinstance(payload, dict):
        return payload
    return orjson.Fragment(event_type(payload).text_of(payload))
