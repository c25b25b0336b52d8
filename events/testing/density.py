"""Whether a log, or what somebody received of it, is whole: nothing missing, doubled, swapped or altered."""

from collections.abc import Sequence

from events.chain import GENESIS, link
from events.envelope import RecordedEvent
from events.testing.errors import BadExpectation
from events.testing.seen import Seen

Flaw = tuple[int, str]
"""What is wrong, after the index of the event where it shows."""


def flaws_of_log(events: Sequence[Seen], after: int, *, chain: bool) -> list[Flaw]:
    """What is wrong with a whole log after a position: positions, versions and hashes follow one another."""
    found = [*_positions(events, after), *_versions(events, whole=after == 0)]
    if chain:
        found += _chain(events, after)
    return sorted(found, key=lambda flaw: flaw[0])


def flaws_of_reading(events: Sequence[Seen]) -> list[Flaw]:
    """What is wrong with what a reader received: positions rise, no version of a stream is left out."""
    found: list[Flaw] = []
    last = 0
    for index, event in enumerate(events):
        position = _position(event)
        if position <= last:
            twice = "came twice" if position == last else f"came after {last}"
            found.append((index, f"position {position} {twice}"))
        last = max(last, position)
    return sorted([*found, *_versions(events, whole=False)], key=lambda flaw: flaw[0])


def _positions(events: Sequence[Seen], after: int) -> list[Flaw]:
    found: list[Flaw] = []
    expected = after + 1
    for index, event in enumerate(events):
        position = _position(event)
        if position != expected:
            found.append(
                (index, f"position {position} where {expected} is due{_why(position, expected)}")
            )
        expected = position + 1
    return found


def _why(actual: int, expected: int) -> str:
    if actual > expected:
        missing = actual - expected
        return f": {missing} missing" if missing > 1 else f": {expected} is missing"
    return ": it came twice" if actual == expected - 1 else ": out of order, or twice"


def _versions(events: Sequence[Seen], *, whole: bool) -> list[Flaw]:
    found: list[Flaw] = []
    last: dict[str, int] = {}
    for index, event in enumerate(events):
        if event.stream is None or event.version is None:
            raise BadExpectation(
                f"{event.original!r} has no version: only recorded events can be whole"
            )
        before = last.get(event.stream, 0 if whole else None)
        if before is not None and event.version != before + 1:
            due = f"version {event.version} of {event.stream} where {before + 1} is due"
            found.append((index, f"{due}{_why(event.version, before + 1)}"))
        last[event.stream] = event.version
    return found


def _chain(events: Sequence[Seen], after: int) -> list[Flaw]:
    previous = GENESIS if after == 0 else None
    for index, event in enumerate(events):
        original = event.original
        if not isinstance(original, RecordedEvent):
            raise BadExpectation(
                "these events carry no hashes: dense(chain=False) looks at the rest"
            )
        if previous is not None and link(previous, original) != original.hash:
            # Everything after it is wrong as well: the first is the one to look at.
            return [(index, f"the hash chain breaks at position {original.position}")]
        previous = original.hash
    return []


def _position(event: Seen) -> int:
    if event.position is None:
        raise BadExpectation(
            f"{event.original!r} has no position: only recorded events can be whole"
        )
    return event.position
