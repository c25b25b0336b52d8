"""What the documentation claims of the detector holds on the shipped samples, which it was not fitted on."""

import pytest

from app.feeds.samples import SAMPLES
from app.market.detector.anchored import ANCHORED
from app.market.detector.base import Reading
from benchmarks.detector_measures import Measured, Worth, measure, truth_of, worth


def readings(closes: list[float]) -> list[Reading]:
    state, out = ANCHORED.initial(), []
    for close in closes:
        state, reading = ANCHORED.step(state, close)
        out.append(reading)
    return out


def measured(name: str) -> tuple[Measured, Worth, float]:
    """The detector's figures, those of buy and hold, and the Brier score of the base rate."""
    closes = [float(bar.price) for bar in SAMPLES[name].bars()]
    truth = truth_of(name, closes)
    base = sum(truth.bear) / len(truth.bear)
    held = worth(closes, [1.0] * len(closes))
    return measure(truth, readings(closes), 0.0), held, base * (1 - base)


@pytest.fixture(scope="module")
def spx() -> tuple[Measured, Worth, float]:
    return measured("SPX")


def test_the_probability_of_risk_off_beats_the_base_rate(
    spx: tuple[Measured, Worth, float],
) -> None:
    figures, _, base = spx
    assert figures.brier == pytest.approx(0.106, abs=0.0005)
    assert base == pytest.approx(0.138, abs=0.0005)


def test_a_high_probability_comes_true_as_often_as_it_says(
    spx: tuple[Measured, Worth, float],
) -> None:
    assert spx[0].top_gap == pytest.approx(0.03, abs=0.005)


def test_it_does_not_flicker(spx: tuple[Measured, Worth, float]) -> None:
    assert spx[0].shifts == pytest.approx(0.45, abs=0.005)
    assert spx[0].regime_shifts == pytest.approx(3.11, abs=0.005)


def test_stepping_aside_would_have_cut_the_worst_fall_to_a_third(
    spx: tuple[Measured, Worth, float],
) -> None:
    figures, held, _ = spx
    assert figures.switched.drawdown == pytest.approx(-0.189, abs=0.001)
    assert held.drawdown == pytest.approx(-0.568, abs=0.001)


def test_what_it_calls_a_crash_is_one_but_it_calls_few(
    spx: tuple[Measured, Worth, float],
) -> None:
    figures, _, _ = spx
    assert (figures.crash.precision, figures.crash.recall) == pytest.approx((0.96, 0.14), abs=0.005)
    scaled = (figures.scaled_crash.precision, figures.scaled_crash.recall)
    assert scaled == pytest.approx((0.76, 0.27), abs=0.005)


def test_the_other_index_agrees() -> None:
    figures, _, base = measured("IXIC")
    assert figures.brier == pytest.approx(0.100, abs=0.0005)
    assert base == pytest.approx(0.145, abs=0.0005)
    assert figures.shifts == pytest.approx(0.65, abs=0.005)
