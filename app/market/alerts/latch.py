"""What makes one crossing one alert: the latch of a rule, and the extremes of a sliding window."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final, NamedTuple, Protocol, TypeVar

from events.scalars import parse_price


class _Ordered(Protocol):
    def __le__(self, other: Any, /) -> bool: ...

    def __ge__(self, other: Any, /) -> bool: ...


N = TypeVar("N", bound=_Ordered)

Entries = tuple[tuple[int, N], ...]
"""Numbers and the slots (of time, or bars) that they lie in, oldest first; each can still become the extreme."""


class Latch(NamedTuple):
    """Whether a rule may fire.

    Attributes:
        armed: False from an alert on, until the price went back by the hysteresis.
        fired_us: market time of the last alert, in microseconds since 1970; None before the first.
    """

    armed: bool
    fired_us: int | None


READY: Final = Latch(armed=True, fired_us=None)


def turn(
    latch: Latch, at_us: int, cooldown_us: int, *, holds: bool, went_back: bool
) -> tuple[Latch, bool]:
    """The latch after a price, and whether its rule fires.

    A crossing within the cool-down is swallowed: it disarms the rule, and is not told later either.
    """
    if holds is not latch.armed:
        return latch, False
    if holds:
        if latch.fired_us is not None and at_us - latch.fired_us < cooldown_us:
            return Latch(armed=False, fired_us=latch.fired_us), False
        return Latch(armed=False, fired_us=at_us), True
    if went_back:
        return Latch(armed=True, fired_us=latch.fired_us), False
    return latch, False


def with_high(
    entries: Entries[N], slot: int, number: N, oldest: int, joins: int | None = None
) -> Entries[N]:
    """The entries of a window's high, with one more number and without the slots before `oldest`.

    The first one is the high. There is at most one entry a slot, however many numbers come.

    Args:
        entries: those before it.
        slot: of the number, never less than that of the last entry.
        number: what came.
        oldest: the first slot of the window.
        joins: a number that does not pass the last entry is left out if that one lies in this slot or later;
            not before `oldest`, and None for `slot`.
    """
    end: int = len(entries)
    if end and entries[-1][0] >= (slot if joins is None else joins) and number <= entries[-1][1]:
        return _since(entries, oldest)
    while end and entries[end - 1][1] <= number:
        end -= 1
    return (*_since(entries[:end], oldest), (slot, number))


def with_low(
    entries: Entries[N], slot: int, number: N, oldest: int, joins: int | None = None
) -> Entries[N]:
    """`with_high` of a window's low."""
    end: int = len(entries)
    if end and entries[-1][0] >= (slot if joins is None else joins) and number >= entries[-1][1]:
        return _since(entries, oldest)
    while end and entries[end - 1][1] >= number:
        end -= 1
    return (*_since(entries[:end], oldest), (slot, number))


def _since(entries: Entries[N], oldest: int) -> Entries[N]:
    start = 0
    while start < len(entries) and entries[start][0] < oldest:
        start += 1
    return entries[start:] if start else entries


def load_latch(dumped: Any) -> Latch:
    """The latch that was dumped as a list.

    Raises:
        ValueError: it is none.
    """
    armed, fired_us = dumped
    if not isinstance(armed, bool) or not (fired_us is None or is_count(fired_us)):
        raise ValueError("not a latch")
    return Latch(armed, fired_us)


def load_entries(dumped: Any, number: Callable[[Any], N]) -> Entries[N]:
    """The entries that were dumped as lists.

    Raises:
        ValueError: they are none.
    """
    if not all(is_count(slot) for slot, _ in dumped):
        raise ValueError("a slot is a whole number")
    return tuple((slot, number(each)) for slot, each in dumped)


def load_price(dumped: Any) -> Decimal:
    """A price that was dumped as text."""
    return parse_price(dumped)


def load_float(dumped: Any) -> float:
    """A number that was dumped as one; JSON keeps its bits.

    Raises:
        ValueError: it is none.
    """
    if not isinstance(dumped, float):
        raise ValueError("not a float")
    return dumped


def is_count(value: Any) -> bool:
    """True for a whole number; a bool is none."""
    return isinstance(value, int) and not isinstance(value, bool)
