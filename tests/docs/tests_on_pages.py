"""Blocks that are tests: run by pytest, those of one page together, in a process of its own, as their reader would."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.docs.desk import Failed
from tests.docs.pages import ROOT, Block

WITHOUT: Final = ("-p", "no:cacheprovider", "-p", "no:schemathesis")
SETTINGS: Final = "[pytest]\nasyncio_default_fixture_loop_scope = function\n"


def is_test(block: Block) -> bool:
    """Whether a block is for pytest."""
    return block.language == "python" and block.file is None and "def test_" in block.text


def run_tests(blocks: Sequence[Block], folder: Path) -> None:
    """Run the tests of a page's blocks, each block a file of its own.

    Raises:
        Failed: one of them did not pass.
    """
    (folder / "pytest.ini").write_text(SETTINGS)
    names = [f"test_line_{block.line}.py" for block in blocks]
    for name, block in zip(names, blocks, strict=True):
        (folder / name).write_text(block.text)
    # A page's golden logs are made as its reader makes them, the first time.
    golden = ["--synapse-update-golden"] if any("golden(" in each.text for each in blocks) else []
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *WITHOUT, *golden, *names],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise Failed(done.stdout + done.stderr)
