"""A moment as a query names it: a position of the log, a market time, or the head."""

import re
from datetime import datetime
from typing import Annotated, Any, Final, Literal

from fastapi import Query
from pydantic import BeforeValidator

from app.live_state import LiveState
from events.scalars import parse_time

HEAD: Final = "head"
POSITION_MAX: Final = 2**53 - 1
"""The largest position that JSON readers keep exact."""

_DIGITS: Final = re.compile(r"[0-9]{1,16}")

Moment = int | datetime | Literal["head"]


def parse_moment(value: Any) -> Moment:
    """Read a moment.

    Raises:
        ValueError: it is none of the three.
    """
    if not isinstance(value, str):
        raise ValueError("must be a position, an RFC 3339 time, or head")
    if value == HEAD:
        return HEAD
    if _DIGITS.fullmatch(value) and int(value) <= POSITION_MAX:
        return int(value)
    # In a URL an unescaped + reads as a space, and no RFC 3339 time has one.
    try:
        return parse_time(value.replace(" ", "+"))
    except ValueError as error:
        raise ValueError(f"must be a position, head, or a time: {error}") from error


MomentParam = Annotated[
    Moment,
    BeforeValidator(parse_moment),
    Query(description="A position, an RFC 3339 market time with an offset, or `head`."),
]


async def state_at(live: LiveState, moment: Moment) -> dict[str, Any]:
    """The presented state of a moment.

    Raises:
        PositionBeyondHead: the position has not been recorded yet.
        ProjectionParked: it lies beyond an event that this program cannot read.
    """
    if isinstance(moment, int):
        return await live.at_position(moment)
    if isinstance(moment, datetime):
        return await live.at_time(moment, None)
    return await live.now()
