"""How long the client waits, and when it does not come back."""

from itertools import pairwise

from app.client.limits import Limits, backoff_s, is_final_close, is_final_status

LIMITS = Limits(backoff_s_min=0.5, backoff_s_max=15)


def test_the_wait_doubles_up_to_its_limit() -> None:
    waits = [backoff_s(attempt, LIMITS, 0.999_999) for attempt in range(8)]
    assert all(a <= b for a, b in pairwise(waits))
    assert 0.49 < waits[0] <= 0.5
    assert 14.9 < waits[-1] <= 15
    assert backoff_s(10_000, LIMITS, 0.5) == 11.25


def test_half_of_the_wait_is_chance() -> None:
    assert [backoff_s(1, LIMITS, chance) for chance in (0.0, 0.5)] == [0.5, 0.75]


def test_some_codes_and_statuses_are_final() -> None:
    passing = (1000, 1001, 1006, 1011, 1012, 4000, 4008, 4399, 4800)
    assert [code for code in passing if is_final_close(code)] == []
    assert all(is_final_close(code) for code in (1009, 4400, 4401, 4429, 4799))
    assert [is_final_status(status) for status in (200, 401, 404)] == [True] * 3
    assert [is_final_status(status) for status in (408, 425, 429, 500, 503)] == [False] * 5
