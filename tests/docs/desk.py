"""A folder to try a page's blocks in: the sample log, a server of it, and a shell that finds the programs."""

import contextlib
import io
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from tests.docs.kept import Kept
from tests.docs.pages import ROOT
from tests.integration import forked
from tests.integration.served import TOKEN

# As in tests/integration/programs.py: what ignores Ctrl-C makes its children ignore it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

COMMAND_S_MAX: Final = 60.0
INTERRUPTED: Final = (0, 130, -signal.SIGINT)
ADDRESS: Final = re.compile(r"\b(?:127\.0\.0\.1|localhost):8000\b")
ENDLESS: Final = re.compile(r"\bsynapse (?:serve|demo|tail|replay)\b")
REFUSALS: Final = ("Usage:", "synapse:", "Traceback")
"""How a command begins to say that it does not work."""

TOKENS: Final = ("SYNAPSE_TOKEN", "TOKEN")
STAND_INS: Final = ("curl", "sqlite3", "duckdb")
PRICES: Final = "date,close\n2026-01-13,100\n2026-01-14,101.5\n2026-01-15,99.25\n"
"""What a reader has in `prices.csv`."""


def find_node() -> str | None:
    """The node program: the one that `dev.py` found, else the one on the path."""
    return os.environ.get("SYNAPSE_TEST_NODE") or shutil.which("node")


class Failed(AssertionError):
    """A block does not do what the page says."""


class Desk:
    """Where the blocks of one page are tried, in order."""

    def __init__(self, folder: Path, sample_log: Path, address: str) -> None:
        """`address`: host and port of a server that stands for the demo's."""
        self.folder = folder
        self._address = address
        (folder / "synapse.db").write_bytes(sample_log.read_bytes())
        (folder / "synapse.db.token").write_text(TOKEN)
        (folder / "prices.csv").write_text(PRICES)
        (folder / "prices").mkdir()
        (folder / "prices" / "spx.csv").write_text(PRICES)
        (folder / "backups").mkdir()
        (folder / "stick").mkdir()
        (folder / "docs").symlink_to(ROOT / "docs")
        self._programs = folder / ".programs"
        self._programs.mkdir()
        for name in STAND_INS:
            self._program(name, f'"{sys.executable}" "{ROOT}/tests/docs/stand_ins.py" {name} "$@"')
        self._program("synapse", f'{shlex.join(forked.words("app.cli"))} "$@"')
        self._program("synapse-check", f'{shlex.join(forked.words("app.check.cli"))} "$@"')
        for name in ("python", "python3"):
            self._program(name, f'"{sys.executable}" "$@"')
        self.node: Final = find_node()
        if self.node is not None:
            # Before 22 a socket of Node's own has to be asked for.
            self._program("node", f'"{self.node}" --experimental-websocket "$@"')
        self.names: dict[str, Any] = {}
        self._kept: Kept | None = None

    @property
    def path(self) -> tuple[Path, ...]:
        """Where its programs look for modules."""
        return (ROOT,)

    def patch(self, text: str) -> None:
        """Change the program; only a clone's may be.

        Raises:
            Failed: this is none.
        """
        raise Failed(f"nothing here may be changed:\n{text}")

    def close(self) -> None:
        """End what a page kept running."""
        if self._kept is not None:
            self._kept.close()
            self._kept = None

    def save(self, name: str, text: str) -> None:
        """Make a file of it."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.here(text))

    def _program(self, name: str, line: str) -> None:
        path = self._programs / name
        path.write_text(f"#!/bin/sh\nexec {line}\n")
        path.chmod(0o755)

    def here(self, text: str) -> str:
        """The text with the address of the server that runs."""
        return ADDRESS.sub(self._address, text)

    # --- Python ---------------------------------------------------------------------------------

    def python(self, text: str, *, fresh: bool) -> str:
        """Run it here; returns what it printed."""
        if fresh:
            self.names = {"__name__": "__main__"}
        printed = io.StringIO()
        with self._at_home(), contextlib.redirect_stdout(printed):
            exec(compile(self.here(text), "<the page>", "exec"), self.names)
        return printed.getvalue()

    @contextlib.contextmanager
    def _at_home(self) -> Iterator[None]:
        """As in a process that was started here: the folder's own modules are found, and forgotten after."""
        sys.path.insert(0, str(self.folder))
        loaded = set(sys.modules)
        try:
            with contextlib.chdir(self.folder):
                yield
        finally:
            sys.path.remove(str(self.folder))
            for name in set(sys.modules) - loaded:
                if (getattr(sys.modules[name], "__file__", None) or "").startswith(
                    str(self.folder)
                ):
                    del sys.modules[name]

    # --- the shell --------------------------------------------------------------------------------

    def shell(self, text: str, exit_code: int = 0) -> str:
        """Run its commands one after the other, as in one terminal; returns what they printed."""
        text = self.here(text).replace(".venv/bin/", "")
        if ENDLESS.search(text):
            return "".join(map(self._one, commands_of(text)))
        return self._run(text, exit_code)

    def keep(self, text: str) -> None:
        """Start the server of a block; from now on the page's address is that of this one.

        It makes its own token, as a reader's does. The one that was kept before is ended first.
        """
        self.close()
        [command] = commands_of(text.replace(".venv/bin/", ""))
        own = self._environment()
        self._kept = Kept(command, self.folder, {k: v for k, v in own.items() if k not in TOKENS})
        self._address = self._kept.address

    def _one(self, command: str) -> str:
        return self._interrupted(command) if ENDLESS.search(command) else self._run(command)

    def _run(self, commands: str, exit_code: int = 0) -> str:
        done = subprocess.run(
            ["sh", "-e", "-c", commands],
            cwd=self.folder,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=COMMAND_S_MAX,
            check=False,
        )
        if done.returncode != exit_code:
            raise Failed(f"{commands}\nexit code {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def _interrupted(self, command: str) -> str:
        """What does not end by itself is ended as by Ctrl-C, once it has said something."""
        with subprocess.Popen(
            ["sh", "-c", f"exec {command}"],
            cwd=self.folder,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        ) as running:
            ended = threading.Timer(COMMAND_S_MAX, running.kill)
            ended.start()
            try:
                assert running.stdout is not None
                said = running.stdout.readline()
                if not said.startswith(REFUSALS):  # which end by themselves, with an exit code
                    with contextlib.suppress(ProcessLookupError):
                        os.killpg(running.pid, signal.SIGINT)
                said += running.stdout.read()
                if running.wait() not in INTERRUPTED or not said:
                    raise Failed(f"$ {command}\nexit code {running.returncode}\n{said}")
                return said
            finally:
                ended.cancel()
                running.kill()

    def _environment(self) -> dict[str, str]:
        own = {name: value for name, value in os.environ.items() if not name.startswith("SYNAPSE_")}
        return {
            **own,
            "PATH": os.pathsep.join([str(self._programs), own.get("PATH", "")]),
            "PYTHONPATH": os.pathsep.join(map(str, self.path)),
            "SYNAPSE_PORT": "0",
            "SYNAPSE_TOKEN": TOKEN,
            "TOKEN": TOKEN,
            "COLUMNS": "160",
        }


def commands_of(text: str) -> list[str]:
    """The commands of a shell's block, those of several lines put together, without comments."""
    found: list[str] = []
    begun = ""
    for line in text.splitlines():
        begun = f"{begun}\n{line}" if begun else line
        if line.endswith("\\") or not _is_whole(begun):
            continue
        if begun.strip() and not begun.lstrip().startswith("#"):
            found.append(begun)
        begun = ""
    if begun:
        raise Failed(f"a command without an end: {begun}")
    return found


def _is_whole(command: str) -> bool:
    try:
        shlex.split(command, comments=True)
    except ValueError:
        return False
    return True
