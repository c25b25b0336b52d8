"""A desk in what its page takes for a clone of the repository: what the page changes is changed for its programs alone."""

import shlex
import shutil
import sys
from pathlib import Path
from typing import Final

from tests.docs.desk import Desk, Failed
from tests.docs.pages import ROOT
from tests.docs.tests_on_pages import WITHOUT

BEGIN: Final = "--- a/"
HUNK: Final = "@@"
TESTS: Final = ("tests/unit/stream", "tests/unit/events/testing")
FINDER: Final = """
import sys
from importlib.util import spec_from_file_location
from pathlib import Path

HERE = Path(__file__).parent


class Changed:
    def find_spec(self, name, path=None, target=None):
        file = HERE / (name.replace(".", "/") + ".py")
        ours = name.startswith(("app.", "events.")) and file.exists()
        return spec_from_file_location(name, file) if ours else None


sys.meta_path.insert(0, Changed())
"""
"""Takes a module from the desk where it lies there, all others from the repository. A whole copy would be compiled anew."""


class Clone(Desk):
    """Its programs are the repository's, with the files that its page has changed or added."""

    def __init__(self, folder: Path, sample_log: Path, address: str) -> None:
        """`address`: as of a `Desk`."""
        super().__init__(folder, sample_log, address)
        (folder / "sitecustomize.py").write_text(FINDER)
        for name in TESTS:
            shutil.copytree(ROOT / name, folder / name)
        (folder / "pytest.ini").write_text("[pytest]\n")
        tests = shlex.join(("-m", "pytest", "--noconftest", *WITHOUT))
        self._program("pytest", f'"{sys.executable}" {tests} "$@"')
        self._program("synapse", f'"{sys.executable}" -m app.cli "$@"')

    @property
    def path(self) -> tuple[Path, ...]:
        """Where its programs look for modules."""
        return self.folder, ROOT

    def patch(self, text: str) -> None:
        """Apply a difference: each hunk is found by its lines, wherever they stand.

        Raises:
            Failed: the old lines are not there once.
        """
        for part in text.split(BEGIN)[1:]:
            name, *hunks = part.split(HUNK)
            changed = name.splitlines()[0]
            there = (ROOT / changed).read_text()
            for hunk in hunks:
                lines = hunk.splitlines()[1:]
                old = "".join(f"{line[1:]}\n" for line in lines if line[:1] in {" ", "-"})
                new = "".join(f"{line[1:]}\n" for line in lines if line[:1] in {" ", "+"})
                if there.count(old) != 1:
                    raise Failed(f"{changed} has {there.count(old)} times\n{old}")
                there = there.replace(old, new)
            self.save(changed, there)
