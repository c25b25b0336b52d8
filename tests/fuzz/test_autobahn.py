"""The Autobahn suite's fuzzing client against our WebSocket protocol: on request, where the suite can be had.

It needs Python 2.7 (docs/fuzzing.md says how to install it). `SYNAPSE_WSTEST` names its `wstest`.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[2]
WSTEST: Final = os.environ.get("SYNAPSE_WSTEST")
COMPRESSION: Final = ["12.*", "13.*"]
"""permessage-deflate is not offered: a few bytes could become a message of megabytes."""

CASES: Final = 301
PASSED: Final = {"OK", "NON-STRICT", "INFORMATIONAL"}
DEVIATIONS: Final = {"7.1.5"} | {f"9.{part}.{case}" for part in (3, 4) for case in (1, 2, 3, 4)}
"""A goodbye among the fragments of a message is answered by 1002, not by its own code; and a message of 4 MiB in
fragments of 64 to 4,096 bytes has more of them than `FRAGMENTS_MAX` allows."""

RUN_S_MAX: Final = 600


@pytest.fixture
def echo() -> Iterator[str]:
    """The address of a server in a process of its own that says back what it hears."""
    command = [sys.executable, "-m", "tests.fuzz.echo_server"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        yield server.stdout.readline().strip()
        server.terminate()


@pytest.mark.soak
@pytest.mark.skipif(WSTEST is None, reason="SYNAPSE_WSTEST does not name the suite's wstest")
@pytest.mark.timeout(RUN_S_MAX + 30)
def test_the_suite_finds_no_deviation_but_the_known_ones(echo: str, tmp_path: Path) -> None:
    plan = {
        "outdir": str(tmp_path / "reports"),
        "servers": [{"agent": "synapse", "url": echo}],
        "cases": ["*"],
        "exclude-cases": COMPRESSION,
        "exclude-agent-cases": {},
    }
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    command = [WSTEST or "", "--mode", "fuzzingclient", "--spec", str(tmp_path / "plan.json")]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=RUN_S_MAX, check=False
    )
    index = tmp_path / "reports" / "index.json"
    assert index.exists(), done.stdout + done.stderr
    cases = json.loads(index.read_text())["synapse"]
    failed = {
        name for name, case in cases.items() if {case["behavior"], case["behaviorClose"]} - PASSED
    }
    assert (len(cases), failed) == (CASES, DEVIATIONS)
