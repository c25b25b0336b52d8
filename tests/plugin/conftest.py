"""A foreign project for each test; the built package for those that need it as others have it."""

from pathlib import Path

import pytest

from tests.plugin.foreign import INI, TAKEN, Foreign, built_wheel


@pytest.fixture
def project(tmp_path: Path) -> Foreign:
    """A project without packages of its own."""
    made = Foreign(tmp_path / "project")
    made.write({"pytest.ini": INI})
    return made


@pytest.fixture
def shadowing(project: Foreign) -> Foreign:
    """A project with an `app`, an `events` and `migrations` of its own."""
    project.write(TAKEN)
    return project


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that our package is installed into, from a wheel."""
    return built_wheel(tmp_path_factory.mktemp("wheel"))
