"""The rows of the certificate, and how docs/correctness.md shows them. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from app.check.certificate import Certificate
from app.check.findings import Fault
from app.check.history import Verdict
from benchmarks.certificate_history import History, wrong

SHOWN: Final = (Fault.MISSED, Fault.DOUBLED, Fault.REORDERED, Fault.LOST, Fault.GAP)
"""The faults with a column of their own; the others share one."""

BEGIN: Final = "<!-- certificate: begin -->"
END: Final = "<!-- certificate: end -->"
TITLES: Final = (
    "system",
    "settings",
    "runs",
    "writers",
    "written",
    "subscribers",
    "delivered",
    "missed",
    "doubled",
    "reordered",
    "acknowledged and lost",
    "position gaps",
    "other",
    "verdict",
)


@dataclass(frozen=True)
class Run:
    """One run: how much there was, and how much of it was wrong; `faults` has only what occurred."""

    written: int
    delivered: int
    faults: Mapping[str, int]


@dataclass(frozen=True)
class Row:
    """One system with one way to set it up, and its runs.

    Attributes:
        system, version, settings: who, and everything that was not left at its default.
        meanwhile: what was done to it.
        writers, subscribers: how many, and of which kinds.
        ours: whether it is ours.
        says: what a reader has to know to judge it fairly.
    """

    system: str
    version: str
    settings: str
    meanwhile: str
    writers: int
    subscribers: Mapping[str, int]
    ours: bool = False
    says: str = ""
    runs: Sequence[Run] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Who, with its version."""
        return f"{self.system} {self.version}".strip()

    @property
    def how(self) -> str:
        """How it was set up, and what was done to it."""
        return f"{self.settings}; {self.meanwhile}" if self.meanwhile else self.settings

    def counts(self, fault: Fault) -> list[int]:
        """How many there were of a fault, in each run."""
        return [run.faults.get(fault.value, 0) for run in self.runs]

    @property
    def wrong(self) -> list[int]:
        """All faults of each run."""
        return [sum(run.faults.values()) for run in self.runs]


def run_of(history: History, verdict: Verdict) -> Run:
    """What a peer's run came to."""
    return Run(len(history.stored), verdict.delivered, wrong(verdict))


def run_of_ours(found: Certificate) -> Run:
    """What `synapse-check` certified."""
    faults = {fault.value: count for fault, count in found.faults.items() if count}
    return Run(found.events_written, found.reading.events_delivered, faults)


def row_of(kept: Mapping[str, Any]) -> Row:
    """A row as JSON has it."""
    runs = [Run(**run) for run in kept["runs"]]
    return Row(**{**kept, "runs": runs})


def kept(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """Rows as JSON keeps them."""
    return [asdict(row) for row in rows]


def render(record: Mapping[str, Any]) -> str:
    """The block of the page: a table, what has to be said of its rows, and of which runs this is."""
    rows = [row_of(one) for one in record["rows"]]
    lines = [BEGIN, "", _line(TITLES), _line("---" for _ in TITLES)]
    lines += [_line(_cells(row)) for row in rows]
    lines += ["", *(f"- **{row.name}, {row.how}**: {row.says}" for row in rows if row.says)]
    lines += [
        "",
        f"Taken on {record['date']}, {record['machine']}, seed {record['seed']}.",
        "",
        END,
    ]
    return "\n".join(lines)


def with_block(page: str, block: str) -> str:
    """A page with its block renewed.

    Raises:
        ValueError: the page has no such block.
    """
    before, _, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        raise ValueError(f"the page has no block from {BEGIN} to {END}")
    return before + block + after


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cells(row: Row) -> list[str]:
    others = [fault for fault in Fault if fault not in SHOWN]
    other = {fault.value: row.counts(fault) for fault in others if any(row.counts(fault))}
    name = f"**{row.name}**" if row.ours else row.name
    return [
        name,
        row.how,
        f"{len(row.runs):,}",
        f"{row.writers:,}",
        f"{sum(run.written for run in row.runs):,}",
        f"{sum(row.subscribers.values()):,}",
        f"{sum(run.delivered for run in row.runs):,}",
        *(_count(row.counts(fault)) for fault in SHOWN),
        ", ".join(f"{_count(counts)} {fault}" for fault, counts in other.items()) or "0",
        "FAIL" if any(row.wrong) else "PASS",
    ]


def _count(counts: Sequence[int]) -> str:
    """All of them, and how they spread over the runs where there are any."""
    if not any(counts):
        return "0"
    return f"**{sum(counts):,}** ({' + '.join(f'{count:,}' for count in counts)})"
