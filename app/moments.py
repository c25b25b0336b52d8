"""A moment as people name it: a position of the log, a market time, a date, the head, or the last shift. Pure."""

import re
from datetime import UTC, date, datetime, time
from typing import Any, Final, Literal

from events.scalars import parse_time

HEAD: Final = "head"
LAST_SHIFT: Final = "last-shift"
POSITION_MAX: Final = 2**53 - 1
"""The largest position that JSON readers keep exact."""

_DIGITS: Final = re.compile(r"[0-9]{1,16}")
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_NO_OFFSET: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,9})?)?"
)
_TIME_WORDS: Final = "must be a time such as 2008-09-15T14:00:00Z, or a date"
_WORDS: Final = "must be a position, an RFC 3339 time, a date, head or last-shift"

Moment = int | datetime | Literal["head", "last-shift"]


def parse_moment(value: Any) -> Moment:
    """Read a moment. A date means all of that day, in UTC: the moment is its end.

    Raises:
        ValueError: it is none.
    """
    if not isinstance(value, str):
        raise ValueError(f"{_WORDS}, not {value!r}")
    if value == HEAD:
        return HEAD
    if value == LAST_SHIFT:
        return LAST_SHIFT
    if _DIGITS.fullmatch(value) and int(value) <= POSITION_MAX:
        return int(value)
    try:
        return _time(value, end=True)
    except ValueError as error:
        raise ValueError(_told(_WORDS, value)) from error


def parse_bound(value: str, *, end: bool) -> datetime:
    """Read one end of a range of market times: a date is taken from its beginning, or up to its end, in UTC.

    Raises:
        ValueError: it is neither a time with an offset nor a date.
    """
    try:
        return _time(value, end=end)
    except ValueError as error:
        raise ValueError(_told(_TIME_WORDS, value)) from error


def bound_of(value: date, *, end: bool) -> datetime:
    """The same of a Python value: a `datetime` with an offset stays what it is, a `date` is a day in UTC.

    Raises:
        ValueError: it is a time without an offset.
    """
    if not isinstance(value, datetime):
        return _day(value, end=end)
    if value.tzinfo is None:
        raise ValueError(
            f"{value.isoformat()} has no offset: say which zone, as datetime(..., tzinfo=UTC)"
        )
    return value


def moment_text(moment: Moment) -> str:
    """A moment in words, as it may be given again: of a day's end the day."""
    if not isinstance(moment, datetime):
        return f"position {moment}" if isinstance(moment, int) else moment
    at = moment.astimezone(UTC)
    if at.time() == time.max:
        return at.date().isoformat()
    # Not `strftime`: it writes the year 800 as `800`, which is no time.
    return f"{at.replace(tzinfo=None).isoformat()}Z"


def _told(words: str, value: str) -> str:
    """What a moment must be; of a time without an offset, what to add."""
    if not _NO_OFFSET.fullmatch(value):
        return f"{words}, not {value!r}"
    whole = value.replace(" ", "T") + ("" if value.count(":") > 1 else ":00")
    return f"{words}; {value} has no offset: add Z for UTC, as {whole}Z"


def _time(value: str, *, end: bool) -> datetime:
    if _DATE.fullmatch(value):
        return _day(date.fromisoformat(value), end=end)
    # In a URL an unescaped + reads as a space, and no RFC 3339 time has one.
    return parse_time(value.replace(" ", "+"))


def _day(day: date, *, end: bool) -> datetime:
    if end:
        return datetime.combine(day, time.max, tzinfo=UTC)
    return datetime.combine(day, time(), tzinfo=UTC)
