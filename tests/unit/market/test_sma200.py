"""The 200-day average keeps its regime inside the band, and sends frozen shares."""

import pytest

from app.market.detector.base import REGIMES
from app.market.detector.sma200 import SHARES, SMA200
from tests.unit.market.detector_runs import run, spx

BULL, BEAR, CRASH, SIDEWAYS = REGIMES


def test_the_band_holds_the_regime() -> None:
    flat = [100.0] * 199
    _, readings = run(SMA200, [*flat, 97.1, 96.0, 97.1, 102.9, 104.0, 102.9, 97.1])
    assert [one.regime for one in readings[199:]] == [BULL, BEAR, BEAR, BEAR, BULL, BULL, BULL]


@pytest.mark.parametrize("bars", [1, 7, 200, 201, 450])
def test_the_gap_is_the_distance_from_the_mean_of_the_last_200_closes(bars: int) -> None:
    closes = spx(bars)
    mean = sum(closes[-200:]) / min(bars, 200)
    _, readings = run(SMA200, closes)
    assert readings[-1].features == pytest.approx({"gap": closes[-1] / mean - 1}, abs=1e-12)


def test_it_warms_up_until_there_are_200_closes() -> None:
    _, readings = run(SMA200, [100.0] * 200)
    assert [reading.warming_up for reading in readings] == [True] * 199 + [False]


def test_it_remembers_200_closes() -> None:
    state, _ = run(SMA200, spx(450))
    assert state.closes == tuple(spx(450)[-200:])


def test_probabilities_are_the_shares_of_the_emitted_regime() -> None:
    _, readings = run(SMA200, spx(600))
    assert {reading.regime for reading in readings} == {BULL, BEAR}
    assert all(reading.probabilities == SHARES[reading.regime] for reading in readings)


def test_the_shares_say_what_the_rule_is_worth() -> None:
    bull, bear = SHARES[BULL], SHARES[BEAR]
    assert bull[0] > bear[0]
    assert bull[1] + bull[2] < 0.1
    assert bear[1] + bear[2] > 0.4


def test_a_changed_constant_would_not_go_unnoticed() -> None:
    assert (SMA200.version, SMA200.constants_hash) == ("1", "11d458006bf30e18")
