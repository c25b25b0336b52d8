"""The frozen table is monotone, leaves no probability without a value, and sums to 1."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.market.detector.base import REGIMES
from app.market.detector.calibration import TABLE, calibrate, interpolate, segments
from events.catalog import Regime

UNIT = st.floats(0, 1)


@pytest.mark.parametrize("regime", REGIMES)
def test_each_row_rises_from_0_to_1(regime: Regime) -> None:
    row = TABLE[regime]
    assert (row[0][0], row[-1][0]) == (0.0, 1.0)
    assert all(a[0] < b[0] and a[1] <= b[1] for a, b in pairwise(row))
    assert all(0 < y < 1 for _, y in row)


@pytest.mark.parametrize("regime", REGIMES)
def test_knots_are_met_exactly_and_lines_lie_between(regime: Regime) -> None:
    pieces = segments(TABLE[regime])
    for (x0, y0), (x1, y1) in pairwise(TABLE[regime]):
        assert interpolate(pieces, x1) == pytest.approx(y1)
        assert interpolate(pieces, (x0 + x1) / 2) == pytest.approx((y0 + y1) / 2)


@given(UNIT, UNIT, UNIT, UNIT)
def test_calibrated_probabilities_sum_to_one(a: float, b: float, c: float, d: float) -> None:
    four = calibrate(a, b, c, d)
    assert math.isclose(sum(four), 1, abs_tol=1e-12)
    assert all(0 < p < 1 for p in four)


@given(UNIT, UNIT, st.sampled_from(REGIMES))
def test_a_higher_score_never_gets_a_lower_value(x: float, y: float, regime: Regime) -> None:
    pieces = segments(TABLE[regime])
    assert interpolate(pieces, min(x, y)) <= interpolate(pieces, max(x, y)) + 1e-12
