"""Old payloads to new ones, one step each, applied when an event is read; the log keeps what was written.

To change a payload's schema: raise its `schema_version` in the catalogue and register the step from the
version before. A step takes and returns a plain dict and must be pure.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

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
