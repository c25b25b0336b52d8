"""Projects of somebody else, made for a test, each tested by a pytest process of its own as its owner would."""

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent
from typing import Final

from tests.house.tree import ROOT

INI: Final = """\
    [pytest]
    asyncio_default_fixture_loop_scope = function
    """
QUIETLY: Final = (
    "-q",
    *("-p", "no:cacheprovider", "-p", "no:randomly", "-p", "no:schemathesis"),
    *("-W", "error"),
)
"""Schemathesis is none of a project's; its plugin takes as long to load as all of the others."""

WHOSE: Final = """\
    WHOSE = "theirs"
    """
TAKEN: Final = {
    "app/__init__.py": WHOSE,
    "app/main.py": WHOSE,
    "events/__init__.py": WHOSE,
    "events/log.py": WHOSE,
    "migrations/__init__.py": WHOSE,
}
"""The packages of a project that has taken all of our names."""


@dataclass(frozen=True)
class Outcome:
    """How a run of pytest ended."""

    code: int
    output: str

    @property
    def summary(self) -> str:
        """The last line: what passed and what failed, without the time."""
        return self.output.strip().splitlines()[-1].rpartition(" in ")[0]


@dataclass
class Foreign:
    """A project in a folder. `site`: where our package is installed for it, unless it is the usual place."""

    root: Path
    site: Path | None = None
    env: dict[str, str] = field(default_factory=dict)

    def write(self, files: dict[str, str]) -> None:
        """Write files, each by its path in the project."""
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(dedent(text), encoding="utf-8")

    def python(self, *arguments: str) -> Outcome:
        """Run Python in the project's folder, with nothing of the run that this test is part of."""
        own = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
        own.pop("PYTHONPATH", None)
        if self.site is not None:
            own["PYTHONPATH"] = str(self.site)
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=self.root,
            env=own | self.env,
            capture_output=True,
            text=True,
            check=False,
            timeout=100,
        )
        return Outcome(done.returncode, done.stdout + done.stderr)

    def pytest(self, *options: str) -> Outcome:
        """Run its tests; a warning is an error."""
        return self.python("-m", "pytest", *QUIETLY, *options)

    def passes(self, tests: int, *options: str) -> None:
        """Run its tests, and see that so many have passed and nothing else happened."""
        outcome = self.pytest(*options)
        assert (outcome.code, outcome.summary) == (0, f"{tests} passed"), outcome.output


def built_wheel(folder: Path) -> Path:
    """Our package as others install it: built, and unpacked into `folder/site`."""
    wheels, site = folder / "wheels", folder / "site"
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(wheels)],
        cwd=ROOT,
        # The hook would build the dashboard.
        env=os.environ | {"HATCH_BUILD_NO_HOOKS": "true"},
        capture_output=True,
        check=True,
    )
    subprocess.run(
        [sys.executable, "-m", "zipfile", "-e", str(next(wheels.iterdir())), str(site)], check=True
    )
    return site
