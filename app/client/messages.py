"""What the server says, typed: events with the catalogue's payloads, and control messages. Pure.

A client lives longer than a server's version: it ignores fields that it does not know, and an event that
its catalogue cannot read comes with its payload as plain JSON.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Generic, TypeVar

import orjson
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from app.client.errors import BrokenStream
from app.stream.protocol import CONTROL_MESSAGES, EVENT_MESSAGES, Position
from events.catalog import Payload, Record
from events.scalars import UtcTime

PayloadT = TypeVar("PayloadT")
MESSAGE_SHOWN: int = 200
"""Characters of a broken message that its error shows."""


@dataclass(frozen=True, slots=True)
class Event:
    """A recorded event.

    Attributes:
        position: its place in the log.
        stream, version: its stream, and its place there.
        type: the name of its payload's type.
        occurred_at: market time.
        recorded_at: commit time.
        source: where it came from.
        msg_id: the event's id.
        payload: the catalogue's model; plain JSON of a type, or a shape, that this client does not know.
    """

    position: int
    stream: str
    version: int
    type: str
    occurred_at: datetime
    recorded_at: datetime
    source: str
    msg_id: str
    payload: Payload | dict[str, Any]


class Heartbeat(Record):
    """What the client reads of a heartbeat: not the channels, which may be more than it knows."""

    head: Position


class _EventMessage(BaseModel, Generic[PayloadT]):
    model_config = ConfigDict(strict=True)

    msg_id: str
    type: str
    payload: PayloadT
    timestamp: UtcTime
    position: int
    stream: str
    version: int
    occurred_at: UtcTime
    source: str


class _ControlMessage(BaseModel, Generic[PayloadT]):
    model_config = ConfigDict(strict=True)

    payload: PayloadT


Read = Callable[[str | bytes], Any]


@cache
def _reader(model: Any) -> Read:
    adapter: TypeAdapter[Any] = TypeAdapter(model)

    def read(text: str | bytes) -> Any:
        return adapter.validate_json(text, extra="ignore")

    return read


_EVENT_READERS: Mapping[str, Read] = {
    name: _reader(_EventMessage[model])  # type: ignore[valid-type]  # made at run time, one a type
    for name, model in EVENT_MESSAGES.items()
}
_PLAIN_EVENT: Read = _reader(_EventMessage[dict[str, Any]])
_CONTROL_READERS: Mapping[str, Read] = {
    name: _reader(_ControlMessage[model])  # type: ignore[valid-type]  # made at run time, one a type
    for name, model in {**CONTROL_MESSAGES, "heartbeat": Heartbeat}.items()
}


def read_message(text: str | bytes) -> Event | Record | None:
    """Read one message of the server.

    Returns:
        An event, a control message's payload, or None for a control message of a type that it does not know.

    Raises:
        BrokenStream: it is no message of the protocol.
    """
    try:
        loose = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise _broken(text, "is not JSON") from error
    kind = loose.get("type") if isinstance(loose, dict) else None
    if not isinstance(kind, str):
        raise _broken(text, "has no type")
    try:
        if "position" in loose:
            return _event(kind, text)
        reader = _CONTROL_READERS.get(kind)
        payload: Record | None = None if reader is None else reader(text).payload
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise _broken(text, f"does not fit its type: {place}: {first['msg']}") from error
    return payload


def _event(kind: str, text: str | bytes) -> Event:
    reader = _EVENT_READERS.get(kind, _PLAIN_EVENT)
    try:
        message = reader(text)
    except ValidationError:
        # Its payload may be of a newer shape; if the envelope is what is wrong, this raises again.
        message = _PLAIN_EVENT(text)
    return Event(
        position=message.position,
        stream=message.stream,
        version=message.version,
        type=message.type,
        occurred_at=message.occurred_at,
        recorded_at=message.timestamp,
        source=message.source,
        msg_id=message.msg_id,
        payload=message.payload,
    )


def _broken(text: str | bytes, problem: str) -> BrokenStream:
    shown = text if isinstance(text, str) else text.decode(errors="replace")
    return BrokenStream(f"a message of the server's {problem}: {shown[:MESSAGE_SHOWN]}")
