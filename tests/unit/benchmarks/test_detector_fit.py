"""The fit of the detector's constants to labels that know the future repeats itself, and keeps its bounds."""

import math
import sys
from itertools import accumulate
from pathlib import Path
from random import Random

import numpy as np
import pytest

from benchmarks.detector_fit import (
    Scores,
    best,
    blocks,
    cap,
    fit,
    history,
    logit_weights,
    main,
    regimes,
    risk_off,
    switches,
    unseen_scores,
)
from benchmarks.detector_measures import calls
from events.catalog import Regime


@pytest.fixture(scope="module")
def cycles() -> list[float]:
    """Calm rises, falls and crashes, three times over."""
    random, closes = Random(2), [100.0]
    for drift, spread, bars in ((0.0005, 0.006, 900), (-0.002, 0.009, 90), (-0.02, 0.012, 12)) * 3:
        moves = accumulate(random.gauss(drift, spread) for _ in range(bars))
        closes += [closes[-1] * math.exp(move) for move in moves]
    return closes


def test_weights_are_found_again_and_a_penalty_shrinks_them() -> None:
    draw = np.random.default_rng(1)
    x = draw.normal(5, 2, (20_000, 2))
    y = (draw.random(20_000) < 1 / (1 + np.exp(-(1 + 0.5 * x[:, 0] - x[:, 1])))).astype(float)
    assert logit_weights(x, y, 0.0) == pytest.approx([1, 0.5, -1], abs=0.15)
    assert (np.abs(logit_weights(x, y, 1e4)[1:]) < [0.25, 0.5]).all()


def test_each_bar_is_scored_once_with_weights_from_bars_a_year_away() -> None:
    scored = []
    for known, left_out in blocks(9_000):
        scored += left_out.tolist()
        assert not ((known > left_out[0] - 252) & (known < left_out[-1] + 252)).any()
    assert scored == list(range(9_000))


def test_the_cap_is_where_the_bear_score_stops_being_right() -> None:
    scores = Scores([0.2] * 10 + [0.9] * 10, [0.0] * 20, [0.0] * 20)
    label = [True] * 2 + [False] * 8 + [True] * 6 + [False] * 4
    table = cap(scores, label)
    assert table == ((0.0, 0.0), (0.6, 0.6), (1.0, 0.6))
    assert risk_off(scores, table) == pytest.approx([0.2] * 10 + [0.6] * 10)


def test_limits_that_keep_no_bound_are_an_error() -> None:
    with pytest.raises(SystemExit, match="no limits keep the bounds"):
        best([])


def test_the_fit_repeats_itself_and_keeps_its_bounds(cycles: list[float]) -> None:
    past = history(cycles)
    scores = unseen_scores(past)
    fitted = fit(past, scores)
    assert fit(past, unseen_scores(past)) == fitted
    emitted = regimes(scores, fitted.limits)
    assert switches(emitted, past.years) <= 4
    called = [regime is Regime.CRASH for regime in emitted]
    assert (calls(called, [bool(y) for y in past.crash]).precision or 0) >= 0.8


def test_the_script_says_that_other_years_give_other_constants(
    cycles: list[float],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / "other.csv"
    file.write_text("close\n" + "\n".join(map(repr, cycles)))
    monkeypatch.setattr(sys, "argv", ["detector_fit.py", "--fit", str(file)])
    assert main() == 1
    assert "NOT the shipped constants" in capsys.readouterr().out
