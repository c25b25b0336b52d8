"""The packages hmmlearn and jumpmodels as regime detectors, fitted on 1950-1998 and run online over other years.

Nothing was tuned for the years that are reported. jumpmodels has the settings of its own example: the nine features of
its NASDAQ example (mean, log downside deviation and their ratio, half-lives of 5, 20 and 60 bars),
clipped at 3 standard deviations, two states, a jump penalty of 50 (600 for the continuous model). hmmlearn: three
Gaussian states of log returns, from the starting values of our own `hmm`, with our filter: its own looks ahead.

The discrete model has no probabilities; it is given what our own `jump` has: how often each regime was true by
hindsight in 1950-1998 while the model said this.
"""

import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.metadata import version
from itertools import pairwise
from math import exp, log
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
from numpy.typing import NDArray

from app.market.detector import hmm_fit
from app.market.detector.base import Four, Reading
from app.market.detector.hmm_fit import Fitted
from benchmarks.jump_fit import by_state, truth
from events.catalog import Regime

Floats = NDArray[np.float64]
Kept = dict[str, Any]
"""What a fit found, as JSON-able values."""

HALF_LIVES: Final = (5, 20, 60)
CLIP_DEVIATIONS: Final = 3.0
STATES: Final = 2
PENALTY, CONTINUOUS_PENALTY = 50.0, 600.0
SKIPPED_BARS: Final = 252
"""Of the years that are fitted on: averages need a while."""
DIGITS: Final = 9
REGIMES_OF_LABELS: Final = (Regime.BULL, Regime.BEAR)


def log_returns(closes: Sequence[float]) -> list[float]:
    """One less than the closes."""
    return [log(b / a) for a, b in pairwise(closes)]


def _reading(regime: Regime, four: Four) -> Reading:
    return Reading(regime, four, max(four[0], four[1]), {}, warming_up=False)


def _two_sided(bear: float) -> Reading:
    return _reading(Regime.BEAR if bear > 0.5 else Regime.BULL, (1 - bear, bear, 0.0, 0.0))


# --- jumpmodels -----------------------------------------------------------------------------------


def features(closes: Sequence[float]) -> Floats:
    """The nine of the package's example; NaN or infinite where an average has nothing to say yet."""
    moved = np.array([0.0, *(b / a - 1 for a, b in pairwise(closes))])
    falls = np.minimum(moved, 0.0) ** 2
    columns = []
    with np.errstate(all="ignore"):
        for half_life in HALF_LIVES:
            mean, down = averaged(moved, half_life), np.sqrt(averaged(falls, half_life))
            columns += [mean, np.log(down), mean / down]
    return np.column_stack(columns)


def averaged(values: Floats, half_life: float) -> Floats:
    """The exponentially weighted mean of all values up to each; as pandas' `ewm(halflife=...).mean()`."""
    stays = 0.5 ** (1 / half_life)
    above = below = 0.0
    made = []
    for value in values.tolist():
        above, below = value + stays * above, 1 + stays * below
        made.append(above / below)
    return np.array(made)


class JumpPackage:
    """A model of the package jumpmodels."""

    def __init__(self, penalty: float = PENALTY, *, continuous: bool = False) -> None:
        """`continuous`: the model that has probabilities."""
        self.continuous = continuous
        self.penalty = penalty

    @property
    def name(self) -> str:
        """With its version and settings."""
        kind = "continuous" if self.continuous else "discrete"
        return f"jumpmodels {version('jumpmodels')}, {kind}, penalty {self.penalty:g}"

    def fit(self, closes: Sequence[float]) -> Kept:
        """Scales, centres and shares of old closes."""
        rows = features(closes)[SKIPPED_BARS:]
        moved = np.diff(closes, prepend=closes[0])[SKIPPED_BARS:] / np.array(closes)[SKIPPED_BARS:]
        mean, spread = rows.mean(axis=0), rows.std(axis=0, ddof=1)
        kept: Kept = {
            "low": (mean - CLIP_DEVIATIONS * spread).tolist(),
            "high": (mean + CLIP_DEVIATIONS * spread).tolist(),
        }
        clipped = np.clip(rows, kept["low"], kept["high"])
        kept["mean"], kept["scale"] = clipped.mean(axis=0).tolist(), clipped.std(axis=0).tolist()
        model = self._model().fit(_scaled(rows, kept), ret_ser=moved, sort_by="cumret")
        kept["centres"] = np.round(model.centers_, DIGITS).tolist()
        said = [REGIMES_OF_LABELS[k] for k in model.predict_online(_scaled(rows, kept))]
        shares = by_state(said, truth(closes)[SKIPPED_BARS:])
        kept["shares"] = [list(shares[regime]) for regime in REGIMES_OF_LABELS]
        return kept

    def read(
        self, kept: Kept, closes: Sequence[float], *, hindsight: bool = False
    ) -> list[Reading]:
        """What the fitted model says of every bar; `hindsight`: knowing all bars, those to come too."""
        model, rows = self._fitted(kept), _scaled(features(closes), kept)
        if self.continuous:
            found = model.predict_proba(rows) if hindsight else model.predict_proba_online(rows)
            return [_two_sided(float(bear)) for bear in found[:, 1]]
        labels = model.predict(rows) if hindsight else model.predict_online(rows)
        shares = [tuple(four) for four in kept["shares"]]
        return [_reading(REGIMES_OF_LABELS[k], shares[k]) for k in labels]

    def labels(self, centres: object, rows: Floats) -> list[int]:
        """The package's online states with other centres: 0 for BULL, 1 for BEAR."""
        return [int(k) for k in self._fitted({"centres": centres}).predict_online(rows)]

    def _model(self) -> Any:
        package: Any = import_module("jumpmodels.jump")
        return package.JumpModel(STATES, self.penalty, cont=self.continuous)

    def _fitted(self, kept: Kept) -> Any:
        model = self._model()
        model.centers_, model.feat_weights = np.array(kept["centres"]), None
        model.check_jump_penalty_mx()
        return model


def _scaled(rows: Floats, kept: Kept) -> Floats:
    mean = np.array(kept["mean"])
    known = np.where(np.isnan(rows), mean, rows)
    scaled: Floats = (np.clip(known, kept["low"], kept["high"]) - mean) / np.array(kept["scale"])
    return scaled


# --- hmmlearn -------------------------------------------------------------------------------------


class HmmPackage:
    """Three Gaussian states, fitted once by hmmlearn."""

    @property
    def name(self) -> str:
        """With its version and settings."""
        return f"hmmlearn {version('hmmlearn')}, 3 states, fitted once"

    def fit(self, closes: Sequence[float]) -> Kept:
        """Parameters of the old closes' log returns."""
        found = hmm_fit.fit(tuple(log_returns(closes)))
        assert found is not None
        fitted, belief = found
        return {
            "start": list(fitted.start),
            "moves": [list(row) for row in fitted.moves],
            "means": list(fitted.means),
            "variances": list(fitted.variances),
            "belief": list(belief),
        }

    def read(self, kept: Mapping[str, Any], closes: Sequence[float]) -> list[Reading]:
        """What the filter says of every bar, from what 1998 ended with."""
        moves = tuple(tuple(row) for row in kept["moves"])
        fitted = Fitted(tuple(kept["start"]), moves, tuple(kept["means"]), tuple(kept["variances"]))
        belief, readings = tuple(kept["belief"]), []
        for change in (0.0, *log_returns(closes)):
            belief = hmm_fit.forward(fitted, belief, change)
            calm, normal, wild = (exp(value) for value in belief)
            readings.append(_two_sided(wild / (calm + normal + wild)))
        return readings
