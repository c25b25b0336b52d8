"""Old payloads to new ones, one step each, applied when an event is read; the log keeps what was written.

To change a payload's schema: raise its `schema_version` in the catalogue and register the step from the
version before. A step takes and returns a plain dict and must be pure.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from events.catalog import CATALOG, EventType

Step = Callable[[dict[str, Any]], dict[str, Any]]

UPCASTERS: Final[dict[tuple[str, int], Step]] = {}
"""The step from each (type, schema version) to the next version. All types are at version 1 so far."""


def upcast(
    type_name: str,
    schema_version: int,
    payload: dict[str, Any],
    steps: Mapping[tuple[str, int], Step] = UPCASTERS,
) -> tuple[int, dict[str, Any]]:
    """Take a payload as far as the steps go; returns the version reached and the payload there."""
    while step := steps.get((type_name, schema_version)):
        payload = step(payload)
        schema_version += 1
    return schema_version, payload


def reached(
    type_name: str, schema_version: int, steps: Mapping[tuple[str, int], Step] = UPCASTERS
) -> int:
    """The version that the steps lead to from this one."""
    while (type_name, schema_version) in steps:
        schema_version += 1
    return schema_version


def missing_steps(
    stored: Iterable[tuple[str, int]],
    catalog: Mapping[str, EventType] = CATALOG,
    steps: Mapping[tuple[str, int], Step] = UPCASTERS,
) -> list[str]:
    """The first step that is missing from each stored (type, version) to the present one.

    Types that the catalogue does not know, and newer versions, are a newer program's: they need no step
    here, they are stored and delivered as they are.
    """
    missing = set()
    for type_name, version in stored:
        entry = catalog.get(type_name)
        if entry is not None and version < entry.schema_version:
            end = reached(type_name, version, steps)
            if end < entry.schema_version:
                missing.add(f"{type_name} {end} -> {end + 1}")
    return sorted(missing)
