"""`dev.py bench`: the peers' own environment, and the door to all benchmarks.

The peers are never in the project's environment: nobody who works on Synapse needs them. `.bench` is an
environment of its own that sees the packages of `.venv` beside them; both locks agree (`dev.py lock`).
"""

from __future__ import annotations

import argparse
import os
import subprocess
from collections.abc import Sequence

from dev_setup import (
    HINT_NPM,
    HINT_PIP,
    HINT_VENV,
    LOCKS,
    NPM_CI,
    PYTHON,
    ROOT,
    SCRIPTS,
    VENV,
    Node,
    child_env,
    ensure_node,
    ensure_python,
    ensure_web_build,
    set_up,
    venv_inputs,
)

BENCH = ROOT / ".bench"
BENCH_SCRIPTS = BENCH / SCRIPTS.name
BENCH_PYTHON = BENCH_SCRIPTS / PYTHON.name
BENCHMARKS = ROOT / "benchmarks"
NODE_PEERS = BENCHMARKS / "node_peers"

SEE_VENV = """
import subprocess, sys, sysconfig
from pathlib import Path
asked = [sys.argv[1], "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
beside = subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip()
line = f"import site; site.addsitedir({beside!r})\\n"
Path(sysconfig.get_path("purelib"), "zz_project.pth").write_text(line)
"""
"""Run by the new environment's Python. One line instead of 300 MB of the same packages once more; pip sees them
too, and installs only what is the peers' own. `addsitedir` and no bare path: the project itself is a .pth there."""


def ensure_peers() -> Node:
    """Make `.bench` with the locked peers, and node's beside them; return the node that runs those."""
    ensure_python(dev=True)
    set_up(
        "Environment of the peers in .bench",
        BENCH / "stamp-venv",
        [*venv_inputs(), str(VENV), SEE_VENV],
        lambda: [
            [str(PYTHON), "-m", "venv", "--clear", str(BENCH)],
            [str(BENCH_PYTHON), "-c", SEE_VENV, str(PYTHON)],
        ],
        HINT_VENV.replace(".venv", ".bench"),
    )
    install = [str(BENCH_PYTHON), "-m", "pip", "--disable-pip-version-check", "-q", "install"]
    lock = LOCKS / "peers.lock"
    set_up(
        "Packages of the peers",
        BENCH / "stamp-peers",
        # What .venv has need not be here: a change of either is a reason to look.
        [lock, LOCKS / "dev.lock"],
        lambda: [[*install, "--no-compile", "--require-hashes", "-r", str(lock)]],
        HINT_PIP,
    )
    node = ensure_node()
    node_lock = NODE_PEERS / "package-lock.json"
    if node_lock.exists():
        set_up(
            "Peers in node",
            NODE_PEERS / "node_modules" / ".stamp-packages",
            [NODE_PEERS / "package.json", node_lock],
            lambda: [[*node.npm, *NPM_CI]],
            HINT_NPM.replace("web/", "benchmarks/node_peers/"),
            cwd=NODE_PEERS,
            env=node.env,
        )
    return node


def bench_env(node: Node) -> dict[str, str]:
    """The environment of benchmarks: programs of the peers first, then ours (nats-server), then node."""
    env = child_env() | node.env() | {"SYNAPSE_TEST_NODE": node.node}
    paths = [str(BENCH_SCRIPTS), str(SCRIPTS), env["PATH"]]
    return env | {"PATH": os.pathsep.join(paths)}


def names() -> list[str]:
    """The benchmarks that can be run by name; the other files are what these are made of."""
    files = BENCHMARKS.glob("[!_]*.py")
    programs = {path.stem for path in files if "ArgumentParser(" in path.read_text("utf-8")}
    return sorted(programs - {"suite", "render"})


def bench(arguments: Sequence[str]) -> int:
    """All benchmarks, or one by its name; returns the exit code."""
    known = names()
    if arguments and arguments[0] in known:
        return _run([str(BENCHMARKS / f"{arguments[0]}.py"), *arguments[1:]])
    parser = argparse.ArgumentParser(
        prog="dev.py bench",
        description="Measure everything beside its peers; write benchmarks/results.json, docs/benchmarks.md and its plots. With the NAME of a benchmark first: that one alone, with its own arguments.",
    )
    parser.add_argument("--quick", action="store_true", help="the same tables in five minutes")
    parser.add_argument("--list", action="store_true", help="name the benchmarks")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="measure these again")
    asked = parser.parse_args(arguments)
    unknown = [name for name in asked.only or () if name not in known]
    if asked.list or unknown:
        print("".join(f"{name} is no benchmark.\n" for name in unknown), end="")
        print("Benchmarks: " + ", ".join(known))
        return 2 if unknown else 0
    quick = ["--quick"] if asked.quick else []
    only = ["--only", *asked.only] if asked.only else []
    return _run([str(BENCHMARKS / "suite.py"), *quick, *only])


def _run(words: Sequence[str]) -> int:
    node = ensure_peers()
    ensure_web_build()
    with subprocess.Popen([str(BENCH_PYTHON), *words], env=bench_env(node)) as process:
        try:
            return process.wait()
        except KeyboardInterrupt:
            # ^C reaches it too; it stops the servers that it started, which takes a moment.
            process.wait()
            raise
