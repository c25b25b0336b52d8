"""What `POST /api/prices` answered, against the log and the other answers. Pure."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from app.check.findings import Fault, Finding
from app.check.span import Span


class Answer(NamedTuple):
    """What a request was answered."""

    positions: tuple[int, int] | None
    events: int
    duplicates: int

    def __str__(self) -> str:
        places = f"{self.positions[0]} to {self.positions[1]}" if self.positions else "no positions"
        return f"{places}, {self.events} events, {self.duplicates} duplicates"


class Answered(NamedTuple):
    """A request of so many prices, under a key of its own, and its answer."""

    who: str
    key: str
    prices: int
    answer: Answer


def answer_faults(log: Span, answered: Iterable[Answered]) -> Iterator[Finding]:
    """What is untrue in the answers. Each request was of new prices, and is one append."""
    spans: list[tuple[int, int, Answered]] = []
    for one in answered:
        for told in _untrue(log, one):
            yield _claim(one, told)
        if one.answer.positions is not None:
            spans.append((*one.answer.positions, one))
    reached = log.after
    for first, last, one in sorted(spans, key=lambda span: span[:2]):
        if log.after < first <= reached:
            yield _claim(one, "told of positions that another answer told of, too")
        reached = max(reached, last)


def _untrue(log: Span, one: Answered) -> Iterator[str]:
    positions, events, duplicates = one.answer
    if duplicates:
        yield "duplicates, and nobody had sent those prices before"
    if positions is None:
        yield f"{one.prices} new prices, and no positions"
        return
    first, last = positions
    if events != last - first + 1:
        yield "the events do not fill the positions"
    if events < one.prices:
        yield f"fewer events than the {one.prices} prices"
    if last > log.head:
        yield f"the log ends at {log.head}"
    if first <= log.after:
        yield f"the run began after {log.after}"


def _claim(one: Answered, told: str) -> Finding:
    position = one.answer.positions[0] if one.answer.positions else None
    return Finding(
        Fault.CLAIM, f"the key {one.key} was answered {one.answer}: {told}", one.who, position
    )
