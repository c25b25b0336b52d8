"""The answers of `POST /api/prices` add up against the log, and against one another."""

import pytest

from app.check.answers import Answer, Answered, answer_faults
from app.check.findings import Fault
from tests.unit.check.scenes import log_of

LOG = log_of(4)


def one(first: int, last: int, events: int, duplicates: int = 0) -> Answered:
    return Answered("writer 1", "k", 1, Answer((first, last), events, duplicates))


def told(*answered: Answered) -> list[str]:
    found = list(answer_faults(LOG, answered))
    assert {finding.fault for finding in found} <= {Fault.CLAIM}
    return [str(finding).rpartition(": ")[2] for finding in found]


def test_answers_that_share_no_position_are_accepted() -> None:
    assert told(one(3, 4, 2), one(1, 2, 2), one(5, 8, 4)) == []


@pytest.mark.parametrize(
    ("answered", "found"),
    [
        (Answered("w", "k", 3, Answer(None, 0, 0)), "3 new prices, and no positions"),
        (one(1, 2, 3), "the events do not fill the positions"),
        (one(1, 2, 1), "the events do not fill the positions"),
        (one(3, 1, 2), "the events do not fill the positions"),
        (one(1, 2, 2, 1), "duplicates, and nobody had sent those prices before"),
        (one(8, 9, 2), "the log ends at 8"),
        (one(0, 1, 2), "the run began after 0"),
        (Answered("w", "k", 3, Answer((1, 2), 2, 0)), "fewer events than the 3 prices"),
    ],
)
def test_an_answer_that_does_not_add_up_is_found(answered: Answered, found: str) -> None:
    assert found in told(answered)


def test_two_answers_with_the_same_positions_are_found() -> None:
    assert told(one(1, 4, 4), one(4, 5, 2)) == [
        "told of positions that another answer told of, too"
    ]
