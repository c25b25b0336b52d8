"""What docs/why/confidence.md tells of the detector is what docs/detector.md measured."""

import re

from tests.docs.pages import ROOT

MEASURED = (ROOT / "docs/detector.md").read_text("utf-8")
TOLD = (ROOT / "docs/why/confidence.md").read_text("utf-8")
BIN = re.compile(r"^\| (0\.\d - \d\.\d) \| (.+?) \|", re.MULTILINE)
SCORES = re.compile(r"^\| Brier score .+? \| (\S+) \|.* (\S+) \|$", re.MULTILINE)


def measured_bins() -> dict[str, list[str]]:
    """Of each tenth, what came true and of how many bars: the S&P 500's, then the NASDAQ's."""
    found: dict[str, list[str]] = {}
    for tenth, cell in BIN.findall(MEASURED):
        found.setdefault(tenth, []).append(cell.partition("→ ")[2])
    return found


def test_the_shares_that_came_true_are_those_that_were_measured() -> None:
    told = re.findall(r"^\| (0\.\d - 0\.\d) \| (.+?) \| (.+?) \|$", TOLD, re.MULTILINE)
    assert len(told) == 6
    assert {tenth: [*cells] for tenth, *cells in told} == {
        tenth: cells for tenth, cells in measured_bins().items() if tenth < "0.6"
    }


def test_the_bars_that_are_too_few_to_be_judged_are_counted() -> None:
    beyond = [cells for tenth, cells in measured_bins().items() if tenth >= "0.6"]
    counts = [
        sum(int(re.findall(r"\((\d+) \*\)", cells[index])[0]) for cells in beyond)
        for index in (0, 1)
    ]
    assert f"there are {counts[0]} bars on the S&P 500 and {counts[1]} on the NASDAQ" in TOLD


def test_the_scores_and_delays_are_those_that_were_measured() -> None:
    (ours, base), (ours_too, base_too) = SCORES.findall(MEASURED)
    assert f"a Brier score of {ours} and {ours_too}" in TOLD
    assert f"gives {base} and {base_too}" in TOLD
    delay = re.search(r"delay of the bears seen, median bars \| (\d+)", MEASURED)
    each = re.search(r"delay of each bear \| (\d+),", MEASURED)
    assert delay is not None
    assert each is not None
    assert f"Bears were seen {delay[1]} bars after" in TOLD
    assert f"one of them after {each[1]}" in TOLD
