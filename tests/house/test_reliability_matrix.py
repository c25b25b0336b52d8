"""docs/reliability.md: every fault has its row, and every test that it names is there."""

import re

from tests.house.tree import ROOT

TEXT = (ROOT / "docs" / "reliability.md").read_text("utf-8")
FAULTS = (
    "kill -9",
    "power cut",
    "ENOSPC",
    "EIO",
    "bit rot",
    "clock set back by a day",
    "stalled consumer",
    "half-open TCP",
    "database restart in mid-append",
    "a node is lost",
    "a network is cut",
    "NATS is lost",
    "a lease is stolen",
    "the database is away for a while",
    "failover",
    "failover that loses what was acknowledged",
    "duplicate submits",
    "poison events",
    "events of a newer schema",
    "crashed projection",
    "killed feed",
)
FILE = re.compile(r"`(tests/[\w/]+\.py)`((?:,? `test_\w+`)*)")


def test_every_fault_has_its_row() -> None:
    rows = [line.split("|")[1].strip(" *") for line in TEXT.splitlines() if line.startswith("| ")]
    assert [name for name in FAULTS if name not in rows] == []


def test_every_test_that_is_named_is_there() -> None:
    named = FILE.findall(TEXT)
    assert len(named) > len(FAULTS)
    for path, tests in named:
        source = (ROOT / path).read_text("utf-8")
        for test in re.findall(r"`(test_\w+)`", tests):
            assert f"def {test}(" in source, f"{path} has no {test}"
