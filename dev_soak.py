"""`dev.py soak`: every row of the matrix in docs/reliability.md, in its long version, with the figures it measured.

Each row is a run of pytest with the counts that its tests read from the environment. Standard library only,
as ``dev.py`` itself.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent
USUAL_MINUTES = 18.0
"""About what all rows take with the counts below, on two cores."""

LEAST_MINUTES = 11.0
"""About what they take with the smallest counts: many rows have none, and servers take their time to start."""

AT_LEAST = f"All rows take at least {LEAST_MINUTES:g} minutes on two cores, whatever --minutes says"

FIGURE = re.compile(r"FIGURE (.+)")
SKIPPED = re.compile(r"^SKIPPED \[\d+\] \S+?: (.+)$", re.MULTILINE)
VERDICT = re.compile(r"(\d+) passed")
KILL = "kill -9"


@dataclass(frozen=True)
class Row:
    """One fault.

    Attributes:
        name: as in the matrix.
        tests: what pytest is to run, below `tests/`.
        counts: how often, by the variable that says so; more with more minutes.
        fixed: other variables.
    """

    name: str
    tests: tuple[str, ...]
    counts: dict[str, int] = field(default_factory=dict)
    fixed: dict[str, str] = field(default_factory=dict)


ROWS = (
    Row(KILL, ("integration/test_kill.py",), {"SYNAPSE_KILLS": 1_500}),
    Row("kill -9, many writers", ("integration/test_crash.py",), {"SYNAPSE_KILLS": 200}),
    Row("power cut", ("integration/test_power_cut.py",), {"SYNAPSE_POWER_CUTS": 500}),
    Row("ENOSPC, EIO, fsync", ("integration/test_disk_faults.py",)),
    Row("bit rot", ("integration/test_bit_rot.py",), {"SYNAPSE_FLIPS": 3_000}),
    Row("damage of any kind", ("integration/test_damage.py",)),
    Row("clock jumps", ("integration/test_clock_jumps.py", "contract/test_leases.py")),
    Row("leases", ("simulation/test_leases.py", "unit/app/test_feed_leases.py")),
    Row(
        "stalled consumer",
        (
            "integration/test_slow_clients.py",
            "integration/test_soak.py::test_a_crowd_that_never_reads_leaves_the_servers_memory_flat",
        ),
        {"SYNAPSE_STALLED_EVENTS": 30_000},
    ),
    Row("half-open TCP", ("integration/test_half_open.py",), fixed={"SYNAPSE_FULL_TIMES": "1"}),
    Row(
        "database restart",
        ("integration/test_postgres_faults.py",),
        {"SYNAPSE_CRASHES": 20},
    ),
    Row(
        "nodes, hints over NATS",
        ("cluster/test_three_nodes.py", "cluster/test_checker.py"),
        {"SYNAPSE_CLUSTER_S": 180},
    ),
    Row(
        "nodes, hints by NOTIFY",
        ("cluster/test_three_nodes.py",),
        {"SYNAPSE_CLUSTER_S": 60},
        {"SYNAPSE_CLUSTER_HINTS": "notify"},
    ),
    Row("failover, networks cut", ("cluster/test_failover.py", "cluster/test_network_cut.py")),
    Row(
        "duplicate submits", ("integration/test_duplicate_submits.py",), {"SYNAPSE_DUPLICATES": 60}
    ),
    Row(
        "poison events, crashed projection",
        ("integration/test_poison_events.py", "integration/test_rebuild.py"),
    ),
    Row(
        "newer and older schema",
        ("integration/test_upcasting.py", "integration/test_older_schema.py"),
    ),
    Row(
        "killed feed",
        ("integration/test_killed_feed.py", "integration/test_feeds.py"),
        {"SYNAPSE_FEED_KILLS": 200},
    ),
    Row(
        "checked through kills",
        ("integration/test_soak.py::test_a_checked_server_that_is_killed_again_and_again_passes",),
        {"SYNAPSE_RESTARTS": 15},
    ),
)


@dataclass(frozen=True)
class Outcome:
    """What became of a row."""

    name: str
    verdict: str
    took_s: float
    figures: list[str]

    @property
    def failed(self) -> bool:
        """Whether it counts against the run; a row that this machine cannot run does not."""
        return self.verdict == "FAILED"


def asked_of(arguments: Sequence[str]) -> argparse.Namespace:
    """What the command line asks for; wrong use and `--help` end the program."""
    return _parser().parse_args(arguments)


def soak(python: Path, asked: argparse.Namespace, env: dict[str, str]) -> int:
    """Run the rows and print a table of them; returns 1 when one failed."""
    share = asked.minutes / USUAL_MINUTES
    rows = [row for row in ROWS if not asked.only or any(word in row.name for word in asked.only)]
    if not rows:
        print(f"No row is called so. There are: {'; '.join(row.name for row in ROWS)}")
        return 2
    if asked.minutes < LEAST_MINUTES and not asked.only:
        print(f"{AT_LEAST}; --only WORD runs fewer rows.", flush=True)
    outcomes = []
    for row in rows:
        print(f"=== {row.name}", flush=True)
        outcomes.append(_run(python, row, env | _counts(row, share, asked.kills)))
        _tell(outcomes[-1])
    print("\n=== summary")
    for outcome in outcomes:
        _tell(outcome)
    print(f"  {'all':<34} {sum(outcome.took_s for outcome in outcomes):7.0f} s", flush=True)
    return 1 if any(outcome.failed for outcome in outcomes) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="dev.py soak", description="Break everything, often, and print what was measured."
    )
    length = f"about how long; counts grow with it (default: {USUAL_MINUTES:g}). {AT_LEAST}"
    parser.add_argument("--minutes", type=_positive, default=USUAL_MINUTES, help=length)
    parser.add_argument("--kills", type=_count, help="how many processes the row kill -9 kills")
    parser.add_argument("--only", nargs="+", metavar="WORD", help="rows with such a word only")
    return parser


def _positive(text: str) -> float:
    if not 0 < (value := float(text)) <= 10_000:
        raise argparse.ArgumentTypeError("must lie between 0 and 10000")
    return value


def _count(text: str) -> int:
    if (value := int(text)) < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return value


def _counts(row: Row, share: float, kills: int | None) -> dict[str, str]:
    counts = {name: max(1, round(count * share)) for name, count in row.counts.items()}
    if row.name == KILL and kills is not None:
        counts["SYNAPSE_KILLS"] = kills
    return {name: str(count) for name, count in counts.items()} | row.fixed


def _run(python: Path, row: Row, env: dict[str, str]) -> Outcome:
    """Run a row's tests one after another, with what they print."""
    tests = [str(ROOT / "tests" / test) for test in row.tests]
    options = (
        "-q",
        "-s",
        "-rs",
        "-p",
        "no:cacheprovider",
        "-m",
        "soak or not soak",
        "--timeout",
        "7200",
    )
    began = time.monotonic()
    done = subprocess.run(
        [str(python), "-m", "pytest", *options, *tests],
        cwd=ROOT,
        env={**os.environ, **env},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    took_s = time.monotonic() - began
    figures = list(dict.fromkeys(FIGURE.findall(done.stdout)))
    passed = VERDICT.search(done.stdout)
    reasons = sorted(set(SKIPPED.findall(done.stdout)))
    if done.returncode not in {0, 5}:
        print(done.stdout)
        return Outcome(row.name, "FAILED", took_s, figures)
    verdict = f"{passed[1]} passed" if passed else "skipped"
    return Outcome(row.name, verdict, took_s, [*figures, *(f"skipped: {why}" for why in reasons)])


def _tell(outcome: Outcome) -> None:
    print(f"  {outcome.name:<34} {outcome.took_s:7.0f} s  {outcome.verdict}")
    for figure in outcome.figures:
        print(f"    {figure}", flush=True)
