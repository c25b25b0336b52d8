"""The scalar types that payloads are made of: exact numbers, UTC times, symbols.

On the wire a price is a fixed-point decimal string and a time is RFC 3339; in Python they are `Decimal`
and an aware `datetime` in UTC; in SQL a time is an integer of microseconds since 1970-01-01T00:00:00Z.
"""

import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Any

from pydantic import Field, PlainSerializer, PlainValidator, WithJsonSchema

DECIMALS_MAX = 12
"""Digits after the point that an exact number may have."""

DECIMAL_PATTERN = r"^-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,12})?$"
RFC3339_PATTERN = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})$"
SYMBOL_PATTERN = r"^[A-Za-z0-9^][A-Za-z0-9._:/^=-]{0,31}$"
LABEL_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$"
SOURCE_PATTERN = r"^(import|simulated|api|manual|paper|feed:[a-z0-9][a-z0-9_-]{0,31})$"

_DECIMAL = re.compile(DECIMAL_PATTERN)
_TOO_FINE = re.compile(r"^-?(?:0|[1-9][0-9]{0,17})\.([0-9]{13,})$")
_RFC3339 = re.compile(RFC3339_PATTERN)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_WRITTEN_LENGTH = len("2026-01-16T12:00:00.000000Z")
_DAY_S = 86_400
_SECOND_US = 1_000_000


class TooManyDecimals(ValueError):
    """An exact number that would be one with fewer digits after the point."""


def parse_decimal(value: Any) -> Decimal:
    """Read an exact number from a fixed-point decimal string (or pass a finite `Decimal` through).

    Raises:
        TooManyDecimals: for more than 12 digits after the point.
        ValueError: for a JSON number, an exponent, NaN, infinity, or more than 18 digits before the point.
    """
    if isinstance(value, str):
        if _DECIMAL.fullmatch(value):
            return Decimal(value)
        if fine := _TOO_FINE.fullmatch(value):
            raise TooManyDecimals(
                f"has {len(fine[1])} digits after the point; at most {DECIMALS_MAX}"
            )
        raise ValueError('must be a fixed-point decimal string such as "1229.23"')
    if isinstance(value, Decimal):
        if _DECIMAL.fullmatch(format_decimal(value)):
            return value
        raise ValueError("must be finite, with at most 18 digits before and 12 after the point")
    raise ValueError('must be a decimal string such as "1229.23", not a number')


def format_decimal(value: Decimal) -> str:
    """Write an exact number in fixed-point notation, never with an exponent."""
    text = str(value)  # half the time of `format`, and the same but for exponents
    return format(value, "f") if "E" in text else text


def parse_time(value: Any) -> datetime:
    """Read an aware time and return it in UTC; digits beyond the microsecond are cut off.

    Raises:
        ValueError: for a number, a text that is not RFC 3339, or a time without an offset.
    """
    if isinstance(value, str):
        if len(value) == _WRITTEN_LENGTH and value[4:20:3] == "--T::." and value[26] == "Z":
            # As the log writes it: of this shape `fromisoformat` reads nothing that is not RFC 3339.
            with suppress(ValueError):  # what is wrong is said below
                return datetime.fromisoformat(value)
        if not _RFC3339.fullmatch(value):
            raise ValueError(
                'must be an RFC 3339 time with an offset, such as "2026-01-16T12:00:00Z"'
            )
        value = datetime.fromisoformat(value.upper())
    if not isinstance(value, datetime):
        raise ValueError('must be an RFC 3339 time such as "2026-01-16T12:00:00Z", not a number')
    if value.tzinfo is UTC:  # as the log writes it; `astimezone` would cost as much as all the rest
        return value
    if value.utcoffset() is None:
        raise ValueError("must carry an offset: a naive time names no moment")
    try:
        return value.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("must lie between the years 1 and 9999 in UTC") from error


def format_time(value: datetime) -> str:
    """Write an aware time as RFC 3339 in UTC with six digits: `2026-01-16T12:00:00.000000Z`."""
    return format_micros(to_micros(value))  # half the time of `isoformat`


def to_micros(value: datetime) -> int:
    """Microseconds since 1970-01-01T00:00:00Z; exact, also before 1970."""
    return (value - _EPOCH) // _MICROSECOND


def from_micros(value: int) -> datetime:
    """The aware UTC time that lies `value` microseconds after 1970-01-01T00:00:00Z."""
    return _EPOCH + timedelta(microseconds=value)


def format_micros(value: int) -> str:
    """The time that lies `value` microseconds after 1970-01-01T00:00:00Z, as `format_time` writes it."""
    seconds, micros = divmod(value, _SECOND_US)
    day, second = divmod(seconds, _DAY_S)
    return f"{_date_text(day)}{_clock_text(second)}{micros:06d}Z"


@lru_cache(_DAY_S)
def _date_text(day: int) -> str:
    return f"{(_EPOCH + timedelta(days=day)).date().isoformat()}T"


@lru_cache(_DAY_S)
def _clock_text(second: int) -> str:
    return f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}."


def parse_price(value: Any) -> Decimal:
    """`parse_decimal` of a number greater than 0."""
    number = parse_decimal(value)
    if number <= 0:
        raise ValueError("must be greater than 0")
    return number


def parse_quantity(value: Any) -> Decimal:
    """`parse_decimal` of a number that is not negative."""
    number = parse_decimal(value)
    if number < 0:
        raise ValueError("must not be negative")
    return number


_AS_TEXT = PlainSerializer(format_decimal, return_type=str)
_DECIMAL_SCHEMA = WithJsonSchema(
    {"type": "string", "pattern": DECIMAL_PATTERN, "examples": ["1229.23"]}
)
# Plain validators: what they return needs no second look, which cost as much as they do.
ExactNumber = Annotated[Decimal, PlainValidator(parse_decimal), _AS_TEXT, _DECIMAL_SCHEMA]
Price = Annotated[Decimal, PlainValidator(parse_price), _AS_TEXT, _DECIMAL_SCHEMA]
Quantity = Annotated[Decimal, PlainValidator(parse_quantity), _AS_TEXT, _DECIMAL_SCHEMA]
UtcTime = Annotated[
    datetime,
    PlainValidator(parse_time),
    PlainSerializer(format_time, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
Symbol = Annotated[str, Field(pattern=SYMBOL_PATTERN, examples=["SPX"])]
Label = Annotated[str, Field(pattern=LABEL_PATTERN)]
Text = Annotated[str, Field(max_length=500)]
Fraction = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
