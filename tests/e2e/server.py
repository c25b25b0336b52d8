"""The real server as a process of its own, as a user starts it."""

import os
import re
import signal
import subprocess
import time
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from tests.integration import forked
from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "e2e-token"
READY_S_MAX = 60.0
STOP_S_MAX = 20.0
LAUNCH_LINK = re.compile(rb"http://\S+#launch=\S+")


@dataclass
class Server:
    """A `synapse serve` (or `demo`) on one database and one port; it may be started again."""

    folder: Path
    command: str = "serve"
    port: int = field(default_factory=free_port)
    options: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    """Settings of it, beside the server's token."""

    _process: forked.Forked | subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The dashboard's address, with a slash at its end."""
        return f"http://127.0.0.1:{self.port}/"

    def start(self) -> None:
        """Start the process and wait until it is ready.

        Raises:
            RuntimeError: it ended, or was not ready in time; with the end of what it printed.
        """
        database = str(self.folder / "synapse.db")
        arguments = ["--db", database, "--port", str(self.port), "--no-browser"]
        log = self.folder / "server.log"
        with log.open("ab") as output:
            self._process = forked.start(
                "app.cli",
                *(self.command, *arguments, *self.options),
                folder=ROOT,
                env={**os.environ, "SYNAPSE_TOKEN": TOKEN, **self.env},
                stdout=output.fileno(),
                stderr=output.fileno(),
            )
        deadline = time.monotonic() + READY_S_MAX
        while not self._ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"the server did not get ready:\n{log.read_text()[-3000:]}")
            time.sleep(0.02)

    def stop(self) -> None:
        """Ask the process to end, and wait for it; kill it when it does not."""
        if self._process is None:
            return
        # A frozen one would not hear that it is to end.
        self._process.send_signal(signal.SIGCONT)
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(STOP_S_MAX)
        except subprocess.TimeoutExpired:
            self.kill()
        self._process = None

    def kill(self) -> None:
        """End the process at once, as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def freeze(self) -> None:
        """Let the process stand still: it answers nothing, and its connections stay open."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen process go on."""
        self._signal(signal.SIGCONT)

    def launch_link(self) -> str:
        """The link that the newest start printed: it signs in one browser."""
        found = LAUNCH_LINK.findall((self.folder / "server.log").read_bytes())
        return bytes(found[-1]).decode()

    def post(self, path: str, body: object) -> object:
        """Post JSON with the server's token and return the answer."""
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
        request = urllib.request.Request(
            self.url + path, data=orjson.dumps(body), headers=headers, method="POST"
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return orjson.loads(answer.read())

    def get(self, path: str) -> dict[str, Any]:
        """Read a JSON object."""
        with urllib.request.urlopen(self.url + path, timeout=10) as answer:
            found: dict[str, Any] = orjson.loads(answer.read())
            return found

    def broadcast(self, symbol: str, regime: str, confidence: float = 0.9) -> object:
        """Post a hand-made regime."""
        body = {"symbol": symbol, "regime": regime, "confidence": confidence}
        return self.post("api/broadcast/regime", body)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)

    def _ready(self) -> bool:
        try:
            with urllib.request.urlopen(self.url + "readyz", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False
