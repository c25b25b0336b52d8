"""The analysts' commands as a test runs them: in its own process, or as one of their own, with or without a terminal."""

import asyncio
import fcntl
import os
import pty
import signal
import struct
import termios
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from select import select
from typing import Self

import pytest

from app.cli import main
from tests.integration import forked
from tests.integration.programs import ROOT
from tests.integration.served import PATIENCE_S

SHOWN = 2_000
"""Bytes of a terminal that a failed wait shows."""

Ran = tuple[int, str, str]


class Asking:
    """Runs commands here; `log` is put behind each as `--db`, or as `--url`."""

    def __init__(self, log: str, capsys: pytest.CaptureFixture[str]) -> None:
        self._where = ["--url" if log.startswith("http") else "--db", log]
        self._capsys = capsys

    def __call__(self, *arguments: str) -> Ran:
        """Exit code, what was said, and what was said to be wrong."""
        self._capsys.readouterr()
        with pytest.raises(SystemExit) as stopped:
            main([*arguments, *self._where])
        said = self._capsys.readouterr()
        return int(str(stopped.value.code)), said.out, said.err

    def told(self, *arguments: str) -> str:
        """What a command that must succeed says; nothing may be wrong."""
        code, out, err = self(*arguments)
        assert (code, err) == (0, ""), (code, err)
        return out


@asynccontextmanager
async def program(*arguments: str) -> AsyncIterator[Process]:
    """A command as a process, without a terminal."""
    process = await asyncio.create_subprocess_exec(
        *(*forked.words("app.cli"), *arguments),
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=PIPE,
        stderr=PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def line_with(stream: asyncio.StreamReader | None, part: str) -> str:
    """The next line that holds a text."""
    assert stream is not None
    async with asyncio.timeout(PATIENCE_S):
        while (line := (await stream.readline()).decode()) and part not in line:
            pass
    assert part in line, "it ended"
    return line


class Terminal:
    """A command in a terminal of its own: what it writes, and keys for it."""

    def __init__(
        self, *arguments: str, columns: int = 80, lines: int = 24, kind: str = "xterm-256color"
    ) -> None:
        self.seen = b""
        ours, theirs = pty.openpty()
        self._ours = ours
        self.resize(columns, lines)
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": kind}
        for name in ("COLUMNS", "LINES", "NO_COLOR", "CI"):
            environment.pop(name, None)
        self.before = termios.tcgetattr(theirs)
        self._theirs = theirs
        command = [*forked.words("app.cli"), *arguments]
        self._pid = os.posix_spawn(
            command[0],
            command,
            environment,
            file_actions=[(os.POSIX_SPAWN_DUP2, theirs, number) for number in range(3)],
            setsigdef=[signal.SIGINT],
        )
        self._code: int | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._code is None:
            os.kill(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, 0)
        os.close(self._ours)
        os.close(self._theirs)

    def resize(self, columns: int, lines: int) -> None:
        """Give the terminal another size."""
        fcntl.ioctl(self._ours, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def press(self, keys: bytes) -> None:
        """Type."""
        os.write(self._ours, keys)

    def interrupt(self) -> None:
        """What Ctrl-C does."""
        os.kill(self._pid, signal.SIGINT)

    def wait_for(self, text: str) -> None:
        """Read until a text has come since the last such call."""
        patience, wanted = time.monotonic() + PATIENCE_S, text.encode()
        while wanted not in self.seen:
            assert time.monotonic() < patience, self.seen[-SHOWN:].decode(errors="replace")
            self._read()
        self.seen = self.seen.partition(wanted)[2]

    def ended(self) -> int:
        """Wait for its end: the exit code."""
        patience = time.monotonic() + PATIENCE_S
        while (ended := os.waitpid(self._pid, os.WNOHANG))[0] == 0:
            assert time.monotonic() < patience, self.seen[-SHOWN:].decode(errors="replace")
            self._read()
        self._code = os.waitstatus_to_exitcode(ended[1])
        while self._read():
            pass
        return self._code

    def is_as_before(self) -> bool:
        """Whether its settings are those that it had."""
        return termios.tcgetattr(self._theirs) == self.before

    def _read(self) -> bool:
        ready, _, _ = select([self._ours], [], [], 0.02)
        if ready:
            self.seen += os.read(self._ours, 65_536)
        return bool(ready)


def position_of_crash(log: Path) -> int:
    """Where the S&P 500's crash of October 2008 begins."""
    from app.client import connect

    with connect(log) as opened:
        episodes = opened.episodes("SPX", since="2008-10-02", until="2008-10-03")
        return episodes[-1].position
