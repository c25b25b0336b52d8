#!/usr/bin/env python3
"""The developer's door: sets the project up, runs it and checks it.

Needs Python >= 3.11 and nothing else; everything it installs goes into ``.venv`` and
``web/node_modules``.

Exit codes: 0 fine, 1 a check failed, 2 wrong usage or a set-up step failed, 130 interrupted.
"""

import platform
import sys

# Before anything that an older Python does not know, so that it says this and nothing else.
if sys.version_info < (3, 11):  # noqa: UP036 - this file is where an older one is met
    sys.exit("Synapse needs Python 3.11 or newer; this is " + platform.python_version() + ".")

import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from dev_bench import bench
from dev_docs import docs, ensure_docs
from dev_setup import (
    HINT_PIP,
    PYTHON,
    ROOT,
    SCRIPTS,
    WEB,
    WINDOWS,
    Node,
    SetupError,
    child_env,
    ensure_lighthouse,
    ensure_node,
    ensure_python,
    ensure_web_build,
    ensure_web_packages,
    node_on_path,
    run_quietly,
)
from dev_soak import asked_of, soak
from dev_supply import audit, ensure_supply, sbom

UV = "uv==0.13.9"
"""What makes the lock files; installed only for that, into a folder that is thrown away."""

TYPED = (
    "app",
    "events",
    "migrations",
    "tests",
    "benchmarks",
    "docs/examples",
    "docs/generate",
    "docs/theme",
    "dev.py",
    "dev_bench.py",
    "dev_docs.py",
    "dev_setup.py",
    "dev_soak.py",
    "dev_supply.py",
    "hatch_build.py",
    "pytest_regime_synapse.py",
    "_regime_synapse_isolated.py",
)
HELP = frozenset({"-h", "--help"})
HELP_OF_THEIR_OWN = ("run", "sbom", "soak")
HEAD_LINES, TAIL_LINES = 15, 20

VITEST = ("--", "--pool=threads", "--maxWorkers=100%")
"""It takes a process for each file, and all cores but one, unless it is told otherwise."""

PARALLEL = ("-n", "auto", "--maxprocesses", "4", "--dist", "loadfile")
"""One process a core; the tests of a file share a server, and stay together. `-- -n 0` runs them in one."""


# ------------------------------------------------------------------------------- checks


@dataclass(frozen=True)
class Check:
    """One thing that must hold: a command that exits with 0."""

    name: str
    command: tuple[str, ...]
    cwd: Path = ROOT


def static_checks() -> list[Check]:
    """Return lint, format, types and import contracts of the Python side."""
    python, typed = str(PYTHON), [name for name in TYPED if (ROOT / name).exists()]
    return [
        Check("ruff check", (python, "-m", "ruff", "check", ".")),
        Check("ruff format", (python, "-m", "ruff", "format", "--check", ".")),
        Check("mypy", (python, "-m", "mypy", *typed)),
        Check("import contracts", (str(SCRIPTS / "lint-imports"),)),
    ]


def web_checks(node: Node, *scripts: str) -> list[Check]:
    """Return a check for each of the dashboard's npm scripts."""
    more = {"test": VITEST}
    return [
        Check(f"web {script}", (*node.npm, "run", script, *more.get(script, ())), WEB)
        for script in scripts
    ]


def run_checks(checks: Sequence[Check], env: dict[str, str]) -> int:
    """Run all checks, whatever fails, and print a table of them; return the exit code."""
    rows: list[tuple[str, bool, float]] = []
    for check in checks:
        print(f"\n=== {check.name}", flush=True)
        start = time.monotonic()
        code = subprocess.run(check.command, cwd=check.cwd, env=env, check=False).returncode
        took_s = time.monotonic() - start
        rows.append((check.name, code == 0, took_s))
        print(f"=== {check.name}: {'ok' if code == 0 else f'exit {code}'}, {took_s:.1f} s")
    print("\n=== summary")
    for name, passed, took_s in rows:
        print(f"  {name:<20} {'ok' if passed else 'FAILED':<8} {took_s:7.1f} s")
    print(f"  {'all':<20} {'':<8} {sum(row[2] for row in rows):7.1f} s", flush=True)
    return 0 if all(passed for _, passed, _ in rows) else 1


# ----------------------------------------------------------------------------- commands


def cmd_run(arguments: list[str]) -> int:
    """Set up, build the dashboard and start the demo; arguments go to `synapse demo`."""
    ensure_python(dev=False)
    ensure_web_build()
    # The script, not -m: a folder called app where the user stands must not be imported.
    command = [str(SCRIPTS / "synapse"), "demo", *arguments]
    if not WINDOWS:
        os.execv(command[0], command)
    return subprocess.run(command, check=False).returncode


def cmd_test(arguments: list[str]) -> int:
    """Run every check and test; --quick leaves out web and browser; after -- is for pytest."""
    own, extra = split(arguments)
    quick = take_flag(own, "--quick")
    ensure_python(dev=True)
    ensure_docs()
    checks, env = static_checks(), child_env()
    node = node_on_path() if quick else ensure_node()
    if node:
        env = node.env() | {"SYNAPSE_TEST_NODE": node.node}
    if node and not quick:
        ensure_web_packages()
        ensure_supply()
        checks += web_checks(node, "lint", "typecheck", "test")
        checks.append(Check("web build", (sys.executable, str(ROOT / "dev.py"), "build")))
    marked = ("-m", "not soak and not browser") if quick else ()
    checks.append(Check("pytest", (str(PYTHON), "-m", "pytest", *PARALLEL, *marked, *extra)))
    return run_checks(checks, env)


def cmd_check(arguments: list[str]) -> int:
    """Run only lint, types and import contracts; --quick leaves out web."""
    quick = take_flag(arguments, "--quick")
    ensure_python(dev=True)
    if quick:
        return run_checks(static_checks(), child_env())
    node = ensure_node()
    ensure_web_packages()
    return run_checks(static_checks() + web_checks(node, "lint", "typecheck"), node.env())


def cmd_fmt(arguments: list[str]) -> int:
    """Format the Python files and mend what the linter can mend."""
    no_more(arguments)
    ensure_python(dev=True)
    ruff = [str(PYTHON), "-m", "ruff"]
    subprocess.run([*ruff, "check", "--fix-only", "."], cwd=ROOT, check=False)
    return subprocess.run([*ruff, "format", "."], cwd=ROOT, check=False).returncode


def cmd_types(arguments: list[str]) -> int:
    """Rewrite the generated files: the wire's types for TypeScript, the docs' reference; --check looks only."""
    ensure_python(dev=True)
    codes = [
        subprocess.run([str(PYTHON), "-m", made, *arguments], cwd=ROOT, check=False).returncode
        for made in ("app.stream.generate", "docs.generate")
    ]
    return max(codes)


def cmd_build(arguments: list[str]) -> int:
    """Build the dashboard into app/static, when its sources have changed."""
    no_more(arguments)
    ensure_web_build()
    return 0


def cmd_bench(arguments: list[str]) -> int:
    """Measure everything beside its peers: all, --quick in 5 minutes, --only NAME ...; NAME ... runs one; --list."""
    return bench(arguments)


def cmd_docs(arguments: list[str]) -> int:
    """Build the docs site into site/, strictly; --serve shows it, and builds it again when a page changes."""
    serves = take_flag(arguments, "--serve")
    return docs(serves=serves)


def cmd_lighthouse(arguments: list[str]) -> int:
    """Measure the dashboard of the demo with Lighthouse; --write puts the table into the docs."""
    ensure_python(dev=True)
    ensure_web_build()
    node = ensure_lighthouse()
    command = [str(PYTHON), "-m", "tests.e2e.lighthouse", *arguments]
    env = node.env() | {"SYNAPSE_TEST_NODE": node.node}
    return subprocess.run(command, cwd=ROOT, env=env, check=False).returncode


def cmd_lock(arguments: list[str]) -> int:
    """Remake requirements/*.lock; --upgrade takes newer versions than the locked ones."""
    groups = {
        "run": ("pyproject.toml", "--extra", "export", "--group", "build"),
        "dev": ("pyproject.toml", "--group", "dev", "--constraint", "requirements/run.lock"),
        "server": (
            *("pyproject.toml", "--extra", "postgres", "--extra", "nats"),
            *("--constraint", "requirements/dev.lock"),
        ),
        "node": ("--group", "node"),
        "supply": ("--group", "supply", "--constraint", "requirements/dev.lock"),
        "peers": ("--group", "peers", "--constraint", "requirements/dev.lock"),
        "docs": ("--group", "docs", "--constraint", "requirements/dev.lock"),
    }
    with tempfile.TemporaryDirectory() as folder:
        bin_dir = Path(folder, SCRIPTS.name)
        steps: list[list[str]] = [
            [sys.executable, "-m", "venv", folder],
            [str(bin_dir / PYTHON.name), "-m", "pip", "-q", "install", UV],
        ]
        for name, sources in groups.items():
            target = ("--quiet", "--output-file", f"requirements/{name}.lock")
            kind = ("--universal", "--python-version", "3.11", "--generate-hashes")
            said = ("--custom-compile-command", "python3 dev.py lock")
            uv = [str(bin_dir / "uv"), "pip", "compile"]
            steps.append([*uv, *sources, *kind, *said, *target, *arguments])
        for step in steps:
            run_quietly("Lock files", step, HINT_PIP, ROOT, child_env())
    print("Made requirements/" + ", ".join(f"{name}.lock" for name in groups))
    return 0


def cmd_audit(arguments: list[str]) -> int:
    """Ask for known faults in all locked packages; exit code 2: it could not be asked for each."""
    no_more(arguments)
    return audit()


def cmd_sbom(arguments: list[str]) -> int:
    """Write what the program is made of as CycloneDX, into dist or --output DIR."""
    return sbom(arguments)


def cmd_soak(arguments: list[str]) -> int:
    """Break everything for long, and print what was measured; --minutes N, --kills N, --only WORD."""
    asked = asked_of(arguments)
    ensure_python(dev=True)
    return soak(PYTHON, asked, child_env())


COMMANDS: dict[str, Callable[[list[str]], int]] = {
    "run": cmd_run,
    "test": cmd_test,
    "check": cmd_check,
    "fmt": cmd_fmt,
    "types": cmd_types,
    "build": cmd_build,
    "bench": cmd_bench,
    "docs": cmd_docs,
    "lighthouse": cmd_lighthouse,
    "lock": cmd_lock,
    "soak": cmd_soak,
    "audit": cmd_audit,
    "sbom": cmd_sbom,
}


def split(arguments: list[str]) -> tuple[list[str], list[str]]:
    """Return the arguments before and after the first ``--``."""
    at = arguments.index("--") if "--" in arguments else len(arguments)
    return arguments[:at], arguments[at + 1 :]


def take_flag(arguments: list[str], flag: str) -> bool:
    """Tell whether ``flag`` is among the arguments; anything else ends the program."""
    no_more([word for word in arguments if word != flag])
    return flag in arguments


def no_more(arguments: list[str]) -> None:
    """End the program when an argument is left that means nothing."""
    if arguments:
        print(f"dev.py: unknown argument: {arguments[0]}\n\n{usage()}", file=sys.stderr)
        sys.exit(2)


def asks_for_help(name: str, arguments: list[str]) -> bool:
    """Tell whether one line on a command is wanted; some have a help of their own, as each benchmark has."""
    own = split(arguments)[0]
    looked_at = own[:1] if name == "bench" else own
    return name not in HELP_OF_THEIR_OWN and bool(HELP & set(looked_at))


def usage() -> str:
    """Return one line for each command."""
    lines = [f"  {name:<12}{(work.__doc__ or '').strip()}" for name, work in COMMANDS.items()]
    return "\n".join(["usage: python3 dev.py COMMAND [ARGUMENTS]", "", *lines])


def shortened(output: str) -> str:
    """Return both ends of a command's output: npm says the cause first, pip says it last."""
    lines = [f"    {line}" for line in output.splitlines()]
    if len(lines) > HEAD_LINES + TAIL_LINES:
        lines[HEAD_LINES:-TAIL_LINES] = ["    ..."]
    return "\n".join(lines)


def main(arguments: list[str]) -> int:
    """Do what the command line says; return the exit code."""
    if not arguments or arguments[0] not in COMMANDS:
        asked = bool(arguments) and arguments[0] in {*HELP, "help"}
        print(usage(), file=sys.stdout if asked else sys.stderr)
        return 0 if asked else 2
    name, rest = arguments[0], arguments[1:]
    if asks_for_help(name, rest):
        print(f"python3 dev.py {name}: {(COMMANDS[name].__doc__ or '').strip()}")
        return 0
    try:
        return COMMANDS[name](rest)
    except SetupError as error:
        print(f"\n{error.step}: failed\n{shortened(error.output)}\n{error.hint}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
