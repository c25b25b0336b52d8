"""The fit of the jump model is deterministic, and finds the states that made its points."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import jump_fit
from benchmarks.jump_fit import Three, best_path, centroids, online, shares, standardised, truth
from events.catalog import Regime
from tests.unit.market.detector_runs import spx

NUMBER = st.integers(-12, 12).map(lambda quarters: quarters / 4)
"""Sums of these are exact, so that ties are ties."""
POINT = st.tuples(NUMBER, NUMBER, NUMBER)


def two_clouds(turns: int = 8, bars: int = 60) -> list[Three]:
    """Points around (-1, 1, 1) and (2, -1, -2) in turns."""
    random = Random(4)
    centres = ((-1.0, 1.0, 1.0), (2.0, -1.0, -2.0))
    rows: list[Three] = []
    for now in range(turns * bars):
        dv, m20, m60 = (x + random.gauss(0, 0.3) for x in centres[now // bars % 2])
        rows.append((dv, m20, m60))
    return rows


def test_the_clouds_are_found() -> None:
    bull, bear = centroids(two_clouds(), 10.0)
    assert bull == pytest.approx((-1, 1, 1), abs=0.1)
    assert bear == pytest.approx((2, -1, -2), abs=0.1)


def test_the_fit_repeats_itself(capsys: pytest.CaptureFixture[str]) -> None:
    jump_fit.fit_jump(spx(1_500))
    once = capsys.readouterr().out
    jump_fit.fit_jump(spx(1_500))
    assert capsys.readouterr().out == once
    assert "CENTROIDS: Final" in once


@given(st.lists(POINT, min_size=1, max_size=40))
def test_online_ends_where_the_best_path_of_the_past_ends(points: list[Three]) -> None:
    centres = ((-1.0, 1.0, 1.0), (1.0, -1.0, -1.0))
    said = online(points, centres, 5.0)
    assert (said[-1] is Regime.BEAR) == (best_path(points, centres, 5.0)[-1] == 1)


def test_shares_sum_to_one() -> None:
    found = [Regime.BULL] * 2 + [Regime.CRASH]
    assert shares(found) == (0.6667, 0.0, 0.3333, 0.0)


def test_a_crash_comes_before_a_bear_and_a_bear_before_sideways() -> None:
    closes = [100.0, 99.0, 98.0, 70.0, 69.9, *[69.9] * 80, 140.0]
    labels = truth(closes)
    assert labels[3] is Regime.CRASH
    assert labels[4] is Regime.CRASH
    assert set(labels[40:50]) == {Regime.SIDEWAYS}


def test_features_are_clipped_at_three_deviations() -> None:
    assert standardised([(9.0, -9.0, 0.5)], [0.0] * 3, [1.0] * 3) == [(3.0, -3.0, 0.5)]
