"""Hints that wait for what fills the hole before them."""

import pytest

from events import held_hints
from events.held_hints import HeldHints
from tests.unit.events.builders import price, recorded

EVENTS = recorded([price() for _ in range(9)])


def test_the_one_that_fits_is_given_whatever_the_order_they_came_in() -> None:
    held = HeldHints()
    for first, last in ((6, 7), (2, 3), (4, 5)):
        assert held.add(EVENTS[first - 1 : last])
    assert held.next(0) is None
    assert held.next(1) == EVENTS[1:3]
    assert held.next(3) == EVENTS[3:5]
    assert held.next(9) == EVENTS[5:7]
    assert not held
    assert held.next(9) is None


def test_two_of_the_same_position_are_both_given() -> None:
    held = HeldHints()
    held.add(EVENTS[2:3])
    held.add(EVENTS[2:5])
    assert (held.next(2), held.next(3)) == (EVENTS[2:3], EVENTS[2:5])


def test_more_events_than_may_wait_are_let_go_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(held_hints, "HELD_BACK_MAX", 5)
    held = HeldHints()
    assert held.add(EVENTS[4:7])
    assert held.next(4) == EVENTS[4:7]
    assert held.add(EVENTS[4:7])
    assert held.add(EVENTS[7:9])
    assert not held.add(EVENTS[7:8])
    assert not held
    assert held.add(EVENTS[2:7])


def test_those_that_came_before_a_moment_are_dropped() -> None:
    held = HeldHints()
    held.add(EVENTS[6:8])
    held.add(EVENTS[4:5])
    moment = held.count
    held.add(EVENTS[5:6])
    held.drop(moment)
    assert held.next(9) == EVENTS[5:6]
    assert not held
