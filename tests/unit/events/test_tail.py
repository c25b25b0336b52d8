"""The recent end of the log in memory."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.errors import PositionGap
from events.tail import Tail
from tests.unit.events.builders import positions_of, price, recorded

EVENTS = recorded([price(second=number) for number in range(40)])


def filled(head: int, size: int) -> Tail:
    tail = Tail(0, size)
    tail.push(EVENTS[:head])
    return tail


@given(st.integers(0, 40), st.integers(1, 45), st.integers(0, 45), st.integers(1, 45))
def test_it_answers_with_the_events_after_a_position_or_says_that_it_cannot(
    head: int, size: int, position: int, limit: int
) -> None:
    answer = filled(head, size).after(position, limit)
    if head - position > size:
        assert answer is None
    else:
        assert answer == EVENTS[position:head][:limit]


def test_it_begins_empty_after_any_head() -> None:
    tail = Tail(10, 5)
    assert tail.after(10, 5) == []
    assert tail.after(9, 5) is None
    tail.push(EVENTS[10:12])
    assert positions_of(tail.after(10, 5) or []) == [11, 12]
    assert tail.after(9, 5) is None


@pytest.mark.parametrize("wrong", [[0], [2], [1, 1], [1, 3]])
def test_a_batch_that_does_not_follow_is_refused_whole(wrong: list[int]) -> None:
    tail = filled(1, 10)
    with pytest.raises(PositionGap):
        tail.push([EVENTS[number] for number in wrong])
    assert tail.head == 1
    tail.push(EVENTS[1:3])
    assert positions_of(tail.after(0, 10) or []) == [1, 2, 3]
