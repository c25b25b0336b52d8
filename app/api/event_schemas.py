"""The shapes of answers that carry events in the text that the socket sends: for `/openapi.json` only.

What is in a `payload` depends on its type: `/schemas/{type}.json` has each.
"""

from typing import Any, Final

_TEXT: Final = {"type": "string"}
_PLACE: Final = {"type": "integer", "minimum": 1}
_MAYBE_PLACE: Final = {"anyOf": [{"type": "integer", "minimum": 0}, {"type": "null"}]}


def _object(properties: dict[str, Any], optional: tuple[str, ...] = ()) -> dict[str, Any]:
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": properties, "required": required}


MESSAGE: Final = _object(
    {
        "msg_id": _TEXT,
        "type": _TEXT,
        "payload": {"type": "object"},
        "direction": {"const": "s2c"},
        "timestamp": {"type": "string", "format": "date-time"},
        "position": _PLACE,
        "stream": _TEXT,
        "version": _PLACE,
        "occurred_at": {"type": "string", "format": "date-time"},
        "source": _TEXT,
        "schema_version": {"type": "integer", "description": "Only of a raw payload."},
    },
    optional=("schema_version",),
)
"""An event, as the socket carries it."""

PAGE: Final = _object(
    {
        "events": {"type": "array", "items": MESSAGE},
        "epoch": _TEXT,
        "head": {"type": "integer", "minimum": 0},
        "next_after": _MAYBE_PLACE,
        "next_before": _MAYBE_PLACE,
    }
)
"""A page of `GET /api/events`."""

EVENT: Final = _object(
    {
        "event": MESSAGE,
        "schema_version": {"type": "integer"},
        # Null for whoever does not see all channels: they tell of what is hidden.
        "hash": {"anyOf": [{"type": "string", "pattern": "^[0-9a-f]{64}$"}, {"type": "null"}]},
        "correlation_id": {"anyOf": [_TEXT, {"type": "null"}]},
        "causation_id": {"anyOf": [_TEXT, {"type": "null"}]},
        "causes": {"type": "array", "items": MESSAGE},
        "effects": {"type": "array", "items": MESSAGE},
    }
)
"""The answer of `GET /api/events/{ref}`."""


def answers_with(schema: dict[str, Any]) -> dict[int | str, dict[str, Any]]:
    """What a route declares whose answer is of a shape."""
    return {200: {"content": {"application/json": {"schema": schema}}}}
