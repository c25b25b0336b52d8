"""Synapse as somebody has it who installed a wheel: in an environment, a home and a folder of its own, without Node."""

import os
import subprocess
import sys
import sysconfig
import tarfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.house.tree import ROOT
from tests.ports import free_port

PATIENCE_S: Final = 60.0
LOOK_S: Final = 0.02
PROGRAMS: Final = "Scripts" if os.name == "nt" else "bin"


def build(source: Path, to: Path, kind: str, *, hooks: bool, path: str | None = None) -> Path:
    """One step of `python3 -m build`, with the build packages that are here: an `sdist` or a `wheel`."""
    env = {name: value for name, value in os.environ.items() if name != "HATCH_BUILD_NO_HOOKS"}
    env |= {} if hooks else {"HATCH_BUILD_NO_HOOKS": "true"}
    env |= {"PATH": path} if path else {}
    command = [sys.executable, "-m", "build", "--no-isolation", f"--{kind}", "--outdir", str(to)]
    done = subprocess.run(
        [*command, str(source)], env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (made,) = to.glob("*.tar.gz" if kind == "sdist" else "*.whl")
    return made


def built(folder: Path) -> tuple[Path, Path]:
    """The source distribution, with the dashboard that is built here, and the wheel that is made from it alone.

    Whoever makes the wheel has an npm that fails.
    """
    sdist = build(ROOT, folder / "dist", "sdist", hooks=False)
    with tarfile.open(sdist) as archive:
        archive.extractall(folder / "source", filter="data")
    (source,) = (folder / "source").iterdir()
    failing = folder / "failing" / "npm"
    failing.parent.mkdir()
    failing.write_text("#!/bin/sh\nexit 1\n")
    failing.chmod(0o755)
    path = os.pathsep.join([str(failing.parent), os.environ["PATH"]])
    return sdist, build(source, folder / "wheels", "wheel", hooks=True, path=path)


@dataclass(frozen=True)
class Installed:
    """An environment with a wheel in it; what the wheel needs is the test environment's."""

    folder: Path
    wheel: Path

    @property
    def scripts(self) -> Path:
        """Where its programs are."""
        return self.folder / "venv" / PROGRAMS

    @property
    def desk(self) -> Path:
        """Where its user stands: in a project with an `app` and an `events` of its own."""
        return self.folder / "desk"

    def install(self) -> None:
        """Make it."""
        venv = self.folder / "venv"
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
        python = str(self.scripts / "python")
        pip = [sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "-q"]
        subprocess.run([*pip, "--no-index", "--no-compile", str(self.wheel)], check=True)
        # A line of a .pth is a folder whose own .pth files are not read: the editable project stays out.
        paths = sysconfig.get_paths()
        site = self.run("python", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))")
        borrowed = "\n".join(dict.fromkeys([paths["purelib"], paths["platlib"]]))
        Path(site.strip(), "borrowed.pth").write_text(borrowed + "\n")
        for name in ("app", "events", "migrations"):
            (self.desk / name).mkdir(parents=True)
            (self.desk / name / "__init__.py").write_text("raise RuntimeError('not ours')\n")

    @property
    def env(self) -> dict[str, str]:
        """What its programs are told: next to nothing. There is no Node on the path."""
        home = self.folder / "home"
        home.mkdir(exist_ok=True)
        return {"PATH": str(self.scripts), "HOME": str(home), "LANG": "C.UTF-8", "COLUMNS": "200"}

    def run(self, program: str, *arguments: str) -> str:
        """Run one of its programs, and see that it succeeds; what it printed."""
        folder = self.desk if self.desk.exists() else self.folder
        done = subprocess.run(
            [str(self.scripts / program), *arguments],
            cwd=folder,
            env=self.env,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    @contextmanager
    def serving(self, command: str, *options: str) -> Iterator[str]:
        """The address of a server of it, while that serves."""
        port, said = free_port(), self.folder / f"{command}.log"
        arguments = [command, "--no-browser", "--port", str(port), *options]
        with said.open("wb") as output:
            process = subprocess.Popen(
                [str(self.scripts / "synapse"), *arguments],
                cwd=self.desk,
                env=self.env,
                stdout=output,
                stderr=output,
            )
        try:
            address = f"http://127.0.0.1:{port}"
            deadline = time.monotonic() + PATIENCE_S
            while not _answers(address):
                assert process.poll() is None, said.read_text()
                assert time.monotonic() < deadline, said.read_text()
                time.sleep(LOOK_S)
            yield address
        finally:
            process.terminate()
            process.wait(PATIENCE_S)


def get(url: str) -> str:
    """What a server answers, as text."""
    with urllib.request.urlopen(url, timeout=PATIENCE_S) as answer:
        return str(answer.read().decode("utf-8"))


def _answers(address: str) -> bool:
    try:
        get(f"{address}/readyz")
    except OSError:
        return False
    return True
