"""A server that a page starts, and that runs on beside the page's next blocks."""

import os
import re
import signal
import subprocess
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Final

SAYS: Final = re.compile(r"Synapse is at http://(\S+)/ ")
START_S_MAX: Final = 60.0
LEAVE_S_MAX: Final = 20.0


class NotServed(AssertionError):
    """The command ended, and did not say where it serves."""


class Kept:
    """A command such as `synapse serve`, started as a page says; runs until `close`.

    Attributes:
        address: host and port at which it serves.
    """

    def __init__(self, command: str, folder: Path, environment: Mapping[str, str]) -> None:
        """Start it, and wait until it says where it serves.

        Raises:
            NotServed: it ended first.
        """
        self._running: Final = subprocess.Popen(
            ["sh", "-c", f"exec {command}"],
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        late = threading.Timer(START_S_MAX, self._running.kill)
        late.start()
        self.said = ""
        try:
            self.address: Final = self._where(command)
        finally:
            late.cancel()
        # What it says further is read away: a full pipe would hold it up.
        self._rest = threading.Thread(target=self._read_on, daemon=True)
        self._rest.start()

    def _where(self, command: str) -> str:
        assert self._running.stdout is not None
        for line in self._running.stdout:
            self.said += line
            if found := SAYS.search(line):
                return found[1]
        self._running.wait()
        self._running.stdout.close()
        raise NotServed(f"$ {command}\nexit code {self._running.returncode}\n{self.said}")

    def _read_on(self) -> None:
        assert self._running.stdout is not None
        for line in self._running.stdout:
            self.said += line

    def close(self) -> None:
        """End it as by Ctrl-C."""
        if self._running.poll() is None:
            os.killpg(self._running.pid, signal.SIGINT)
        try:
            self._running.wait(LEAVE_S_MAX)
        finally:
            self._running.kill()
            self._rest.join(LEAVE_S_MAX)
            if self._running.stdout is not None:
                self._running.stdout.close()
