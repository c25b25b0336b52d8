"""Labels that know the future: dated as defined, and the calibration fitted to them repeats itself."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from benchmarks.detector_fit import fit, pool_adjacent_violators
from benchmarks.hindsight import bear_label, crash_label, side_label
from tests.unit.market.builders import falling


def test_a_bear_lasts_from_the_bar_after_the_peak_to_the_trough() -> None:
    closes = [90.0, 100.0, 95.0, 80.0, 70.0, 75.0, 84.0, 90.0]
    assert bear_label(closes, 0.2) == [False, False, True, True, True, False, False, False]


def test_a_smaller_fall_is_no_bear() -> None:
    assert not any(bear_label([100.0, 81.0, 100.0, 81.0], 0.2))


def test_a_crash_starts_at_the_highest_close_of_the_last_21() -> None:
    closes = [98.0, 100.0, 95.0, 88.0, 99.0]
    assert crash_label(closes) == [False, True, True, True, False]


def test_a_slow_fall_is_no_crash() -> None:
    assert not any(crash_label([100 * 0.995**k for k in range(60)]))


def test_sideways_is_where_little_changes_outside_bears() -> None:
    closes = [100.0] * 80
    assert all(side_label(closes, [False] * 80))
    assert not any(side_label(closes, [True] * 80))
    assert not side_label([100 * 1.01**k for k in range(80)], [False] * 80)[40]


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1), st.integers(1, 100)), min_size=1))
def test_pooling_gives_rising_shares_and_keeps_the_mean(
    points: list[tuple[float, float, int]],
) -> None:
    pooled = pool_adjacent_violators(sorted(points))
    assert all(a[1] < b[1] for a, b in pairwise(pooled))


def test_the_fit_repeats_itself() -> None:
    closes = [float(price) for price in falling(calm=600, fall=30)] * 2
    assert fit(closes) == fit(closes)
