"""What a proof of the log found: the first bad position, and everything that is wrong."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from events.envelope import Head

FINDINGS_MAX: Final = 100
"""Findings that are kept; more are only counted."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong.

    Attributes:
        what: where it was found: `wal`, `file`, `schema`, `event`, `stream`, `head`, `types`, `answer`,
            `snapshot`.
        text: what is wrong, in one line.
        position: the event that it is about; None when it is about none.
    """

    what: str
    text: str
    position: int | None = None


@dataclass(slots=True)
class Findings:
    """Collects findings; keeps the first `FINDINGS_MAX` of them and the lowest position of all."""

    kept: list[Finding] = field(default_factory=list)
    count: int = 0
    first_bad: int | None = None

    def add(self, what: str, text: str, position: int | None = None) -> None:
        """One more thing that is wrong."""
        self.count += 1
        if len(self.kept) < FINDINGS_MAX:
            self.kept.append(Finding(what, text, position))
        if position is not None:
            self.first_bad = min(position, self.first_bad or position)

    def take(self, others: "Findings") -> None:
        """All that was collected elsewhere."""
        self.kept += others.kept[: FINDINGS_MAX - len(self.kept)]
        self.count += others.count
        if others.first_bad is not None:
            self.first_bad = min(others.first_bad, self.first_bad or others.first_bad)


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """The outcome of one proof.

    Attributes:
        head: the end of the log as its head row told it at the start; None when that cannot be read.
        events: how many events were read and held against the chain.
        findings: what is wrong, at most `FINDINGS_MAX`; empty means proven.
        count: how many things are wrong.
        first_bad: the lowest position that something is wrong with; None when no event is concerned.
    """

    head: "Head | None"
    events: int
    findings: tuple[Finding, ...]
    count: int
    first_bad: int | None

    @property
    def ok(self) -> bool:
        """Whether the log is proven whole and unaltered."""
        return self.count == 0
