"""`assert_log(log).contains(A).then(B).caused_by(A).exactly(1)`: what a log has to hold.

Each step is checked where it stands. What follows it narrows or counts what it found. A failure says the whole
sentence, and shows the log with the event that came nearest.
"""

from dataclasses import replace
from typing import Any, Self

from events.testing.causes import cause
from events.testing.density import flaws_of_log, flaws_of_reading
from events.testing.errors import BadExpectation
from events.testing.expectation import Expectation, event
from events.testing.scope import Pair, scope
from events.testing.seen import events_of
from events.testing.sentence import Sentence, events_text
from events.testing.step import Step, is_known, may_be_there


class LogAssertion(Sentence):
    """A log, and what was found in it so far. Every step gives another one of these.

    Attributes:
        found: the events of the last step, as they were handed in.
    """

    # --- steps ---

    def contains(self, wanted: Expectation) -> Self:
        """Somewhere in the log there is such an event.

        Raises:
            LogAssertionError: there is none.
        """
        __tracebackhide__ = True
        step = Step(self._wanted(wanted), scopes=self._scopes)
        return self._named(f"contains({wanted!r})", step)

    def then(self, wanted: Expectation) -> Self:
        """After the first event of the step before there is such an event.

        Raises:
            LogAssertionError: there is none.
            BadExpectation: there is no step before.
        """
        __tracebackhide__ = True
        self._last("then")
        step = Step(self._wanted(wanted), self._matched[0] + 1, self._place(), self._scopes)
        return self._named(f"then({wanted!r})", step)

    def in_order(self, *wanted: Expectation) -> Self:
        """These events are there, each after the one before; others may lie between.

        Raises:
            LogAssertionError: one of them is not.
            BadExpectation: they are less than two.
        """
        __tracebackhide__ = True
        self._asserted = True
        if len(wanted) < 2:
            raise BadExpectation("in_order() needs two events or more")
        first, *rest = wanted
        one = self.contains(first)
        for each in rest:
            one = one.then(each)
        return one

    def caused_by(self, wanted: Any, *, directly: bool = True) -> Self:
        """Narrows what was named last to events with such a cause.

        Args:
            wanted: an expectation, a recorded event, or an event's id.
            directly: whether it is the direct cause; else a cause of a cause will do.

        Raises:
            LogAssertionError: none is left.
            BadExpectation: nothing was named, or the events do not tell their causes.
        """
        __tracebackhide__ = True
        step = self._narrowed("caused_by")
        causes = (*step.causes, cause(wanted, directly=directly))
        how = "" if directly else ", directly=False"
        return self._named(f"caused_by({wanted!r}{how})", replace(step, causes=causes))

    def within(
        self,
        *,
        channel: str | None = None,
        symbol: str | None = None,
        stream: str | None = None,
        positions: Pair | None = None,
        times: Pair | None = None,
    ) -> Self:
        """Narrows what was named last (an event, or its cause) to a part of the log.

        Before anything is named it narrows the log for all that follows.

        Args:
            channel: where it stands.
            symbol: what its payload is about.
            stream: where it stands, such as `regime:SPX`.
            positions: the first and the last, both inclusive; None for an open end.
            times: market times, likewise; a bare date is that whole day, UTC.

        Raises:
            LogAssertionError: none is left.
            BadExpectation: it is no part of a log, or what was named can never be there.
        """
        __tracebackhide__ = True
        pending, self._asserted = not self._asserted, True
        part = scope(
            channel=channel, symbol=symbol, stream=stream, positions=positions, times=times
        )
        word = f"within({part.text})"
        if self._step is None:
            if not pending:
                raise BadExpectation(f"{word} comes first: it says where the rest is looked for")
            may_be_there(event(), (*self._scopes, part))
            one = self._copy(word)
            one._scopes = (*self._scopes, part)
            return one
        step = self._narrowed("within")
        if not step.causes:
            return self._named(word, replace(step, scopes=(*step.scopes, part)))
        last = step.causes[-1]
        last = replace(last, scopes=(*last.scopes, part))
        return self._named(word, replace(step, causes=(*step.causes[:-1], last)))

    # --- counts ---

    def exactly(self, count: int) -> Self:
        """The last step found so many events.

        Raises:
            LogAssertionError: it found more or fewer.
        """
        __tracebackhide__ = True
        return self._count("exactly", count, lambda n: n == count)

    def at_least(self, count: int) -> Self:
        """The last step found no fewer.

        Raises:
            LogAssertionError: it found fewer.
        """
        __tracebackhide__ = True
        return self._count("at_least", count, lambda n: n >= count)

    def at_most(self, count: int) -> Self:
        """The last step found no more.

        Raises:
            LogAssertionError: it found more.
        """
        __tracebackhide__ = True
        return self._count("at_most", count, lambda n: n <= count)

    # --- what must not be there, and the log as a whole ---

    def absent(self, wanted: Expectation) -> Self:
        """Nowhere in the log (or in the part of it that `within` chose before) is there such an event.

        Raises:
            LogAssertionError: there is one.
        """
        __tracebackhide__ = True
        return self._none(f"absent({wanted!r})", Step(self._wanted(wanted), scopes=self._scopes))

    def never(self, wanted: Expectation) -> Self:
        """After the first event of the step before there is no such event; without a step, as `absent`.

        Raises:
            LogAssertionError: there is one.
        """
        __tracebackhide__ = True
        begin, after = (self._matched[0] + 1, self._place()) if self._matched else (0, "")
        step = Step(self._wanted(wanted), begin, after, self._scopes)
        return self._none(f"never({wanted!r})", step)

    def only(self, *wanted: Expectation) -> Self:
        """The log (or the part of it that `within` chose before) holds something, and nothing but such events.

        Raises:
            LogAssertionError: it holds another one, or nothing.
        """
        __tracebackhide__ = True
        self._asserted = True
        if not wanted:
            raise BadExpectation("only() needs an event; for none say absent(event())")
        one = self._copy(f"only({', '.join(map(repr, wanted))})")
        kinds = [self._wanted(each) for each in wanted]
        for kind in kinds:
            may_be_there(kind, self._scopes)
            is_known(kind, self._events)
        self._not_vacuous(one)
        inside = [
            i for i, e in enumerate(self._events) if not any(p.misses(e) for p in self._scopes)
        ]
        if not inside:
            raise one._failed("there is nothing: only() holds of something")
        others = {i: "" for i in inside if not any(k.matches(self._events[i]) for k in kinds)}
        if others:
            raise one._failed(f"{events_text(len(others))} of another kind", others)
        return one

    def dense(self, *, after: int = 0, chain: bool = True) -> Self:
        """The log is whole after a position: no position or version missing, doubled or swapped, every hash right.

        Args:
            after: the position before its first one.
            chain: whether to look at the hashes, which a client's events do not carry.

        Raises:
            LogAssertionError: it is not; it says where.
        """
        __tracebackhide__ = True
        one = self._copy("dense()" if after == 0 else f"dense(after={after})")
        return one._flawless(flaws_of_log(self._events, after, chain=chain), "the log is not whole")

    def gapless(self) -> Self:
        """What a reader received is whole: positions rise, none came twice, no version of a stream is left out.

        Raises:
            LogAssertionError: it is not; it says where.
        """
        __tracebackhide__ = True
        one = self._copy("gapless()")
        return one._flawless(flaws_of_reading(self._events), "what was received is not whole")


def assert_log(log: Any) -> LogAssertion:
    """Begin to say what a log has to hold.

    Args:
        log: one under test, events (recorded, a client's, messages, payloads), or the path of an export.

    Raises:
        BadExpectation: it is no log.
        SpanUnreadable: the file is no export.
    """
    return LogAssertion(events_of(log))
