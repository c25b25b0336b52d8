"""Shared by all tests; each kind of test keeps its own fixtures beside it."""

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import settings

from tests.postgres import PostgresServer, postgres_server
from tests.sample_log import make_sample_log
from tests.unit.events.damage import make_log

ID_CHARACTERS_MAX = 60

# How long an example takes says how busy the machine is; the limit of a whole test stands in pyproject.toml.
settings.register_profile("house", deadline=None)
settings.load_profile("house")


def pytest_collection_finish() -> None:
    """What is loaded by now stays: not to be searched for garbage again and again saves a tenth of the whole run."""
    gc.collect()
    gc.freeze()


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """A long text goes by its parameter's name and its place: no id of 2,500 brackets, and none made from a clock."""
    return argname if isinstance(val, str) and len(val) > ID_CHARACTERS_MAX else None


@pytest.fixture(autouse=True)
def logs_as_they_were() -> Iterator[None]:
    """A program that runs within a test sends its log to that test's own standard error, which ends with it."""
    before = structlog.get_config()
    yield
    if structlog.get_config() != before:
        structlog.configure(**before)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server for the whole run; it forgoes the disk, which no test of it can see."""
    with postgres_server("fsync=off", "full_page_writes=off") as server:
        yield server


@pytest.fixture(scope="session")
def sample_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The log of the demo's sample prices, made once for all of xdist's workers. To be read only."""
    folder = tmp_path_factory.getbasetemp()
    path = (folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder) / "sample.db"
    if not path.exists():
        make_sample_log(path)
    return path


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log of every sort of event without a fault, made once: to be copied and damaged."""
    path = tmp_path_factory.mktemp("whole") / "log.db"
    make_log(path)
    return path
