"""`given(*events).when(command).then(*events)`: what a `decide` makes of a past, without a log or a store."""

import inspect
import re
from collections.abc import Callable, Iterable
from copy import deepcopy
from typing import Any, Generic, TypeVar

from events.testing.errors import BadExpectation, ScenarioFailed
from events.testing.examples import payload_of
from events.testing.expectation import Expectation
from events.testing.promise import Promise, Promising
from events.testing.seen import Seen, seen
from events.testing.side_by_side import side_by_side
from events.testing.values import shown

State = TypeVar("State")
Evolve = Callable[..., State]
Decide = Callable[[Any, Any], Iterable[Any] | None]

_WITH_SOURCE = 3


class Scenario(Generic[State]):
    """How decisions are made: called with events, it is the past that they make."""

    def __init__(
        self, decide: Decide, evolve: Evolve[State], initial: State | Callable[[], State]
    ) -> None:
        """Use `scenario`."""
        self.decide, self._initial = decide, initial
        self._evolve, self._with_source = evolve, _takes_source(evolve)

    def __call__(self, *events: Any, source: str = "api") -> "Given[State]":
        """The past: payloads, events recorded or new, a span, expectations that stand for payloads.

        Args:
            events: in their order.
            source: where they come from, unless they say so.
        """
        # A copy: what `evolve` changes in place is not the next past's beginning.
        state = self._initial() if callable(self._initial) else deepcopy(self._initial)
        given = Given(self, self.folded(state, events, source))
        given.promise = Promise("given(…)")
        return given

    def folded(self, state: State, events: Iterable[Any], source: str) -> State:
        """The state after some more events."""
        for event in events:
            state = self._one(state, event, source)
        return state

    def _one(self, state: State, event: Any, source: str) -> State:
        payload = payload_of(event)
        if not self._with_source:
            return self._evolve(state, payload)
        if isinstance(event, Expectation):
            source = event.envelope.get("source", source)
        else:
            source = seen(event).source or source
        return self._evolve(state, payload, source)


class Given(Generic[State]):
    """A past; `promise` is None where something was asserted before."""

    promise: Promise | None = None

    def __init__(self, scenario: Scenario[State], state: State) -> None:
        """Use the scenario."""
        self._scenario, self._state = scenario, state

    @property
    def state(self) -> State:
        """What `evolve` made of it."""
        self._used()
        return self._state

    def when(self, command: Any) -> "Decided[State]":
        """Decide on a command; what follows has to say what comes of it.

        Raises:
            BadExpectation: `decide` gave None, as one does that forgets its `return`.
        """
        self._used()
        try:
            decided = self._scenario.decide(self._state, command)
            events = () if decided is None else tuple(decided)
        except Exception as error:  # noqa: BLE001  # whatever it is, `then_raises` looks at it
            return Decided(self._scenario, self._state, command, (), error)
        if decided is None:
            raise BadExpectation("decide gave None: for no events it gives an empty list")
        return Decided(self._scenario, self._state, command, events, None)

    def _used(self) -> None:
        if self.promise is not None:
            self.promise.kept = True

    def __del__(self) -> None:
        if self.promise is not None:
            self.promise.dropped()


class Decided(Promising, Generic[State]):
    """What was decided, or why it could not be."""

    def __init__(
        self,
        scenario: Scenario[State],
        state: State,
        command: Any,
        events: tuple[Any, ...],
        error: Exception | None,
    ) -> None:
        """Use `Given.when`."""
        self._scenario, self._state, self._command = scenario, state, shown(command)
        self._events, self._error = events, error
        self._promise: Promise = Promise(f"given(…).when({self._command})")

    @property
    def events(self) -> tuple[Any, ...]:
        """What came of the command, to look at it otherwise.

        Raises:
            ScenarioFailed: it was refused.
        """
        self._no_error()
        return self._events

    @property
    def error(self) -> Exception | None:
        """What was raised; None if nothing was."""
        self._promise.kept = True
        return self._error

    def then(self, *expected: Any) -> Given[State]:
        """Exactly these events came of it, in this order: payloads, new events or expectations.

        Raises:
            ScenarioFailed: others did; both are shown side by side.
            BadExpectation: nothing is expected.
        """
        __tracebackhide__ = True
        self._promise.kept = True
        if not expected:
            raise BadExpectation("then() expects nothing: say then_nothing()")
        self._no_error()
        text = side_by_side([_wanted(one) for one in expected], [seen(one) for one in self._events])
        if text:
            raise ScenarioFailed(f"{self._command} came to something else:\n{text}")
        return self._after()

    def then_nothing(self) -> Given[State]:
        """Nothing came of it.

        Raises:
            ScenarioFailed: something did.
        """
        __tracebackhide__ = True
        self._no_error()
        if self._events:
            text = side_by_side([], [seen(one) for one in self._events])
            raise ScenarioFailed(f"{self._command} came to something:\n{text}")
        return self._after()

    def then_raises(self, kind: type[Exception], match: str | None = None) -> Given[State]:
        """It was refused; `match` is a regular expression that is found in what the error says.

        Raises:
            ScenarioFailed: it was not, or with another error.
        """
        __tracebackhide__ = True
        self._promise.kept = True
        if self._error is None:
            text = side_by_side([], [seen(one) for one in self._events])
            raise ScenarioFailed(f"{self._command} raised no {kind.__name__}, it came to:\n{text}")
        if not isinstance(self._error, kind):
            raise ScenarioFailed(
                f"{self._command} raised another error:\n"
                f"  expected {kind.__name__}\n  got      {self._error!r}"
            ) from self._error
        if match is not None and re.search(match, str(self._error)) is None:
            raise ScenarioFailed(
                f"{kind.__name__} says something else:\n"
                f"  expected a match of {match!r}\n  got      {str(self._error)!r}"
            ) from self._error
        return Given(self._scenario, self._state)

    def _no_error(self) -> None:
        __tracebackhide__ = True
        self._promise.kept = True
        if self._error is not None:
            raise ScenarioFailed(f"{self._command} raised {self._error!r}") from self._error

    def _after(self) -> Given[State]:
        return Given(self._scenario, self._scenario.folded(self._state, self._events, "api"))


def scenario(
    decide: Decide, evolve: Evolve[State], initial: State | Callable[[], State]
) -> Scenario[State]:
    """The `given` of some decisions.

    Args:
        decide: `decide(state, command)` gives events: new ones, or payloads.
        evolve: `evolve(state, payload, source)`, or without the source, gives the state after an event.
        initial: the state before the first event, copied for each past, or what makes it.
    """
    return Scenario(decide, evolve, initial)


def _takes_source(evolve: Callable[..., Any]) -> bool:
    return len(inspect.signature(evolve).parameters) >= _WITH_SOURCE


def _wanted(expected: Any) -> Expectation | Seen:
    return expected if isinstance(expected, Expectation) else seen(expected)
