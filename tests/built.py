"""What the tests of the built dashboard share: whether there is one, and what to do without."""

import os
from pathlib import Path

import pytest

STATIC = Path(__file__).resolve().parents[1] / "app" / "static"


def cannot(reason: str) -> None:
    """Skip at a desk, fail where the browser was promised."""
    if os.environ.get("CI") or os.environ.get("SYNAPSE_TEST_NODE"):
        pytest.fail(reason)
    pytest.skip(reason)


def require_build() -> None:
    """Skip or fail where the dashboard has not been built."""
    if not (STATIC / "index.html").is_file():
        cannot("the dashboard is not built: python3 dev.py build")
