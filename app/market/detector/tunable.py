"""The constants of a detector that may be others, to try what it would have said then.

A detector with another constant is a variant: its version ends with `-variant` and its `constants_hash` is its
own, so that nobody takes its readings for those of the frozen one.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Final

VARIANT: Final = "-variant"
"""What the version of every variant ends with."""

Values = Mapping[str, float]
"""Constants by name; a whole number is an `int`."""


class WrongConstant(ValueError):
    """A constant that the detector does not have, or a value that makes no sense."""


@dataclass(frozen=True, slots=True)
class Constant:
    """One constant that may be another.

    Attributes:
        name: what it is called.
        default: its frozen value.
        low, high: the least and the greatest value that makes sense.
        meaning: what it does, in a few words.
    """

    name: str
    default: float
    low: float
    high: float
    meaning: str

    @property
    def whole(self) -> bool:
        """Whether only whole numbers make sense: it counts bars."""
        return isinstance(self.default, int)

    def __str__(self) -> str:
        return f"{self.name} ({self.default:g}; {self.low:g} to {self.high:g})"

    def checked(self, value: float) -> float:
        """The value, a whole one as an `int`.

        Raises:
            WrongConstant: it is out of range, or not whole where it must be.
        """
        fits = isfinite(value) and self.low <= value <= self.high
        if not fits or (self.whole and value != int(value)):
            number = "a whole number" if self.whole else "a number"
            raise WrongConstant(
                f"{self.name} must be {number} from {self.low:g} to {self.high:g}, not {value:g}"
                f" (its default is {self.default:g})"
            )
        return int(value) if self.whole else float(value)


def changed(name: str, known: Sequence[Constant], values: Values) -> dict[str, float]:
    """Those of the values that are not the default, in the detector's own order.

    Args:
        name: the detector's.
        known: its constants.
        values: what they shall be.

    Raises:
        WrongConstant: one is not known, or out of range.
    """
    unknown = sorted(values.keys() - {each.name for each in known})
    if unknown:
        has = f"it has {', '.join(map(str, known))}" if known else "it has none that can be set"
        raise WrongConstant(f"The detector {name!r} has no constant {unknown[0]!r}; {has}.")
    wanted = {each: each.checked(values[each.name]) for each in known if each.name in values}
    return {each.name: value for each, value in wanted.items() if value != each.default}


def variant_hash(default_hash: str, values: Values) -> str:
    """16 hex digits over the frozen constants and those that are others."""
    return hashlib.sha256(repr((default_hash, sorted(values.items()))).encode()).hexdigest()[:16]


def require_order(values: Values, lower: str, upper: str) -> None:
    """Make sure that a state is left no sooner than it is entered.

    Raises:
        WrongConstant: the limit for leaving lies above the one for entering.
    """
    if values[lower] > values[upper]:
        raise WrongConstant(
            f"{lower} ({values[lower]:g}) must not be above {upper} ({values[upper]:g}):"
            " a regime would be left before it is entered"
        )
