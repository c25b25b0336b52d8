"""The hidden Markov model: hmmlearn's fit, our own filter, states that keep their meaning."""

# covers: app.market.detector.hmm, app.market.detector.hmm_fit

import logging
from itertools import pairwise
from math import exp, log
from random import Random

import numpy as np
import pytest
from hmmlearn.hmm import GaussianHMM  # type: ignore[import-untyped]

from app.market.detector import hmm, hmm_fit
from app.market.detector.base import REGIMES
from app.market.detector.hmm import HMM
from app.market.detector.hmm_fit import Fitted
from tests.unit.market.detector_runs import run, spx

BULL, BEAR, CRASH, SIDEWAYS = REGIMES


def peer(fitted: Fitted) -> GaussianHMM:
    """The same model as hmmlearn runs it."""
    model = GaussianHMM(hmm_fit.STATES, "diag")
    model.startprob_ = np.exp(fitted.start) / np.exp(fitted.start).sum()
    moves = np.exp(fitted.moves)
    model.transmat_ = moves / moves.sum(axis=1, keepdims=True)
    model.means_ = np.array(fitted.means).reshape(-1, 1)
    model.covars_ = np.array(fitted.variances).reshape(-1, 1)
    return model


def log_returns(closes: list[float]) -> list[float]:
    return [log(b / a) for a, b in pairwise(closes)]


def calm_and_wild(bars: int, seed: int = 3) -> tuple[list[float], list[bool]]:
    """Closes that move by 0.5 % and by 3 % a bar in turns of 100, and which bars are wild."""
    random, closes, wild = Random(seed), [100.0], [False]
    for now in range(bars):
        wild.append(now // 100 % 2 == 1)
        closes.append(closes[-1] * exp(random.gauss(0, 0.03 if wild[-1] else 0.005)))
    return closes, wild


@pytest.mark.parametrize("bars", [254, 255, 400, 505, 506, 700])
def test_the_filter_says_what_hmmlearn_says_of_the_last_bar(bars: int) -> None:
    closes = spx(bars)
    state, _ = run(HMM, closes)
    assert state.fitted is not None
    theirs = peer(state.fitted).predict_proba(np.array(log_returns(closes)).reshape(-1, 1))[-1]
    assert [exp(value) for value in state.belief] == pytest.approx(list(theirs), abs=1e-6)


def test_states_stay_in_the_order_of_their_variance_at_every_fit() -> None:
    state, fits = HMM.initial(), set()
    for close in spx(3_000):
        state, _ = HMM.step(state, close)
        if state.fitted is not None:
            fits.add(state.fitted)
            assert list(state.fitted.variances) == sorted(state.fitted.variances)
    assert len(fits) == 11


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_a_fit_that_ends_in_another_order_is_sorted(order: tuple[int, ...]) -> None:
    variances, means = np.array([1.0, 4.0, 9.0]), np.array([0.3, 0.2, 0.1])
    moves = np.array([[0.8, 0.15, 0.05], [0.1, 0.7, 0.2], [0.02, 0.08, 0.9]])
    model = GaussianHMM(3, "diag")
    model.n_features = 1
    model.startprob_ = np.array([0.5, 0.3, 0.2])[list(order)]
    model.transmat_ = moves[np.ix_(order, order)]
    model.means_ = means[list(order)].reshape(-1, 1)
    model.covars_ = variances[list(order)].reshape(-1, 1)
    fitted = hmm_fit.in_order(model, 0.01)
    assert fitted is not None
    assert np.exp(fitted.start) == pytest.approx([0.5, 0.3, 0.2])
    assert np.exp(fitted.moves) == pytest.approx(moves)
    assert fitted.means == pytest.approx(means * 0.01)
    assert fitted.variances == pytest.approx(variances * 1e-4)


def test_wild_times_are_bear_before_and_after_a_refit() -> None:
    closes, wild = calm_and_wild(1_000)
    _, readings = run(HMM, closes)
    # Twenty bars are enough to notice a change.
    settled = [now for now in range(300, 1_000) if now % 100 > 20]
    right = sum((readings[now].regime is BEAR) == wild[now] for now in settled)
    assert right / len(settled) > 0.9


def test_only_bull_and_bear_are_ever_likely() -> None:
    _, readings = run(HMM, spx(600))
    fitted = [reading for reading in readings if not reading.warming_up]
    assert all(reading.probabilities[2:] == (0.0, 0.0) for reading in fitted)
    assert all((r.regime is BEAR) == (r.probabilities[1] > 0.5) for r in fitted)


def test_it_warms_up_until_the_first_fit() -> None:
    _, readings = run(HMM, spx(260))
    assert [reading.warming_up for reading in readings] == [True] * 253 + [False] * 7
    assert {reading.probabilities for reading in readings[:253]} == {hmm.BASE_SHARES}


def test_ticks_inside_the_bar_of_a_fit_share_it() -> None:
    hmm_fit.fit.cache_clear()
    state, _ = run(HMM, spx(253))
    assert hmm_fit.fit.cache_info().misses == 0
    for tick in (1_200.0, 1_201.0, 1_202.0):
        HMM.step(state, tick)
    assert hmm_fit.fit.cache_info().misses == 1


def test_a_model_is_refitted_after_252_bars() -> None:
    state, ages = HMM.initial(), []
    for close in spx(510):
        state, _ = HMM.step(state, close)
        ages.append(state.age)
    assert ages[:255] == [0] * 253 + [1, 2]
    assert ages[504:507] == [252, 1, 2]


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hmm, "RETURNS_MAX", 300)
    closes = spx(400)
    state, _ = run(HMM, closes)
    assert state.returns == pytest.approx(log_returns(closes)[-300:], abs=1e-12)


def test_prices_that_never_moved_are_fitted_once_they_do() -> None:
    state, readings = run(HMM, [100.0] * 400)
    assert state.fitted is None
    assert all(reading.warming_up for reading in readings)
    state, readings = run(HMM, calm_and_wild(5)[0], state)
    assert state.fitted is not None


def test_a_model_outlives_prices_that_stopped_to_move(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hmm, "RETURNS_MAX", 260)
    state, _ = run(HMM, spx(260))
    model = state.fitted
    state, readings = run(HMM, [1_000.0] * 600, state)
    assert state.fitted is not None
    assert state.fitted != model
    assert state.age > 0
    assert not readings[-1].warming_up


def test_a_fit_repeats_itself_to_the_bit() -> None:
    returns = tuple(log_returns(spx(700)))
    hmm_fit.fit.cache_clear()
    once = hmm_fit.fit(returns)
    hmm_fit.fit.cache_clear()
    assert hmm_fit.fit(returns) == once


def test_hmmlearn_is_silent(caplog: pytest.LogCaptureFixture) -> None:
    hmm_fit.fit.cache_clear()
    with caplog.at_level(logging.WARNING):
        run(HMM, calm_and_wild(600, seed=8)[0])
    assert caplog.records == []


def test_a_state_without_a_fit_comes_back_too() -> None:
    for state in (HMM.initial(), HMM.step(HMM.initial(), 100.0)[0]):
        assert HMM.load(HMM.dump(state)) == state
