"""What the documentation claims of the detector holds on the shipped samples, which it was not fitted on."""

from itertools import pairwise

import pytest

from app.feeds.samples import SAMPLES
from app.market.detector.anchored import ANCHORED
from app.market.detector.base import Reading
from benchmarks.detector_fit import JUDGE_BEAR, brier, worth
from benchmarks.hindsight import bear_label
from events.catalog import Regime


@pytest.fixture(scope="module")
def closes() -> list[float]:
    return [float(bar.price) for bar in SAMPLES["SPX"].bars()]


@pytest.fixture(scope="module")
def readings(closes: list[float]) -> list[Reading]:
    state, out = ANCHORED.initial(), []
    for close in closes:
        state, reading = ANCHORED.step(state, close)
        out.append(reading)
    return out


def risk_on(readings: list[Reading]) -> list[bool]:
    return [reading.regime in {Regime.BULL, Regime.SIDEWAYS} for reading in readings]


def test_the_probability_of_risk_off_beats_the_base_rate(
    closes: list[float], readings: list[Reading]
) -> None:
    bear = bear_label(closes, JUDGE_BEAR)
    base = sum(bear) / len(bear)
    off = [reading.probabilities[1] + reading.probabilities[2] for reading in readings]
    assert brier(off, bear) == pytest.approx(0.107, abs=0.0005)
    assert base * (1 - base) == pytest.approx(0.138, abs=0.0005)


def test_it_does_not_flicker(readings: list[Reading]) -> None:
    on = risk_on(readings)
    assert sum(a != b for a, b in pairwise(on)) / (len(on) / 252) == pytest.approx(0.65, abs=0.005)


def test_stepping_aside_would_have_halved_the_worst_fall(
    closes: list[float], readings: list[Reading]
) -> None:
    _, fall = worth(closes, risk_on(readings))
    _, held = worth(closes, [True] * len(closes))
    assert fall == pytest.approx(-0.159, abs=0.001)
    assert held == pytest.approx(-0.568, abs=0.001)
