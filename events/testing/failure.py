"""What a failed `assert_log` says: the sentence, the nearest miss, and the log as a table."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from events.testing.errors import LogAssertionError
from events.testing.expectation import Expectation
from events.testing.gist import table
from events.testing.seen import Seen

MISSES_SHOWN: Final = 8
"""Reasons that are told of the nearest miss."""

Misses = Callable[[int], Sequence[str]]


def failure(
    said: Sequence[str], problem: str, events: Sequence[Seen], marks: Mapping[int, str]
) -> LogAssertionError:
    """The error of a log that is not as it should be.

    Args:
        said: the sentence so far.
        problem: what is wrong.
        events: the log.
        marks: what to say of some of its events, by index.
    """
    sentence = f"  said: assert_log(log){''.join(f'.{word}' for word in said)}"
    return LogAssertionError(f"{problem}\n{sentence}\n{table(events, marks)}")


def nearest(
    wanted: Expectation, events: Sequence[Seen], misses: Misses, begin: int = 0
) -> tuple[str, dict[int, str]]:
    """The event that came nearest to what was looked for: a sentence on it, and its mark.

    Args:
        wanted: what was looked for.
        events: the log.
        misses: in which ways the event at an index is not it.
        begin: the first index at which it may stand; of two that are as near, the one behind it is told.
    """
    anchor = {begin - 1: "the step before"} if begin else {}
    if not events:
        return "", {}
    right_type = [index for index, event in enumerate(events) if wanted.is_of_type(event)]
    if not right_type:
        held = Counter(event.type for event in events)
        names = ", ".join(f"{count} {name}" for name, count in sorted(held.items()))
        return f"\n  there is no {wanted.name} at all; the log holds {names}", anchor
    found = [(index, misses(index)) for index in right_type]
    index, why = min(
        ((index, why) for index, why in found if why),
        key=lambda one: (len(one[1]), one[0] < begin),
        default=(0, ()),
    )
    if not why:
        return "", anchor
    event = events[index]
    place = f"position {event.position}" if event.position is not None else f"event {index + 1}"
    more = len(why) - MISSES_SHOWN
    lines = [*why[:MISSES_SHOWN], *([f"… {more} more"] if more > 0 else [])]
    text = "".join(f"\n      {line}" for line in lines)
    return f"\n  nearest: {place}, off by {len(why)}:{text}", anchor | {index: f"nearest: {why[0]}"}
