"""The jump model's online program finds the cheapest path, and its fit repeats itself."""

# covers: app.market.detector.jump, app.market.detector.jump_constants

import math
from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.market.detector import jump_constants as c
from app.market.detector.base import REGIMES
from app.market.detector.jump import JUMP, Two, losses, next_values
from tests.unit.market.detector_runs import run, spx

BULL, BEAR, CRASH, SIDEWAYS = REGIMES
LOSS = st.floats(0, 50)
LOSSES = st.lists(st.tuples(LOSS, LOSS), min_size=1, max_size=7)


def cheapest(rows: list[Two], penalty: float) -> Two:
    """The least cost of any path that ends in each state, by trying all paths."""
    ends = [math.inf, math.inf]
    for path in product((0, 1), repeat=len(rows)):
        cost = sum(row[k] for row, k in zip(rows, path, strict=True))
        cost += penalty * sum(a != b for a, b in pairwise(path))
        ends[path[-1]] = min(ends[path[-1]], cost)
    return ends[0], ends[1]


def average(values: list[float], half_life: int) -> float:
    """The documented average, written down a second time."""
    mean = values[0]
    for t, value in enumerate(values[1:], start=2):
        mean += (value - mean) * max(1 / t, 1 - 0.5 ** (1 / half_life))
    return mean


@given(LOSSES, st.floats(0, 60))
def test_the_online_values_are_those_of_the_cheapest_paths(rows: list[Two], penalty: float) -> None:
    values: Two = (0.0, 0.0)
    for row in rows:
        values = next_values(values, np.array(row), penalty)
    bull, bear = cheapest(rows, penalty)
    assert min(values) == 0
    assert values[1] - values[0] == pytest.approx(bear - bull, abs=1e-9)


@given(LOSSES)
def test_values_lie_no_further_apart_than_a_jump_costs(rows: list[Two]) -> None:
    values: Two = (0.0, 0.0)
    for row in rows:
        values = next_values(values, np.array(row), 10.0)
        assert max(values) <= 10.0 + abs(row[0] - row[1]) + 1e-9


@pytest.mark.parametrize("bars", [1, 2, 30, 400])
def test_features_follow_their_definitions(bars: int) -> None:
    closes = spx(bars)
    returns = [0.0, *(math.log(b / a) for a, b in pairwise(closes))]
    variance = average([1e-4, *(r * r for r in returns[1:])], 756)
    downside = average([0.5e-4, *(r * r if r < 0 else 0.0 for r in returns[1:])], 10)
    features = run(JUMP, closes)[1][-1].features
    expected = {
        "dv": 0.5 * math.log(2 * downside / variance),
        "m20": average(returns, 20) / math.sqrt(variance),
        "m60": average(returns, 60) / math.sqrt(variance),
    }
    assert {name: features[name] for name in expected} == pytest.approx(expected, abs=1e-9)


def test_a_bar_on_a_states_point_costs_nothing_there() -> None:
    for state, centre in enumerate(c.CENTROIDS):
        dv, m20, m60 = (
            mean + x * spread for mean, x, spread in zip(c.MEANS, centre, c.DEVIATIONS, strict=True)
        )
        assert losses((dv, m20, m60))[state] == pytest.approx(0, abs=1e-12)


def test_features_far_out_are_clipped() -> None:
    assert losses((1e9, 1e9, 1e9)).tolist() == losses((1e12, 1e12, 1e12)).tolist()


def test_a_long_fall_is_bear_and_a_long_rise_is_bull_again() -> None:
    up = [100 * 1.001**k for k in range(300)]
    down = [up[-1] * 0.99**k for k in range(1, 120)]
    again = [down[-1] * 1.005**k for k in range(1, 250)]
    _, readings = run(JUMP, [*up, *down, *again])
    assert [readings[k].regime for k in (299, 418, -1)] == [BULL, BEAR, BULL]


def test_the_lead_says_which_state_is_cheaper() -> None:
    _, readings = run(JUMP, spx(900))
    assert {reading.regime for reading in readings} == {BULL, BEAR}
    assert all((r.regime is BEAR) == (r.features["lead"] < 0) for r in readings)
    assert all(r.probabilities == c.SHARES[r.regime] for r in readings)


def test_it_warms_up_for_252_bars() -> None:
    _, readings = run(JUMP, spx(253))
    assert [reading.warming_up for reading in readings] == [True] * 252 + [False]


def test_a_changed_constant_would_not_go_unnoticed() -> None:
    assert (JUMP.version, JUMP.constants_hash) == ("1", "e35ad641c50106e9")
