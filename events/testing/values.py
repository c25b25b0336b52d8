"""Values as people write them in tests, made comparable with those that events hold.

`regime="CRASH"` or `Regime.CRASH`; `price="1.5"`, `1.5` or `Decimal("1.5")`; a time as RFC 3339, as an aware
`datetime`, or as a bare date, which stands for that whole day in UTC.
"""

import re
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import Any, Final
from uuid import UUID

from events.scalars import format_decimal, format_time, parse_time
from events.testing.errors import BadExpectation, did_you_mean

SHOWN_MAX: Final = 120
"""Characters of a value that a message shows."""

_NUMBER: Final = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def coerced(value: Any, kind: type) -> Any:
    """A value as one of `kind`, to compare with one that an event holds.

    Raises:
        BadExpectation: no value of that kind can be like it.
    """
    if isinstance(value, Enum) and not issubclass(kind, Enum):
        value = value.value
    if issubclass(kind, Enum):
        return _member(value, kind)
    if kind is bool:
        return _plain(value, bool)
    if issubclass(kind, Decimal | float | int):
        return _number(value)
    if issubclass(kind, datetime):
        return _time(value)
    if issubclass(kind, UUID):
        return _uuid(value)
    if issubclass(kind, str):
        return str(value) if isinstance(value, UUID) else _plain(value, str)
    return value


def _member(value: Any, kind: type[Enum]) -> Enum:
    if isinstance(value, kind):
        return value
    known = [str(member.value) for member in kind]
    if isinstance(value, str) and value in known:
        return kind(value)
    raise BadExpectation(f"{value!r} is no {kind.__name__}{did_you_mean(str(value), known)}")


def _plain(value: Any, kind: type) -> Any:
    if isinstance(value, kind):
        return value
    raise BadExpectation(f"{value!r} is no {kind.__name__}")


def _number(value: Any) -> Decimal:
    """Exact: a float by its shortest text, so that 1.1 is the price "1.1"."""
    if type(value).__name__.startswith("Approx"):
        raise BadExpectation(f"{value!r} is pytest's: say approx(…) of events.testing")
    if isinstance(value, bool) or not isinstance(value, Decimal | float | int | str):
        raise BadExpectation(f"{value!r} is no number")
    if isinstance(value, str) and not _NUMBER.fullmatch(value):
        raise BadExpectation(f"{value!r} is no number")
    try:
        number = Decimal(repr(value) if isinstance(value, float) else value)
    except InvalidOperation:
        raise BadExpectation(f"{value!r} is no number") from None
    if number.is_nan():
        raise BadExpectation("NaN equals nothing")
    return number


def _time(value: Any) -> datetime | date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        if isinstance(value, str) and _DATE.fullmatch(value):
            return date.fromisoformat(value)
        return parse_time(value)
    except ValueError as error:
        raise BadExpectation(f"{value!r}: a time {error}") from None


def _uuid(value: Any) -> UUID:
    try:
        return value if isinstance(value, UUID) else UUID(value)
    except (ValueError, AttributeError, TypeError):
        raise BadExpectation(f"{value!r} is no id (a UUID)") from None


def comparable(actual: Any, wanted: Any) -> Any:
    """What an event holds, as it is compared with a coerced value."""
    if isinstance(actual, float) or (isinstance(actual, int) and not isinstance(actual, bool)):
        return _number(actual)
    if isinstance(actual, datetime) and type(wanted) is date:
        return actual.astimezone(UTC).date()
    return actual


def shown(value: Any) -> str:
    """A value as a message shows it."""
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, Decimal):
        return format_decimal(value) if value.is_finite() else str(value)
    if isinstance(value, datetime):
        return format_time(value) if value.tzinfo else repr(value)
    if isinstance(value, UUID):
        return str(value)
    text = repr(value)
    return text if len(text) <= SHOWN_MAX else f"{text[:SHOWN_MAX]}…"
