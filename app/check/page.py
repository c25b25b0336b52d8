"""The pages of `GET /api/events`: read character for character, and what they say of themselves. Pure."""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, NamedTuple

from app.check.findings import Fault, Finding
from app.check.span import LOG, Logged, Span
from events.scalars import parse_time, to_micros

PAGE_EVENTS: Final = 1_000
"""Events in a page of the log: as many as a server gives at once."""


_BLANK: Final = re.compile(r"[ \t\n\r]*")


class Page(NamedTuple):
    """One page."""

    events: list[Logged]
    epoch: str
    head: int
    next_after: int | None
    next_before: int | None


def parse_page(text: str) -> Page:
    """A page of the log; each event keeps the very characters that stand there.

    Raises:
        ValueError: it is no such page.
    """
    try:
        fields = dict(_members(text))
        marks = (fields.get("next_after"), fields.get("next_before"))
        return Page(fields["events"], str(fields["epoch"]), int(fields["head"]), *marks)
    except (KeyError, IndexError, TypeError) as error:
        raise ValueError(f"{type(error).__name__}: {error}") from error


def _members(text: str) -> Iterator[tuple[str, Any]]:
    """The members of an object; of `events` the events, of the others the values."""
    decoder = json.JSONDecoder()
    at = _expect(text, 0, "{")
    while text[at] != "}":
        name, at = decoder.raw_decode(text, at)
        at = _expect(text, at, ":")
        value, at = _events(text, at) if name == "events" else decoder.raw_decode(text, at)
        yield name, value
        at = _next(text, at, "}")


def _events(text: str, at: int) -> tuple[list[Logged], int]:
    decode: Callable[[str, int], tuple[Any, int]] = json.JSONDecoder().raw_decode
    found: list[Logged] = []
    at = _expect(text, at, "[")
    while text[at] != "]":
        event, end = decode(text, at)
        found.append(_logged(event, text[at:end]))
        at = _next(text, end, "]")
    return found, at + 1


def _expect(text: str, at: int, mark: str) -> int:
    """Where the text goes on after a mark and the space around it."""
    at = _blank(text, at)
    if text[at] != mark:
        raise ValueError(f"{text[at]!r} where {mark!r} belongs, at character {at}")
    return _blank(text, at + 1)


def _next(text: str, at: int, end: str) -> int:
    """Where the next member begins, or the end stands."""
    at = _blank(text, at)
    return at if text[at] == end else _expect(text, at, ",")


def _blank(text: str, at: int) -> int:
    found = _BLANK.match(text, at)
    return found.end() if found else at


def _logged(event: dict[str, Any], text: str) -> Logged:
    occurred_at_us = to_micros(parse_time(event["occurred_at"]))
    places = event["position"], event["stream"], event["version"]
    if tuple(map(type, places)) != (int, str, int):
        raise TypeError(f"an event's places are {places}")
    return Logged(*places, occurred_at_us, text)


# --- what pages say of themselves -----------------------------------------------------------------


def rising_faults(page: Page, after: int, epoch: str) -> Iterator[Finding]:
    """What is untrue in a page of all that follows a position."""
    yield from _of_any(page, f"the page after {after}", epoch)
    end = page.events[-1].position if page.events else max(after, page.head)
    if page.next_after != end:
        told = f"the page after {after} ends at {end}, its next_after is {page.next_after}"
        yield Finding(Fault.CLAIM, told, LOG)


def falling_faults(page: Page, before: int, after: int, epoch: str) -> Iterator[Finding]:
    """What is untrue in a page of all between two positions, the newest first."""
    yield from _of_any(page, f"the page before {before}", epoch)
    end = page.events[-1].position if page.events else None
    at_end = end is None or end <= after + 1
    if page.next_before != end and not (at_end and page.next_before is None):
        told = f"the page before {before} ends at {end}, its next_before is {page.next_before}"
        yield Finding(Fault.CLAIM, told, LOG)


def _of_any(page: Page, name: str, epoch: str) -> Iterator[Finding]:
    if page.epoch != epoch:
        yield Finding(Fault.CLAIM, f"{name}: epoch {page.epoch}, the log's is {epoch}", LOG)
    if len(page.events) > PAGE_EVENTS:
        told = f"{name} has {len(page.events)} events, {PAGE_EVENTS} were asked for"
        yield Finding(Fault.CLAIM, told, LOG)


def second_reading_faults(log: Span, falling: Iterable[Logged]) -> Iterator[Finding]:
    """Where the log, read once more from its end, is another one."""
    came: set[int] = set()
    last = log.head + 1
    for event in falling:
        first = log.at(event.position)
        if first is None:
            yield _about(Fault.GAP, "came when the log was read again, and not at first", event)
        elif first.text != event.text:
            yield _about(Fault.CHANGED, "has another text when the log is read again", event)
        if event.position >= last:
            yield _about(Fault.CLAIM, f"came after {last} in a falling page", event)
        came.add(event.position)
        last = event.position
    for event in log.events:
        if event.position not in came:
            yield _about(Fault.GAP, "did not come when the log was read again", event)


def _about(fault: Fault, told: str, event: Logged) -> Finding:
    return Finding(fault, f"position {event.position} {told}", LOG, *event[:3])
