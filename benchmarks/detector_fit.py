"""Fits the detector's calibration table, and reports what the detector is worth on later years.

    python benchmarks/detector_fit.py --fit OLD.csv --report NEW.csv

OLD.csv holds the daily closes to fit on (1950-1998 for the shipped table; that file is not shipped),
NEW.csv those to report on, which nothing was ever fitted to. The fit has no random part: the same file
gives the same table, printed as the Python that `app/market/detector/calibration.py` holds.
"""

import argparse
import csv
import sys
from collections.abc import Sequence
from itertools import pairwise
from math import sqrt
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from app.market.detector import anchored, constants
from app.market.detector.anchored import ANCHORED
from app.market.detector.base import REGIMES, Four, Reading
from benchmarks.hindsight import bear_label, crash_label, side_label
from events.catalog import Regime

FIT_BEAR, JUDGE_BEAR = 0.15, 0.20
BIN_EDGES = (0.01, 0.03, 0.08, 0.15, 0.25, 0.40, 0.55, 0.70, 0.85)
LEAST_BARS = 63
LEAST, MOST = 0.005, 0.95
LAG_BARS = 2
COST = 0.001


def read_closes(path: Path) -> list[float]:
    """The column `close` of a CSV file of daily bars."""
    with path.open(newline="") as file:
        return [float(row["close"]) for row in csv.DictReader(file)]


def run(closes: Sequence[float]) -> tuple[list[Reading], list[Four]]:
    """The detector's readings, and the four probabilities before calibration."""
    state, readings, raw = ANCHORED.initial(), [], []
    for close in closes:
        state, reading = ANCHORED.step(state, close)
        p_bear, p_crash, p_side = anchored.score(reading.features)
        off = max(p_bear, p_crash)
        readings.append(reading)
        raw.append(((1 - off) * (1 - p_side), off - p_crash, p_crash, (1 - off) * p_side))
    return readings, raw


def hindsight(closes: Sequence[float], bear_threshold: float) -> list[Regime]:
    """One regime a bar, by hindsight: a crash comes before a bear, a bear before sideways."""
    bear = bear_label(closes, bear_threshold)
    crash, side = crash_label(closes), side_label(closes, bear)
    return [
        Regime.CRASH
        if crash[now]
        else Regime.BEAR
        if bear[now]
        else Regime.SIDEWAYS
        if side[now]
        else Regime.BULL
        for now in range(len(closes))
    ]


# --- the fit ------------------------------------------------------------------------------------


def binned(pairs: list[tuple[float, bool]]) -> list[tuple[float, float, int]]:
    """(mean probability, share that came true, bars) of each bin that is not empty."""
    groups: list[list[tuple[float, bool]]] = [[] for _ in range(len(BIN_EDGES) + 1)]
    for p, came_true in pairs:
        groups[sum(p > edge for edge in BIN_EDGES)].append((p, came_true))
    return [
        (sum(p for p, _ in group) / len(group), sum(t for _, t in group) / len(group), len(group))
        for group in groups
        if group
    ]


def joined(points: list[tuple[float, float, int]]) -> list[tuple[float, float, int]]:
    """The points with those of fewer than 63 bars joined to the next lower one (the first: higher)."""
    kept: list[tuple[float, float, int]] = []
    for point in points:
        # One episode can fill a whole bin: a quarter's bars are the least that a share may rest on.
        scarce = kept and min(point[2], kept[-1][2]) < LEAST_BARS
        kept.append(pooled(kept.pop(), point) if scarce else point)
    return kept


def pooled(
    left: tuple[float, float, int], right: tuple[float, float, int]
) -> tuple[float, float, int]:
    """Two points as one, weighted by their bars."""
    (x1, y1, n1), (x2, y2, n2) = left, right
    n = n1 + n2
    return (x1 * n1 + x2 * n2) / n, (y1 * n1 + y2 * n2) / n, n


def pool_adjacent_violators(points: list[tuple[float, float, int]]) -> list[tuple[float, float]]:
    """Isotonic regression: neighbours that fall are pooled until the shares rise."""
    pools: list[tuple[float, float, int]] = []
    for point in points:
        pools.append(point)
        while len(pools) > 1 and pools[-2][1] >= pools[-1][1]:
            right, left = pools.pop(), pools.pop()
            pools.append(pooled(left, right))
    return [(x, y) for x, y, _ in pools]


def knots(pairs: list[tuple[float, bool]]) -> list[tuple[float, float]]:
    """The frozen table of one regime: flat outside the outermost pools, rounded to 4 digits."""
    fitted = pool_adjacent_violators(joined(binned(pairs)))
    inner = [(round(x, 4), round(min(MOST, max(LEAST, y)), 4)) for x, y in fitted]
    return [(0.0, inner[0][1]), *inner, (1.0, inner[-1][1])]


def fit(closes: Sequence[float]) -> dict[Regime, list[tuple[float, float]]]:
    """The calibration table: one row of knots for each regime, warm-up left out."""
    _, raw = run(closes)
    truth = hindsight(closes, FIT_BEAR)
    bars = range(constants.WARM_UP_BARS, len(closes))
    return {
        regime: knots([(raw[now][slot], truth[now] is regime) for now in bars])
        for slot, regime in enumerate(REGIMES)
    }


def print_table(table: dict[Regime, list[tuple[float, float]]]) -> None:
    """The table as Python source."""
    for regime, row in table.items():
        print(f"        Regime.{regime.name}: (")
        for x, y in row:
            print(f"            ({x}, {y}),")
        print("        ),")


# --- the report ---------------------------------------------------------------------------------


def brier(forecasts: Sequence[float], label: Sequence[bool]) -> float:
    """Mean squared distance between a probability and what came true."""
    return sum((p - t) ** 2 for p, t in zip(forecasts, label, strict=True)) / len(label)


def worth(closes: Sequence[float], held: Sequence[bool]) -> tuple[float, float]:
    """Sharpe ratio (yearly, cash earns 0) and maximum drawdown of holding where `held` says so.

    The signal at close t earns from t+2; each switch costs 10 basis points.
    """
    returns, before = [], True
    for now in range(LAG_BARS, len(closes)):
        holds = held[now - LAG_BARS]
        change = closes[now] / closes[now - 1] - 1
        returns.append((change if holds else 0.0) - (COST if holds != before else 0.0))
        before = holds
    mean = sum(returns) / len(returns)
    spread = sqrt(sum((r - mean) ** 2 for r in returns) / len(returns))
    value, peak, fall = 1.0, 1.0, 0.0
    for change in returns:
        value *= 1 + change
        peak = max(peak, value)
        fall = min(fall, value / peak - 1)
    return mean / spread * sqrt(constants.BARS_A_YEAR), fall


def print_reliability(title: str, forecasts: Sequence[float], label: Sequence[bool]) -> None:
    """Predicted beside realised, by bins."""
    print(f"{title}: predicted -> realised (bars)")
    for predicted, realised, bars in binned(list(zip(forecasts, label, strict=True))):
        print(f"  {predicted:6.3f} -> {realised:5.3f} ({bars})")


def report(closes: Sequence[float], skip: int = 0) -> None:
    """Everything that the detector's documentation states, on the bars after the first `skip`."""
    readings, raw = run(closes)
    readings, raw = readings[skip:], raw[skip:]
    bear = bear_label(closes, JUDGE_BEAR)[skip:]
    crash, closes = crash_label(closes)[skip:], closes[skip:]
    off = [reading.probabilities[1] + reading.probabilities[2] for reading in readings]
    raw_off = [four[1] + four[2] for four in raw]
    base = sum(bear) / len(bear)
    regimes = [reading.regime for reading in readings]
    on = [regime in {Regime.BULL, Regime.SIDEWAYS} for regime in regimes]
    years = len(closes) / constants.BARS_A_YEAR
    called = [regime is Regime.CRASH for regime in regimes]
    hits = sum(a and b for a, b in zip(called, crash, strict=True))
    print(f"bars {len(closes)}, bear share {base:.3f}")
    print(f"Brier of off, calibrated {brier(off, bear):.4f}, before {brier(raw_off, bear):.4f}")
    print(f"Brier of the base rate {base * (1 - base):.4f}")
    flips = sum(a != b for a, b in pairwise(on))
    shifts = sum(a != b for a, b in pairwise(regimes))
    print(
        f"shifts a year: risk-on / risk-off {flips / years:.2f}, of four regimes {shifts / years:.2f}"
    )
    for name, held in (("detector", on), ("buy and hold", [True] * len(on))):
        sharpe, fall = worth(closes, held)
        print(f"{name}: Sharpe {sharpe:.2f}, maximum drawdown {fall:.1%}")
    print(
        f"CRASH: precision {hits / max(1, sum(called)):.2f}, recall {hits / max(1, sum(crash)):.2f}"
    )
    print_reliability("off before calibration", raw_off, bear)
    print_reliability("off calibrated", off, bear)


def main() -> None:
    """Fit, print the table, report."""
    parser = argparse.ArgumentParser(
        description="Fit the calibration table; report on later years."
    )
    parser.add_argument("--fit", type=Path, help="CSV of daily bars to fit on")
    parser.add_argument("--report", type=Path, nargs="*", default=[], help="CSVs to report on")
    arguments = parser.parse_args()
    print(f"constants {constants.CONSTANTS_HASH}")
    if arguments.fit:
        print_table(fit(read_closes(arguments.fit)))
    for path in arguments.report:
        print(f"\n{path.stem}")
        report(read_closes(path))


if __name__ == "__main__":
    main()
