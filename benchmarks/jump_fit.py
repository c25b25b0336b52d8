"""Fits the jump model's constants, and the frozen shares of the detectors that have no probabilities.

    python benchmarks/jump_fit.py --fit OLD.csv

OLD.csv holds the daily closes to fit on (1950-1998 for what is shipped; that file is not shipped). No part
of it is random: the same file gives the same constants, printed as the Python that
`app/market/detector/{jump_constants,sma200,hmm}.py` hold.
"""

import argparse
import sys
from collections.abc import Iterable, Sequence
from itertools import pairwise
from math import fsum, sqrt
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np

from app.analysis.hindsight_labels import (
    bear_label,
    crash_label,
    regimes_of,
    side_label,
)
from app.market.detector import jump_constants as c
from app.market.detector.base import REGIMES, Four
from app.market.detector.jump import JUMP, next_values
from app.market.detector.sma200 import SMA200
from benchmarks.detector_fit import FIT_BEAR, read_closes
from benchmarks.detector_measures import BARS_A_YEAR, brier
from events.catalog import Regime

Three = tuple[float, float, float]

PENALTIES = (10.0, 20.0, 30.0, 50.0, 75.0, 100.0, 150.0)
SHIFTS_MAX = 1.0
"""Jumps a year that a penalty may leave: those that leave more are not chosen."""
ROUNDS_MAX = 100
START: tuple[Three, Three] = ((-1.0, 1.0, 1.0), (1.0, -1.0, -1.0))
DIGITS = 4


def truth(closes: Sequence[float]) -> list[Regime]:
    """One regime a bar, by hindsight."""
    bear = bear_label(closes, FIT_BEAR)
    return regimes_of(bear, crash_label(closes), side_label(closes, bear))


def shares(regimes: Iterable[Regime]) -> Four:
    """The share of each regime, rounded so that they sum to 1 still."""
    found = list(regimes)
    _, bear, crash, side = (
        round(found.count(regime) / max(1, len(found)), DIGITS) for regime in REGIMES
    )
    return round(1 - bear - crash - side, DIGITS), bear, crash, side


# --- the jump model -----------------------------------------------------------------------------


def features(closes: Sequence[float]) -> list[Three]:
    """dv, m20 and m60 of every bar; no constant that is fitted here has a part in them."""
    state, rows = JUMP.initial(), []
    for close in closes:
        state, reading = JUMP.step(state, close)
        rows.append((reading.features["dv"], reading.features["m20"], reading.features["m60"]))
    return rows


def scales(rows: Sequence[Three]) -> tuple[list[float], list[float]]:
    """Mean and standard deviation of each feature."""
    columns = list(zip(*rows, strict=True))
    means = [fsum(column) / len(column) for column in columns]
    spreads = [
        sqrt(fsum((x - mean) ** 2 for x in column) / len(column))
        for column, mean in zip(columns, means, strict=True)
    ]
    return [round(mean, DIGITS) for mean in means], [round(spread, DIGITS) for spread in spreads]


def standardised(rows: Sequence[Three], means: list[float], spreads: list[float]) -> list[Three]:
    """The features in standard deviations, clipped."""
    made = []
    for row in rows:
        dv, m20, m60 = (
            max(-c.CLIP, min(c.CLIP, (x - mean) / spread))
            for x, mean, spread in zip(row, means, spreads, strict=True)
        )
        made.append((dv, m20, m60))
    return made


def loss(point: Three, centre: Three) -> float:
    """Half the squared distance."""
    return 0.5 * sum((x - y) ** 2 for x, y in zip(point, centre, strict=True))


def best_path(points: Sequence[Three], centres: Sequence[Three], penalty: float) -> list[int]:
    """The states of least cost over the whole history: hindsight, for the fit only."""
    values, steps = [0.0] * len(centres), []
    for point in points:
        least = min(values)
        cheapest = values.index(least)
        steps.append([k if v <= least + penalty else cheapest for k, v in enumerate(values)])
        values = [
            loss(point, centre) + min(v, least + penalty)
            for v, centre in zip(values, centres, strict=True)
        ]
    state, path = values.index(min(values)), []
    for step in reversed(steps):
        path.append(state)
        state = step[state]
    return path[::-1]


def centroids(points: Sequence[Three], penalty: float) -> tuple[Three, Three]:
    """The two points that the fit ends at: path and means in turn until the path stays."""
    centres, path = START, None
    for _ in range(ROUNDS_MAX):
        found = best_path(points, centres, penalty)
        if found == path:
            break
        path = found
        centres = mean_of(points, path, 0, centres[0]), mean_of(points, path, 1, centres[1])
    bull, bear = centres
    return rounded(bull), rounded(bear)


def mean_of(points: Sequence[Three], path: Sequence[int], state: int, before: Three) -> Three:
    """The mean of a state's points; where it has none, the one before."""
    mine = [point for point, k in zip(points, path, strict=True) if k == state]
    if not mine:
        return before
    dv, m20, m60 = (fsum(column) / len(mine) for column in zip(*mine, strict=True))
    return dv, m20, m60


def rounded(point: Three) -> Three:
    """The point as it is frozen."""
    dv, m20, m60 = (round(x, DIGITS) for x in point)
    return dv, m20, m60


def online(points: Sequence[Three], centres: Sequence[Three], penalty: float) -> list[Regime]:
    """What the detector would have said, with these constants."""
    values, said = (0.0, 0.0), []
    for point in points:
        lost = np.array([loss(point, centre) for centre in centres])
        values = next_values(values, lost, penalty)
        said.append(Regime.BEAR if values[1] < values[0] else Regime.BULL)
    return said


def by_state(said: Sequence[Regime], true: Sequence[Regime]) -> dict[Regime, Four]:
    """The shares of what was true while BULL was said, and while BEAR was."""
    return {
        state: shares(t for s, t in zip(said, true, strict=True) if s is state)
        for state in (Regime.BULL, Regime.BEAR)
    }


def worth_of(said: Sequence[Regime], true: Sequence[Regime]) -> tuple[float, float]:
    """Brier score of the shares as forecasts of risk-off, and jumps a year."""
    table = by_state(said, true)
    off = [regime in {Regime.BEAR, Regime.CRASH} for regime in true]
    score = brier([table[state][1] + table[state][2] for state in said], off)
    return score, sum(a != b for a, b in pairwise(said)) / (len(said) / BARS_A_YEAR)


def fit_jump(closes: Sequence[float]) -> None:
    """Print the jump model's constants: of the penalties with few enough jumps, the best Brier score."""
    skip, true = c.WARM_UP_BARS, truth(closes)
    rows = features(closes)
    means, spreads = scales(rows[skip:])
    points = standardised(rows, means, spreads)
    tried = []
    for penalty in PENALTIES:
        centres = centroids(points[skip:], penalty)
        said = online(points, centres, penalty)[skip:]
        score, jumps = worth_of(said, true[skip:])
        print(f"# penalty {penalty:g}: Brier {score:.4f}, {jumps:.2f} jumps a year")
        tried.append((jumps > SHIFTS_MAX, score, penalty, centres, by_state(said, true[skip:])))
    _, _, penalty, centres, table = min(tried, key=lambda one: one[:2])
    print(f"MEANS: Final = {tuple(means)}")
    print(f"DEVIATIONS: Final = {tuple(spreads)}")
    print(f"CENTROIDS: Final = {centres}")
    print(f"PENALTY: Final = {penalty}")
    print_shares(table)


# --- the others ---------------------------------------------------------------------------------


def fit_sma200(closes: Sequence[float]) -> None:
    """Print the shares of the 200-day average's two states."""
    state, said = SMA200.initial(), []
    for close in closes:
        state, reading = SMA200.step(state, close)
        said.append(reading.regime)
    skip = c.WARM_UP_BARS
    print_shares(by_state(said[skip:], truth(closes)[skip:]))


def print_shares(table: dict[Regime, Four]) -> None:
    """The shares as Python source."""
    for regime, four in table.items():
        print(f"    Regime.{regime.name}: {four},")


def main() -> None:
    """Fit and print."""
    parser = argparse.ArgumentParser(description="Fit the constants of jump, sma200 and hmm.")
    parser.add_argument("--fit", type=Path, required=True, help="CSV of daily bars to fit on")
    closes = read_closes(parser.parse_args().fit)
    print("# jump_constants.py")
    fit_jump(closes)
    print("# sma200.py")
    fit_sma200(closes)
    print("# hmm.py")
    print(f"BASE_SHARES: Final[Four] = {shares(truth(closes)[c.WARM_UP_BARS :])}")


if __name__ == "__main__":
    main()
