"""What caused an event: its direct cause, and the causes of that."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from events.testing.errors import BadExpectation
from events.testing.expectation import Expectation
from events.testing.scope import Scope
from events.testing.seen import Seen, seen


@dataclass(frozen=True, slots=True)
class Cause:
    """What an event has to be caused by.

    Attributes:
        wanted: the cause, as an expectation or by its id.
        directly: it is the direct cause; else any cause of it will do.
        scopes: where the cause has to be.
    """

    wanted: Expectation | UUID
    directly: bool = True
    scopes: tuple[Scope, ...] = ()

    def __str__(self) -> str:
        name = f"event {self.wanted}" if isinstance(self.wanted, UUID) else repr(self.wanted)
        within = "".join(f" within {one.text}" for one in self.scopes)
        return f"caused {'' if self.directly else 'in the end '}by {name}{within}"

    def fits(self, event: Seen) -> bool:
        """Whether an event is that cause."""
        if isinstance(self.wanted, UUID):
            right = event.event_id == self.wanted
        else:
            right = self.wanted.matches(event)
        return right and not any(one.misses(event) for one in self.scopes)


class Causes:
    """The causes within one log."""

    def __init__(self, events: Sequence[Seen]) -> None:
        self._by_id = {event.event_id: event for event in events if event.event_id is not None}

    def of(self, event: Seen) -> Iterator[Seen]:
        """The causes of an event, the direct one first, as far as they are in the log."""
        known = {event.event_id}
        cause_id = event.causation_id
        while cause_id is not None and cause_id not in known:
            known.add(cause_id)
            cause = self._by_id.get(cause_id)
            if cause is None:
                return
            yield cause
            cause_id = cause.causation_id

    def miss(self, event: Seen, cause: Cause) -> str | None:
        """Why an event is not caused so; None if it is.

        Raises:
            BadExpectation: the event does not tell its causes.
        """
        if event.correlation_id is None:
            raise BadExpectation(
                "these events do not tell their causes (what comes over the wire does not): hand in the log"
                " itself, or a span that save_span wrote"
            )
        found = list(self.of(event))
        if event.causation_id == cause.wanted:
            return None
        if any(cause.fits(one) for one in (found[:1] if cause.directly else found)):
            return None
        if event.causation_id is None:
            return f"it has no cause; expected: {cause}"
        if not found:
            return f"its cause, event {event.causation_id}, is not in this log; expected: {cause}"
        chain = " <- ".join(f"{one.type} at {one.position}" for one in found)
        return f"it is caused by {chain}; expected: {cause}"


def cause(wanted: Any, *, directly: bool) -> Cause:
    """A cause as a test says it: an expectation, an event, or an event's id.

    Raises:
        BadExpectation: it is none of these.
    """
    if isinstance(wanted, Expectation | UUID):
        return Cause(wanted, directly)
    event_id = seen(wanted).event_id
    if event_id is None:
        raise BadExpectation(
            f"{wanted!r} has no id: say caused_by() an expectation or a recorded event"
        )
    return Cause(event_id, directly)
