"""`synapse serve` over a log, as an operator starts it, for the benchmarks of growth."""

import contextlib
import http.client
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent
TOKEN: Final = "token-of-the-growth-benchmark"
MANY: Final = "1000000"
PATIENCE_S: Final = 900.0
KEPT_S: Final = 2.0
"""A connection that was idle for longer is opened anew."""
QUIET_S: Final = 1.0
QUIET_CPU: Final = 0.02
"""A server has settled when in a second it took no more of a processor than this."""
MIB: Final = 1024.0


class Serve:
    """A running server."""

    def __init__(self, database: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        limits = dict.fromkeys(("REQUESTS_PER_MINUTE_MAX", "MESSAGES_PER_MINUTE_MAX"), MANY)
        env = {f"SYNAPSE_{name}": value for name, value in limits.items()}
        command = [sys.executable, "-m", "app.cli", "serve", "--db", str(database)]
        command += ["--port", str(self.port), "--no-browser"]
        self._started = time.perf_counter()
        self.process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, "SYNAPSE_TOKEN": TOKEN, **env},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._asked = self._started
        self._wire = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        self.ready_s = self._wait_ready()

    def _wait_ready(self) -> float:
        while self.process.poll() is None:
            try:
                self.get("/readyz")
            except OSError:
                self._wire.close()
                time.sleep(0.002)
            else:
                return time.perf_counter() - self._started
        raise RuntimeError("synapse serve ended before it was ready")

    def get(self, path: str) -> Any:
        """The JSON answer to a GET."""
        return self._ask("GET", path, None)

    def post(self, path: str, body: object) -> Any:
        """The JSON answer to a POST with the server's token."""
        return self._ask("POST", path, json.dumps(body))

    def _ask(self, method: str, path: str, body: str | None) -> Any:
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
        if time.perf_counter() - self._asked > KEPT_S:
            self._wire.close()  # the server would, of one that is quiet for long
        self._wire.request(method, path, body, headers)
        answer = self._wire.getresponse()
        text = answer.read()
        self._asked = time.perf_counter()
        if answer.status != 200:
            raise RuntimeError(f"{path}: {answer.status} {text[:200]!r}")
        return json.loads(text)

    def settle(self) -> None:
        """Wait until all is folded and nothing is done any more."""
        while any(each["phase"] != "live" for each in self.get("/readyz")["projections"].values()):
            time.sleep(0.1)
        while self.cpu_share(QUIET_S) > QUIET_CPU:
            pass

    def cpu_share(self, seconds: float) -> float:
        """How much of one processor it takes in so many seconds."""
        before, started = self._cpu_s(), time.perf_counter()
        time.sleep(seconds)
        return (self._cpu_s() - before) / (time.perf_counter() - started)

    def _cpu_s(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self, name: str = "Rss") -> float:
        """Resident memory in MiB, mapped files counted; `Pss` counts what is shared by its part."""
        lines = Path(f"/proc/{self.process.pid}/smaps_rollup").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:")) / MIB

    def stop(self) -> None:
        """End it as an operator would."""
        self._wire.close()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


@contextlib.contextmanager
def served(database: Path) -> Iterator[Serve]:
    """A server over a log; it is gone in the end."""
    server = Serve(database)
    try:
        yield server
    finally:
        server.stop()


def median_ms(work: Callable[[], object], times: int) -> float:
    """The median of so many runs, after one that is not counted."""
    work()
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        work()
        taken.append((time.perf_counter() - started) * 1e3)
    return statistics.median(taken)
