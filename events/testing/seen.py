"""Events from wherever they come, seen alike: recorded, new, as a bare payload, as a client's, as a message.

What an event does not have (a payload has no position, a client's event no causation) is None.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from pydantic import BaseModel, ValidationError

from events.catalog import CATALOG, Payload, event_type, split_stream
from events.codec import decode, payload_fields
from events.envelope import NewEvent, RecordedEvent
from events.errors import InvalidEvent, UnreadablePayload
from events.testing.errors import BadExpectation
from events.testing.values import coerced, shown

ENVELOPE_FIELDS: Final[Mapping[str, type]] = {
    "position": int,
    "stream": str,
    "version": int,
    "type": str,
    "channel": str,
    "source": str,
    "occurred_at": datetime,
    "recorded_at": datetime,
    "event_id": UUID,
    "correlation_id": UUID,
    "causation_id": UUID,
}
"""The names in an expectation that speak of the envelope, not of the payload."""

_NO_EVENTS: Final = (str, bytes, int, float, type, list, tuple, set, dict, UUID)


@dataclass(frozen=True)
class Seen:
    """One event, wherever it comes from.

    Attributes:
        type: the type's name; of a payload that is in no catalogue, its class's.
        payload: the model, or plain JSON where there is none.
        original: what it was made of.
    """

    type: str
    payload: Any
    original: Any
    position: int | None = None
    stream: str | None = None
    version: int | None = None
    source: str | None = None
    occurred_at: datetime | None = None
    recorded_at: datetime | None = None
    event_id: UUID | None = None
    correlation_id: UUID | None = None
    causation_id: UUID | None = None
    hash: bytes | None = None

    @property
    def channel(self) -> str | None:
        """The channel part of its stream's name."""
        return None if self.stream is None else split_stream(self.stream)[0]

    @cached_property
    def values(self) -> Mapping[str, Any]:
        """The payload's fields by name."""
        return field_values(self.payload)

    @property
    def symbol(self) -> str | None:
        """What it is about, where that is a symbol."""
        value = self.values.get("symbol")
        return value if isinstance(value, str) else None


def field_values(payload: Any) -> Mapping[str, Any]:
    """The fields of a model, a dataclass, a mapping or a plain object, by name; not copied deeply."""
    if isinstance(payload, BaseModel):
        return {name: getattr(payload, name) for name in type(payload).model_fields}
    if isinstance(payload, Mapping):
        return payload
    if hasattr(payload, "__dataclass_fields__"):
        return {field.name: getattr(payload, field.name) for field in fields(payload)}
    return {name: value for name, value in vars(payload).items() if not name.startswith("_")}


def seen(thing: Any) -> Seen:
    """Look at an event.

    Raises:
        BadExpectation: it is none.
    """
    if isinstance(thing, Seen):
        return thing
    if isinstance(thing, RecordedEvent):
        return _recorded(thing)
    if isinstance(thing, Payload):
        return _payload(thing)
    if isinstance(thing, NewEvent):
        return Seen(
            thing.event_type.name,
            thing.payload,
            thing,
            stream=thing.stream,
            source=thing.source,
            occurred_at=thing.occurred_at,
            event_id=thing.event_id,
            correlation_id=thing.correlation_id or thing.event_id,
            causation_id=thing.causation_id,
        )
    if isinstance(thing, Mapping) and "type" in thing and "payload" in thing:
        return _message(thing)
    if hasattr(thing, "payload") and hasattr(thing, "type"):
        return _like_an_event(thing)
    if thing is None or isinstance(thing, _NO_EVENTS):
        raise BadExpectation(f"{shown(thing)} is no event")
    return Seen(type(thing).__name__, thing, thing)


def _recorded(event: RecordedEvent) -> Seen:
    try:
        payload: Any = decode(event)
    except (InvalidEvent, UnreadablePayload):
        # Of a newer program: its plain fields are still there to look at.
        payload = payload_fields(event)
    return Seen(
        event.type,
        payload,
        event,
        event.position,
        event.stream,
        event.version,
        event.source,
        event.occurred_at,
        event.recorded_at,
        event.event_id,
        event.correlation_id,
        event.causation_id,
        event.hash,
    )


def _payload(payload: Payload) -> Seen:
    try:
        entry = event_type(payload)
    except InvalidEvent:
        return Seen(type(payload).__name__, payload, payload, occurred_at=payload.timestamp)
    stream = entry.stream_of(payload)
    return Seen(entry.name, payload, payload, stream=stream, occurred_at=payload.timestamp)


def _message(message: Mapping[str, Any]) -> Seen:
    """A message of the socket, or an event of `GET /api/events`."""
    known = {name: message.get(name) for name in ENVELOPE_FIELDS if name != "channel"}
    known |= {"event_id": message.get("msg_id"), "recorded_at": message.get("timestamp")}
    return _of_parts(known, _typed(message["type"], message["payload"]), message)


def _typed(name: str, payload: Any) -> Any:
    if isinstance(payload, Mapping) and name in CATALOG:
        try:
            return CATALOG[name].model.model_validate(payload, strict=False)
        except ValidationError:
            return payload
    return payload


def _like_an_event(thing: Any) -> Seen:
    """Anything with a type and a payload, such as a client's event."""
    known = {name: getattr(thing, name, None) for name in ENVELOPE_FIELDS if name != "channel"}
    if known["event_id"] is None:
        known["event_id"] = getattr(thing, "msg_id", None)
    return _of_parts(known, _typed(thing.type, thing.payload), thing)


def _of_parts(known: Mapping[str, Any], payload: Any, original: Any) -> Seen:
    parts = {
        name: None if value is None else _part(name, value)
        for name, value in known.items()
        if name != "type"
    }
    proof = getattr(original, "hash", None)
    return Seen(
        str(known["type"]),
        payload,
        original,
        **parts,
        hash=proof if isinstance(proof, bytes) else None,
    )


def _part(name: str, value: Any) -> Any:
    kind = ENVELOPE_FIELDS[name]
    return coerced(value, kind) if issubclass(kind, datetime | UUID) else value


def events_of(log: Any) -> list[Seen]:
    """The events of a log: one under test, any number of them, or an export in a file.

    Raises:
        BadExpectation: it is none of these.
        SpanUnreadable: the file is no export.
    """
    if isinstance(log, str | Path):
        from events.testing.span import load_span

        return [seen(event) for event in load_span(log)]
    if isinstance(log, type):
        raise BadExpectation(f"{log.__name__} is a class: hand in a log")
    held = getattr(log, "events", log)
    held = held() if callable(held) else held
    if not isinstance(held, Iterable) or isinstance(held, Mapping | bytes):
        raise BadExpectation(
            f"{type(log).__name__} is no log: hand in one under test, a list of events, or the path of"
            " an export"
        )
    found = [_event(thing) for thing in held]
    if isinstance(held, Iterator) and not found:
        raise BadExpectation("this iterator gives no event; was it used up? Hand in a list")
    return found


def _event(thing: Any) -> Seen:
    """One event of a log: what is none would let every `absent` pass."""
    if hasattr(type(thing), "is_of_type"):
        raise BadExpectation(f"{thing!r} is an expectation, no event: log.append({thing!r})")
    if type(thing) in {list, tuple, set} or hasattr(type(thing), "events"):
        raise BadExpectation(f"{shown(thing)} is no event: hand it in by itself, not in a list")
    event = seen(thing)
    if event.payload is thing and not isinstance(thing, Payload):
        raise BadExpectation(f"{shown(thing)} is no event of a log")
    return event
