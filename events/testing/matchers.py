"""What a field may be compared with instead of a value: `confidence=gt(0.3)`, `source=matching("feed:.*")`."""

import operator
import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any, Final, Self

from events.testing.errors import BadExpectation, refused
from events.testing.room import EVERYWHERE, Room
from events.testing.values import coerced, comparable, shown

APPROX: Final = 1e-6
"""How far `approx` lets a number be off, as a share of it, unless told."""


class Matcher(ABC):
    """Something that a value is or is not like."""

    @abstractmethod
    def matches(self, actual: Any) -> bool:
        """Whether a value that an event holds is like it."""

    @abstractmethod
    def check(self, kind: type, *, nullable: bool = False, room: Room = EVERYWHERE) -> None:
        """Make sure that values of a kind can be compared with it.

        Raises:
            BadExpectation: none of them could ever match, or all would.
        """


def equal(wanted: Any, actual: Any) -> bool:
    """Whether a value that an event holds is the one that is wanted."""
    if isinstance(wanted, Matcher):
        return wanted.matches(actual)
    if wanted is None or actual is None:
        return wanted is actual
    try:
        wanted = coerced(wanted, type(actual))
    except BadExpectation:  # of free JSON: where a field has a type, `check_value` was there before
        return False
    return bool(comparable(actual, wanted) == wanted)


def check_value(wanted: Any, kind: type, *, nullable: bool, room: Room = EVERYWHERE) -> None:
    """Make sure that a field of a kind can be like what is wanted.

    Raises:
        BadExpectation: it never can.
    """
    if isinstance(wanted, Matcher):
        wanted.check(kind, nullable=nullable, room=room)
    elif wanted is None:
        if not nullable:
            raise BadExpectation("it is never null")
    elif callable(wanted) and not isinstance(wanted, type):
        raise BadExpectation(f"{getattr(wanted, '__name__', wanted)} is a function: call it")
    else:
        room.refuse(coerced(wanted, kind), kind)


class _Compared(Matcher):
    def __init__(self, name: str, test: Callable[[Any, Any], bool], bound: Any) -> None:
        if bound is None or isinstance(bound, Matcher):
            raise refused(f"{name}() needs a value, not {bound!r}")
        self._name, self._test, self._bound = name, test, bound

    def __repr__(self) -> str:
        return f"{self._name}({shown(self._bound)})"

    def matches(self, actual: Any) -> bool:
        if actual is None:
            return False
        try:
            bound = coerced(self._bound, type(actual))
            return self._test(comparable(actual, bound), bound)
        except (BadExpectation, TypeError):
            return False

    def check(self, kind: type, *, nullable: bool = False, room: Room = EVERYWHERE) -> None:
        del nullable
        if kind is bool or not issubclass(kind, Decimal | float | int | datetime):
            raise BadExpectation(f"{self._name}() reads numbers and times, not a {kind.__name__}")
        bound = coerced(self._bound, kind)
        if isinstance(bound, Decimal):
            least, most = (bound, room.high) if self._test in _UPWARDS else (room.low, bound)
            open_ = self._test in {operator.gt, operator.lt}
            if not room.has(
                least, most, above=open_ and least == bound, below=open_ and most == bound
            ):
                raise BadExpectation(f"no value of it is {self!r}: all are {room}")


_UPWARDS: Final = frozenset({operator.gt, operator.ge})


def _falls(low: Any, high: Any, kind: type) -> bool:
    try:
        return bool(coerced(low, kind) > coerced(high, kind))
    except (BadExpectation, TypeError):  # not of that kind, or a date and a time
        return False


class _Between(Matcher):
    def __init__(self, low: Any, high: Any) -> None:
        self._bounds = (_Compared("ge", operator.ge, low), _Compared("le", operator.le, high))
        self._text = f"between({shown(low)}, {shown(high)})"
        if any(_falls(low, high, kind) for kind in (float, datetime)):
            raise refused(f"{self._text} ends before it begins")

    def __repr__(self) -> str:
        return self._text

    def matches(self, actual: Any) -> bool:
        return all(bound.matches(actual) for bound in self._bounds)

    def check(self, kind: type, *, nullable: bool = False, room: Room = EVERYWHERE) -> None:
        for bound in self._bounds:
            bound.check(kind, nullable=nullable, room=room)


class _Approx(Matcher):
    def __init__(self, value: Any, rel: float, within: float | None) -> None:
        self._value = coerced(value, float)
        share = abs(self._value) * coerced(rel, float)
        self._off = share if within is None else coerced(within, float)

    def __repr__(self) -> str:
        return f"approx({shown(self._value)} ± {shown(self._off.normalize())})"

    def matches(self, actual: Any) -> bool:
        number = comparable(actual, None)
        return isinstance(number, Decimal) and abs(number - self._value) <= self._off

    def check(self, kind: type, *, nullable: bool = False, room: Room = EVERYWHERE) -> None:
        del nullable
        if kind is bool or not issubclass(kind, Decimal | float | int):
            raise BadExpectation(f"approx() reads numbers, not a {kind.__name__}")
        if not room.has(self._value - self._off, self._value + self._off):
            raise BadExpectation(f"no value of it is {self!r}: all are {room}")


class _OneOf(Matcher):
    def __init__(self, choices: tuple[Any, ...]) -> None:
        if not choices:
            raise refused("one_of() needs something to choose from")
        self._choices = choices

    def __repr__(self) -> str:
        return f"one_of({', '.join(map(shown, self._choices))})"

    def matches(self, actual: Any) -> bool:
        return any(equal(choice, actual) for choice in self._choices)

    def check(self, kind: type, *, nullable: bool = False, room: Room = EVERYWHERE) -> None:
        for choice in self._choices:
            check_value(choice, kind, nullable=nullable, room=room)


class _Not(Matcher):
    def __init__(self, wanted: Any) -> None:
        self._wanted = wanted

    def __repr__(self) -> str:
        return f"not_({shown(self._wanted)})"

    def matches(self, actual: Any) -> bool:
        return not equal(self._wanted, actual)

    def check(self, kind: type, *, nullable: bool = False, room: Room = EVERYWHERE) -> None:
        check_value(self._wanted, kind, nullable=nullable, room=room)


class _Matching(Matcher):
    def __init__(self, pattern: str) -> None:
        try:
            self._pattern = re.compile(pattern)
        except re.error as error:
            raise refused(f"{pattern!r} is no regular expression: {error}") from None

    def __repr__(self) -> str:
        return f"matching({self._pattern.pattern!r})"

    def matches(self, actual: Any) -> bool:
        return isinstance(actual, str) and self._pattern.search(actual) is not None

    def check(self, kind: type, *, nullable: bool = False, room: Room = EVERYWHERE) -> None:
        del nullable, room
        if not issubclass(kind, str):
            raise BadExpectation(f"matching() reads texts, not a {kind.__name__}")
        if issubclass(kind, Enum) and not any(self.matches(member.value) for member in kind):
            known = ", ".join(str(member.value) for member in kind)
            raise BadExpectation(f"{self!r} is found in none of {known}")


class _Constant(Matcher):
    """A matcher without arguments: `is_null` and `is_null()` are the same."""

    def __init__(self, name: str, test: Callable[[Any], bool], *, null_only: bool) -> None:
        self._name, self._test, self._null_only = name, test, null_only

    def __repr__(self) -> str:
        return self._name

    def __call__(self) -> Self:
        return self

    def matches(self, actual: Any) -> bool:
        return self._test(actual)

    def check(self, kind: type, *, nullable: bool = False, room: Room = EVERYWHERE) -> None:
        del room
        if self._null_only and not nullable:
            raise BadExpectation(f"it is never null (a {kind.__name__})")


def gt(bound: Any) -> Matcher:
    """Greater than a number, later than a time."""
    return _Compared("gt", operator.gt, bound)


def ge(bound: Any) -> Matcher:
    """Not less than a number, not before a time."""
    return _Compared("ge", operator.ge, bound)


def lt(bound: Any) -> Matcher:
    """Less than a number, before a time."""
    return _Compared("lt", operator.lt, bound)


def le(bound: Any) -> Matcher:
    """Not greater than a number, not after a time."""
    return _Compared("le", operator.le, bound)


def between(low: Any, high: Any) -> Matcher:
    """From `low` to `high`, both inclusive."""
    return _Between(low, high)


def approx(value: Any, rel: float = APPROX, within: float | None = None) -> Matcher:
    """A number near `value`: off by at most the share `rel` of it, or by `within`."""
    return _Approx(value, rel, within)


def one_of(*choices: Any) -> Matcher:
    """Any of these values or matchers."""
    return _OneOf(choices)


def not_(wanted: Any) -> Matcher:
    """Anything but this value, or what this matcher does not match."""
    return _Not(wanted)


def matching(pattern: str) -> Matcher:
    """A text in which a regular expression is found (`^` and `$` for the whole of it)."""
    return _Matching(pattern)


anything: Final = _Constant("anything", lambda _actual: True, null_only=False)
"""Whatever it is, null as well."""

is_null: Final = _Constant("is_null", lambda actual: actual is None, null_only=True)
"""Null, and nothing else."""
