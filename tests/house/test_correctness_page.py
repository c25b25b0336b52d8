"""The certificate on docs/correctness.md is the one that was recorded."""

import json

from benchmarks.certificate import PAGE, RECORD
from benchmarks.certificate_rows import render


def test_the_page_shows_the_record() -> None:
    record = json.loads(RECORD.read_text("utf-8"))
    assert render(record) in PAGE.read_text("utf-8"), (
        "docs/correctness.md is stale: run python3 dev.py bench certificate --write"
    )


def test_no_row_of_ours_failed() -> None:
    record = json.loads(RECORD.read_text("utf-8"))
    ours = [row for row in record["rows"] if row["ours"]]
    assert len(ours) >= 6
    assert all(not run["faults"] for row in ours for run in row["runs"])
