"""`dev.py docs`: the docs site, with the locked packages that build it.

Standard library only, as ``dev.py`` itself.
"""

from __future__ import annotations

import subprocess

from dev_setup import PYTHON, ROOT, child_env, ensure_python, install_lock

PLACE = "127.0.0.1:8008"
"""Where `--serve` shows it: beside a demo, which takes 8000."""


def ensure_docs() -> None:
    """Install what builds the site, into the environment that the tests run in."""
    install_lock("docs", "Packages of the docs site")


def mkdocs(*arguments: str, python: str = str(PYTHON)) -> list[str]:
    """Return a command of the site's builder: strict, and without its makers' own announcements."""
    return [
        python,
        "-m",
        "mkdocs",
        *arguments,
        "--strict",
        "--config-file",
        str(ROOT / "mkdocs.yml"),
    ]


def docs_env() -> dict[str, str]:
    """Return the environment for it."""
    return child_env() | {"NO_MKDOCS_2_WARNING": "1"}


def docs(*, serves: bool) -> int:
    """Build or show the site; returns the builder's exit code: 1 where a warning came."""
    ensure_python(dev=True)
    ensure_docs()
    command = mkdocs("serve", "--dev-addr", PLACE) if serves else mkdocs("build", "--clean")
    return subprocess.run(command, cwd=ROOT, env=docs_env(), check=False).returncode
