"""For a shell: `forked_client.py DOOR MODULE ARGUMENTS` is `python -m MODULE ARGUMENTS`, forked by a `loaded_process`.

Its streams, folder, environment, Ctrl-C and exit code are those of the program. It imports little: it starts in 20 ms.
"""

import json
import os
import signal
import socket
import sys
from contextlib import suppress
from types import FrameType
from typing import NoReturn

READ_AT_THE_START = frozenset({"SYNAPSE_FAILPOINT", "PYTHONDEVMODE", "PYTHONHASHSEED"})
"""Variables that are read while Python and our modules load: too late for what has loaded."""


def main(door: str, module: str, *arguments: str) -> NoReturn:
    """Run the program, and end as it does."""
    if not READ_AT_THE_START.isdisjoint(os.environ):
        os.execv(sys.executable, [sys.executable, "-m", module, *arguments])
    order = {"module": module, "arguments": arguments, "folder": os.getcwd()}  # noqa: PTH109 - pathlib would take half its start
    text = json.dumps({**order, "env": dict(os.environ)})
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(door)
        socket.send_fds(line, [text.encode() + b"\n"], [0, 1, 2])
        with line.makefile("r") as answers:
            pid = int(answers.readline())

            def pass_on(number: int, _frame: FrameType | None) -> None:
                with suppress(ProcessLookupError):  # it has ended, and its code is on its way
                    os.kill(pid, number)

            for number in (signal.SIGINT, signal.SIGTERM):
                if signal.getsignal(number) is not signal.SIG_IGN:
                    signal.signal(number, pass_on)
            code = int(answers.readline())
    if code < 0:
        signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    sys.exit(code)


if __name__ == "__main__":
    main(*sys.argv[1:])
