"""The correctness certificate: `synapse-check`'s judge over ours and, beside it, over its peers.

    python benchmarks/certificate.py [--quick] [--runs 3] [--seed N] [--record FILE] [--write]

Writers write numbered events and note what they are told is recorded; subscribers come early, late, read slowly,
go away and resume. In the end `app.check.history.judge` compares what each one saw with what the store holds and
what the writers were told: the same code for everybody. Ours is checked by `synapse-check` itself, over its wire;
a peer's history is put into the wire's words first (certificate_history.py).

`--write` keeps the rows in benchmarks/certificate.json and renews the block of docs/correctness.md. A peer that
is not installed is left out.
"""

import argparse
import json
import os
import platform
import sqlite3
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.certificate_cases import Case, Size, cases
from benchmarks.certificate_rows import Row, kept, render, with_block
from benchmarks.record import Recorder, Series, record_argument
from tests.postgres import PostgresServer, postgres_server

ROOT: Final = Path(__file__).resolve().parent.parent
RECORD: Final = ROOT / "benchmarks" / "certificate.json"
PAGE: Final = ROOT / "docs" / "correctness.md"
QUICK: Final = Size(writers=8, each=60, of_each_kind=2, reconnect_every=50)
FULL: Final = Size(writers=8, each=250, of_each_kind=2, reconnect_every=200)
RUNS: Final = 3
SEED: Final = 20_260_116


def certify(every: Sequence[Case], runs: int, seed: int) -> list[Row]:
    """So many rounds of everybody in turn; each round has a seed of its own."""
    done: dict[int, list[Any]] = {place: [] for place in range(len(every))}
    for number in range(runs):
        for place, case in enumerate(every):
            run = case.run(seed + number)
            done[place].append(run)
            row = case.row
            what = ", ".join(f"{count} {fault}" for fault, count in run.faults.items())
            named = ", ".join(filter(None, (row.name, row.settings, row.meanwhile)))
            print(
                f"{named}: {run.written:,} written, {run.delivered:,} delivered: {what or 'PASS'}"
            )
    return [replace(case.row, runs=done[place]) for place, case in enumerate(every)]


def machine(postgres: PostgresServer) -> str:
    """What it ran on, in a line."""
    return (
        f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}, "
        f"SQLite {sqlite3.sqlite_version}, PostgreSQL {postgres.run('SHOW server_version')[0][0]}"
    )


def recorded(rows: Sequence[Row], recorder: Recorder) -> None:
    """Everything that was wrong, for the results of all benchmarks."""
    series = [
        Series(
            f"{row.name} ({row.how})",
            "faults",
            tuple(map(float, row.wrong)),
            ours=row.ours,
        )
        for row in rows
    ]
    says = "Events missed, doubled, reordered, lost or otherwise wrong in a run, as `synapse-check` judges it."
    recorder.table("certificate", "Correctness", better="lower", series=series, says=says)


def main() -> None:
    """Run everybody, print, and keep what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--quick", action="store_true", help="one small run, without the easier of the settings"
    )
    parser.add_argument("--runs", type=int, help=f"of each; {RUNS} unless --quick")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--write", action="store_true", help="renew docs/correctness.md")
    record_argument(parser)
    arguments = parser.parse_args()
    size, runs = (QUICK, 1) if arguments.quick else (FULL, RUNS)
    with postgres_server() as postgres:
        every = [case for case in cases(size, postgres) if case.quick or not arguments.quick]
        rows = certify(every, arguments.runs or runs, arguments.seed)
        found = {
            "date": f"{datetime.now(UTC):%Y-%m-%d}",
            "machine": machine(postgres),
            "seed": arguments.seed,
            "rows": kept(rows),
        }
    recorded(rows, Recorder.of(arguments))
    print(render(found))
    if arguments.write:
        RECORD.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", "utf-8")
        PAGE.write_text(with_block(PAGE.read_text("utf-8"), render(found)), "utf-8")


if __name__ == "__main__":
    main()
