"""Measures the built dashboard with Lighthouse on the demo: `python3 dev.py lighthouse`, about two minutes.

It prints a table, the median of some runs as a desktop and as a phone; `--write` puts it into the docs too.
Exit codes: 0 all goals are met, 1 one is not.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import orjson

from tests.e2e.chromium import WEB, browser_env, node, unpacked
from tests.e2e.server import ROOT, Server

RUNS = 3
CALM = ("--speed", "0.05")
"""How the demo plays: a bar every 20 s. What is measured is how the page loads, not how much happens then."""
DOCS = ROOT / "docs" / "dashboard-quality.md"
BEGIN, END = "<!-- lighthouse: begin -->\n", "<!-- lighthouse: end -->\n"


@dataclass(frozen=True)
class Figure:
    """One row of the table: a figure of a run, how it is written, and its goals; None: no goal."""

    name: str
    title: str
    digits: int = 0
    desktop: float | None = None
    phone: float | None = None
    most: bool = False
    """Whether the goal is an upper bound, else a lower one."""

    def goal(self, form: str) -> float | None:
        """The goal on one kind of device."""
        return self.desktop if form == "desktop" else self.phone

    def is_met(self, form: str, value: float) -> bool:
        """Whether a value is as good as the goal."""
        goal = self.goal(form)
        return goal is None or (value < goal if self.most else value >= goal)


FIGURES = (
    Figure("performance", "Performance", desktop=100, phone=95),
    Figure("accessibility", "Accessibility", desktop=100),
    Figure("best-practices", "Best practices", desktop=100),
    Figure("seo", "SEO", desktop=100),
    Figure("cls", "Layout shift (CLS)", digits=3, phone=0.05, most=True),
    Figure("lcp_ms", "Largest paint (LCP), ms"),
    Figure("tbt_ms", "Blocking time (TBT), ms"),
)
FORMS = ("desktop", "phone")

Run = dict[str, Any]


def measure(url: str, runs: int) -> list[Run]:
    """What each run found."""
    executable, env = unpacked()["executable"], browser_env()
    asked = orjson.dumps({"address": url, "executable": executable, "env": env, "runs": runs})
    command = [node(), "measure.mjs", asked.decode()]
    done = subprocess.run(command, cwd=WEB / "lighthouse", stdout=subprocess.PIPE, check=True)
    found: list[Run] = orjson.loads(done.stdout)
    return found


def middle(runs: Sequence[Run], form: str, name: str) -> float:
    """The median of a figure over the runs on one kind of device."""
    return float(median(run[name] for run in runs if run["form"] == form))


def table(runs: Sequence[Run]) -> str:
    """The medians beside their goals, as a table of Markdown."""
    lines = ["| | desktop | goal | phone | goal |", "|---|---|---|---|---|"]
    for figure in FIGURES:
        cells = [figure.title]
        for form in FORMS:
            goal = figure.goal(form)
            sign = "below " if figure.most else "" if goal == 100 else "at least "
            cells.append(f"{middle(runs, form, figure.name):.{figure.digits}f}")
            cells.append("" if goal is None else f"{sign}{goal:g}")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def missed(runs: Sequence[Run]) -> Iterator[str]:
    """Name the goals that are not met."""
    for form in FORMS:
        for figure in FIGURES:
            value = middle(runs, form, figure.name)
            if not figure.is_met(form, value):
                yield f"{form}: {figure.title} is {value:g}, the goal is {figure.goal(form):g}"


def costly(runs: Sequence[Run]) -> list[str]:
    """What took points, in any run."""
    return sorted({f"{run['form']}: {one}" for run in runs for one in run["costly"]})


def write(text: str, path: Path = DOCS) -> None:
    """Put the table between its two marks in the docs."""
    before, _, rest = path.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    path.write_text(f"{before}{BEGIN}{text}{END}{after}", encoding="utf-8")


def main(arguments: Sequence[str]) -> int:
    """Measure, print and judge; the exit code."""
    parser = argparse.ArgumentParser(prog="dev.py lighthouse", description=__doc__)
    parser.add_argument("--runs", type=int, default=RUNS, help=f"of each kind; {RUNS} by default")
    parser.add_argument("--write", action="store_true", help=f"the table into docs/{DOCS.name}")
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder), command="demo", options=CALM)
        server.start()
        try:
            runs = measure(server.url, chosen.runs)
        finally:
            server.stop()
    sys.stdout.write(table(runs))
    for line in costly(runs):
        sys.stdout.write(f"took points: {line}\n")
    failed = list(missed(runs))
    for line in failed:
        sys.stdout.write(f"MISSED {line}\n")
    if chosen.write:
        write(table(runs))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
