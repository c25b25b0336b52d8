"""Which values a field can hold at all: numbers from here to there, texts of a pattern."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Final, get_args, get_origin

from pydantic import BaseModel, PlainValidator, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from events.scalars import parse_price, parse_quantity
from events.testing.errors import BadExpectation
from events.testing.values import shown

_FLOORS: Final[dict[Any, tuple[Decimal, bool]]] = {
    parse_price: (Decimal(0), True),
    parse_quantity: (Decimal(0), False),
}
"""The least number that a validator of ours lets through, and whether it is above that one."""


@dataclass(frozen=True, slots=True)
class Room:
    """The values of a field.

    Attributes:
        low, high: the least and the greatest number.
        above: whether all are greater than `low`.
        check: raises for a single value that it cannot hold.
    """

    low: Decimal = Decimal("-Infinity")
    high: Decimal = Decimal("Infinity")
    above: bool = False
    check: Callable[[Any], object] | None = None

    def __str__(self) -> str:
        low = f"above {self.low}" if self.above else f"from {self.low}"
        return f"{low} to {self.high}" if self.high.is_finite() else low

    def has(self, low: Any, high: Any, *, above: bool = False, below: bool = False) -> bool:
        """Whether a number from `low` to `high` is in it; above the one, below the other, if so said."""
        least, most = max(self.low, low), min(self.high, high)
        open_ = (above and least == low) or (below and most == high)
        open_ = open_ or (self.above and least == self.low)
        return bool(least < most or (least == most and not open_))

    def refuse(self, value: Any, kind: type) -> None:
        """Make sure that a coerced value is in it.

        Raises:
            BadExpectation: it is not.
        """
        if self.check is None or not issubclass(kind, Decimal | float | int | str):
            return
        if kind in {float, int}:
            whole = kind is int and value == int(value)
            value = int(value) if whole else float(value)
        try:
            self.check(value)
        except ValidationError as error:
            problem = error.errors(include_url=False, include_input=False)[0]["msg"]
            raise BadExpectation(f"{shown(value)} is no value of it: {problem}") from None


EVERYWHERE: Final = Room()


def room_of(annotation: Any) -> Room:
    """The values that an annotated type allows."""
    room = Room()
    for sign in _signs(annotation):
        if isinstance(sign, PlainValidator) and sign.func in _FLOORS:
            low, above = _FLOORS[sign.func]
            room = Room(low, room.high, above)
        for name in ("ge", "gt"):
            if (bound := getattr(sign, name, None)) is not None:
                room = Room(Decimal(str(bound)), room.high, name == "gt")
        if (bound := getattr(sign, "le", None)) is not None:
            room = Room(room.low, Decimal(str(bound)), room.above)
    return Room(room.low, room.high, room.above, TypeAdapter(annotation).validate_python)


def _signs(annotation: Any) -> list[Any]:
    """What is said beside a type, in whatever depth of `Annotated` and of unions."""
    found = []
    if get_origin(annotation) is Annotated:
        inner, *signs = get_args(annotation)
        found += _signs(inner)
        for sign in signs:
            found += sign.metadata if isinstance(sign, FieldInfo) else [sign]
    elif not isinstance(annotation, type) or not issubclass(annotation, BaseModel):
        for inner in get_args(annotation):
            found += _signs(inner)
    return found
