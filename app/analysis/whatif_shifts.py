"""Two regime logs of one symbol side by side: which shift of the one is which of the other. Pure.

A *run* is a stretch of bars with one regime; its first bar is a shift, but for the first run of all. Two shifts
into the same regime are one and the same where their runs overlap: for at least one bar both said so. Of several
that overlap, those closest in bars are paired first, and each but once.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final, Literal, NamedTuple

from events.catalog import Record, Regime
from events.scalars import UtcTime

Kind = Literal["same", "earlier", "later", "missed", "false"]
KINDS: Final[tuple[Kind, ...]] = ("same", "earlier", "later", "missed", "false")
_DAY: Final = timedelta(days=1)


class Run(NamedTuple):
    """A stretch of bars with one regime.

    Attributes:
        previous: the regime before; None for the first run, which is no shift.
        bar: the number of its first bar; both logs count the same bars.
        at: when that bar closed.
        meanwhile: what the other log said of that bar; None where it had no such bar.
    """

    regime: Regime
    previous: Regime | None
    bar: int
    at: datetime
    meanwhile: Regime | None


class ShiftPair(Record):
    """One shift as both logs have it, or as one of them does.

    Attributes:
        kind: `same` bar; the other detector was `earlier` or `later`; it has none (`missed`); only it has one
            (`false`). All of that relative to the recorded log, which is not the truth.
        regime: into which.
        recorded_at, recorded_from: when the recorded log has it, and out of which regime.
        other_at, other_from: the same of the other log.
        bars, days: by how much the other is later (negative: earlier); None where one has none.
        meanwhile: of a missed or false one, what was said of that bar by the log that has no such shift.
    """

    kind: Kind
    regime: Regime
    recorded_at: UtcTime | None
    recorded_from: Regime | None
    other_at: UtcTime | None
    other_from: Regime | None
    bars: int | None
    days: float | None
    meanwhile: Regime | None

    @property
    def first_at(self) -> datetime:
        """The earlier one of its two times."""
        return min(at for at in (self.recorded_at, self.other_at) if at is not None)


def side_by_side(recorded: Sequence[Run], other: Sequence[Run]) -> list[ShiftPair]:
    """Every shift of both logs, each but once, oldest first."""
    candidates = sorted(
        (abs(theirs.bar - ours.bar), ours.bar, theirs.bar, ours, theirs)
        for regime in Regime
        for ours, theirs in _overlapping(recorded, other, regime)
        if ours.previous and theirs.previous
    )
    taken_ours: set[int] = set()
    taken_theirs: set[int] = set()
    pairs = []
    for _, ours_bar, theirs_bar, ours, theirs in candidates:
        if ours_bar not in taken_ours and theirs_bar not in taken_theirs:
            taken_ours.add(ours_bar)
            taken_theirs.add(theirs_bar)
            pairs.append(_paired(ours, theirs))
    pairs += [_missed(run) for run in recorded if run.previous and run.bar not in taken_ours]
    pairs += [_false(run) for run in other if run.previous and run.bar not in taken_theirs]
    return sorted(pairs, key=_order)


def within(pair: ShiftPair, since: datetime | None, until: datetime | None) -> bool:
    """Whether either of its times lies in a span (inclusive)."""
    return any(
        at is not None and (since is None or at >= since) and (until is None or at <= until)
        for at in (pair.recorded_at, pair.other_at)
    )


def _overlapping(
    recorded: Sequence[Run], other: Sequence[Run], regime: Regime
) -> Iterator[tuple[Run, Run]]:
    ours, theirs = list(_spans(recorded, regime)), list(_spans(other, regime))
    left = right = 0
    while left < len(ours) and right < len(theirs):
        (run, end), (other_run, other_end) = ours[left], theirs[right]
        if run.bar < other_end and other_run.bar < end:
            yield run, other_run
        if end <= other_end:
            left += 1
        else:
            right += 1


def _spans(runs: Sequence[Run], regime: Regime) -> Iterator[tuple[Run, float]]:
    """The runs of a regime, each with the bar after its last."""
    for number, run in enumerate(runs):
        if run.regime is regime:
            yield run, runs[number + 1].bar if number + 1 < len(runs) else float("inf")


def _order(pair: ShiftPair) -> tuple[datetime, int, str]:
    return pair.first_at, KINDS.index(pair.kind), pair.regime.value


def _paired(ours: Run, theirs: Run) -> ShiftPair:
    bars = theirs.bar - ours.bar
    return ShiftPair(
        kind="same" if bars == 0 else "earlier" if bars < 0 else "later",
        regime=ours.regime,
        recorded_at=ours.at,
        recorded_from=ours.previous,
        other_at=theirs.at,
        other_from=theirs.previous,
        bars=bars,
        days=(theirs.at - ours.at) / _DAY,
        meanwhile=None,
    )


def _missed(run: Run) -> ShiftPair:
    return ShiftPair(
        kind="missed",
        regime=run.regime,
        recorded_at=run.at,
        recorded_from=run.previous,
        other_at=None,
        other_from=None,
        bars=None,
        days=None,
        meanwhile=run.meanwhile,
    )


def _false(run: Run) -> ShiftPair:
    return ShiftPair(
        kind="false",
        regime=run.regime,
        recorded_at=None,
        recorded_from=None,
        other_at=run.at,
        other_from=run.previous,
        bars=None,
        days=None,
        meanwhile=run.meanwhile,
    )
