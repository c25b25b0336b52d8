"""The clock of a replay: how far it runs, and what is due."""

import pytest

from app.stream.replay_clock import STRIDE_S_MAX, ReplayClock, occurred_at_us
from app.stream.replay_protocol import EventRate, Speed
from events.scalars import to_micros
from tests.unit.events.builders import at, notice, price
from tests.unit.stream.replayed import texts_of

TICKS = texts_of([price(second=second) for second in (0, 10, 5, 20)])


def clock(speed: Speed) -> ReplayClock:
    made = ReplayClock(speed, 100.0)
    made.move(to_micros(at(0)))
    return made


def test_market_time_is_read_behind_the_payload_whatever_that_says() -> None:
    (event,) = texts_of([notice('"occurred_at":"1999-01-01T00:00:00.000000Z"', second=7)])
    assert occurred_at_us(event) == to_micros(at(7))


def test_it_runs_in_market_time_at_its_speed_while_it_is_told_to() -> None:
    made = clock(60.0)
    made.look(101.0, running=True)
    assert made.market_time == at(60)
    made.look(102.0, running=False)
    assert made.market_time == at(60)
    made.set_speed(1.0)
    made.look(102.5, running=True)
    assert made.market_time == at(60.5)


def test_between_two_looks_it_moves_by_a_stride_at_most_and_never_back() -> None:
    made = clock(1.0)
    made.look(500.0, running=True)
    assert made.market_time == at(STRIDE_S_MAX)
    made.look(400.0, running=True)
    assert made.market_time == at(STRIDE_S_MAX)


def test_it_stops_at_the_end_of_time() -> None:
    made = clock(1_000_000.0)
    made.move(253_402_300_799_000_000)
    made.look(102.0, running=True)
    assert str(made.market_time) == "9999-12-31 23:59:59.999999+00:00"


def test_an_event_is_due_when_the_clock_is_there_and_a_late_one_right_behind_it() -> None:
    made = clock(5.0)
    assert made.due(TICKS) == 1
    assert made.due_at(TICKS[1]) == 102.0
    made.look(101.9, running=True)
    assert made.due(TICKS) == 1
    made.look(102.0, running=True)
    assert made.due(TICKS) == 3
    assert made.due_at(TICKS[2]) == 102.0


def test_it_follows_what_was_sent_but_not_a_late_one() -> None:
    made = clock(1.0)
    made.sent(TICKS[:2])
    assert made.market_time == at(10)
    made.sent(TICKS[2:3])
    assert made.market_time == at(10)


def test_without_a_time_everything_is_due_and_it_begins_with_what_is_sent() -> None:
    made = ReplayClock(1.0, 100.0)
    assert made.market_time is None
    made.look(101.0, running=True)
    assert (made.due(TICKS), made.market_time) == (4, None)
    made.sent(TICKS[:1])
    assert made.market_time == at(0)


def test_events_a_second_are_owed_one_after_the_other() -> None:
    made = clock(EventRate(events_per_s=4))
    assert (made.due(TICKS), made.due_at(TICKS[0])) == (0, 100.25)
    made.look(100.25, running=True)
    assert made.due(TICKS) == 1
    made.sent(TICKS[:1])
    assert (made.due(TICKS), made.due_at(TICKS[1])) == (0, 100.5)
    made.look(101.25, running=True)
    assert made.due(TICKS) == 4
    made.look(102.25, running=False)
    made.set_speed(EventRate(events_per_s=1))
    assert made.due(TICKS) == 0


def test_at_most_speed_all_that_waits_is_due() -> None:
    made = clock("max")
    assert (made.due(TICKS), made.due_at(TICKS[3])) == (4, 100.0)
    made.look(101.0, running=True)
    assert made.market_time == at(0)


@pytest.mark.parametrize("speed", [1.0, "max", EventRate(events_per_s=1)])
def test_nothing_is_due_where_nothing_waits(speed: Speed) -> None:
    assert clock(speed).due([]) == 0
