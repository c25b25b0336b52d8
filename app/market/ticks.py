"""`PriceTick`: an input price for one symbol at one time; not yet an event."""

from decimal import Decimal
from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from events.catalog import Record
from events.scalars import Price, Quantity, Symbol, UtcTime

MAX_BAR_S = 31_622_400
"""The longest bar: a leap year."""


class PriceTick(Record):
    """A ready bar (`bar_s` set; `timestamp` is its close) or a bare tick (`bar_s` None).

    Attributes:
        price: the bar's close or the last price; exact, finite, greater than 0.
        timestamp: market time, UTC.
        open, high, low: all three or none; `low` and `high` enclose `open` and `price`.
        volume: shares or contracts in the bar; not negative.
        bar_s: the bar's length in seconds.

    Raises:
        pydantic.ValidationError: each error's `loc` is the field that is wrong.
    """

    symbol: Symbol
    price: Price
    timestamp: UtcTime
    open: Price | None = None
    high: Annotated[Price | None, Field(validate_default=True)] = None
    low: Annotated[Price | None, Field(validate_default=True)] = None
    volume: Quantity | None = None
    bar_s: Annotated[int, Field(gt=0, le=MAX_BAR_S)] | None = None

    @field_validator("high")
    @classmethod
    def _encloses_from_above(cls, high: Decimal | None, known: ValidationInfo) -> Decimal | None:
        _require_company("high", high, known)
        for name in ("open", "price"):
            other = known.data.get(name)
            if high is not None and other is not None and high < other:
                raise ValueError(f"must not be below {name} ({other})")
        return high

    @field_validator("low")
    @classmethod
    def _encloses_from_below(cls, low: Decimal | None, known: ValidationInfo) -> Decimal | None:
        _require_company("low", low, known)
        for name in ("open", "price", "high"):
            other = known.data.get(name)
            if low is not None and other is not None and low > other:
                raise ValueError(f"must not be above {name} ({other})")
        return low


def _require_company(name: str, value: Decimal | None, known: ValidationInfo) -> None:
    # A field that failed its own validation is absent from `known.data` and has its own error.
    if "open" in known.data and (value is None) != (known.data["open"] is None):
        missing = name if value is None else "open"
        raise ValueError(f"open, high and low come together: {missing} is missing")
