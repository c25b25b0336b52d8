"""Shared by all tests; each kind of test keeps its own fixtures beside it."""

from collections.abc import Iterator

import pytest

from tests.postgres import PostgresServer, postgres_server


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server for the whole run; it forgoes the disk, which no test of it can see."""
    with postgres_server("fsync=off", "full_page_writes=off") as server:
        yield server
