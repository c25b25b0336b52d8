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
    wanted: Mapping[str, Any], actual: Mapping[str, Any], path: str = ""
) -> list[Difference]:
    """Every field that was asked for and is not like it; nested mappings are partial as well."""
    found: list[Difference] = []
    for name, value in wanted.items():
        found += _between(value, actual.get(name, _MISSING), f"{path}{name}")
    return found


def _between(wanted: Any, actual: Any, path: str) -> Iterator[Difference]:
    if actual is _MISSING:
        yield Difference(path, shown(wanted), "no such field")
    elif isinstance(wanted, Mapping) and isinstance(actual, Mapping | BaseModel):
        yield from differences(wanted, field_values(actual), f"{path}.")
    elif isinstance(wanted, list | tuple) and isinstance(actual, list | tuple):
        if len(wanted) != len(actual):
            yield Difference(path, f"{len(wanted)} items", f"{len(actual)}: {shown(actual)}")
        else:
            for index, pair in enumerate(zip(wanted, actual, strict=True)):
                yield from _between(*pair, f"{path}[{index}]")
    elif isinstance(wanted, Matcher):
        if not wanted.matches(actual):
            yield Difference(path, repr(wanted), shown(actual))
    elif not equal(wanted, actual):
        yield Difference(path, shown(wanted), shown(actual))
