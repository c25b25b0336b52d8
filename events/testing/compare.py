"""How an event differs from what was asked for: which fields, and by what."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from pydantic import BaseModel

from events.testing.matchers import Matcher, equal
from events.testing.seen import field_values
from events.testing.values import shown

_MISSING = object()


class Difference(NamedTuple):
    """One field that is not as expected."""

    path: str
    expected: str
    got: str

    def __str__(self) -> str:
        return f"{self.path}: expected {self.expected}, got {self.got}"


def differences(
    wanted: Mapping[str, Any], actual: Mapping[str, Any], path: str = "", *, typed: bool = True
) -> list[Difference]:
    """Every field that was asked for and is not like it; nested mappings are partial as well.

    Args:
        wanted: the fields that were asked for.
        actual: those of the event.
        path: what their names begin with.
        typed: whether the fields have known types; where they have not, a text is never a number.
    """
    found: list[Difference] = []
    for name, value in wanted.items():
        found += _between(value, actual.get(name, _MISSING), f"{path}{name}", typed=typed)
    return found


def exact_differences(
    wanted: Mapping[str, Any], actual: Mapping[str, Any], path: str = ""
) -> list[Difference]:
    """Every field in which they are not the same: also what only one of them has, and a text for a number."""
    found: list[Difference] = []
    for name in [*wanted, *(name for name in actual if name not in wanted)]:
        one, other = wanted.get(name, _MISSING), actual.get(name, _MISSING)
        if isinstance(one, Mapping | BaseModel) and isinstance(other, Mapping | BaseModel):
            found += exact_differences(field_values(one), field_values(other), f"{path}{name}.")
        elif not _same(one, other):
            found.append(Difference(f"{path}{name}", _told(one), _told(other)))
    return found


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, bool) != isinstance(other, bool) or _is_text(one) != _is_text(other):
        return False
    return one is other or bool(one == other)


def _is_text(value: Any) -> bool:
    return isinstance(value, str | bytes)


def _told(value: Any) -> str:
    return "no such field" if value is _MISSING else shown(value)


def _between(wanted: Any, actual: Any, path: str, *, typed: bool) -> Iterator[Difference]:
    if actual is _MISSING:
        yield Difference(path, shown(wanted), "no such field")
    elif isinstance(wanted, Mapping) and isinstance(actual, Mapping | BaseModel):
        yield from differences(wanted, field_values(actual), f"{path}.", typed=typed)
    elif isinstance(wanted, list | tuple) and isinstance(actual, list | tuple):
        if len(wanted) != len(actual):
            yield Difference(path, f"{len(wanted)} items", f"{len(actual)}: {shown(actual)}")
        else:
            for index, pair in enumerate(zip(wanted, actual, strict=True)):
                yield from _between(*pair, f"{path}[{index}]", typed=typed)
    elif isinstance(wanted, Matcher):
        if not wanted.matches(actual):
            yield Difference(path, repr(wanted), shown(actual))
    elif not equal(wanted, actual) or not (typed or _same_kind(wanted, actual)):
        yield Difference(path, shown(wanted), shown(actual))


def _same_kind(wanted: Any, actual: Any) -> bool:
    return _is_text(wanted) == _is_text(actual) or not isinstance(actual, int | float | str)
