"""The wire of `/ws/replay`: what a client may command, and what it is told beside the events.

The envelope, the events, `ping`, `authenticate` and `error` are those of `app.stream.protocol`. Pure.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Final, Literal, Self, TypeAlias

from pydantic import Discriminator, Field, JsonValue, Tag, TypeAdapter, model_validator

from app.stream.protocol import (
    Authenticate,
    AuthenticatePayload,
    Channels,
    ClientMessage,
    MessageId,
    Ping,
    PingPayload,
    Position,
    Symbols,
    parse_with,
)
from events.catalog import Record
from events.scalars import UtcTime

MARKET_SPEED_MAX: Final = 1_000_000
"""The greatest `speed` in market seconds a second; the least is 1."""

EVENTS_PER_S_MAX: Final = 1_000_000
"""The greatest `events_per_s`; the least is `EVENTS_PER_S_MIN`."""

EVENTS_PER_S_MIN: Final = 0.001
"""The least `events_per_s`: an event in a quarter of an hour."""

STEP_EVENTS_MAX: Final = 10_000
"""Events in one `replay_step`."""


class EventRate(Record):
    """So many events a second, whatever their market time."""

    events_per_s: Annotated[float, Field(ge=EVENTS_PER_S_MIN, le=EVENTS_PER_S_MAX)]


def _speed_shape(value: Any) -> str:
    """Name the one shape that a speed is meant to have, so that an error speaks of that one alone."""
    if isinstance(value, dict | EventRate):
        return "rate"
    return "word" if isinstance(value, str) else "market"


Speed: TypeAlias = Annotated[
    Annotated[float, Field(ge=1, le=MARKET_SPEED_MAX), Tag("market")]
    | Annotated[Literal["max"], Tag("word")]
    | Annotated[EventRate, Tag("rate")],
    Discriminator(_speed_shape),
]
"""Market seconds a second, as fast as the client reads, or events a second."""


class ReplayStartPayload(Record):
    """Which streams to replay, from where to where, and how fast."""

    channels: Channels
    symbols: Symbols | None = None
    after: Position | None = None
    since: UtcTime | None = None
    before: Position | None = None
    until: UtcTime | None = None
    epoch: Annotated[str, Field(max_length=64)] | None = None
    speed: Speed = 1.0

    @model_validator(mode="after")
    def _one_beginning_and_one_end(self) -> Self:
        if self.after is not None and self.since is not None:
            raise ValueError("give either after or since, not both")
        if self.before is not None and self.until is not None:
            raise ValueError("give either before or until, not both")
        if self.after is not None and self.before is not None and self.after >= self.before:
            raise ValueError("before must be greater than after")
        if self.since is not None and self.until is not None and self.since > self.until:
            raise ValueError("until must not be before since")
        return self


class ReplayPausePayload(Record):
    """Nothing: stop the clock."""


class ReplayResumePayload(Record):
    """Nothing: let the clock run on."""


class ReplaySeekPayload(Record):
    """Where to go on from: right after a position, or at a market time."""

    position: Position | None = None
    time: UtcTime | None = None

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.position is None) == (self.time is None):
            raise ValueError("give either position or time")
        return self


class ReplaySpeedPayload(Record):
    """How fast from now on."""

    speed: Speed


class ReplayStepPayload(Record):
    """So many events at once, and then a pause."""

    events: Annotated[int, Field(ge=1, le=STEP_EVENTS_MAX)] = 1


class ReplayNextShiftPayload(Record):
    """Nothing: go to the first shift after here."""


class ReplayPreviousShiftPayload(Record):
    """Nothing: go to the last shift before here."""


class ReplayStart(ClientMessage[ReplayStartPayload]):
    """Begin, or begin anew."""

    type: Literal["replay_start"]


class ReplayPause(ClientMessage[ReplayPausePayload]):
    """Stand still."""

    type: Literal["replay_pause"]


class ReplayResume(ClientMessage[ReplayResumePayload]):
    """Go on."""

    type: Literal["replay_resume"]


class ReplaySeek(ClientMessage[ReplaySeekPayload]):
    """Go elsewhere."""

    type: Literal["replay_seek"]


class ReplaySetSpeed(ClientMessage[ReplaySpeedPayload]):
    """Go faster or slower."""

    type: Literal["replay_speed"]


class ReplayStep(ClientMessage[ReplayStepPayload]):
    """A few events, one command at a time."""

    type: Literal["replay_step"]


class ReplayNextShift(ClientMessage[ReplayNextShiftPayload]):
    """To the next shift."""

    type: Literal["replay_next_shift"]


class ReplayPreviousShift(ClientMessage[ReplayPreviousShiftPayload]):
    """To the shift before."""

    type: Literal["replay_previous_shift"]


AnyReplayMessage: TypeAlias = Annotated[
    ReplayStart
    | ReplayPause
    | ReplayResume
    | ReplaySeek
    | ReplaySetSpeed
    | ReplayStep
    | ReplayNextShift
    | ReplayPreviousShift
    | Ping
    | Authenticate,
    Field(discriminator="type"),
]


class ReplayStatus(StrEnum):
    """What a replay is doing; finished when nothing is left to send."""

    PLAYING = "playing"
    PAUSED = "paused"
    FINISHED = "finished"


class ReplayStatePayload(Record):
    """Where a replay stands: all that was chosen up to `position` has been sent, or is in the snapshot."""

    request_msg_id: MessageId | None
    status: ReplayStatus
    clock: UtcTime | None
    position: Position
    begin: Position
    end: Position
    speed: Speed


class ReplaySnapshotPayload(Record):
    """The projected state right after `position`, as `GET /api/state?position=` gives it."""

    request_msg_id: MessageId
    position: Position
    state_hash: str
    state: dict[str, JsonValue]


REPLAY_COMMANDS: Final[Mapping[str, type[Record]]] = {
    "replay_start": ReplayStartPayload,
    "replay_pause": ReplayPausePayload,
    "replay_resume": ReplayResumePayload,
    "replay_seek": ReplaySeekPayload,
    "replay_speed": ReplaySpeedPayload,
    "replay_step": ReplayStepPayload,
    "replay_next_shift": ReplayNextShiftPayload,
    "replay_previous_shift": ReplayPreviousShiftPayload,
}
REPLAY_CONTROL: Final[Mapping[str, type[Record]]] = {
    "replay_state": ReplayStatePayload,
    "replay_snapshot": ReplaySnapshotPayload,
}
_KNOWN: Final[Mapping[str, type[Record]]] = {
    **REPLAY_COMMANDS,
    "ping": PingPayload,
    "authenticate": AuthenticatePayload,
}
_ADAPTER: Final[TypeAdapter[AnyReplayMessage]] = TypeAdapter(AnyReplayMessage)


def parse_replay_message(text: str | bytes) -> AnyReplayMessage:
    """Read one message of a client.

    Raises:
        RefusedMessage: with code `malformed_json`, `too_deep`, `unknown_message_type` or `invalid_message`.
    """
    return parse_with(_ADAPTER, _KNOWN, text)
