"""How numbers and times are written: as on the dashboard, with ISO 8601 times in UTC."""

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from app.moments import parse_moment

NOTHING: Final = "-"
"""Where a figure is not known."""

Number = float | Decimal

_FINE_BELOW: Final = 10
_UNITS: Final = ((86_400, "d"), (3_600, "h"), (60, "min"))


def percent(fraction: Number | None, digits: int = 1) -> str:
    """A fraction as percent: 0.873 -> `87.3 %`."""
    return NOTHING if fraction is None else f"{_zeroed(float(fraction) * 100, digits):.{digits}f} %"


def signed_percent(fraction: Number | None, digits: int = 1) -> str:
    """The same with a sign: what was won or lost."""
    return NOTHING if fraction is None else f"{_signed(float(fraction) * 100, digits)} %"


def share(fraction: Number | None) -> str:
    """A confidence: percent without decimals."""
    return percent(fraction, 0)


def signed(value: Number | None, digits: int = 2) -> str:
    """A number with its sign."""
    return NOTHING if value is None else _signed(float(value), digits)


def plain(value: Number | None, digits: int = 4) -> str:
    """A number of unknown meaning, such as a weight."""
    return NOTHING if value is None else f"{_zeroed(float(value), digits):.{digits}f}"


def price(value: Number | None) -> str:
    """Two decimals, five significant digits of what is worth less than 10."""
    if value is None:
        return NOTHING
    number = float(value)
    return f"{number:.5g}" if 0 < abs(number) < _FINE_BELOW else f"{number:,.2f}"


def money(value: Number | None) -> str:
    """An amount: two decimals."""
    return NOTHING if value is None else f"{value:,.2f}"


def count(value: int | None) -> str:
    """A number of things."""
    return NOTHING if value is None else f"{value:,}"


def counted(value: int | None, noun: str) -> str:
    """A number of things, with their name: `1 shift`, `1,204 alerts`."""
    return f"{count(value)} {noun}{'' if value == 1 else 's'}"


def instant(at: datetime | None) -> str:
    """A time to the second, as it may be given as a moment again: `2008-09-15T21:00:00Z`."""
    return NOTHING if at is None else f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def asked_text(asked: str | None, at: datetime | None) -> str:
    """A time or day that was asked for, where what was found is of an earlier one; else nothing."""
    try:
        moment = parse_moment(asked)
    except ValueError:
        return ""
    if not isinstance(moment, datetime) or at is None or at >= moment:
        return ""
    same_day = f"{at.astimezone(UTC):%Y-%m-%d}" == asked
    return "" if same_day else f"{asked}"


def place_text(asked: str | None, position: int, known_at: str | None = None) -> str:
    """Where a state stands: of a time it holds events by market time, and at the newest one's position may be more."""
    by_time = known_at is not None or (
        asked is not None and isinstance(parse_moment(asked), datetime)
    )
    return f"of events up to position {position}" if by_time else f"position {position}"


def instants(times: Iterable[datetime | None]) -> list[str]:
    """A column of times: days alone where all have the same clock, as the closes of daily bars have."""
    known = list(times)
    clocks = {at.astimezone(UTC).time() for at in known if at is not None}
    if len(clocks) == 1 and len(known) > 1:
        return [NOTHING if at is None else f"{at.astimezone(UTC):%Y-%m-%d}" for at in known]
    return [instant(at) for at in known]


def duration(seconds: float | None) -> str:
    """A length of time in its largest two units: `78 d`, `2 h 5 min`, `13 s`."""
    if seconds is None:
        return NOTHING
    left = round(seconds)
    for index, (size, name) in enumerate(_UNITS):
        if left >= size:
            rest = "" if index == 0 else _rest(left % size, index)
            return f"{left // size} {name}{rest}"
    return f"{left} s"


def _rest(left: int, index: int) -> str:
    size, name = (*_UNITS, (1, "s"))[index + 1]
    return f" {left // size} {name}" if left >= size else ""


def safe(text: str) -> str:
    """A text of the log without what would steer the terminal."""
    return "".join(each if each.isprintable() else "\ufffd" for each in text)


def words(name: str) -> str:
    """`capital_preservation` -> `capital preservation`."""
    return name.replace("_", " ")


def _signed(value: float, digits: int) -> str:
    shown = _zeroed(value, digits)
    return f"{shown:+,.{digits}f}" if shown else f"{0:.{digits}f}"


def _zeroed(value: float, digits: int) -> float:
    """A number that would be written as -0 is 0."""
    return 0.0 if abs(value) < 0.5 * 10**-digits else value
