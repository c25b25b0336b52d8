"""The detectors' figures in the vocabulary of record.py: a table for each figure of an index."""

from benchmarks import detector_tables as tables
from benchmarks.record import Recorder, Series

COMPARED = tuple(row for row in tables.ROWS if not row.title.startswith("CRASH"))
"""Only ours calls CRASH: there is nobody to compare with."""

HINDSIGHT = ", all bars at once"
"""Ends the name of a batch that knows the bars to come: the limit of what a model can say, and no detector."""

SAYS = (
    "Nothing was fitted on these years; docs/detector.md says how each figure is measured, and how wide the"
    " intervals of those in money are."
)


def record_index(recorder: Recorder, key: str, index: str, measured: tables.Column) -> None:
    """Ours is the detector that is the default; the others that Synapse can run count as its peers."""
    for number, row in enumerate(COMPARED):
        share = row.form.endswith("%")
        series = []
        for name, one in measured.items():
            value = row.value(one) if row.held or name != tables.HOLD else None
            values = () if value is None else (value * (100 if share else 1),)
            series.append(
                Series(
                    name,
                    "%" if share else "",
                    values,
                    ours=name == tables.OURS,
                    limit=name.endswith(HINDSIGHT),
                    note="" if values else "has none",
                )
            )
        recorder.table(
            f"{key}.{number:02}",
            f"{index} 1999-2018: {row.title}",
            better="higher" if row.better > 0 else "lower",
            series=series,
            says=SAYS,
        )
