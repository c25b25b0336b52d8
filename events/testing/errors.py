"""What goes wrong in a test: a wrong question is a `BadExpectation`, a wrong answer an `AssertionError`."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

NAMES_SHOWN: Final = 12
"""Known names that a refusal lists."""


class BadExpectation(ValueError):
    """An expectation that could never hold, or says less than it seems to: the test itself is wrong."""


class LogAssertionError(AssertionError):
    """The log is not as `assert_log` says."""


class ScenarioFailed(AssertionError):
    """A decision is not what `then` says."""


class GoldenMismatch(AssertionError):
    """A log is not what its golden file says, or there is none."""


class CaughtUpTimeout(AssertionError):
    """Not every follower has taken everything in time."""


class SpanUnreadable(ValueError):
    """A file is no export of a log in ndjson; the message names the line."""


class Crashed(Exception):
    """A planted crash of the consumer: start it again."""


class DroppedConnection(ConnectionError):
    """A planted loss of the connection: connect again, after the last position that was taken."""


class NothingAsserted(UserWarning):
    """A chain was begun and dropped before it asserted anything, so it could not fail."""


class _Refusals:
    """How many there were: a chain that one of them interrupted has failed, and need not complain as well."""

    count = 0


def refused(problem: str) -> BadExpectation:
    """The refusal of what a test says, where it says it."""
    _Refusals.count += 1
    return BadExpectation(problem)


def refusals() -> int:
    """How many there were so far."""
    return _Refusals.count


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The end of a sentence about an unknown name: the one that it is like, and the known ones."""
    names = sorted(str(name) for name in known)
    near = get_close_matches(name, names, n=1)
    guess = f"; did you mean {near[0]!r}?" if near else "."
    rest = f", … ({len(names)} in all)" if len(names) > NAMES_SHOWN else ""
    return f"{guess} Known: {', '.join(names[:NAMES_SHOWN])}{rest}" if names else ""


for _error in (
    BadExpectation,
    LogAssertionError,
    ScenarioFailed,
    GoldenMismatch,
    CaughtUpTimeout,
    SpanUnreadable,
    Crashed,
    DroppedConnection,
    NothingAsserted,
):
    # What a failure is called in a report: the place that it is imported from, not where it happens to be written.
    _error.__module__ = "events.testing"
