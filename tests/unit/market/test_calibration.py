"""The frozen table is monotone, leaves no score without a value, and the probabilities sum to 1."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.market.detector.calibration import TABLE, calibrate, interpolate, segments

UNIT = st.floats(0, 1)
PIECES = segments(TABLE)


def test_the_table_goes_from_0_to_1_and_never_falls() -> None:
    assert (TABLE[0][0], TABLE[-1][0]) == (0.0, 1.0)
    assert all(a[0] < b[0] and a[1] <= b[1] for a, b in pairwise(TABLE))
    assert all(0 <= y < 1 for _, y in TABLE)


def test_knots_are_met_exactly_and_lines_lie_between() -> None:
    for (x0, y0), (x1, y1) in pairwise(TABLE):
        assert interpolate(PIECES, x1) == pytest.approx(y1)
        assert interpolate(PIECES, (x0 + x1) / 2) == pytest.approx((y0 + y1) / 2)


@given(UNIT, UNIT, UNIT)
def test_probabilities_sum_to_one(bear: float, crash: float, side: float) -> None:
    four = calibrate(bear, crash, side)
    assert math.isclose(sum(four), 1, abs_tol=1e-12)
    assert all(0 <= p <= 1 for p in four)


@given(UNIT, UNIT, UNIT)
def test_the_crash_score_is_its_probability_and_risk_off_at_least_that(
    bear: float, crash: float, side: float
) -> None:
    _, p_bear, p_crash, _ = calibrate(bear, crash, side)
    assert p_crash == crash
    assert p_bear + p_crash == pytest.approx(max(interpolate(PIECES, bear), crash))


@given(UNIT, UNIT)
def test_a_higher_score_never_gets_a_lower_value(x: float, y: float) -> None:
    assert interpolate(PIECES, min(x, y)) <= interpolate(PIECES, max(x, y)) + 1e-12
