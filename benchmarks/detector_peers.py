"""Our regime detectors beside the packages hmmlearn and jumpmodels themselves, on 1999-2018.

    python benchmarks/detector_peers.py                  # prints and records
    python benchmarks/detector_peers.py --fit OLD.csv    # writes detector_peers.json anew

OLD.csv holds the daily closes of 1950-1998, which are not shipped; what the packages found in them is, in
detector_peers.json. Settings are those of jumpmodels' own example, and our own starting values for hmmlearn, which has none
for markets (detector_packages.py). The rules of measuring
are those of docs/detector.md, whose report has the detectors that Synapse itself can run.
"""

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np

from app.feeds.samples import SAMPLES
from app.market.detector import jump_constants as c
from app.market.detector.base import Detector, Reading
from app.market.detector.jump import JUMP
from benchmarks import detector as report
from benchmarks import detector_tables as tables
from benchmarks import jump_fit
from benchmarks.detector_fit import read_closes
from benchmarks.detector_measures import Measured, measure, truth_of
from benchmarks.detector_packages import CONTINUOUS_PENALTY, HmmPackage, JumpPackage, Kept
from benchmarks.detector_record import COMPARED, HINDSIGHT, record_index
from benchmarks.jump_fit import standardised
from benchmarks.record import Recorder, record_argument
from events.catalog import Regime

FITTED = Path(__file__).with_suffix(".json")
Read = Callable[[Sequence[float]], list[Reading]]
HMM_PACKAGE = HmmPackage()
JUMP_PACKAGES = {
    "discrete": JumpPackage(),
    "continuous": JumpPackage(CONTINUOUS_PENALTY, continuous=True),
}


def refit(path: Path) -> None:
    """Fit each package on the old closes and keep what it finds."""
    closes = read_closes(path)
    found = {name: package.fit(closes) for name, package in JUMP_PACKAGES.items()}
    found["hmmlearn"] = HMM_PACKAGE.fit(closes)
    FITTED.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def kept() -> dict[str, Kept]:
    """What the packages found in the old closes."""
    return dict(json.loads(FITTED.read_text("utf-8")))


def readers(fitted: Mapping[str, Kept]) -> dict[str, Read]:
    """Everyone who can run here, packages last; says who cannot."""
    detectors, missing = report.found()
    for line in missing:
        print(line)
    made: dict[str, Read] = {one.name: partial(_readings, one) for one in detectors}
    made[HMM_PACKAGE.name] = partial(HMM_PACKAGE.read, fitted["hmmlearn"])
    if not has_jumpmodels():
        print("jumpmodels is left out: it is not installed")
        return made
    for name, package in JUMP_PACKAGES.items():
        made[package.name] = partial(package.read, fitted[name])
    discrete = JUMP_PACKAGES["discrete"]
    made[discrete.name + HINDSIGHT] = partial(discrete.read, fitted["discrete"], hindsight=True)
    return made


def has_jumpmodels() -> bool:
    """Whether the package is here."""
    return find_spec("jumpmodels") is not None


def _readings(one: Detector[Any], closes: Sequence[float]) -> list[Reading]:
    return report.run(one, closes)[0]


def measured_on(symbol: str, made: Mapping[str, Read]) -> tuple[str, dict[str, Measured]]:
    """The index's name, and every contender's figures on it."""
    sample = SAMPLES[symbol]
    truth = truth_of(sample.title, [float(bar.price) for bar in sample.bars()])
    found = {}
    for name, read in made.items():
        found[name] = measure(truth, read(truth.closes), 0.0)
    found[tables.HOLD] = measure(truth, report.held(truth), 0.0)
    return truth.name, found


def show(index: str, measured: Mapping[str, Measured]) -> None:
    """One contender a column would be too wide: one a line, one table a figure."""
    for row in COMPARED:
        print(f"\n{index}: {row.title} ({'more' if row.better > 0 else 'less'} is better)")
        for name, one in measured.items():
            print(f"  {name:62} {row.text(name, one):>8}")


def same_states(symbol: str) -> float:
    """The share of bars at which our `jump` says what jumpmodels says of the same features and constants."""
    closes = [float(bar.price) for bar in SAMPLES[symbol].bars()]
    points = standardised(jump_fit.features(closes), list(c.MEANS), list(c.DEVIATIONS))
    labels = JumpPackage(c.PENALTY).labels(c.CENTROIDS, np.array(points))
    ours = [reading.regime is Regime.BEAR for reading in report.run(JUMP, closes)[0]]
    return sum(a == bool(b) for a, b in zip(ours, labels, strict=True)) / len(ours)


def main() -> None:
    """Fit, or measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fit", type=Path, help="CSV of daily bars; writes detector_peers.json")
    record_argument(parser)
    arguments = parser.parse_args()
    if arguments.fit:
        refit(arguments.fit)
        return
    recorder = Recorder.of(arguments)
    made = readers(kept())
    for symbol in report.INDICES:
        index, measured = measured_on(symbol, made)
        show(index, measured)
        record_index(recorder, f"detector_peers.{symbol.lower()}", index, measured)
        if has_jumpmodels():
            share = same_states(symbol)
            print(
                f"\n{index}: our jump and jumpmodels, same constants: same state at {share:.1%} of bars"
            )
            title = (
                f"{index}: bars where our jump says what jumpmodels says, with the same constants"
            )
            recorder.fact(f"detector_peers.{symbol.lower()}.same", title, share * 100, "%")


if __name__ == "__main__":
    main()
