"""Fits every constant of the anchored detector that was fitted at all, and compares them with the shipped.

    python benchmarks/detector_fit.py --fit OLD.csv

OLD.csv holds the daily closes to fit on (1950-1998 for what is shipped; that file is not shipped). No
part is random: the same file gives the same constants, printed as the Python that `constants.py` and
`calibration.py` of `app/market/detector` hold. Exits 1 when they are not the shipped ones.

Weights are those of all bars. Limits and calibration are chosen on scores that the fit had not seen: twelve
blocks of bars, each scored with the weights of the others, a year on either side of it left out.
"""

import argparse
import csv
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
from numpy.typing import NDArray

from app.analysis.hindsight_labels import bear_label, side_label
from app.market.detector import calibration, constants
from app.market.detector.anchored import ANCHORED, next_regime
from app.market.detector.calibration import Knots, interpolate, segments
from app.market.detector.constants import Limits
from benchmarks.detector_measures import BARS_A_YEAR, JUDGE_BEAR, brier, calls, reliability
from benchmarks.scaled_crash import scaled_crash_label
from events.catalog import Regime

Floats = NDArray[np.float64]
Bars = NDArray[np.int64]

FIT_BEAR = 0.15
"""Fitted to eleven bears, judged by seven: 20 % leaves too few for weights."""
BEAR_FEATURES = ("trend", "dv", "m126")
CRASH_FEATURES = ("dv", "high21")
SIDE_FEATURES = ("|t50| vol", "low42 vol")
BEAR_SHRINKAGE, CRASH_SHRINKAGE, SIDE_SHRINKAGE = 30.0, 10.0, 10.0
"""Half the weight of a squared standardised coefficient against one bar's log likelihood."""
BLOCKS = 12
EMBARGO_BARS = 252
CAPS = tuple(top / 100 for top in range(30, 100))
"""Where calibration may cut the bear score off."""
CRASH_PRECISION = 0.8
CRASHES_A_YEAR = 0.4
SWITCHES_A_YEAR = 1.0
SHIFTS_A_YEAR = 4.0
STEP = 0.05
WEIGHT_DIGITS, SCORE_DIGITS = 4, 6
NEWTON_ROUNDS = 50


def read_closes(path: Path) -> list[float]:
    """The column `close` of a CSV file of daily bars."""
    with path.open(newline="") as file:
        return [float(row["close"]) for row in csv.DictReader(file)]


# --- what is fitted to what -----------------------------------------------------------------------


@dataclass(frozen=True)
class History:
    """Features and labels of every bar after the warm-up."""

    bear_x: Floats
    crash_x: Floats
    side_x: Floats
    fit_bear: Floats
    bear: Floats
    crash: Floats
    side: Floats

    @property
    def bars(self) -> int:
        """How many bars there are."""
        return len(self.bear)

    @property
    def years(self) -> float:
        """How many years they last."""
        return self.bars / BARS_A_YEAR


def with_products(features: Mapping[str, float]) -> dict[str, float]:
    """The features, and those of SIDEWAYS, which are not in units of the volatility."""
    t50, low42, vol = features["t50"], features["low42"], features["vol"]
    return {**features, "|t50| vol": abs(t50) * vol, "low42 vol": low42 * vol}


def history(closes: Sequence[float]) -> History:
    """The detector's own features, and the labels by hindsight."""
    state, rows = ANCHORED.initial(), []
    for close in closes:
        state, reading = ANCHORED.step(state, close)
        rows.append(with_products(reading.features))
    seen = slice(constants.WARM_UP_BARS, None)

    def table(names: Sequence[str]) -> Floats:
        return np.array([[row[name] for name in names] for row in rows])[seen]

    def label(values: Sequence[bool]) -> Floats:
        return np.array(values, dtype=np.float64)[seen]

    bear = bear_label(closes, JUDGE_BEAR)
    return History(
        table(BEAR_FEATURES),
        table(CRASH_FEATURES),
        table(SIDE_FEATURES),
        label(bear_label(closes, FIT_BEAR)),
        label(bear),
        label(scaled_crash_label(closes)),
        label(side_label(closes, bear)),
    )


# --- weights --------------------------------------------------------------------------------------


def probability(weights: Floats, x: Floats) -> Floats:
    """The logistic score of every row."""
    return np.asarray(1 / (1 + np.exp(-np.clip(weights[0] + x @ weights[1:], -30, 30))))


def logit_weights(x: Floats, y: Floats, shrinkage: float) -> Floats:
    """Logistic regression by Newton's method: intercept first, then the features as they are.

    The penalty is on the coefficients of standardised features, not the intercept.
    """
    mean, spread = x.mean(axis=0), x.std(axis=0)
    z = np.column_stack([np.ones(len(x)), (x - mean) / spread])
    penalty = np.diag([0.0] + [shrinkage] * x.shape[1])
    found = np.zeros(z.shape[1])
    for _ in range(NEWTON_ROUNDS):
        p = 1 / (1 + np.exp(-np.clip(z @ found, -30, 30)))
        slope = z.T @ (p - y) + penalty @ found
        curve = (z * (p * (1 - p))[:, None]).T @ z + penalty
        found = found - np.linalg.solve(curve, slope)
    raw = found[1:] / spread
    return np.array([found[0] - raw @ mean, *raw])


@dataclass(frozen=True)
class Weights:
    """Those of the three scores."""

    bear: Floats
    crash: Floats
    side: Floats


def weights_of(past: History, bars: Bars) -> Weights:
    """Fitted to some of the bars; that of SIDEWAYS to those outside bears."""
    calm = bars[past.bear[bars] == 0]
    return Weights(
        logit_weights(past.bear_x[bars], past.fit_bear[bars], BEAR_SHRINKAGE),
        logit_weights(past.crash_x[bars], past.crash[bars], CRASH_SHRINKAGE),
        logit_weights(past.side_x[calm], past.side[calm], SIDE_SHRINKAGE),
    )


# --- scores that the fit had not seen -------------------------------------------------------------


@dataclass(frozen=True)
class Scores:
    """p_bear, p_crash and p_side of every bar."""

    bear: list[float]
    crash: list[float]
    side: list[float]


def blocks(bars: int) -> Iterator[tuple[Bars, Bars]]:
    """(bars to fit on, bars to score) of each block."""
    edges = np.linspace(0, bars, BLOCKS + 1).astype(np.int64)
    every = np.arange(bars)
    for start, end in pairwise(edges):
        far = (every < start - EMBARGO_BARS) | (every >= end + EMBARGO_BARS)
        yield every[far], every[start:end]


def unseen_scores(past: History) -> Scores:
    """Each block's scores with the weights of the others. Rounded: a limit is no matter of the last bit."""
    rows = np.empty((past.bars, 3))
    for known, left_out in blocks(past.bars):
        weights = weights_of(past, known)
        rows[left_out, 0] = probability(weights.bear, past.bear_x[left_out])
        rows[left_out, 1] = probability(weights.crash, past.crash_x[left_out])
        rows[left_out, 2] = probability(weights.side, past.side_x[left_out])
    bear, crash, side = rows.round(SCORE_DIGITS).T.tolist()
    return Scores(bear, crash, side)


def risk_off(scores: Scores, table: Knots) -> list[float]:
    """P(BEAR) + P(CRASH) of every bar, by the detector's own calibration."""
    pieces = segments(table)
    return [max(interpolate(pieces, p), c) for p, c in zip(scores.bear, scores.crash, strict=True)]


def cap(scores: Scores, bear: Sequence[bool]) -> Knots:
    """The bear score as it is, up to where cutting it off gives the best Brier score."""
    tables: list[Knots] = [((0.0, 0.0), (top, top), (1.0, top)) for top in CAPS]
    return min(tables, key=lambda table: round(brier(risk_off(scores, table), bear), SCORE_DIGITS))


# --- limits ---------------------------------------------------------------------------------------


def regimes(scores: Scores, limits: Limits) -> list[Regime]:
    """What the detector would emit."""
    regime, emitted = Regime.BULL, []
    for bear, crash, side in zip(scores.bear, scores.crash, scores.side, strict=True):
        regime = next_regime(regime, max(bear, crash), crash, side, limits)
        emitted.append(regime)
    return emitted


def pairs(enter: tuple[int, int], leave: tuple[int, int]) -> list[tuple[float, float]]:
    """(enter, leave) in steps of 0.05, leave below enter."""
    return [
        (round(a * STEP, 2), round(b * STEP, 2))
        for a in range(enter[0], enter[1] + 1)
        for b in range(leave[0], leave[1] + 1)
        if b < a
    ]


def switches(values: Sequence[object], years: float) -> float:
    """How often a year the value changes."""
    return sum(a != b for a, b in pairwise(values)) / years


def best(found: list[tuple[float, float, Limits]]) -> Limits:
    """The limits of the highest worth; among equals those of the fewest shifts."""
    if not found:
        raise SystemExit("no limits keep the bounds: is this the file to fit on?")
    return max(found, key=lambda one: (one[0], -one[1]))[2]


def crash_limits(past: History, scores: Scores, limits: Limits) -> Limits:
    """The highest recall at a precision of 0.8 and 0.4 crashes a year, judged by the scaled label."""
    label, found = [bool(y) for y in past.crash], []
    for enter, leave in pairs((6, 16), (2, 12)):
        tried = limits._replace(crash_enter=enter, crash_leave=leave)
        called = [regime is Regime.CRASH for regime in regimes(scores, tried)]
        right, often = calls(called, label), switches(called, past.years) / 2
        if (right.precision or 0) >= CRASH_PRECISION and often <= CRASHES_A_YEAR:
            found.append((right.recall or 0.0, often, tried))
    return best(found)


def off_limits(past: History, scores: Scores, limits: Limits) -> Limits:
    """The highest balanced accuracy against the bear dating at one switch a year."""
    bear, found = past.bear == 1, []
    for enter, leave in pairs((6, 16), (1, 6)):
        tried = limits._replace(off_enter=enter, off_leave=leave)
        off = [regime in {Regime.BEAR, Regime.CRASH} for regime in regimes(scores, tried)]
        often = switches(off, past.years)
        if often <= SWITCHES_A_YEAR:
            out = np.array(off)
            worth = float(out[bear].mean() + (~out[~bear]).mean()) / 2
            found.append((round(worth, SCORE_DIGITS), often, tried))
    return best(found)


def side_limits(past: History, scores: Scores, limits: Limits) -> Limits:
    """The most bars whose regime is that of hindsight, at four shifts a year."""
    truth, found = hindsight(past), []
    for enter, leave in pairs((6, 14), (2, 10)):
        tried = limits._replace(side_enter=enter, side_leave=leave)
        emitted = regimes(scores, tried)
        often = switches(emitted, past.years)
        if often <= SHIFTS_A_YEAR:
            right = sum(a is b for a, b in zip(emitted, truth, strict=True))
            found.append((float(right), often, tried))
    return best(found)


def hindsight(past: History) -> list[Regime]:
    """One regime a bar: a crash comes before a bear, a bear before sideways."""
    named = ((past.crash, Regime.CRASH), (past.bear, Regime.BEAR), (past.side, Regime.SIDEWAYS))
    return [
        next((regime for label, regime in named if label[now]), Regime.BULL)
        for now in range(past.bars)
    ]


# --- all of it ------------------------------------------------------------------------------------

Row = tuple[float, ...]


@dataclass(frozen=True)
class Fitted:
    """Every fitted constant, as it is shipped."""

    bear: Row
    crash: Row
    side: Row
    limits: Limits
    table: Knots


SHIPPED = Fitted(
    constants.BEAR_WEIGHTS,
    constants.CRASH_WEIGHTS,
    constants.SIDE_WEIGHTS,
    constants.LIMITS,
    calibration.TABLE,
)


def fit(past: History, scores: Scores) -> Fitted:
    """The weights of all bars; limits and calibration by the scores that the fit had not seen."""
    weights = weights_of(past, np.arange(past.bars))
    limits = crash_limits(past, scores, Limits(1.0, 0.0, 1.0, 0.0, 1.0, 0.0))
    limits = off_limits(past, scores, limits)
    limits = side_limits(past, scores, limits)
    bear, crash, side = (
        tuple(round(float(value), WEIGHT_DIGITS) for value in row)
        for row in (weights.bear, weights.crash, weights.side)
    )
    return Fitted(bear, crash, side, limits, cap(scores, [bool(y) for y in past.bear]))


def print_fitted(fitted: Fitted) -> None:
    """As Python source."""
    print(f"BEAR_WEIGHTS: Final = {fitted.bear}")
    print(f"CRASH_WEIGHTS: Final = {fitted.crash}")
    print(f"SIDE_WEIGHTS: Final = {fitted.side}")
    print("LIMITS: Final = Limits(")
    for name, value in fitted.limits._asdict().items():
        print(f"    {name}={value},")
    print(")")
    print(f"TABLE: Final[Knots] = {fitted.table}")


def print_unseen(past: History, scores: Scores, fitted: Fitted) -> None:
    """What the design is worth on the bars that each fit had not seen."""
    off = risk_off(scores, fitted.table)
    raw = [max(p, c) for p, c in zip(scores.bear, scores.crash, strict=True)]
    bear, crash = [bool(y) for y in past.bear], [bool(y) for y in past.crash]
    emitted = regimes(scores, fitted.limits)
    called = calls([regime is Regime.CRASH for regime in emitted], crash)
    out = [regime in {Regime.BEAR, Regime.CRASH} for regime in emitted]
    print(f"\nout of fold: Brier {brier(off, bear):.4f}, before calibration", end=" ")
    print(f"{brier(raw, bear):.4f}, base rate {past.bear.var():.4f}")
    print(f"switches a year {switches(out, past.years):.2f}", end=", ")
    print(f"of four regimes {switches(emitted, past.years):.2f}")
    print(f"CRASH, scaled: precision {called.precision or 0:.2f}, recall {called.recall or 0:.2f}")
    for one in filter(None, reliability(off, bear)):
        print(f"  {one.predicted:.3f} -> {one.realised:.3f} ({one.bars})")


def main() -> int:
    """Fit, print, compare."""
    parser = argparse.ArgumentParser(description="Fit the anchored detector's constants.")
    parser.add_argument("--fit", type=Path, required=True, help="CSV of daily bars to fit on")
    past = history(read_closes(parser.parse_args().fit))
    scores = unseen_scores(past)
    fitted = fit(past, scores)
    print_fitted(fitted)
    print_unseen(past, scores, fitted)
    same = fitted == SHIPPED
    print(
        "\nThese are the shipped constants." if same else "\nThese are NOT the shipped constants."
    )
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
