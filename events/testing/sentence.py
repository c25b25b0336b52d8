"""How the steps of `assert_log` work: what was said, what it found, and what is told when it found nothing."""

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from typing import Any, Self

from events.testing.causes import Causes
from events.testing.density import Flaw
from events.testing.errors import BadExpectation, LogAssertionError
from events.testing.expectation import Expectation
from events.testing.failure import failure, nearest
from events.testing.promise import Promise, Promising
from events.testing.scope import Scope
from events.testing.seen import Seen
from events.testing.step import Step, expectation, is_known, may_be_there
from events.testing.vacuous import vacuous


class Sentence(Promising):
    """A log, and what was said of it so far. Every step gives another one of these.

    Attributes:
        found: the events of the last step, as they were handed in.
    """

    def __init__(self, events: list[Seen]) -> None:
        """Use `assert_log`."""
        self._events, self._causes = events, Causes(events)
        self._said: tuple[str, ...] = ()
        self._scopes: tuple[Scope, ...] = ()
        self._step: Step | None = None
        self._matched: tuple[int, ...] = ()
        self._counted = False
        self._promise: Promise = Promise("assert_log(log)")

    @property
    def _asserted(self) -> bool:
        return self._promise.kept

    @_asserted.setter
    def _asserted(self, kept: bool) -> None:
        self._promise.kept = kept

    @property
    def found(self) -> list[Any]:
        """The events of the last step, in their order, as they were handed in."""
        return [self._events[index].original for index in self._matched]

    def _named(self, word: str, step: Step) -> Self:
        __tracebackhide__ = True
        self._sensible(step)
        one = self._copy(word)
        one._step, one._matched = step, step.matches(self._events, self._causes)
        one._counted, one._asserted = False, True
        if not one._matched:
            said, marks = one._nearest()
            raise one._failed(f"not in the log: {step}{said}", marks)
        return one

    def _none(self, word: str, step: Step) -> Self:
        __tracebackhide__ = True
        self._sensible(step)
        one = self._copy(word)
        self._not_vacuous(one, step.wanted)
        matched = step.matches(self._events, self._causes)
        if matched:
            hint = "" if self._scopes else "\n  (to look at a part of it: .within(…) before this)"
            marks = dict.fromkeys(matched, "")
            raise one._failed(f"in the log {events_text(len(matched))}: {step}{hint}", marks)
        one._counted = one._asserted = True
        return one

    def _count(self, name: str, count: int, holds: Callable[[int], bool]) -> Self:
        __tracebackhide__ = True
        step = self._last(name)
        if type(count) is not int or count < 1:
            raise BadExpectation(f"{name}({count!r}): a number from 1; for none say absent(…)")
        one = self._copy(f"{name}({count})")
        one._counted = True
        if not holds(len(self._matched)):
            said, marks = self._nearest() if len(self._matched) < count else ("", {})
            marks |= dict.fromkeys(self._matched, "")
            wanted = f"{name.replace('_', ' ')} {count}, found {len(self._matched)}"
            raise one._failed(f"{wanted}: {step}{said}", marks)
        return one

    def _wanted(self, wanted: Expectation) -> Expectation:
        self._asserted = True  # what is refused has been noticed
        return expectation(wanted)

    def _last(self, name: str) -> Step:
        self._asserted = True
        if self._step is None:
            raise BadExpectation(f"{name}() needs something before it: contains(…)")
        return self._step

    def _narrowed(self, name: str) -> Step:
        if self._counted:
            raise BadExpectation(f"{name}() comes before what counts or rules out")
        return self._last(name)

    def _place(self) -> str:
        event = self._events[self._matched[0]]
        if event.position is None:
            return f" after event {self._matched[0] + 1}"
        return f" after position {event.position}"

    def _sensible(self, step: Step) -> None:
        __tracebackhide__ = True
        may_be_there(step.wanted, step.scopes)
        is_known(step.wanted, self._events)
        for each in step.causes:
            if isinstance(each.wanted, Expectation):
                may_be_there(each.wanted, each.scopes)
                is_known(each.wanted, self._events)

    def _not_vacuous(self, one: Self, wanted: Expectation | None = None) -> None:
        __tracebackhide__ = True
        if wanted is not None and (reason := vacuous(wanted, self._events)):
            raise one._failed(f"this would hold of any log: {reason}")
        for part in self._scopes:
            if reason := part.vacuous(self._events):
                raise one._failed(f"this would hold of any log: {reason}")

    def _nearest(self) -> tuple[str, dict[int, str]]:
        step = self._step
        assert step is not None
        return nearest(
            step.wanted,
            self._events,
            lambda index: step.misses(self._events, self._causes, index),
            step.begin,
        )

    def _flawless(self, flaws: Sequence[Flaw], problem: str) -> Self:
        __tracebackhide__ = True
        if not self._events:
            raise self._failed("there is nothing that could be whole")
        if self._scopes:
            raise BadExpectation("a part of a log is not dense: say this without within(…)")
        if flaws:
            marks: dict[int, str] = {}
            for index, flaw in flaws:
                marks[index] = f"{marks[index]}; {flaw}" if index in marks else flaw
            text = f"{problem}, {events_text(len(marks))}; first: {flaws[0][1]}"
            raise self._failed(text, marks)
        return self

    def _failed(self, problem: str, marks: Mapping[int, str] | None = None) -> LogAssertionError:
        return failure(self._said, problem, self._events, marks or {})

    def _copy(self, word: str) -> Self:
        one = copy(self)
        one._said = (*self._said, word)
        self._asserted = True  # the next one answers for it
        if word.startswith("within(") and self._step is None:
            one._promise = Promise(f"assert_log(log){''.join(f'.{each}' for each in one._said)}")
        return one


def events_text(count: int) -> str:
    """So many events."""
    return f"{count} event{'s' if count != 1 else ''}"
