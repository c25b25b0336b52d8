"""What a confirmation says: against what was asked for, the log, and every other confirmation. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from app.check.span import Span

PROTOCOL_VERSION: Final = 1
"""The wire that this program speaks and docs/protocol.md describes."""

_AGREED: Final = ("protocol_version", "schema_hash", "heartbeat_s")


def is_resume(history: object) -> bool:
    """Whether a history goes on from a cursor."""
    return isinstance(history, Mapping) and "after" in history


def confirmation_faults(
    asked: Mapping[str, Any], told: Mapping[str, Any], log: Span
) -> Iterator[str]:
    """What is untrue in a confirmation.

    Args:
        asked: the payload of the subscribe.
        told: that of its confirmation.
        log: the log at the end.

    Raises:
        KeyError, TypeError: a field is missing, or is none.
    """
    history, head = asked.get("history"), told["head"]
    # Events that are sent while a second subscribe is taken may be beyond its head.
    reached = max(log.after, history["after"] if is_resume(history) and history else 0)
    if head > log.head:
        yield f"head {head}, the log ends at {log.head}"
    elif head < reached:
        yield f"head {head}, though the log had reached {reached}"
    if set(told["channels"]) != set(asked["channels"]):
        yield f"channels {_names(told['channels'])}, asked were {_names(asked['channels'])}"
    if "symbols" in told and set(told["symbols"] or ()) != set(asked.get("symbols") or ()):
        yield f"symbols {_names(told['symbols'])}, asked were {_names(asked.get('symbols'))}"
    if told["resumed"] is not is_resume(history):
        yield f"resumed is {told['resumed']}, and the history asked for is {history}"
    if told["protocol_version"] != PROTOCOL_VERSION:
        yield f"protocol_version {told['protocol_version']}, this is {PROTOCOL_VERSION}"
    if not (isinstance(told["schema_hash"], str) and told["schema_hash"]):
        yield f"schema_hash {told['schema_hash']!r}"
    if not told["heartbeat_s"] > 0:
        yield f"heartbeat_s {told['heartbeat_s']}"


class Terms:
    """What every confirmation of a run has to agree on: the first one says it."""

    def __init__(self) -> None:
        self._first: dict[str, object] = {}

    def differences(self, told: Mapping[str, Any]) -> Iterator[str]:
        """Where a confirmation differs from the first one."""
        for field in _AGREED:
            first = self._first.setdefault(field, told[field])
            if told[field] != first:
                yield f"{field} {told[field]}, the first confirmation said {first}"


def _names(names: object) -> str:
    return ", ".join(map(str, names)) if isinstance(names, list) else str(names)
