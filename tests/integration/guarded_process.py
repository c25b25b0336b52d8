"""The real server in a process of its own, with short deadlines: `python -m tests.integration.guarded_process`.

It serves the log that `SYNAPSE_DATABASE_URL` names, and prints its port; `DESCRIPTORS` in the environment is
how many files it may have open.
"""

import os
import resource
from functools import partial
from pathlib import Path
from typing import Final

from app.config import Settings
from app.main import create_app, take_leave
from app.serving import PLAIN, Server, bind, run
from app.stream.deadlines import Deadlines, Guard
from app.stream.open_files import raise_open_files, sockets_crowd

DEADLINES: Final = Deadlines(header_s=2, body_s=2, first_message_s=2)


async def _serve() -> None:
    listener = bind("127.0.0.1", 0)
    app = create_app(Settings())
    guard = Guard(DEADLINES, sockets_crowd(raise_open_files(), PLAIN.is_proxy))

    def started() -> None:
        print(listener.getsockname()[1], flush=True)

    await Server(app, started, partial(take_leave, app), guard).serve([listener])


def resident_kb(pid: int, what: str = "VmRSS") -> int:
    """The memory of a process, in KiB, now (`VmRSS`) or at most so far (`VmHWM`)."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{what}:"))


if __name__ == "__main__":
    if most := os.environ.get("DESCRIPTORS"):
        resource.setrlimit(resource.RLIMIT_NOFILE, (int(most), int(most)))
    run(_serve())
