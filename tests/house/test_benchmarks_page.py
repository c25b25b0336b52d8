"""docs/benchmarks.md and its plots say what benchmarks/results.json says."""

from benchmarks.entries import ENTRIES
from benchmarks.record import read_all
from benchmarks.render import RESULTS, stale
from tests.house.tree import ROOT


def test_the_page_and_its_plots_are_fresh() -> None:
    assert stale(read_all(RESULTS)) == [], "run `python -m benchmarks.render`"


def test_every_benchmark_that_measures_is_in_the_suite() -> None:
    programs = {
        path.stem
        for path in (ROOT / "benchmarks").glob("*.py")
        if "    record_argument(parser)" in path.read_text("utf-8")
    }
    assert programs <= {entry.name for entry in ENTRIES}
