"""The report on the detectors: all of them and buy-and-hold side by side, on years that fitted no constant.

    python benchmarks/detector.py            # prints, and writes the tables of docs/detector.md
    python benchmarks/detector.py --check    # exits 1 when those tables are stale

The packages hmmlearn and jumpmodels themselves: detector_peers.py.

Bars a second are this machine's; `--check` leaves them out. All else is the same at every run.
"""

import argparse
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from time import process_time
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from app.feeds.samples import SAMPLES
from app.market.detector.base import Detector, Reading
from app.market.detector.registry import NAMES, MissingExtra, detector
from benchmarks import detector_tables as tables
from benchmarks.detector_measures import Measured, Truth, measure, truth_of
from benchmarks.detector_record import record_index
from benchmarks.record import Recorder, record_argument
from events.catalog import Regime

ROOT = Path(__file__).resolve().parent.parent
INDICES = ("SPX", "IXIC")
DOCS = ROOT / "docs" / "detector.md"


def run(which: Detector[Any], closes: Sequence[float]) -> tuple[list[Reading], float]:
    """The readings of all bars, from a cold start, and how many bars a second of processor time."""
    state, readings = which.initial(), []
    began = process_time()
    for close in closes:
        state, reading = which.step(state, close)
        readings.append(reading)
    return readings, len(closes) / (process_time() - began)


def held(truth: Truth) -> list[Reading]:
    """Buy and hold as a detector: always BULL, with the base rate of bears (known by hindsight)."""
    base = sum(truth.bear) / len(truth.bear)
    return [Reading(Regime.BULL, (1 - base, base, 0.0, 0.0), 1 - base, {}, False)] * len(truth.bear)


def found() -> tuple[list[Detector[Any]], list[str]]:
    """The detectors that can run here, and a sentence for each that cannot."""
    there, missing = [], []
    for name in NAMES:
        try:
            there.append(detector(name))
        except MissingExtra as error:
            missing.append(f"Left out: {error}")
    return there, missing


def report(detectors: Sequence[Detector[Any]], recorder: Recorder) -> str:
    """The Markdown between the markers of docs/detector.md."""
    indices: dict[str, dict[str, Measured]] = {}
    sections = []
    for symbol in INDICES:
        sample = SAMPLES[symbol]
        truth = truth_of(sample.title, [float(bar.price) for bar in sample.bars()])
        measured = {one.name: measure(truth, *run(one, truth.closes)) for one in detectors}
        measured[tables.HOLD] = measure(truth, held(truth), 0.0)
        record_index(recorder, f"detector.{symbol.lower()}", truth.name, measured)
        indices[truth.name] = measured
        sections.append(tables.index_section(truth, measured))
    stamps = [stamp(one) for one in detectors]
    return "\n\n".join(
        [
            "Made by `python3 dev.py bench detector`; " + ", ".join(stamps) + ".",
            tables.noise(indices),
            *sections,
            "### Where ours loses",
            tables.losses(indices),
            "### What was aimed at",
            tables.goals(indices),
        ]
    )


def stamp(one: Detector[Any]) -> str:
    """Name, version and what the constants hash to; a fit at run time hangs on its package."""
    made = f"hmmlearn {version('hmmlearn')}" if one.name == "hmm" else f"`{one.constants_hash}`"
    return f"{one.name} {one.version} ({made})"


def main() -> int:
    """Print and write, or check."""
    parser = argparse.ArgumentParser(description="Measure the detectors; write docs/detector.md.")
    parser.add_argument("--check", action="store_true", help="only compare; exit 1 when stale")
    record_argument(parser)
    parser.add_argument("--docs", type=Path, default=DOCS, help="the document with the markers")
    arguments = parser.parse_args()
    detectors, missing = found()
    text = report(detectors, Recorder.of(arguments))
    document = arguments.docs.read_text(encoding="utf-8")
    if arguments.check:
        fresh = not missing and tables.figures(text) == tables.figures(tables.between(document))
        verdict = "fresh" if fresh else "stale: run `python3 dev.py bench detector`"
        print("\n".join([*missing, f"{arguments.docs.name} is {verdict}"]))
        return 0 if fresh else 1
    print("\n\n".join([text, *missing]))
    if missing:
        print(f"\n{arguments.docs.name} stays as it was: its tables show all detectors.")
    else:
        arguments.docs.write_text(tables.replaced(document, text), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
