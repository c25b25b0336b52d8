"""The wire: `WsMessageEnvelope`, every message's payload, and `MessageFactory`.

This module and `events.catalog` are the one source of the wire's types. Pure: no I/O and no clock.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Annotated, Any, Final, Generic, Literal, TypeAlias, TypeVar

import orjson
from pydantic import ConfigDict, Discriminator, Field, Tag, TypeAdapter, ValidationError
from pydantic_core import from_json

from app.stream.faults import faults_of
from app.stream.json_depth import JSON_DEPTH_MAX, is_too_deep
from events.catalog import (
    Channel,
    PortfolioUpdate,
    PriceAlert,
    PriceUpdate,
    Record,
    RegimeUpdate,
    SystemNotice,
    TradeExecution,
)
from events.scalars import SOURCE_PATTERN, Symbol, UtcTime, format_time

PROTOCOL_VERSION: Final = 1
MAX_SYMBOLS_PER_SUBSCRIBE: Final = 1_000
"""Symbols that one subscribe may name."""
MAX_HISTORY_LAST: Final = 10_000
"""Of a history's `last`."""
MAX_PROBLEMS_TOLD: Final = 20
"""What is wrong with a message: so many faults are named."""
MAX_MESSAGE_ID: Final = 128
"""Characters of a `msg_id`."""
TOO_DEEP: Final = "too_deep"
"""The code of an error after which the connection is closed."""

PayloadT = TypeVar("PayloadT", bound=Record)
MessageT = TypeVar("MessageT")

MessageId = Annotated[str, Field(min_length=1, max_length=MAX_MESSAGE_ID)]
Position = Annotated[int, Field(ge=0, le=2**53 - 1)]
Channels = Annotated[list[Channel], Field(min_length=1, max_length=len(Channel))]
Symbols = Annotated[list[Symbol], Field(min_length=1, max_length=MAX_SYMBOLS_PER_SUBSCRIBE)]


class WsMessageEnvelope(Record, Generic[PayloadT]):
    """What surrounds every message, both ways."""

    msg_id: MessageId
    payload: PayloadT
    timestamp: UtcTime


# --- client to server ---------------------------------------------------------------------------


class HistoryLast(Record):
    """The newest `last` events of each stream."""

    last: Annotated[int, Field(ge=1, le=MAX_HISTORY_LAST)]


class HistoryAfter(Record):
    """Everything after a position: how a client resumes."""

    after: Position


class HistorySince(Record):
    """Everything from the first position whose market time is not before `since`."""

    since: UtcTime


def _history_shape(value: Any) -> str:
    """Name the one shape that a history is meant to have, so that an error speaks of that one alone."""
    if isinstance(value, dict):
        return next((key for key in ("last", "after", "since") if key in value), "last")
    if isinstance(value, HistoryLast | HistoryAfter | HistorySince):
        return next(iter(type(value).model_fields))
    return "word"


History: TypeAlias = Annotated[
    Annotated[HistoryLast, Tag("last")]
    | Annotated[HistoryAfter, Tag("after")]
    | Annotated[HistorySince, Tag("since")]
    | Annotated[Literal["all", "none"], Tag("word")],
    Discriminator(_history_shape),
]


class Delivery(StrEnum):
    """What happens to events while the client is behind."""

    EVERY = "every"
    LATEST = "latest"


class SubscribePayload(Record):
    """Which streams the client wants, and how much of their past."""

    channels: Channels
    user_id: Annotated[str, Field(max_length=128)] | None = None
    symbols: Symbols | None = None
    history: History = HistoryLast(last=50)
    epoch: Annotated[str, Field(max_length=64)] | None = None
    delivery: Delivery = Delivery.EVERY


class UnsubscribePayload(Record):
    """Which streams the client no longer wants; all symbols unless it names some."""

    channels: Channels
    symbols: Symbols | None = None


class PingPayload(Record):
    """Nothing: the answer is a pong."""


class AuthenticatePayload(Record):
    """A token, where no header or subprotocol could carry one."""

    token: Annotated[str, Field(min_length=1, max_length=4096)]


class ClientMessage(WsMessageEnvelope[PayloadT], Generic[PayloadT]):
    """A message from the client; unknown fields are refused."""

    direction: Literal["c2s"]


class Subscribe(ClientMessage[SubscribePayload]):
    """History, then live."""

    type: Literal["subscribe"]


class Unsubscribe(ClientMessage[UnsubscribePayload]):
    """The end of some of it."""

    type: Literal["unsubscribe"]


class Ping(ClientMessage[PingPayload]):
    """Are you there?"""

    type: Literal["ping"]


class Authenticate(ClientMessage[AuthenticatePayload]):
    """Who I am."""

    type: Literal["authenticate"]


AnyClientMessage: TypeAlias = Annotated[
    Subscribe | Unsubscribe | Ping | Authenticate, Field(discriminator="type")
]

# --- server to client: control ------------------------------------------------------------------


class SubscriptionConfirmedPayload(Record):
    """The server's answer to a subscribe; history follows, then `caught_up`, then live events."""

    request_msg_id: MessageId
    channels: Channels
    epoch: str
    head: Position
    resumed: bool
    protocol_version: int
    schema_hash: str
    heartbeat_s: float


class CaughtUpPayload(Record):
    """The history is complete up to `position`; what follows is live."""

    request_msg_id: MessageId
    position: Position


class LaggingPayload(Record):
    """The client fell behind: delivery goes on from the store, after `from_position`."""

    request_msg_id: MessageId
    from_position: Position


class UnsubscribedPayload(Record):
    """The server's answer to an unsubscribe."""

    request_msg_id: MessageId
    channels: Channels
    symbols: Symbols | None


class PongPayload(Record):
    """The server's answer to a ping."""

    request_msg_id: MessageId


class HeartbeatPayload(Record):
    """Everything that matches up to `head` has been sent; `channels` has the newest position of each."""

    head: Position
    server_time: UtcTime
    channels: dict[Channel, Position]


class ShutdownPayload(Record):
    """The server goes away; come back after this many seconds."""

    reconnect_after_s: float


class Severity(StrEnum):
    """Whose problem an error is."""

    VALIDATION_ERROR = "validation_error"
    BUSINESS_LOGIC_ERROR = "business_logic_error"
    SYSTEM_ERROR = "system_error"


class Problem(Record):
    """One thing that is wrong with a message: where, and what."""

    path: str
    problem: str


class ErrorPayload(Record):
    """Why a message could not be served; the connection lives on."""

    severity: Severity
    code: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    message: str
    request_msg_id: str | None
    details: list[Problem]


class ServerMessage(WsMessageEnvelope[PayloadT], Generic[PayloadT]):
    """A message from the server; a client ignores the fields that it does not know."""

    model_config = ConfigDict(extra="ignore")

    type: str
    direction: Literal["s2c"]


class EventMessage(ServerMessage[PayloadT], Generic[PayloadT]):
    """A message that carries a recorded event; `msg_id` is its id, `timestamp` its commit time."""

    position: Annotated[int, Field(ge=1)]
    stream: str
    version: Annotated[int, Field(ge=1)]
    occurred_at: UtcTime
    source: Annotated[str, Field(pattern=SOURCE_PATTERN)]


CLIENT_MESSAGES: Final[Mapping[str, type[Record]]] = {
    "subscribe": SubscribePayload,
    "unsubscribe": UnsubscribePayload,
    "ping": PingPayload,
    "authenticate": AuthenticatePayload,
}
CONTROL_MESSAGES: Final[Mapping[str, type[Record]]] = {
    "subscription_confirmed": SubscriptionConfirmedPayload,
    "caught_up": CaughtUpPayload,
    "unsubscribed": UnsubscribedPayload,
    "pong": PongPayload,
    "heartbeat": HeartbeatPayload,
    "lagging": LaggingPayload,
    "shutdown": ShutdownPayload,
    "error": ErrorPayload,
}
EVENT_MESSAGES: Final[Mapping[str, type[Record]]] = {
    "regime_update": RegimeUpdate,
    "price_alert": PriceAlert,
    "portfolio_update": PortfolioUpdate,
    "trade_execution": TradeExecution,
    "price_update": PriceUpdate,
    "system_notice": SystemNotice,
}
_CONTROL_TYPE: Final = {model: name for name, model in CONTROL_MESSAGES.items()}
_CLIENT_ADAPTER: Final[TypeAdapter[AnyClientMessage]] = TypeAdapter(AnyClientMessage)


class RefusedMessage(Exception):
    """A client's message that does not fit the protocol, with the answer that it deserves."""

    def __init__(self, answer: ErrorPayload) -> None:
        super().__init__(answer.message)
        self.answer = answer


def describe_problems(errors: Sequence[Mapping[str, Any]]) -> list[Problem]:
    """Turn pydantic's errors into paths and problems."""
    return [
        Problem(
            path=".".join(str(part) for part in error["loc"]),
            problem=str(error["msg"]).removeprefix("Value error, "),
        )
        for error in errors
    ]


def _without_tags(problem: Problem, known: Mapping[str, type[Record]]) -> Problem:
    """Drop the union tags that pydantic puts in a path: the message's type, a field's shape."""
    parts = problem.path.split(".")
    if parts[0] in known:
        parts = parts[1:]
    if parts[:2] in (["payload", "history"], ["payload", "speed"]):
        del parts[2:3]
    return Problem(path=".".join(parts), problem=problem.problem)


def parse_client_message(text: str | bytes) -> AnyClientMessage:
    """Read one message of a client.

    Raises:
        RefusedMessage: with code `malformed_json`, `too_deep`, `unknown_message_type` or `invalid_message`.
    """
    return parse_with(_CLIENT_ADAPTER, CLIENT_MESSAGES, text)


def parse_with(
    adapter: TypeAdapter[MessageT], known: Mapping[str, type[Record]], text: str | bytes
) -> MessageT:
    """Read one message of those that a socket knows; raises as `parse_client_message` does."""
    if is_too_deep(text):
        told = f"the message nests deeper than {JSON_DEPTH_MAX} arrays and objects"
        raise RefusedMessage(_refuse(TOO_DEEP, told, None, []))
    try:
        return adapter.validate_json(text)
    except ValidationError as error:
        raise RefusedMessage(_refusal(text, error, known)) from None


def _refusal(
    text: str | bytes, error: ValidationError, of: Mapping[str, type[Record]]
) -> ErrorPayload:
    errors = faults_of(error)[:MAX_PROBLEMS_TOLD]
    kind = errors[0]["type"]
    try:
        loose: Any = from_json(text)
    except (TypeError, ValueError):  # the former for a text that has no UTF-8
        return _refuse("malformed_json", "the message is not JSON", None, describe_problems(errors))
    msg_id = loose.get("msg_id") if isinstance(loose, dict) else None
    request = msg_id[:MAX_MESSAGE_ID] if isinstance(msg_id, str) else None
    if kind in {"union_tag_invalid", "union_tag_not_found"}:
        known = ", ".join(of)
        problem = Problem(path="type", problem=f"must be one of: {known}")
        told = f"the message type must be one of: {known}"
        return _refuse("unknown_message_type", told, request, [problem])
    problems = [_without_tags(problem, of) for problem in describe_problems(errors)]
    return _refuse("invalid_message", "the message does not fit its type", request, problems)


def _refuse(code: str, message: str, request: str | None, details: list[Problem]) -> ErrorPayload:
    severity = Severity.VALIDATION_ERROR
    return ErrorPayload(
        severity=severity, code=code, message=message, request_msg_id=request, details=details
    )


@cache
def schema_hash() -> str:
    """SHA-256 over the JSON Schemas of every message: it changes whenever the wire does."""
    groups = (CLIENT_MESSAGES, CONTROL_MESSAGES, EVENT_MESSAGES)
    schemas = {name: model.model_json_schema() for group in groups for name, model in group.items()}
    return hashlib.sha256(orjson.dumps(schemas, option=orjson.OPT_SORT_KEYS)).hexdigest()


class MessageFactory:
    """Makes every message that the server sends; the clock and the ids are handed in."""

    def __init__(self, now: Callable[[], datetime], new_id: Callable[[], str]) -> None:
        self._now = now
        self._new_id = new_id

    def control(self, payload: Record) -> str:
        """The text of a control message; its type follows from the payload's class."""
        return self.message(_CONTROL_TYPE[type(payload)], payload)

    def message(self, name: str, payload: Record) -> str:
        """The text of a message of any type that carries no event."""
        return (
            f'{{"msg_id":"{self._new_id()}","type":"{name}","payload":{payload.model_dump_json()},'
            f'"direction":"s2c","timestamp":"{format_time(self._now())}"}}'
        )
