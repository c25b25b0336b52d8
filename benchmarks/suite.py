"""All benchmarks one after another, into benchmarks/results.json and the page: `python3 dev.py bench [--quick]`.

Each is a process of its own with a time limit. One that fails, is cut off or cannot run here is named on the page,
and so is each peer that is missing; the others go on. What a benchmark recorded before it was cut off is kept.
"""

import argparse
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.entries import ENTRIES, FULL_LIMIT_S, QUICK_LIMIT_S, Entry
from benchmarks.machine import commit, machine, versions
from benchmarks.peers import fresh_folder
from benchmarks.record import KINDS, read, read_all, write

RESULTS: Final = Path(__file__).resolve().with_name("results.json")
OK, SKIPPED, FAILED = "ok", "skipped", "failed"
LEFT_OUT: Final = "left out"
"""A line of a benchmark that has these words names a peer that it goes without."""

GRACE_S: Final = 20.0
"""For a benchmark that is interrupted, to stop the servers that it started."""


@dataclass(frozen=True)
class Run:
    """What became of one benchmark.

    Attributes:
        outcome: `OK`, or `SKIPPED` or `FAILED` and why.
        gaps: what its tables miss, in its own words.
        mode: "quick" or "full".
        arguments: what it was given.
        one_core: whether it was pinned to one.
        seconds: how long it took.
        commit: what it measured.
        at: when it began.
    """

    outcome: str
    gaps: tuple[str, ...]
    mode: str
    arguments: str
    one_core: bool
    seconds: int
    commit: str
    at: str


def run_entry(entry: Entry, records: Path, *, quick: bool, measured: str) -> Run:
    """Run one benchmark, which records into a file."""
    arguments = entry.quick if quick else entry.full
    at, started = datetime.now(UTC), time.monotonic()
    gaps: list[str] = []
    if why := entry.missing():
        outcome = f"{SKIPPED}: {why}"
        print(outcome, flush=True)
    else:
        command = [sys.executable, str(entry.path), *arguments.split(), "--record", str(records)]
        limit_s = QUICK_LIMIT_S if quick else FULL_LIMIT_S
        outcome, gaps = watched(command, limit_s, one_core=entry.one_core)
    return Run(
        outcome,
        tuple(gaps),
        "quick" if quick else "full",
        arguments,
        entry.one_core,
        round(time.monotonic() - started),
        measured,
        at.isoformat(timespec="seconds"),
    )


def watched(command: Sequence[str], limit_s: float, *, one_core: bool) -> tuple[str, list[str]]:
    """Run a command and show what it says, for so long at most: what became of it, and what it goes without."""
    gaps, last, late = [], "it said nothing", threading.Event()
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    ) as process:
        if one_core:
            pin(process.pid)
        timers = [
            threading.Timer(limit_s, interrupt, (process, late)),
            threading.Timer(limit_s + GRACE_S, kill, (process,)),
        ]
        for timer in timers:
            timer.start()
        try:
            for line in process.stdout or ():
                print(line, end="", flush=True)
                last = line.strip() or last
                gaps += [last] if LEFT_OUT in line else []
        except KeyboardInterrupt:
            interrupt(process, late)
            raise
        finally:
            code = process.wait()
            for timer in timers:
                timer.cancel()
    if late.is_set():
        return f"{FAILED}: not done after {limit_s:.0f} s", gaps
    return (OK if code == 0 else f"{FAILED}: {last[:200]}"), list(dict.fromkeys(gaps))


def pin(pid: int) -> None:
    """Give a process the last core, which the system itself uses least; where that cannot be said, nothing."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(pid, {max(os.sched_getaffinity(0))})


def interrupt(process: subprocess.Popen[str], late: threading.Event) -> None:
    """As ^C does: it and its children may clear up."""
    late.set()
    os.killpg(process.pid, signal.SIGINT)


def kill(process: subprocess.Popen[str]) -> None:
    """For those who do not obey."""
    os.killpg(process.pid, signal.SIGKILL)


def merged(
    results: Mapping[str, Any], name: str, run: Run, found: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """The results, with what one benchmark found in the place of what it found before."""
    new = dict(results)
    new["runs"] = {**results.get("runs", {}), name: asdict(run)}
    for kind in KINDS:
        others = {k: v for k, v in results.get(kind, {}).items() if v["benchmark"] != name}
        own = {key: {**value, "benchmark": name} for key, value in found[kind].items()}
        new[kind] = others | own
    return new


def measure(
    chosen: Sequence[Entry],
    results: dict[str, Any],
    *,
    quick: bool,
    kept: Callable[[Mapping[str, Any]], None] = lambda _results: None,
) -> dict[str, Any]:
    """Run benchmarks and add what they found to the results; those are `kept` after each of them."""
    results |= {"machine": machine(), "versions": versions()}
    measured = commit()
    with fresh_folder() as folder:
        for number, entry in enumerate(chosen, 1):
            print(f"\n=== {entry.name} ({number} of {len(chosen)})", flush=True)
            records = folder / f"{entry.name}.json"
            run = run_entry(entry, records, quick=quick, measured=measured)
            results = merged(results, entry.name, run, read(records))
            kept(results)
            print(f"=== {entry.name}: {run.outcome}, {run.seconds} s", flush=True)
    return results


def summary(results: Mapping[str, Any]) -> str:
    """One line a benchmark, and what is missing."""
    lines = []
    for name, run in results["runs"].items():
        lines += [f"  {name:<18} {run['seconds']:5} s  {run['outcome']}"]
        lines += [f"      {gap}" for gap in run["gaps"]]
    return "\n".join(lines)


def main() -> int:
    """Run what is asked for, write the results and the page; 1 when a benchmark failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", nargs="+", metavar="NAME", choices=[e.name for e in ENTRIES])
    asked = parser.parse_args()
    chosen = [entry for entry in ENTRIES if not asked.only or entry.name in asked.only]
    before: dict[str, Any] = read_all(RESULTS) if asked.only else {}
    results = measure(chosen, before, quick=asked.quick, kept=partial(write, RESULTS))
    print("\n=== summary\n" + summary(results), flush=True)
    from benchmarks.render import ROOT, render

    print("\n".join(f"wrote {path.relative_to(ROOT)}" for path in render(results)))
    runs = [results["runs"][entry.name] for entry in chosen]
    return int(any(run["outcome"].startswith(FAILED) for run in runs))


if __name__ == "__main__":
    sys.exit(main())
