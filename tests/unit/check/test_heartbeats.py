"""Heartbeats are due all the time that somebody is live, and judged over all connections of one way."""

import pytest

from app.check.findings import Fault
from app.check.heartbeats import Listener, Moment, judge_heartbeats


def listener(who: str, *moments: tuple[float, str], way: str = "socket") -> Listener:
    return Listener(way, who, [Moment(kind, at_s) for at_s, kind in moments])


def beating(begin: int, end: int) -> list[tuple[float, str]]:
    return [(float(at_s), "heartbeat") for at_s in range(begin, end, 4)]


def test_heartbeats_in_time_are_accepted() -> None:
    one = listener("fast 1", (0, "caught_up"), *beating(4, 40), (41, "ended"))
    assert judge_heartbeats([one], 4.0) == ([], [])


@pytest.mark.parametrize(
    ("moments", "silence"),
    [
        ([(0, "caught_up"), (11, "ended")], "11.0"),
        ([(0, "caught_up"), *beating(4, 12), (25, "ended")], "17.0"),
        ([(0, "caught_up"), *beating(12, 16), (13, "ended")], "12.0"),
    ],
)
def test_a_silence_of_more_than_two_and_a_half_intervals_is_found(
    moments: list[tuple[float, str]], silence: str
) -> None:
    found, unseen = judge_heartbeats([listener("fast 1", *moments)], 4.0)
    assert [(one.fault, one.who) for one in found] == [(Fault.CLAIM, "fast 1")]
    assert f"no heartbeat by socket for {silence} s" in str(found[0])
    assert unseen == []


def test_a_short_run_says_that_it_has_not_seen_any() -> None:
    found, unseen = judge_heartbeats([listener("fast 1", (0, "caught_up"), (9, "ended"))], 15.0)
    assert (found, unseen) == ([], ["heartbeats by socket (live for 9.0 s, due in 37.5 s)"])


def test_one_connection_may_be_passed_over_while_another_hears_them() -> None:
    busy = listener("fast 1", (0, "caught_up"), (40, "ended"))
    heard = listener("fast 2", (0, "caught_up"), *beating(4, 40), (40, "ended"))
    assert judge_heartbeats([busy, heard], 4.0) == ([], [])


def test_the_ways_are_judged_apart() -> None:
    heard = listener("fast 1", (0, "caught_up"), *beating(4, 40), (40, "ended"))
    deaf = listener("sse 1", (0, "caught_up"), (40, "ended"), way="sse")
    found, _ = judge_heartbeats([heard, deaf], 4.0)
    assert [one.who for one in found] == ["sse 1"]


def test_nothing_is_due_while_it_catches_up_and_never_in_less_than_five_seconds() -> None:
    behind = listener("late 1", (0, "caught_up"), (3, "lagging"), (30, "caught_up"), (33, "ended"))
    assert judge_heartbeats([behind], 0.2)[0] == []
