"""What a replay session asks of its driver, and what it looks for. Pure."""

from dataclasses import dataclass
from typing import Final

import orjson

from app.stream.abuse import HangUp
from app.stream.replay_protocol import ReplayStart, Speed
from events.catalog import Record
from events.messages import EventText
from events.selection import Selection
from events.store import ReadQuery

SHIFT_TYPES: Final = frozenset({"regime_update"})


@dataclass(frozen=True, slots=True)
class Course:
    """What a replay covers: some streams (None for all), after one position and up to another."""

    selection: Selection | None
    begin: int
    end: int
    speed: Speed


@dataclass(frozen=True, slots=True)
class Say:
    """Send a control message with this payload."""

    payload: Record


@dataclass(frozen=True, slots=True)
class Deliver:
    """Send these events, in one go."""

    events: tuple[EventText, ...]


@dataclass(frozen=True, slots=True)
class Read:
    """Read a page beside all else, then call `page`."""

    query: ReadQuery


@dataclass(frozen=True, slots=True)
class Open:
    """Find out what a start asks for, then call `open` or `refuse`."""

    request: ReplayStart


@dataclass(frozen=True, slots=True)
class FindTime:
    """Find the place of a market time, then call `go`."""

    request_id: str
    time_us: int


@dataclass(frozen=True, slots=True)
class Search:
    """Read a page of regime updates, then call `searched`."""

    request_id: str
    query: ReadQuery


@dataclass(frozen=True, slots=True)
class Project:
    """Project the state at a position, then call `land` or `refuse`.

    Attributes:
        request_id: the command that wants to go there.
        position: where to.
        clock_us: the market time that it is there; None for that of the last chosen event up to there.
        course: what to replay from there on.
        anew: whether it is a start, so that it plays.
    """

    request_id: str
    position: int
    clock_us: int | None
    course: Course
    anew: bool


@dataclass(frozen=True, slots=True)
class CheckToken:
    """Check the token that the client sent; hang up if it is wrong."""

    token: str


Effect = Say | Deliver | Read | Open | FindTime | Search | Project | CheckToken | HangUp


def is_shift(event: EventText) -> bool:
    """Whether an event is a shift: a final regime update whose regime differs from the one before."""
    if event.type not in SHIFT_TYPES:
        return False
    # One that a newer program wrote goes out as it is stored, and may lack anything.
    payload = orjson.loads(event.text)["payload"]
    previous = payload.get("previous_regime")
    return (
        payload.get("provisional") is False
        and previous is not None
        and payload.get("regime") != previous
    )
