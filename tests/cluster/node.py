"""One node: `synapse serve` as a process of its own, that is killed, stopped, and started again at the same address."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import httpx

from tests.integration import forked
from tests.integration.programs import WELCOME, environment
from tests.integration.served import PATIENCE_S

TOKEN: Final = "the-token-that-all-nodes-have-in-common"
LEASE_S: Final = 1.5
HEARTBEAT_S: Final = 0.5
PROGRAM: Final = "tests.cluster.node_program"
START_S_MAX: Final = 2 * PATIENCE_S


class Place:
    """Where a node runs: on the test's own machine, as it is.

    Attributes:
        host: by which address it reaches the test's process.
        prefix: what starts a program there.
    """

    host = "127.0.0.1"
    prefix: tuple[str, ...] = ()

    def reached(self, url: str) -> str:
        """Where viewers reach a node that says it serves at `url`."""
        return url


class Node:
    """A server that may die at any time.

    Attributes:
        name: for people.
        url: where it serves; known from its first start on.
    """

    def __init__(
        self,
        name: str,
        folder: Path,
        database: str,
        feeds: Sequence[str] = (),
        env: Mapping[str, str] | None = None,
        place: Place | None = None,
    ) -> None:
        """`database`: its URL; `env`: more settings."""
        self.name = name
        self.url = ""
        self._port = "0"
        self._place = place or Place()
        self._folder = folder
        self._said = folder / f"{name}.log"
        self._arguments = ["serve", "--db", database, "--no-browser"]
        for feed in feeds:
            self._arguments += ["--feed", feed]
        self._env = {
            "SYNAPSE_TOKEN": TOKEN,
            "SYNAPSE_HEARTBEAT_S": f"{HEARTBEAT_S}",
            "SYNAPSE_LOG_FORMAT": "json",
            "CLUSTER_LEASE_S": f"{LEASE_S}",
            **(env or {}),
        }
        self._process: forked.Forked | subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; `wait` until it serves. Again at the same port: its viewers look for it there."""
        self._said.write_text("")
        with self._said.open("ab") as said:
            self._process = self._started([*self._arguments, "--port", self._port], said.fileno())

    def _started(
        self, arguments: Sequence[str], said: int
    ) -> forked.Forked | subprocess.Popen[bytes]:
        env = environment(self._env)
        if self._place.prefix:
            command = [*self._place.prefix, sys.executable, "-m", PROGRAM, *arguments]
            return subprocess.Popen(command, cwd=self._folder, env=env, stdout=said, stderr=said)
        return forked.start(
            PROGRAM, *arguments, folder=self._folder, env=env, stdout=said, stderr=said
        )

    def wait(self) -> None:
        """Until it serves."""
        self.until(lambda: WELCOME.search(self.said) is not None)
        found = re.search(WELCOME, self.said)
        assert found is not None
        self._port = found[1].rpartition(":")[2]
        self.url = self._place.reached(found[1])

    def start_at_last(self) -> None:
        """Start it, again and again while it refuses: the database may be away."""
        patience = time.monotonic() + START_S_MAX
        while True:
            self.start()
            try:
                self.wait()
            except AssertionError:
                if self.is_alive or time.monotonic() > patience:
                    raise
            else:
                return

    def until(self, met: Callable[[], bool], patience_s: float = START_S_MAX) -> None:
        """Wait for something, as long as it lives."""
        patience = time.monotonic() + patience_s
        while not met():
            assert self.is_alive, f"{self.name} has ended: {self.said}"
            assert time.monotonic() < patience, f"{self.name}: {self.said}"
            time.sleep(0.02)

    @property
    def said(self) -> str:
        """All that it has said since its last start."""
        return self._said.read_text("utf-8", "replace")

    @property
    def is_alive(self) -> bool:
        """Whether it runs, or is stopped."""
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        """End it at once, as `kill -9` does."""
        if self._process is not None and self.is_alive:
            self._process.kill()
            self._process.wait(PATIENCE_S)

    def stop(self) -> None:
        """SIGSTOP: it stands still, and knows nothing of it."""
        self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """SIGCONT."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and self.is_alive:
            os.kill(self._process.pid, number)

    def get(self, path: str) -> httpx.Response:
        """The answer to a GET."""
        headers = {"Authorization": f"Bearer {TOKEN}"}
        return httpx.get(f"{self.url}{path}", headers=headers, timeout=PATIENCE_S, trust_env=False)

    def counted(self, sample: str) -> float:
        """A number that it counts, named as in an answer of `/metrics`, labels and all; 0 before it was counted."""
        lines = self.get("/metrics").raise_for_status().text.splitlines()
        return next((float(x.rpartition(" ")[2]) for x in lines if x.startswith(f"{sample} ")), 0.0)
