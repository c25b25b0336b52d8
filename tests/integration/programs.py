"""The command line as a process of its own."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, Self

from tests.integration import forked
from tests.integration.served import PATIENCE_S

ROOT: Final = Path(__file__).resolve().parents[2]
WELCOME: Final = re.compile(r'(?:Synapse is at |\{"url": ")(https?://\S+?)/[ "]')
"""What a server says when it serves, to people or as JSON."""

# A shell starts background jobs with Ctrl-C ignored, and what is ignored is inherited: by these programs too.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

STOP_S_MAX: Final = 20.0


def run_cli(
    *arguments: str, folder: Path, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, in a folder of its own."""
    return forked.run(
        "app.cli", *arguments, folder=folder, env=environment(env), timeout=PATIENCE_S * 2
    )


def run_python(code: str, *, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a few lines of Python in a process of their own."""
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env=environment(None),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S * 2,
        check=False,
    )


def environment(env: Mapping[str, str] | None) -> dict[str, str]:
    """What a program of a test is told: nothing of what this process is told about Synapse, but `env`."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("SYNAPSE_")}
    paths = [str(ROOT), *filter(None, [own.get("PYTHONPATH")])]
    return {**own, "PYTHONPATH": os.pathsep.join(paths), "COLUMNS": "200", **(env or {})}


class Running:
    """A command that serves until it is told to stop."""

    def __init__(self, *arguments: str, folder: Path, env: Mapping[str, str] | None = None) -> None:
        reading, writing = os.pipe()
        with Path(os.devnull).open("wb") as nothing:
            self.process = forked.start(
                "app.cli",
                *arguments,
                folder=folder,
                env=environment(env),
                stdout=nothing.fileno(),
                stderr=writing,
            )
        os.close(writing)
        self._stderr = os.fdopen(reading)
        self._said: list[str] = []
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(PATIENCE_S)
        self._reader.join(PATIENCE_S)

    def _read(self) -> None:
        with self._stderr as lines:
            self._said.extend(iter(lines.readline, ""))

    @property
    def stderr(self) -> str:
        """What it has said so far."""
        return "".join(self._said)

    def wait_for(self, met: Callable[[], bool]) -> None:
        """Wait until a condition holds, as long as the process lives."""
        patience = time.monotonic() + PATIENCE_S
        while not met():
            assert self.process.poll() is None, self.stderr
            assert time.monotonic() < patience, self.stderr
            time.sleep(0.01)

    def url(self) -> str:
        """Where it serves; waits until it does."""
        self.wait_for(lambda: WELCOME.search(self.stderr) is not None)
        found = WELCOME.search(self.stderr)
        assert found is not None
        return found[1]

    def stop(self, with_signal: signal.Signals) -> int:
        """Signal it and wait for its end, within the time that an operator would wait."""
        self.process.send_signal(with_signal)
        code = self.process.wait(STOP_S_MAX)
        self._reader.join(PATIENCE_S)
        return code
