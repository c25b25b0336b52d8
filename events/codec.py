"""Payloads to stored text and back, through the upcasters; and the stored text as it is."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import orjson
from pydantic import ValidationError

from events.catalog import CATALOG, Payload
from events.envelope import ReadableEvent, RecordedEvent
from events.errors import UnknownEventType, UnreadablePayload
from events.upcasters import reached, upcast

_loads = orjson.loads


@dataclass(frozen=True, slots=True)
class RawPayload:
    """A payload as it was written: its schema version then, and its text."""

    schema_version: int
    text: str


def raw(event: ReadableEvent) -> RawPayload:
    """The payload as it is stored, through no upcaster."""
    return RawPayload(event.schema_version, event.payload_json)


def is_current(event: ReadableEvent) -> bool:
    """Whether the stored text may be used as it is: a known type at its present schema version."""
    entry = CATALOG.get(event.type)
    return entry is not None and entry.schema_version == event.schema_version


def is_readable(event: ReadableEvent) -> bool:
    """Whether it is of a known type, and of a schema version that reaches the present one.

    What is not was written by a newer program: it is delivered as it is stored.
    """
    entry = CATALOG.get(event.type)
    if entry is None:
        return False
    version = event.schema_version
    return version == entry.schema_version or reached(event.type, version) == entry.schema_version


def present_versions(types: Iterable[str]) -> dict[str, int]:
    """The present schema version of each type; 0 for one that the catalogue does not know."""
    return {name: CATALOG[name].schema_version if name in CATALOG else 0 for name in types}


def payload_fields(event: ReadableEvent) -> dict[str, Any]:
    """The payload as plain fields at the newest schema version that the upcasters reach; not validated.

    Raises:
        UnreadablePayload: the stored text is not JSON, or a step cannot read it.
    """
    # In the inner loop of every fold: the common case makes no call that it need not.
    entry = CATALOG.get(event.type)
    if entry is None or entry.schema_version != event.schema_version:
        return _upcast(event)[1]
    try:
        fields: dict[str, Any] = _loads(event.payload_json)
    except orjson.JSONDecodeError as error:
        raise UnreadablePayload(event.position, event.type, str(error)) from error
    return fields


def _upcast(event: ReadableEvent) -> tuple[int, dict[str, Any]]:
    try:
        return upcast(event.type, event.schema_version, _loads(event.payload_json))
    except orjson.JSONDecodeError as error:
        raise UnreadablePayload(event.position, event.type, str(error)) from error
    except Exception as error:
        # Whatever a step stumbles over, its readers must be able to tell which event it was.
        problem = f"the step from version {event.schema_version} failed: {error!r}"
        raise UnreadablePayload(event.position, event.type, problem) from error


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
        version, fields = _upcast(event)
        if version != entry.schema_version:
            raise UnknownEventType(f"{event.type} version {event.schema_version}")
        try:
            text = orjson.dumps(fields)
        except TypeError as error:  # what a step made is no JSON
            raise UnreadablePayload(event.position, event.type, repr(error)) from error
    try:
        return entry.payload_of(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        problem = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
        raise UnreadablePayload(event.position, event.type, problem) from error


def rewritten(event: RecordedEvent) -> str | None:
    """The text that its payload would have if it were written today; None if only a newer program knows."""
    if is_current(event):
        return event.payload_json
    try:
        payload = decode(event)
    except (UnknownEventType, UnreadablePayload):
        return None
    return CATALOG[event.type].text_of(payload)
