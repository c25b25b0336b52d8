"""Build hook: puts the built dashboard into the source distribution and into the wheel.

The dashboard's sources are in ``web/``; its build goes to ``app/static``, which is not in git.
A package without it would install and then show an empty page, so one is either built with
the dashboard or not at all. A source distribution holds it built: a wheel made from that takes
it as it is, and needs no Node.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SDIST_MARK = "PKG-INFO"
"""The file that a source distribution has, and a clone has not."""

NPM_STEPS = (
    ("ci", "--ignore-scripts", "--no-audit", "--no-fund"),
    ("run", "build"),
)


class DashboardBuildHook(BuildHookInterface[Any]):
    """Runs the web build before anything is packed; editable installs are left alone."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Build ``app/static``, or take what is there: in a source distribution, and without npm.

        Args:
            version: ``standard``, or ``editable`` for a development install.
            build_data: Hatchling's mutable description of the build; not changed here.

        Raises:
            RuntimeError: there is neither npm nor an already built dashboard, or npm failed.
        """
        if version == "editable":
            return
        root = Path(self.root)
        npm = shutil.which("npm")
        if npm and not (root / SDIST_MARK).is_file():
            self._build(npm, root / "web")
        if not (root / "app" / "static" / "index.html").is_file():
            raise RuntimeError(
                "app/static has no built dashboard and it cannot be built here: install node "
                ">= 20.19 with npm (or run `python3 dev.py run` once, which brings its own) "
                "and build again."
            )

    def _build(self, npm: str, web: Path) -> None:
        """Run npm in ``web``.

        Raises:
            RuntimeError: a step failed; the message carries the end of its output.
        """
        for step in NPM_STEPS:
            self.app.display_info(f"npm {' '.join(step)}")
            done = subprocess.run(
                [npm, *step], cwd=web, capture_output=True, text=True, check=False
            )
            if done.returncode:
                tail = "\n".join((done.stdout + done.stderr).splitlines()[-20:])
                raise RuntimeError(f"the dashboard's build failed: npm {' '.join(step)}\n{tail}")
