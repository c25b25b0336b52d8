"""docs/reference/messages.md: every message of the sockets and of `/api/stream`, with an example."""

from collections.abc import Iterator

import orjson

from app.stream.asyncapi import DOORS
from app.stream.message_examples import example_of
from app.stream.message_schemas import MessageKind, component_schemas, message_kinds
from docs.generate.markdown import code, page, table
from docs.generate.schema_words import fields_table, shapes

_TEMPLATE = "#/{model}"


def messages_page() -> str:
    """The whole page."""
    kinds = message_kinds().values()
    schemas = component_schemas(_TEMPLATE)
    payloads = {_payload(kind) for kind in kinds}
    messages = {kind.model.__name__ for kind in kinds}
    parts = {name: one for name, one in schemas.items() if name not in payloads | messages}
    return page(
        "Messages",
        "Every message, made from the models that check them. `/asyncapi.json` and `/schemas/TYPE.json` of a running server"
        " give the same to programs. Their order, and what they promise, is in [the wire](../protocol.md).",
        table(
            ["where", "what", "clients send", "the server sends"],
            (
                (code(door.address), door.title, _links(door.receives), _links(door.sends))
                for door in DOORS
            ),
        ),
        "## Envelope",
        "Around every payload: `msg_id`, `type`, `payload`, `direction` and `timestamp`; around an event's also its `position`,"
        " `stream`, `version`, `occurred_at` and `source`.",
        *(part for kind in kinds for part in _message(kind, schemas[_payload(kind)])),
        "## Shapes",
        *shapes(parts),
    )


def _links(names: tuple[str, ...]) -> str:
    return ", ".join(f"[{code(name)}](#{name})" for name in names)


def _payload(kind: MessageKind) -> str:
    return str(getattr(kind.model.model_fields["payload"].annotation, "__name__", ""))


def _message(kind: MessageKind, payload: dict[str, object]) -> Iterator[str]:
    yield f"## {kind.name}"
    sender = (
        "From the client"
        if kind.from_client
        else "An event"
        if kind.is_event
        else "From the server"
    )
    yield f"*{sender}.* {kind.summary}"
    yield fields_table(payload)
    example = orjson.dumps(example_of(kind.name), option=orjson.OPT_INDENT_2).decode()
    yield f"```json\n{example}\n```"
