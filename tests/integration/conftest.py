"""One server for the whole run: tests keep apart by using symbols of their own."""

from collections.abc import Iterator

import pytest

from tests.integration.leaking import Leaking, leaking
from tests.integration.served import Served, serving


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A running server without feeds."""
    with serving(tmp_path_factory.mktemp("served")) as running:
        yield running


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Leaking]:
    """A server whose channels hold what only some readers may see; a module's own."""
    with leaking(tmp_path_factory.mktemp("leaking")) as running:
        yield running
