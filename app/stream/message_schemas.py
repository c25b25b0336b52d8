"""Every message of the wire as one model, and as JSON Schemas, one by one or all together.

A message is made known by one entry in a table of `app.stream.protocol` or `app.stream.replay_protocol`;
a new table is one more line in `_TABLES`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Literal, cast

from pydantic import create_model
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from app.stream.protocol import (
    CLIENT_MESSAGES,
    CONTROL_MESSAGES,
    EVENT_MESSAGES,
    ClientMessage,
    EventMessage,
    ServerMessage,
    WsMessageEnvelope,
)
from app.stream.replay_protocol import REPLAY_COMMANDS, REPLAY_CONTROL
from events.catalog import Record

JsonSchema = dict[str, Any]
AnyMessage = WsMessageEnvelope[Any]

JSON_SCHEMA_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

_TABLES: Final[tuple[tuple[Mapping[str, type[Record]], Any], ...]] = (
    (CLIENT_MESSAGES, ClientMessage),
    (REPLAY_COMMANDS, ClientMessage),
    (CONTROL_MESSAGES, ServerMessage),
    (REPLAY_CONTROL, ServerMessage),
    (EVENT_MESSAGES, EventMessage),
)


@dataclass(frozen=True, slots=True)
class MessageKind:
    """One type of message.

    Attributes:
        name: its `type` on the wire.
        model: the whole message, envelope and payload.
        summary: what its payload says of itself.
        from_client: whether clients send it.
        is_event: whether it carries a recorded event.
    """

    name: str
    model: type[AnyMessage]
    summary: str
    from_client: bool
    is_event: bool

    @property
    def mode(self) -> JsonSchemaMode:
        """Whether the schema says what is taken in, or what is given out."""
        return "validation" if self.from_client else "serialization"


@cache
def message_kinds() -> Mapping[str, MessageKind]:
    """Every message that the protocol knows, by its type."""
    return {
        name: _kind(name, payload, envelope)
        for table, envelope in _TABLES
        for name, payload in table.items()
    }


def _kind(name: str, payload: type[Record], envelope: Any) -> MessageKind:
    summary = " ".join((payload.__doc__ or "").split())
    model = cast(Any, create_model)(
        f"{name.title().replace('_', '')}Message",
        __base__=envelope[payload],
        __doc__=summary,
        type=(cast(Any, Literal)[name], ...),
    )
    return MessageKind(name, model, summary, envelope is ClientMessage, envelope is EventMessage)


def message_schema(name: str) -> JsonSchema:
    """The JSON Schema of one message, complete in itself.

    Raises:
        KeyError: there is no such message.
    """
    kind = message_kinds()[name]
    schema = kind.model.model_json_schema(mode=kind.mode)
    return {"$schema": JSON_SCHEMA_DIALECT, **(schema if kind.from_client else _open(schema))}


def component_schemas(ref_template: str) -> dict[str, JsonSchema]:
    """The schemas of all messages and of what they are made of, by name, refs as the template says."""
    taken = _definitions(ref_template, from_client=True)
    given = _definitions(ref_template, from_client=False)
    for name in taken.keys() & given.keys():
        if taken[name] != given[name]:
            raise AssertionError(f"{name} differs between the directions: name it apart")
    # What both directions share stays as strict as the server is with what it takes.
    return dict(sorted({**_open(given), **taken}.items()))


def _definitions(ref_template: str, *, from_client: bool) -> dict[str, JsonSchema]:
    kinds = [kind for kind in message_kinds().values() if kind.from_client is from_client]
    models = [(kind.model, kind.mode) for kind in kinds]
    _, schema = models_json_schema(models, ref_template=ref_template)
    definitions: dict[str, JsonSchema] = schema["$defs"]
    return definitions


def _open(schema: Any) -> Any:
    """What the server sends may get new fields: a client ignores those that it does not know."""
    if isinstance(schema, dict):
        return {
            key: _open(value)
            for key, value in schema.items()
            if not (key == "additionalProperties" and value is False)
        }
    return [_open(item) for item in schema] if isinstance(schema, list) else schema
