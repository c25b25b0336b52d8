"""What a sensor is: prices in, now and then an alert out. Pure; a rule's memory is handed in and out.

A sensor holds only what follows from its rule. Memory that did not change is handed back as the same object.
"""

from decimal import Decimal
from typing import Any, Final, NamedTuple, Protocol

from app.market.alerts.rules import EXACT, AlertRule, plain
from events.catalog import AlertSeverity
from events.scalars import format_decimal

QUIET_BARS: Final = 21
"""Bars before a volatility, or the high of a window, means anything: nothing fires on them before."""

SECOND_US: Final = 1_000_000
_HUNDRED: Final = Decimal(100)


class Moment(NamedTuple):
    """A price, and what the symbol's closes say of it.

    Attributes:
        value: the price as a float.
        at_us: its market time, in microseconds since 1970.
        closes: the closes of the bars that closed with it or before it, oldest first.
        bars: how many bars had closed before it.
        move: the log of the price over the last close; 0 before the first one.
        spread: the standard deviation of the moves from close to close; None while it is not known.
    """

    symbol: str
    price: Decimal
    value: float
    at_us: int
    closes: tuple[float, ...]
    bars: int
    move: float
    spread: float | None


class Firing(NamedTuple):
    """A rule that fires.

    Attributes:
        threshold: what was crossed: a price, a share, standard deviations.
        message: for people.
    """

    rule: AlertRule
    threshold: Decimal | None
    message: str

    @property
    def severity(self) -> AlertSeverity:
        """How loud it is."""
        return self.rule.severity or AlertSeverity.INFO


class Sensor(Protocol):
    """Looks at prices for one rule."""

    @property
    def fresh(self) -> Any:
        """The memory before the first price."""

    def look(self, memory: Any, now: Moment) -> tuple[Any, Firing | None]:
        """The memory after a price, and the alert if the rule fires at it."""


def money(price: Decimal) -> str:
    """A price for people, every digit of it."""
    return format_decimal(price)


def percent(share: Decimal) -> str:
    """A share for people: `12.5 %`."""
    return f"{format_decimal(plain(EXACT.multiply(share, _HUNDRED)))} %"


def span(seconds: int) -> str:
    """A span for people, in the largest unit that measures it: `90 min`."""
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds % length == 0:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"
