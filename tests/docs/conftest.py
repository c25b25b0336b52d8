"""One server for all pages, as the demo would be: the sample's log, and a simulated market beside it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from app.demo import DEMO_PAPER, DEMO_SEED
from app.feeds.simulated import SimulatedFeed
from tests.docs.desk import Desk
from tests.integration.served import Served, serving


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory, sample_log: Path) -> Iterator[Served]:
    """A demo whose year 2018 is over. Its feed writes on and on, so it goes before other modules watch what is written."""
    folder = tmp_path_factory.mktemp("demo")
    (folder / "synapse.db").write_bytes(sample_log.read_bytes())
    with serving(folder, [SimulatedFeed(DEMO_SEED)], paper=DEMO_PAPER) as served:
        yield served


@pytest.fixture
def desk(tmp_path: Path, sample_log: Path, demo: Served) -> Iterator[Callable[..., Desk]]:
    """Lays a new desk, or one of another kind; what is kept running on it is ended with the test."""
    with ExitStack() as laid:

        def lay(kind: type[Desk] = Desk) -> Desk:
            folder = tmp_path / "desk"
            folder.mkdir()
            new = kind(folder, sample_log, demo.url.removeprefix("http://"))
            laid.callback(new.close)
            return new

        yield lay
