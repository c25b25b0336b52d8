"""The detectors' figures as the Markdown of docs/detector.md."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.detector_measures import BINS, LEAST_BARS, Bin, Measured, Truth, Worth

OURS = "anchored"
HOLD = "buy and hold"
NONE = "–"
BEGIN, END = "<!-- report: begin -->", "<!-- report: end -->"
SPEED = "bars a second"

Column = Mapping[str, Measured]
"""Detector -> its figures; buy and hold is one of them."""


@dataclass(frozen=True)
class Row:
    """A figure that is compared: how it is printed, and which way is better (1: more, -1: less)."""

    title: str
    value: Callable[[Measured], float | None]
    form: str
    better: int
    held: bool = False
    """Whether buy and hold has it too."""

    def text(self, name: str, measured: Measured) -> str:
        """The cell of one detector."""
        value = self.value(measured) if self.held or name != HOLD else None
        return NONE if value is None else format(value, self.form)


ROWS = (
    Row("Brier score of P(BEAR) + P(CRASH)", lambda m: m.brier, ".3f", -1, held=True),
    Row("widest gap of a reliability bin", lambda m: m.widest_gap, ".2f", -1),
    Row("Sharpe, out in BEAR and CRASH", lambda m: m.switched.sharpe, ".2f", 1, held=True),
    Row(
        "maximum drawdown, out in BEAR and CRASH",
        lambda m: m.switched.drawdown,
        ".1%",
        1,
        held=True,
    ),
    Row("Sharpe, target exposures", lambda m: m.scaled.sharpe, ".2f", 1, held=True),
    Row("maximum drawdown, target exposures", lambda m: m.scaled.drawdown, ".1%", 1, held=True),
    Row("shifts a year, risk-on / risk-off", lambda m: m.shifts, ".2f", -1),
    Row("shifts a year, all regimes", lambda m: m.regime_shifts, ".2f", -1),
    Row("delay of the bears seen, median bars", lambda m: m.delay, ".0f", -1),
    Row("bears missed", lambda m: float(m.missed), ".0f", -1),
    Row("false alarms", lambda m: float(m.false_alarms), ".0f", -1),
    Row("CRASH precision, 12 % label", lambda m: m.crash.precision, ".2f", 1),
    Row("CRASH recall, 12 % label", lambda m: m.crash.recall, ".2f", 1),
    Row("CRASH precision, scaled label", lambda m: m.scaled_crash.precision, ".2f", 1),
    Row("CRASH recall, scaled label", lambda m: m.scaled_crash.recall, ".2f", 1),
)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    made = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([f"| {' | '.join(head)} |", f"|{'---|' * len(head)}", *made])


def index_section(truth: Truth, measured: Column) -> str:
    """Everything of one index."""
    names = list(measured)
    rows = [[row.title, *(row.text(name, m) for name, m in measured.items())] for row in ROWS]
    for title, find in (("out", _switched), ("exposures", _scaled)):
        place = next(
            i for i, row in enumerate(rows) if row[0].startswith("Sharpe") and title in row[0]
        )
        intervals = [_interval(find(m).low, find(m).high) for m in measured.values()]
        over = [
            NONE if name == HOLD else _interval(find(m).over_low, find(m).over_high)
            for name, m in measured.items()
        ]
        rows[place + 1 : place + 1] = [
            ["... 95 % interval", *intervals],
            ["... less that of buy and hold, 95 % interval", *over],
        ]
    rows.insert(-6, ["delay of each bear", *(_delays(name, m) for name, m in measured.items())])
    rows.append(["mean target exposure", *(f"{m.exposure:.2f}" for m in measured.values())])
    rows.append([SPEED, *(_speed(name, m) for name, m in measured.items())])
    bears = len(next(iter(measured.values())).delays)
    share = sum(truth.bear) / len(truth.bear)
    counts = (
        f"{len(truth.closes):,} bars, {bears} bears that hold {share:.1%} of them; crash bars: "
        f"{sum(truth.crash)} by the 12 % label, {sum(truth.scaled_crash)} by the scaled one."
    )
    return "\n\n".join(
        [
            f"### {truth.name}",
            counts,
            table(["", *names], rows),
            "Predicted → came true (bars), by tenths of P(BEAR) + P(CRASH):",
            reliability_table(measured),
        ]
    )


def reliability_table(measured: Column) -> str:
    """The bins of all detectors side by side."""
    shown = {name: m.bins for name, m in measured.items() if name != HOLD}
    rows = [
        [f"{k / BINS:.1f} - {(k + 1) / BINS:.1f}", *(_bin(bins[k]) for bins in shown.values())]
        for k in range(BINS)
        if any(bins[k] for bins in shown.values())
    ]
    return table(["", *shown], rows)


def losses(indices: Mapping[str, Column]) -> str:
    """Where another column is better than ours, as printed: made from the figures, not written."""
    rows = []
    for index, measured in indices.items():
        ours = measured[OURS]
        for row in ROWS:
            better = [
                f"{name} {row.text(name, m)}"
                for name, m in measured.items()
                if name != OURS and _beats(row, row.text(name, m), row.text(OURS, ours))
            ]
            if better:
                rows.append([index, row.title, row.text(OURS, ours), ", ".join(better)])
    return (
        table(["index", "figure", "ours", "better"], rows) if rows else "Nowhere in these figures."
    )


def noise(indices: Mapping[str, Column]) -> str:
    """How many differences from buy and hold could be nothing at all."""
    both = [
        worth.over_low <= 0 <= worth.over_high
        for measured in indices.values()
        for name, m in measured.items()
        if name != HOLD
        for worth in (m.switched, m.scaled)
    ]
    return (
        f"Of the {len(both)} intervals of a Sharpe ratio less that of buy and hold, {sum(both)} hold 0: "
        "these differences are within the noise of one history."
    )


def goals(indices: Mapping[str, Column]) -> str:
    """What was aimed at on these years, beside what came out."""
    aims: list[tuple[str, Callable[[Measured], float | None], str, int, float]] = [
        ("Brier score at most 0.105", lambda m: m.brier, ".3f", -1, 0.105),
        ("bins from 0.5 up within 0.10 of what came true", lambda m: m.top_gap, ".2f", -1, 0.10),
        ("CRASH precision at least 0.80", lambda m: m.scaled_crash.precision, ".2f", 1, 0.80),
        ("CRASH recall at least 0.50", lambda m: m.scaled_crash.recall, ".2f", 1, 0.50),
        ("shifts at most 1.0 a year", lambda m: m.shifts, ".2f", -1, 1.0),
    ]
    rows = []
    for title, find, form, better, limit in aims:
        cells = []
        for measured in indices.values():
            value = find(measured[OURS])
            said = NONE if value is None else format(value, form)
            met = value is not None and (float(said) - limit) * better >= 0
            cells.append(f"{said}, {'met' if met else 'not met'}")
        rows.append([title, *cells])
    return table(["aim (CRASH by the scaled label)", *indices], rows)


def figures(text: str) -> str:
    """The text without what differs between machines: its lines of bars a second."""
    return re.sub(rf"^\| {SPEED} \|.*\n", "", text, flags=re.MULTILINE)


def between(document: str) -> str:
    """What stands between the markers.

    Raises:
        ValueError: when the document does not hold both, in their order.
    """
    _, found, rest = document.partition(BEGIN)
    text, closed, _ = rest.partition(END)
    if not found or not closed:
        raise ValueError(f"the document lacks {BEGIN} or {END}")
    return text.strip("\n")


def replaced(document: str, text: str) -> str:
    """The document with another text between the markers."""
    return document.replace(
        f"{BEGIN}\n\n{between(document)}\n\n{END}", f"{BEGIN}\n\n{text}\n\n{END}"
    )


def _switched(measured: Measured) -> Worth:
    return measured.switched


def _scaled(measured: Measured) -> Worth:
    return measured.scaled


def _beats(row: Row, other: str, ours: str) -> bool:
    if NONE in {other, ours}:
        return False
    return (float(other.rstrip("%")) - float(ours.rstrip("%"))) * row.better > 0


def _interval(low: float, high: float) -> str:
    return f"{low:.2f} to {high:.2f}"


def _delays(name: str, measured: Measured) -> str:
    if name == HOLD:
        return NONE
    return ", ".join("missed" if d is None else str(d) for d in measured.delays)


def _speed(name: str, measured: Measured) -> str:
    return NONE if name == HOLD else f"{float(f'{measured.bars_a_second:.2g}'):,.0f}"


def _bin(one: Bin | None) -> str:
    if one is None:
        return ""
    few = " *" if one.bars < LEAST_BARS else ""
    return f"{one.predicted:.2f} → {one.realised:.2f} ({one.bars}{few})"
