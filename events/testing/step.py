"""One step of `assert_log`: an event that was named, where it is looked for, and what narrows it."""

from collections.abc import Sequence
from dataclasses import dataclass

from events.catalog import Payload
from events.testing.causes import Cause, Causes
from events.testing.errors import BadExpectation
from events.testing.expectation import Expectation
from events.testing.place import Place, contradiction
from events.testing.scope import Scope
from events.testing.seen import Seen


@dataclass(frozen=True, slots=True)
class Step:
    """What was named last.

    Attributes:
        begin: the first index at which it may stand.
        after: how that is said.
        scopes: the parts of the log that it has to be in, all of them.
        causes: what it has to be caused by, all of them.
    """

    wanted: Expectation
    begin: int = 0
    after: str = ""
    scopes: tuple[Scope, ...] = ()
    causes: tuple[Cause, ...] = ()

    def __str__(self) -> str:
        within = "".join(f", within {one.text}" for one in self.scopes)
        causes = "".join(f", {one}" for one in self.causes)
        return f"{self.wanted!r}{self.after}{causes}{within}"

    def matches(self, events: Sequence[Seen], known: Causes) -> tuple[int, ...]:
        """The indices of the events that are it."""
        return tuple(
            index
            for index in range(self.begin, len(events))
            if self.wanted.matches(events[index]) and not self._elsewhere(events[index], known)
        )

    def misses(self, events: Sequence[Seen], known: Causes, index: int) -> list[str]:
        """In which ways the event at an index is not it."""
        event = events[index]
        found = [str(one) for one in self.wanted.differences(event)]
        found += [f"it stands before that, not{self.after}"] if index < self.begin else []
        return found + self._elsewhere(event, known)

    def _elsewhere(self, event: Seen, known: Causes) -> list[str]:
        found = [miss for one in self.scopes for miss in one.misses(event)]
        return found + [miss for one in self.causes if (miss := known.miss(event, one)) is not None]


def expectation(wanted: object) -> Expectation:
    """What was handed in as an expectation.

    Raises:
        BadExpectation: it is none.
    """
    if isinstance(wanted, Expectation):
        return wanted
    hint = f": {wanted.__name__}()" if isinstance(wanted, type) else ""
    raise BadExpectation(
        f"{wanted!r} is no expectation, such as RegimeUpdated(regime='CRASH'){hint}"
    )


def may_be_there(wanted: Expectation, parts: Sequence[Scope]) -> None:
    """Make sure that an event can be in these parts of a log.

    Raises:
        BadExpectation: it stands elsewhere, or they have nothing in common.
    """
    __tracebackhide__ = True
    place = Place.of(wanted)
    for part in parts:
        place = place.within(part)
    if reason := contradiction(place):
        within = "".join(f" within {part.text}" for part in parts)
        raise BadExpectation(f"{wanted!r} can never be{within}: {reason}")


def is_known(wanted: Expectation, events: Sequence[Seen]) -> None:
    """Make sure that these events tell what is asked of them.

    Raises:
        BadExpectation: they are payloads, or came over the wire, and do not.
    """
    __tracebackhide__ = True
    if wanted.model is not None and wanted.type is None and not issubclass(wanted.model, Payload):
        raise BadExpectation(f"no log holds a {wanted.model.__name__}: that is for scenario()")
    for name in wanted.envelope:
        key = "correlation_id" if name == "causation_id" else name
        if any(getattr(one, key) is None for one in events if wanted.is_of_type(one)):
            raise BadExpectation(
                f"these events do not tell their {name}, so {wanted!r} cannot be looked for: hand in the log"
                " itself, or recorded events"
            )
