"""Our programs as processes of their own, forked from one that has loaded them (`loaded_process`)."""

import atexit
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Final

from tests.integration.forked_client import READ_AT_THE_START
from tests.integration.loaded_process import Order

ROOT: Final = Path(__file__).resolve().parents[2]
CLIENT: Final = Path(__file__).with_name("forked_client.py")

_starting: Final = Lock()


class Forked:
    """A running program; as much of `subprocess.Popen` as the tests use."""

    def __init__(self, order: Order, streams: Sequence[int]) -> None:
        self.args: Final = [order.module, *order.arguments]
        self.returncode: int | None = None
        self._line = socket.socket(socket.AF_UNIX)
        self._line.connect(address())
        socket.send_fds(self._line, [json.dumps(asdict(order)).encode() + b"\n"], list(streams))
        self._answers = self._line.makefile("r")
        self.pid: Final = int(self._answers.readline())

    def poll(self) -> int | None:
        """The exit code, minus the signal's number where one ended it; None while it runs."""
        try:
            return self.wait(0)
        except subprocess.TimeoutExpired:
            return None

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end.

        Raises:
            subprocess.TimeoutExpired: it still runs.
        """
        if self.returncode is None:
            self._until(None if timeout is None else time.monotonic() + timeout)
        assert self.returncode is not None
        return self.returncode

    def _until(self, patience: float | None) -> None:
        left = None if patience is None else max(0.0, patience - time.monotonic())
        if not select.select([self._line], [], [], left)[0]:
            raise subprocess.TimeoutExpired(self.args, left or 0.0)
        said = self._answers.readline()
        assert said, "the process that forks has ended"
        self.returncode = int(said)
        self._answers.close()
        self._line.close()

    def send_signal(self, number: int) -> None:
        """Signal it, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)


def start(
    module: str,
    *arguments: str,
    folder: Path,
    env: Mapping[str, str],
    stdout: int,
    stderr: int,
) -> Forked | subprocess.Popen[bytes]:
    """Start a program of ours. `stdout` and `stderr` are descriptors, and stay open here."""
    with Path(os.devnull).open("rb") as nothing:
        if sys.platform == "win32" or not READ_AT_THE_START.isdisjoint(env):
            return subprocess.Popen(
                [sys.executable, "-m", module, *arguments],
                cwd=folder,
                env=env,
                stdin=nothing,
                stdout=stdout,
                stderr=stderr,
            )
        order = Order(module, list(arguments), str(folder), dict(env))
        return Forked(order, (nothing.fileno(), stdout, stderr))


def run(
    module: str, *arguments: str, folder: Path, env: Mapping[str, str], timeout: float
) -> subprocess.CompletedProcess[str]:
    """Run a program of ours to its end; with what it said, whose line ends are those of text."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        program = start(
            module, *arguments, folder=folder, env=env, stdout=out.fileno(), stderr=err.fileno()
        )
        try:
            code = program.wait(timeout)
        finally:
            if program.poll() is None:
                program.kill()
                program.wait()
        for file in (out, err):
            file.seek(0)
        return subprocess.CompletedProcess([module, *arguments], code, out.read(), err.read())


def words(module: str) -> list[str]:
    """A command that runs a program of ours, for what starts processes by itself; its arguments follow."""
    if sys.platform == "win32":
        return [sys.executable, "-m", module]
    return [sys.executable, "-I", "-S", str(CLIENT), address(), module]


def address() -> str:
    """Where the process listens that forks; it is started when it is first asked for."""
    with _starting:
        return _started()


@cache
def _started() -> str:
    folder = tempfile.TemporaryDirectory(prefix="synapse-forks-")
    path = f"{folder.name}/door"
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.integration.loaded_process", path],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n", "the process that forks did not start"
    process.stdout.close()
    owner = socket.socket(socket.AF_UNIX)
    owner.connect(path)

    def end() -> None:
        owner.close()
        process.wait()
        folder.cleanup()

    atexit.register(end)
    return path
