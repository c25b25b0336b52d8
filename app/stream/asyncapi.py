"""The AsyncAPI 3.0 document: every message, who sends it where, and how a connection ends.

Made from the models, so that it cannot say anything else than the code does. A new socket is one entry
in `DOORS`; a new message comes by itself (see `app.stream.message_schemas`) and needs an example.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from app.access.sessions import COOKIE
from app.stream.close_codes import CLOSE_CODES
from app.stream.json_depth import JSON_DEPTH_MAX
from app.stream.message_examples import example_of
from app.stream.message_schemas import MessageKind, component_schemas, message_kinds
from app.stream.names_held import SYMBOLS_HELD_PER_CLIENT_MAX
from app.stream.protocol import CLIENT_MESSAGES, CONTROL_MESSAGES, EVENT_MESSAGES
from app.stream.rate import MESSAGES_PER_MINUTE_MAX
from app.stream.replay_protocol import REPLAY_COMMANDS, REPLAY_CONTROL
from app.stream.session import REQUESTS_MAX, SYMBOLS_HELD_MAX

Json = dict[str, Any]

ASYNCAPI_VERSION: Final = "3.0.0"

DESCRIPTION: Final = """\
The market's flight recorder, live: typed events over WebSocket and Server-Sent Events. Every message has \
the same envelope; a message that carries an event has the same text whoever receives it.

Where reading needs a token, it comes in one of these ways, and never in the address: the header \
`Authorization: Bearer TOKEN`; the subprotocols `synapse` and `synapse.bearer.TOKEN` of a WebSocket, which is \
answered with `synapse`; as the first message of a WebSocket, `authenticate`; or the cookie of a browser that \
has signed in. A token covers some channels or all; a connection is closed within 5 s of its end.

Not investment advice."""

_COMMON_ERRORS: Final = {
    "malformed_json": "the message is not JSON",
    "too_deep": f"the message nests deeper than {JSON_DEPTH_MAX} arrays and objects; the connection is closed",
    "too_many_messages": f"more than {MESSAGES_PER_MINUTE_MAX:,} in a minute, or"
    f" {MESSAGES_PER_MINUTE_MAX // 2:,} at once; the connection is closed",
    "unknown_message_type": "`type` is missing, or none that the socket knows",
    "invalid_message": "a field is missing, unknown, or of the wrong type; `details` says which",
    "epoch_mismatch": "the cursor belongs to another lifetime of the log: start again without it",
    "position_beyond_head": "the cursor's position has not been recorded",
    "forbidden": "the token is not for reading",
    "forbidden_channel": "the token does not cover a channel",
}

WAYS_IN: Final[Mapping[str, Json]] = {
    "header": {
        "type": "http",
        "scheme": "bearer",
        "description": "`Authorization: Bearer TOKEN`, with the request or the handshake.",
    },
    "subprotocol": {
        "type": "httpApiKey",
        "in": "header",
        "name": "Sec-WebSocket-Protocol",
        "description": "`synapse, synapse.bearer.TOKEN`: for a client that can set no header. The answer is `synapse`.",
    },
    "session": {
        "type": "httpApiKey",
        "in": "cookie",
        "name": COOKIE,
        "description": "A browser's, from `POST /api/session`, on a page of the server's own; 8 digits of the server"
        " follow the name.",
    },
}
"""Each is enough, and none is needed where reading is open. A WebSocket may send `authenticate` instead."""


@dataclass(frozen=True, slots=True)
class Door:
    """One place where clients connect.

    Attributes:
        key: its name in the document.
        server: the key of the server that it is at.
        receives: the messages that clients send here.
        sends: the messages that they get.
        errors: the codes of `error`, and their meaning.
        answers: what a message is answered by, other than by `error`.
    """

    key: str
    address: str
    server: str
    title: str
    text: str
    receives: tuple[str, ...]
    sends: tuple[str, ...]
    errors: Mapping[str, str]
    answers: Mapping[str, tuple[str, ...]]


_STREAMED: Final = tuple(name for name in CONTROL_MESSAGES if name not in {"unsubscribed", "pong"})
"""What a client that cannot speak is told, too."""

DOORS: Final = (
    Door(
        key="synapse",
        address="/ws/synapse",
        server="websocket",
        title="History, then live",
        text="A `subscribe` is answered by `subscription_confirmed`, the history in position order, "
        "`caught_up`, and then live events. The server says nothing before the client has spoken.",
        receives=tuple(CLIENT_MESSAGES),
        sends=(*CONTROL_MESSAGES, *EVENT_MESSAGES),
        errors={
            **_COMMON_ERRORS,
            "too_many_subscriptions": f"the connection holds {REQUESTS_MAX} subscribes already",
            "too_many_symbols": f"the connection would name more than {SYMBOLS_HELD_MAX:,} symbols,"
            f" or all of its client together more than {SYMBOLS_HELD_PER_CLIENT_MAX:,}",
        },
        answers={
            "subscribe": ("subscription_confirmed",),
            "unsubscribe": ("unsubscribed",),
            "ping": ("pong",),
        },
    ),
    Door(
        key="replay",
        address="/ws/replay",
        server="websocket",
        title="The time machine",
        text="The log again, paced by a clock on the server. Each command is answered by `replay_state`; "
        "a start and a seek by a `replay_snapshot` of the state at that moment, too.",
        receives=(*REPLAY_COMMANDS, "ping", "authenticate"),
        sends=(*REPLAY_CONTROL, "pong", "shutdown", "error", *EVENT_MESSAGES),
        errors={
            **_COMMON_ERRORS,
            "no_replay": "there is no replay yet: send `replay_start`",
            "outside_replay": "the place lies outside of what `replay_start` chose",
            "no_shift": "no shift was recorded in that direction",
            "projection_parked": "the state there holds an event that this program cannot read",
        },
        answers={
            **dict.fromkeys(REPLAY_COMMANDS, ("replay_state",)),
            "replay_start": ("replay_state", "replay_snapshot"),
            "replay_seek": ("replay_state", "replay_snapshot"),
            "ping": ("pong",),
        },
    ),
    Door(
        key="stream",
        address="/api/stream",
        server="http",
        title="Server-Sent Events",
        text="One request is one subscribe, its fields the query's parameters. The same messages, each the "
        "`data` of an event with its type as `event`; `Last-Event-ID` (`epoch:position`) resumes.",
        receives=(),
        sends=(*_STREAMED, *EVENT_MESSAGES),
        errors={},
        answers={},
    ),
)


def asyncapi_document(version: str) -> Json:
    """The document as JSON; `version` is the program's own."""
    return {
        "asyncapi": ASYNCAPI_VERSION,
        "id": "urn:synapse",
        "info": {
            "title": "Synapse",
            "version": version,
            "description": DESCRIPTION,
            "license": {"name": "MIT"},
        },
        "defaultContentType": "application/json",
        "servers": {key: _server(protocol) for key, protocol in _SERVERS.items()},
        "channels": {door.key: _channel(door) for door in DOORS},
        "operations": {key: one for door in DOORS for key, one in _operations(door).items()},
        "components": {
            "messages": {kind.name: _message(kind) for kind in message_kinds().values()},
            "schemas": component_schemas("#/components/schemas/{model}"),
            "securitySchemes": WAYS_IN,
        },
    }


_SERVERS: Final = {"websocket": "ws", "http": "http"}


def _server(protocol: str) -> Json:
    return {
        "host": "{address}",
        "protocol": protocol,
        "description": "Wherever the program runs; behind a proxy with TLS, the secure protocol.",
        "variables": {
            "address": {"default": "127.0.0.1:8000", "description": "Host and port."},
        },
        "security": [
            _ref("components", "securitySchemes", name)
            for name in WAYS_IN
            if name != "subprotocol" or protocol == "ws"
        ],
    }


def _channel(door: Door) -> Json:
    names = dict.fromkeys((*door.receives, *door.sends))
    channel: Json = {
        "address": door.address,
        "title": door.title,
        "description": door.text,
        "servers": [_ref("servers", door.server)],
        "messages": {name: _ref("components", "messages", name) for name in names},
    }
    if door.server == "websocket":
        channel["bindings"] = {"ws": {"method": "GET"}}
        channel["x-close-codes"] = [
            {"code": code, "meaning": meaning} for code, meaning in CLOSE_CODES.items()
        ]
    if door.errors:
        channel["x-error-codes"] = [
            {"code": code, "meaning": meaning} for code, meaning in door.errors.items()
        ]
    return channel


def _operations(door: Door) -> Json:
    """One for each message that clients send, and one each for events and all else that they get."""
    operations = {f"{door.key}_{name}": _received(door, name) for name in door.receives}
    kinds = message_kinds()
    events = [name for name in door.sends if kinds[name].is_event]
    control = [name for name in door.sends if not kinds[name].is_event]
    operations[f"{door.key}_events"] = _sent(door, "What the log holds.", events)
    operations[f"{door.key}_control"] = _sent(door, "What is said about it.", control)
    return operations


def _received(door: Door, name: str) -> Json:
    operation: Json = {
        "action": "receive",
        "channel": _ref("channels", door.key),
        "summary": message_kinds()[name].summary,
        "messages": [_ref("channels", door.key, "messages", name)],
    }
    if name in door.answers:
        answers = (*door.answers[name], "error")
        operation["reply"] = {
            "channel": _ref("channels", door.key),
            "messages": [_ref("channels", door.key, "messages", answer) for answer in answers],
        }
    return operation


def _sent(door: Door, summary: str, names: Iterable[str]) -> Json:
    return {
        "action": "send",
        "channel": _ref("channels", door.key),
        "summary": summary,
        "messages": [_ref("channels", door.key, "messages", name) for name in names],
    }


def _message(kind: MessageKind) -> Json:
    return {
        "name": kind.name,
        "title": kind.name.replace("_", " ").capitalize(),
        "summary": kind.summary,
        "contentType": "application/json",
        "payload": _ref("components", "schemas", kind.model.__name__),
        "examples": [{"name": "example", "payload": example_of(kind.name)}],
    }


def _ref(*parts: str) -> Json:
    return {"$ref": "#/" + "/".join(parts)}
