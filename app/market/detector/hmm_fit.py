"""The fit of the Gaussian hidden Markov model (hmmlearn's), and our own filter over its result.

The fit begins at fixed parameters and draws nothing at random. One pseudo-observation of each kind
keeps every state, row and variance away from 0, whatever the returns are. What comes out is rounded to
9 digits, so that another processor's last bits seldom show.
"""

import logging
from dataclasses import dataclass
from functools import lru_cache
from math import exp, fsum, isfinite, log, pi, sqrt
from typing import Final

import numpy as np
from hmmlearn.hmm import GaussianHMM  # type: ignore[import-untyped]

STATES: Final = 3
ITERATIONS_MAX: Final = 100
"""Steps of one fit; one that has not settled by then is taken as it is."""

TOLERANCE: Final = 1e-2
STAYS: Final = 0.98
"""Where the fit begins: the probability that a state stays as it is."""
FIRST_VARIANCES: Final = (0.3, 1.0, 4.0)
"""Where the fit begins: the variances, in shares of that of all returns."""
VARIANCE_PRIOR: Final = 0.01
PSEUDO_COUNT: Final = 2.0
"""Dirichlet prior of hmmlearn: one visit more than seen."""
FLAT: Final = 1e-9
"""Returns with a smaller root mean square have nothing to tell states by."""
DIGITS: Final = 9
FITS_CACHED: Final = 256
"""Symbols whose fit may be due in the same bar, before ticks inside it fit again: some 80 kB each."""

# It logs every fit whose last step gains nothing; with fixed limits that is no news.
logging.getLogger("hmmlearn").setLevel(logging.ERROR)

Belief = tuple[float, ...]
"""Log probability of each state."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """A fitted model, its states in the order of their variances: the calmest first.

    Attributes:
        start: log probability of each state at the first return.
        moves: log probability of going from a state (row) to a state (column).
        means, variances: of each state's log returns.
    """

    start: tuple[float, ...]
    moves: tuple[tuple[float, ...], ...]
    means: tuple[float, ...]
    variances: tuple[float, ...]


@lru_cache(maxsize=FITS_CACHED)
def fit(returns: tuple[float, ...]) -> tuple[Fitted, Belief] | None:
    """The model of these returns and its belief after the last one; None when they never move.

    Cached, because every tick inside the bar in which a fit is due asks for the same one.
    """
    scale = sqrt(fsum(r * r for r in returns) / len(returns))
    if scale < FLAT:
        return None
    model = _unfitted()
    with np.errstate(all="ignore"):
        model.fit(np.array(returns).reshape(-1, 1) / scale)
    fitted = in_order(model, scale)
    if fitted is None:
        return None
    belief: Belief = ()
    for change in returns:
        belief = forward(fitted, belief, change)
    return fitted, belief


def forward(fitted: Fitted, belief: Belief, change: float) -> Belief:
    """One step of the filter: what is believed after `change`, from that and the past alone.

    An empty `belief` stands for the time before the first return. Sums are taken of logs, so that no
    return is too far out.
    """
    expected = [
        _log_sum([b + row[k] for b, row in zip(belief, fitted.moves, strict=True)])
        if belief
        else fitted.start[k]
        for k in range(STATES)
    ]
    joint = [
        prior - 0.5 * (log(2 * pi * variance) + (change - mean) ** 2 / variance)
        for prior, mean, variance in zip(expected, fitted.means, fitted.variances, strict=True)
    ]
    total = _log_sum(joint)
    return tuple(value - total for value in joint)


def _log_sum(values: list[float]) -> float:
    top = max(values)
    return top + log(sum([exp(value - top) for value in values]))


def _unfitted() -> GaussianHMM:
    model = GaussianHMM(
        STATES,
        "diag",
        startprob_prior=PSEUDO_COUNT,
        transmat_prior=PSEUDO_COUNT,
        means_prior=0.0,
        means_weight=1.0,
        covars_prior=VARIANCE_PRIOR,
        covars_weight=2.0,
        n_iter=ITERATIONS_MAX,
        tol=TOLERANCE,
        init_params="",
    )
    model.startprob_ = np.full(STATES, 1 / STATES)
    moves = np.full((STATES, STATES), (1 - STAYS) / (STATES - 1))
    np.fill_diagonal(moves, STAYS)
    model.transmat_ = moves
    model.means_ = np.zeros((STATES, 1))
    model.covars_ = np.array(FIRST_VARIANCES).reshape(-1, 1)
    return model


def in_order(model: GaussianHMM, scale: float) -> Fitted | None:
    """The model with its states sorted by variance and its units those of the returns."""
    found = [float(v) for v in model.covars_.ravel()]
    order = sorted(range(STATES), key=found.__getitem__)
    fitted = Fitted(
        tuple(_rounded(log(model.startprob_[k])) for k in order),
        tuple(tuple(_rounded(log(model.transmat_[j, k])) for k in order) for j in order),
        tuple(_rounded(float(model.means_[k, 0]) * scale) for k in order),
        tuple(_rounded(found[k] * scale * scale) for k in order),
    )
    numbers = (*fitted.start, *sum(fitted.moves, ()), *fitted.means, *fitted.variances)
    return fitted if all(isfinite(n) for n in numbers) and fitted.variances[0] > 0 else None


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")
