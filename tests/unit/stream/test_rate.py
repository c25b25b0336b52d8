"""Allowances and paces: no span of time ever holds more than the limit, and nothing is refused within it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.stream.rate import MINUTE_S, Allowance, Pace


def test_half_may_come_at_once_and_the_rest_over_the_span() -> None:
    allowance = Allowance(10)
    assert [allowance.take(100.0) for _ in range(6)] == [True] * 5 + [False]
    assert allowance.wait_s(100.0) == pytest.approx(12.0)
    assert not allowance.take(111.9)
    assert allowance.take(112.1)
    assert not allowance.take(112.2)


@given(st.lists(st.floats(0, 30), max_size=80), st.integers(2, 12))
def test_no_minute_holds_more(gaps: list[float], most: int) -> None:
    allowance, now, taken = Allowance(most), 0.0, []
    for gap in gaps:
        now += gap
        if allowance.take(now):
            taken.append(now)
    for first in taken:
        assert sum(first <= at < first + MINUTE_S for at in taken) <= most


@given(st.lists(st.integers(1, 100), min_size=1, max_size=60))
def test_no_second_holds_more_bytes(sizes: list[int]) -> None:
    pace, now, sent = Pace(400, 100), 0.0, []
    for size in sizes:
        now += pace.wait_s(now)
        pace.spend(size, now)
        sent.append((now, size))
    for first, _ in sent:
        assert sum(size for at, size in sent if first <= at < first + 1 - 1e-9) <= 400


def test_who_was_quiet_has_saved_nothing() -> None:
    pace = Pace(200, 100)
    pace.spend(100, 50.0)
    assert pace.wait_s(50.0) == 1.0
    assert pace.wait_s(60.0) == 0.0


def test_a_second_holds_more_than_one_piece() -> None:
    with pytest.raises(ValueError, match="more than one piece"):
        Pace(100, 100)
