"""The anchored detector computes what its documentation defines, and nothing else."""

# covers: app.market.detector.anchored, app.market.detector.base, app.market.detector.constants

import json
import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.market.detector import constants
from app.market.detector.anchored import ANCHORED, AnchoredState, logistic, next_regime, score
from app.market.detector.base import REGIMES, Reading
from events.catalog import Regime
from tests.unit.market.builders import falling

BULL, BEAR, CRASH, SIDEWAYS = REGIMES
CLOSES = st.lists(st.floats(1e-12, 1e18), min_size=1, max_size=60)


def run(closes: list[float]) -> tuple[AnchoredState, list[Reading]]:
    state, readings = ANCHORED.initial(), []
    for close in closes:
        state, reading = ANCHORED.step(state, close)
        readings.append(reading)
    return state, readings


def average(values: list[float], rate: float) -> float:
    """The documented average, written down a second time."""
    mean = values[0]
    for t, value in enumerate(values[1:], start=2):
        mean += (value - mean) * max(1 / t, rate)
    return mean


def by_the_book(closes: list[float]) -> dict[str, float]:
    """The features of the last close, from the definitions and the whole history."""
    returns = [0.0, *(math.log(b / a) for a, b in pairwise(closes))]
    squares = [1e-4, *(r * r for r in returns[1:])]
    falls = [0.5e-4, *(r * r if r < 0 else 0.0 for r in returns[1:])]
    variance = average(squares, 1 - 0.5 ** (1 / 756))
    s = math.sqrt(252 * variance) + 1e-9

    downside = max(2 * average(falls, 1 - 0.5 ** (1 / 10)), 1e-10)
    return {
        "trend": math.log(closes[-1] / average(closes, 2 / 201)) / s,
        "t50": math.log(closes[-1] / average(closes, 2 / 51)) / s,
        "dv": 0.5 * math.log(downside / variance),
        "m126": math.log(closes[-1] / closes[max(0, len(closes) - 127)]) / s,
        "high21": math.log(closes[-1] / max(closes[-21:])) / s,
        "low42": math.log(closes[-1] / min(closes[-42:])) / s,
        "vol": s,
    }


@pytest.mark.parametrize("bars", [1, 2, 21, 22, 42, 43, 127, 128, 360])
def test_features_follow_their_definitions(bars: int) -> None:
    closes = [float(price) for price in falling()][:bars]
    _, readings = run(closes)
    assert readings[-1].features == pytest.approx(by_the_book(closes), rel=1e-9, abs=1e-9)


@given(CLOSES)
def test_probabilities_sum_to_one_and_confidence_is_that_of_the_regime(closes: list[float]) -> None:
    for reading in run(closes)[1]:
        assert math.isclose(sum(reading.probabilities), 1, abs_tol=1e-12)
        assert all(0 <= p <= 1 for p in reading.probabilities)
        assert reading.confidence == reading.probabilities[REGIMES.index(reading.regime)]
        assert all(math.isfinite(value) for value in reading.features.values())


@given(CLOSES, CLOSES)
def test_readings_do_not_depend_on_what_follows(past: list[float], future: list[float]) -> None:
    assert run(past + future)[1][: len(past)] == run(past)[1]


@given(CLOSES, CLOSES)
def test_a_dumped_state_goes_on_bit_for_bit(past: list[float], future: list[float]) -> None:
    state, _ = run(past)
    restored = ANCHORED.load(json.loads(json.dumps(ANCHORED.dump(state))))
    assert restored == state
    for close in future:
        state, reading = ANCHORED.step(state, close)
        restored, again = ANCHORED.step(restored, close)
        assert (restored, again) == (state, reading)


@pytest.mark.parametrize(
    "dumped", [{}, {"bars": "x"}, ANCHORED.dump(ANCHORED.initial()) | {"logs": 3}]
)
def test_what_is_no_state_is_refused(dumped: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"anchored detector|invalid literal"):
        ANCHORED.load(dumped)


def test_the_first_bar_is_bull_and_warming_up() -> None:
    _, readings = run([100.0])
    assert readings[0].regime is BULL
    assert readings[0].warming_up


def test_warm_up_lasts_252_bars() -> None:
    _, readings = run([100.0] * 253)
    assert [reading.warming_up for reading in readings] == [True] * 252 + [False]


def test_a_long_fall_after_a_calm_rise_is_seen() -> None:
    _, readings = run([float(price) for price in falling()])
    assert readings[299].regime is BULL
    assert {reading.regime for reading in readings[310:]} <= {BEAR, CRASH}


def test_prices_that_never_move_stay_finite() -> None:
    state = ANCHORED.initial()
    state, _ = ANCHORED.step(state, 100.0)
    stuck = AnchoredState(10**7, BULL, 100.0, 100.0, 0.0, 0.0, state.logs)
    for price in (100.0, 1e18, 1e-12):
        stuck, reading = ANCHORED.step(stuck, price)
        assert all(math.isfinite(value) for value in reading.features.values())


@pytest.mark.parametrize(
    ("before", "off", "p_crash", "p_side", "after"),
    [
        (BULL, 0.50, 0.0, 0.0, BULL),
        (BULL, 0.51, 0.0, 0.9, BEAR),
        (BULL, 0.61, 0.61, 0.0, CRASH),
        (BULL, 0.60, 0.60, 0.0, BEAR),
        (BULL, 0.1, 0.0, 0.60, BULL),
        (BULL, 0.1, 0.0, 0.61, SIDEWAYS),
        (SIDEWAYS, 0.1, 0.0, 0.20, SIDEWAYS),
        (SIDEWAYS, 0.1, 0.0, 0.19, BULL),
        (SIDEWAYS, 0.6, 0.0, 0.9, BEAR),
        (BEAR, 0.15, 0.0, 0.9, BEAR),
        (BEAR, 0.14, 0.0, 0.9, SIDEWAYS),
        (BEAR, 0.14, 0.0, 0.1, BULL),
        (BEAR, 0.7, 0.61, 0.0, CRASH),
        (CRASH, 0.40, 0.40, 0.0, CRASH),
        (CRASH, 0.39, 0.39, 0.9, BEAR),
        (CRASH, 0.09, 0.09, 0.9, BEAR),
    ],
)
def test_hysteresis(
    before: Regime, off: float, p_crash: float, p_side: float, after: Regime
) -> None:
    assert next_regime(before, off, p_crash, p_side) is after


def closes_with(daily: float, fall: float) -> list[float]:
    """300 bars that go up and down by `daily`, then two that fall by `fall` each."""
    closes = [100.0]
    for bar in range(300):
        closes.append(closes[-1] * math.exp(daily if bar % 2 else -daily))
    return [*closes, closes[-1] * math.exp(-fall), closes[-1] * math.exp(-2 * fall)]


@pytest.mark.parametrize("daily", [0.004, 0.01, 0.04])
def test_the_fall_that_is_a_crash_scales_with_the_volatility(daily: float) -> None:
    _, calm = run(closes_with(daily, 3 * daily))
    _, crash = run(closes_with(daily, 10 * daily))
    assert CRASH not in {reading.regime for reading in calm}
    assert crash[-1].regime is CRASH


def test_probabilities_follow_the_scores() -> None:
    _, readings = run([float(price) for price in falling()])
    for bar, reading in enumerate(readings, start=1):
        p_bear, p_crash, p_side = score(reading.features)
        off, side = max(min(p_bear, 0.52), p_crash), p_side if bar >= 42 else 0.0
        wanted = ((1 - off) * (1 - side), off - p_crash, p_crash, (1 - off) * side)
        assert reading.probabilities == pytest.approx(wanted, abs=1e-12)


def test_a_range_is_seen_from_the_42nd_bar_on() -> None:
    _, readings = run([100.0 + bar % 2 for bar in range(80)])
    assert [reading.regime for reading in readings[:41]] == [BULL] * 41
    assert [reading.probabilities[3] for reading in readings[:41]] == [0.0] * 41
    assert [reading.regime for reading in readings[41:]] == [SIDEWAYS] * 39


@given(st.floats(-1e12, 1e12))
def test_the_logistic_function_never_overflows(x: float) -> None:
    assert 0 <= logistic(x) <= 1
    assert math.isclose(logistic(x) + logistic(-x), 1)


def test_a_changed_constant_would_not_go_unnoticed() -> None:
    assert ANCHORED.constants_hash == constants.CONSTANTS_HASH == "80b9d52162754767"
    assert (ANCHORED.name, ANCHORED.version) == ("anchored", "2")
