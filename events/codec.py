"""Payloads to stored text and back, through the upcasters."""

from typing import Any

import orjson
from pydantic import ValidationError

from events.catalog import CATALOG, Payload
from events.envelope import RecordedEvent
from events.errors import UnknownEventType, UnreadablePayload
from events.upcasters import upcast


def encode(payload: Payload) -> str:
    """The JSON text that is stored and sent; the same payload always gives the same text."""
    return payload.model_dump_json()


def is_current(event: RecordedEvent) -> bool:
    """Whether the stored text may be used as it is: a known type at its present schema version."""
    entry = CATALOG.get(event.type)
    return entry is not None and entry.schema_version == event.schema_version


def payload_fields(event: RecordedEvent) -> dict[str, Any]:
    """The payload as plain fields at the newest schema version that the upcasters reach; not validated.

    Raises:
        UnreadablePayload: the stored text is not JSON.
    """
    fields = _stored_fields(event)
    return fields if is_current(event) else upcast(event.type, event.schema_version, fields)[1]


def _stored_fields(event: RecordedEvent) -> dict[str, Any]:
    try:
        fields: dict[str, Any] = orjson.loads(event.payload_json)
    except orjson.JSONDecodeError as error:
        raise UnreadablePayload(event.position, event.type, str(error)) from error
    return fields


def decode(event: RecordedEvent) -> Payload:
    """The payload of a recorded event, typed.

    Raises:
        UnknownEventType: its type or schema version is not in the catalogue (a newer program wrote it).
        UnreadablePayload: the stored text does not fit its type.
    """
    entry = CATALOG.get(event.type)
    if entry is None:
        raise UnknownEventType(event.type)
    text: str | bytes = event.payload_json
    if event.schema_version != entry.schema_version:
        version, fields = upcast(event.type, event.schema_version, _stored_fields(event))
        if version != entry.schema_version:
            raise UnknownEventType(f"{event.type} version {event.schema_version}")
        text = orjson.dumps(fields)
    try:
        return entry.model.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        problem = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
        raise UnreadablePayload(event.position, event.type, problem) from error
