"""The README's table of figures, from benchmarks/results.json and benchmarks/certificate.json; render.py puts it there."""

import statistics
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from benchmarks.plots import short
from benchmarks.verdicts import judged

BEGIN: Final = "<!-- figures: made by `python3 dev.py bench` -->\n"
END: Final = "<!-- end of the figures -->"


@dataclass(frozen=True)
class Row:
    """One line: what was measured, in which table, ours and whom it stands beside (how their names begin)."""

    what: str
    table: str
    ours: str
    peer: str


ROWS: Final = (
    Row("Single appends, durable, many writers, SQLite", "append", "ours, many", "eventsourcing|one-event saves"),
    Row("1,000 at a time, SQLite", "append", "ours, 1,000", "eventsourcing|1,000-event saves"),
    Row("Single appends, durable, many writers, PostgreSQL", "append_postgres", "ours, many", "eventsourcing|one-event saves, 8 threads"),
    Row("1,000 at a time, PostgreSQL", "append_postgres", "ours, 1,000", "eventsourcing|1,000-event saves"),
    Row("Folding the log into a state", "fold", "ours", "eventsourcing|aggregates"),
    Row("One event to 100 viewers; ours is on disk first", "fan_out.one.100", "ours", "picows|"),
    Row("One event to 1,000 viewers", "fan_out.one.1000", "ours", "FastAPI|defaults"),
    Row("The same", "fan_out.one.1000", "ours", "picows|"),
    Row("The same", "fan_out.one.1000", "ours", "node ws|"),
    Row("All of history to one reader", "replay", "ours, history", "JetStream|"),
)  # fmt: skip
"""What the project is for; the losses among them stay."""


def block(results: Mapping[str, Any], certificate: Mapping[str, Any]) -> str:
    """The table, as Markdown; a figure that was not measured has no line."""
    lines = ["| median, a second | ours | beside it | | ratio |", "|---|---:|---|---:|---:|"]
    lines += [line for row in ROWS for line in _line(results, row)]
    return "\n".join([*lines, "", *_missed(certificate)]) + "\n"


def put(readme: str, results: Mapping[str, Any], certificate: Mapping[str, Any]) -> str:
    """The README with the table between its marks.

    Raises:
        ValueError: a mark is missing.
    """
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError("README.md has no place for the figures")
    return before + BEGIN + block(results, certificate) + END + after


def _line(results: Mapping[str, Any], row: Row) -> Iterator[str]:
    if row.table not in results["tables"]:
        return
    medians = {
        each["contender"]: statistics.median(each["values"])
        for each in results["tables"][row.table]["series"]
        if each["values"]
    }
    begins, _, ends = row.peer.partition("|")
    for one in judged(results, row.table):
        named = one.to.startswith(begins) and ends in one.to and (not ends or _ends(one.to, ends))
        if one.of.startswith(row.ours) and named:
            lost = "" if one.factor <= 1 else " (we lose)"
            figures = f"{short(medians[one.of])} | {one.to} | {short(medians[one.to])}"
            ratio = f"{one.median:.2g}" if one.median < 100 else f"{one.median:,.0f}"
            yield f"| {row.what} | {figures} | **{ratio}**{lost} |"
            return


def _ends(name: str, ends: str) -> bool:
    return name.partition(" (")[0].endswith(ends)


def _missed(certificate: Mapping[str, Any]) -> Iterator[str]:
    """One sentence on what was missed live, and by whom."""
    said = [
        (row["ours"], _name(row), sum(_faults(run) for run in row["runs"]))
        for row in certificate["rows"]
    ]
    ours = sum(count for is_ours, _, count in said if is_ours)
    theirs = [f"{name}: {count:,}" for is_ours, name, count in said if count and not is_ours]
    of_ours = len([1 for is_ours, _, _ in said if is_ours])
    yield f"Events missed, doubled, reordered or lost under kill -9, reconnects and slow readers, in {of_ours} set-ups of ours: **{ours}**."
    if theirs:
        yield f"Beside it, by the same judge: {'; '.join(theirs)}."


def _name(row: Mapping[str, Any]) -> str:
    return f"{row['system']} {row['version']} ({row['settings']})"


def _faults(run: Mapping[str, Any]) -> int:
    return sum(run["faults"].values())
