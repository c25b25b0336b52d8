"""A process that has loaded the project and its libraries, and forks a program whenever it is asked to.

Loading takes a program nearly a second of CPU, which is most of what the tests of programs would cost. Whoever
connects sends an `Order` and the three files of a program's standard streams, hears the program's process id and
then its exit code. Who hangs up before that has it killed, as nobody is left to end it.
"""

import contextlib
import gc
import io
import json
import os
import runpy
import selectors
import signal
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

LOADED: Final = ("alembic.command", "app.main", "asyncpg")
"""What most programs of ours load. Neither reads the environment, nor looks at its standard streams."""

ORDER_BYTES_MAX: Final = 200_000


@dataclass(frozen=True)
class Order:
    """A program to be run as `python -m MODULE ARGUMENTS` would.

    Attributes:
        module: of ours, with a `__main__` part.
        arguments: what follows it.
        folder: where it stands.
        env: all of its environment.
    """

    module: str
    arguments: list[str]
    folder: str
    env: dict[str, str]


class Forks:
    """Takes orders until the first connection ends, which is that of the test's process."""

    def __init__(self, door: socket.socket, owner: socket.socket) -> None:
        self._door, self._owner = door, owner
        self._programs: dict[int, socket.socket] = {}
        self._waiting = selectors.DefaultSelector()
        self._heard, self._ended = os.pipe()
        for end in (self._heard, self._ended):
            os.set_blocking(end, False)

    def run(self) -> Order | None:
        """Serve; returns an order in the process that is to carry it out, and None in the end."""
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._ended, warn_on_full_buffer=False)
        self._watch(self._owner, lambda: None)
        self._watch(self._heard, self._reap)
        self._watch(self._door, self._accept)
        while True:
            for key, _ in self._waiting.select():
                if key.fileobj is self._owner:
                    return None
                if (order := key.data()) is not None:
                    return order  # type: ignore[no-any-return]  # a selector's data is untyped

    def _watch(self, file: socket.socket | int, work: Callable[[], Order | None]) -> None:
        self._waiting.register(file, selectors.EVENT_READ, work)

    def _accept(self) -> Order | None:
        caller, _ = self._door.accept()
        message, streams, _, _ = socket.recv_fds(caller, ORDER_BYTES_MAX, 3)
        while message and not message.endswith(b"\n"):
            message += caller.recv(ORDER_BYTES_MAX)
        if not message:
            caller.close()
            return None
        pid = os.fork()
        if pid == 0:
            caller.close()
            self._leave()
            return _become(Order(**json.loads(message)), streams)
        for stream in streams:
            os.close(stream)
        self._programs[pid] = caller
        caller.sendall(f"{pid}\n".encode())
        self._watch(caller, lambda: self._hung_up(pid))
        return None

    def _hung_up(self, pid: int) -> None:
        if pid in self._programs:  # else it has just ended
            self._waiting.unregister(self._programs[pid])
            os.kill(pid, signal.SIGKILL)

    def _reap(self) -> None:
        os.read(self._heard, 4_096)
        while self._programs:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            with self._programs.pop(pid) as caller:
                if caller in self._waiting.get_map():
                    self._waiting.unregister(caller)
                with contextlib.suppress(OSError):  # whoever has hung up does not care
                    caller.send(f"{os.waitstatus_to_exitcode(status)}\n".encode())

    def _leave(self) -> None:
        """Forget, in a new program, all that is this process's own."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        self._waiting.close()
        for file in (self._door, self._owner, *self._programs.values()):
            file.close()
        os.close(self._heard)
        os.close(self._ended)


def _become(order: Order, streams: list[int]) -> Order:
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    if isinstance(sys.stdout, io.TextIOWrapper):  # as Python does it at its start
        sys.stdout.reconfigure(line_buffering=os.isatty(1))
    os.chdir(order.folder)
    os.environ.clear()
    os.environ.update(order.env)
    time.tzset()
    sys.path[0] = order.folder
    sys.argv = [order.module, *order.arguments]
    return order


def main(path: str) -> None:
    """Listen at a path; ready when the first one, who started it, can connect."""
    for name in LOADED:
        __import__(name)
    gc.collect()
    gc.freeze()
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(path)
        door.listen(64)
        print("ready", flush=True)
        owner, _ = door.accept()
        order = Forks(door, owner).run()
    if order is not None:
        runpy.run_module(order.module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(str(Path(sys.argv[1])))
