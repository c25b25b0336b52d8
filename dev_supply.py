"""`dev.py audit` and `dev.py sbom`: known faults in what Synapse is made of, and the list of it.

Standard library only, as ``dev.py`` itself; the tools are in ``requirements/supply.lock`` and are
installed when they are first asked for.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dev_setup import (
    LOCKS,
    PYTHON,
    ROOT,
    WEB,
    SetupError,
    child_env,
    ensure_node,
    ensure_python,
    install_lock,
)

CLEAN, FOUND, NOT_ASKED = 0, 1, 2
"""Exit codes of `audit`: the worst of what was found; a finding weighs more than a silence."""

SERVICES = ("pypi", "osv")
"""Who knows of faults in Python packages, in the order in which they are asked until one answers."""

WEB_FOLDERS = (WEB, WEB / "lighthouse")
NOT_IN_NPM = "npm said nothing that can be read"

LOCKED = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", re.MULTILINE)
WANTED_BY = re.compile(r"^    # +(?!via$)(?:via )?([A-Za-z0-9._-]+)(?: \(.*\))?$", re.MULTILINE)
"""One `# via NAME` line of a lock file, or a line of its list."""

LINE_CHARACTERS = 200
NO_ANSWER = re.compile(r"host='(?P<host>[^']+)'.*Caused by (?P<why>\w+)")
"""What the HTTP library of pip-audit says at length."""

HINT_SBOM = "Check the lock files: `python3 dev.py lock` makes them."
VALIDATE = """
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
text = sys.stdin.read()
version = SchemaVersion.from_version(sys.argv[1])
error = JsonStrictValidator(version).validate_str(text)
sys.exit(f"not CycloneDX {sys.argv[1]}: {error.data.message}" if error else 0)
"""

Json = dict[str, Any]


def ensure_supply() -> None:
    """Install the locked tools that ask for faults and list packages."""
    ensure_python(dev=True)
    install_lock("supply", "Tools for audit and sbom")


# -------------------------------------------------------------------------------- audit


@dataclass(frozen=True)
class Answer:
    """What an advisory service said of some lock files.

    Attributes:
        code: `CLEAN`, `FOUND` or `NOT_ASKED`.
        lines: what to show, the sum of it first.
    """

    code: int
    lines: tuple[str, ...]


def audit() -> int:
    """Ask for every locked package whether it has known faults; returns the exit code."""
    ensure_supply()
    answers = {"python": python_answer()}
    for folder in WEB_FOLDERS:
        answers[f"npm, {folder.relative_to(ROOT).as_posix()}"] = npm_answer(folder)
    for name, answer in answers.items():
        state = ("clean", "FOUND", "not asked")[answer.code]
        print(f"{name:<22} {state:<10} {answer.lines[0]}")
        print("".join(f"    {line}\n" for line in answer.lines[1:]), end="")
    print(verdict({name: answer.code for name, answer in answers.items()}))
    return worst([answer.code for answer in answers.values()])


def verdict(codes: dict[str, int]) -> str:
    """The last line: what was proven. `codes`: of each part that was asked for."""
    found, silent = (
        "; ".join(name for name, code in codes.items() if code == what)
        for what in (FOUND, NOT_ASKED)
    )
    unasked = f"NOT PROVEN: nobody could be asked for {silent}" if silent else ""
    if found:
        return f"FOUND: known faults in {found}{'. ' if silent else ''}{unasked}"
    return unasked or "CLEAN: no known fault in any locked package"


def worst(codes: Sequence[int]) -> int:
    """The exit code of several answers."""
    return FOUND if FOUND in codes else max(codes)


def python_answer() -> Answer:
    """Ask the services of `SERVICES`, until one knows every package."""
    locks = [word for lock in sorted(LOCKS.glob("*.lock")) for word in ("-r", str(lock))]
    options = ("--require-hashes", "--disable-pip", "--progress-spinner", "off", "-f", "json")
    heard: list[Answer] = []
    for service in SERVICES:
        command = [str(PYTHON), "-m", "pip_audit", *options, "-s", service, *locks]
        done = output_of(command, ROOT, child_env())
        answer = of_pip_audit(service, done.stdout, done.stderr)
        if answer.code != NOT_ASKED:
            return answer
        heard.append(answer)
    return Answer(
        NOT_ASKED,
        ("no service could be asked for all packages", *(each.lines[0] for each in heard)),
    )


def of_pip_audit(service: str, stdout: str, stderr: str) -> Answer:
    """Read what pip-audit printed. It takes a package that its service does not know for a clean one; this does not."""
    try:
        packages: list[Json] = json.loads(stdout)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return Answer(NOT_ASKED, (f"{service}: {last_line(stderr)}",))
    found = [
        f"{each['name']} {each['version']}: {fault['id']}, mended in {', '.join(fault['fix_versions']) or 'nothing yet'}"
        for each in packages
        for fault in each.get("vulns", [])
    ]
    unknown = [str(each["name"]) for each in packages if "skip_reason" in each]
    if found:
        return Answer(FOUND, (f"{service}: {len(found)} in {len(packages)} packages", *found))
    if unknown or not packages:
        if len(unknown) == len(packages):
            return Answer(NOT_ASKED, (f"{service}: could be asked for none of {len(packages)}",))
        some = ", ".join(unknown[:3])
        line = f"{service}: could not be asked for {len(unknown)} of {len(packages)}: {some}"
        return Answer(NOT_ASKED, (line,))
    return Answer(CLEAN, (f"{service}: {len(packages)} packages",))


def npm_answer(folder: Path) -> Answer:
    """Ask npm's registry for one lock file of the web side."""
    node = ensure_node()
    done = output_of([*node.npm, "audit", "--package-lock-only", "--json"], folder, node.env())
    return of_npm_audit(done.stdout, done.stderr)


def of_npm_audit(stdout: str, stderr: str) -> Answer:
    """Read what npm printed."""
    try:
        said: Json = json.loads(stdout)
    except ValueError:
        return Answer(NOT_ASKED, (last_line(stderr) or NOT_IN_NPM,))
    if "vulnerabilities" not in said:
        return Answer(NOT_ASKED, (str(said.get("message", "")).strip() or last_line(stderr),))
    found = [f"{name}: {each['severity']}" for name, each in said["vulnerabilities"].items()]
    if found:
        return Answer(FOUND, (f"{len(found)} packages", *found))
    total = said.get("metadata", {}).get("dependencies", {}).get("total", 0)
    return Answer(CLEAN, (f"{total} packages",))


# --------------------------------------------------------------------------------- sbom


def sbom(arguments: Sequence[str]) -> int:
    """Write the lists of packages, as CycloneDX; returns the exit code."""
    parser = argparse.ArgumentParser("dev.py sbom", description=sbom.__doc__)
    parser.add_argument("--output", type=Path, default=ROOT / "dist", metavar="DIR")
    folder: Path = parser.parse_args(arguments).output
    ensure_supply()
    folder.mkdir(parents=True, exist_ok=True)
    for name, made in (("synapse", python_sbom()), ("dashboard", dashboard_sbom())):
        path = folder / f"{name}.cdx.json"
        text = json.dumps(made, indent=2, sort_keys=True) + "\n"
        said(
            "Check of the list",
            [str(PYTHON), "-c", VALIDATE, str(made["specVersion"])],
            ROOT,
            child_env(),
            text,
        )
        path.write_text(text, encoding="utf-8")
        print(f"{path}: CycloneDX {made['specVersion']}, {len(made['components'])} packages")
    return 0


def python_sbom() -> Json:
    """The packages that the program runs with, from `run.lock`."""
    lock = LOCKS / "run.lock"
    made = said(
        "List of the Python packages",
        [
            *(str(PYTHON), "-W", "ignore::UserWarning", "-m", "cyclonedx_py", "requirements"),
            *("--pyproject", str(ROOT / "pyproject.toml"), "--output-reproducible", str(lock)),
        ],
        ROOT,
        child_env(),
    )
    return tidied(json.loads(made), lock.read_text(encoding="utf-8"))


def dashboard_sbom() -> Json:
    """The packages of the dashboard, those that only build and test it marked as optional."""
    node = ensure_node()
    command = [*node.npm, "sbom", "--sbom-format", "cyclonedx", "--package-lock-only"]
    made: Json = json.loads(said("List of the dashboard's packages", command, WEB, node.env()))
    return made


def tidied(made: Json, lock: str) -> Json:
    """Name packages by what they are, not by lines and index addresses; add who wants whom.

    Each file that the lock allows stays, as a reference with its hash.
    """
    made["metadata"].pop("tools", None)
    for each in made["components"]:
        each["bom-ref"] = each["purl"]
        each.pop("description", None)
        for reference in each.get("externalReferences", []):
            reference["url"] = each["purl"]
            reference["comment"] = "the files that the lock allows"
    refs = {normal(each["name"]): each["bom-ref"] for each in made["components"]}
    root = made["metadata"]["component"]
    refs[normal(root["name"])] = root["bom-ref"]
    graph: dict[str, list[str]] = {ref: [] for ref in refs.values()}
    for name, wanted_by in wants(lock):
        graph[refs[wanted_by]].append(refs[name])
    made["dependencies"] = [{"ref": ref, "dependsOn": on} for ref, on in graph.items()]
    return made


def wants(lock: str) -> Iterator[tuple[str, str]]:
    """Yield each locked package with each one that wants it."""
    heads = list(LOCKED.finditer(lock))
    for head, following in zip(heads, [*heads[1:], None], strict=True):
        part = lock[head.end() : following.start() if following else len(lock)]
        for found in dict.fromkeys(WANTED_BY.findall(part)):
            yield normal(head[1]), normal(found)


def normal(name: str) -> str:
    """A package's name as package indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


# -------------------------------------------------------------------------------- tools


def output_of(
    command: Sequence[str], cwd: Path, env: dict[str, str], given: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run a tool to its end, with what it is `given` as its input."""
    return subprocess.run(
        command, cwd=cwd, env=env, input=given, capture_output=True, text=True, check=False
    )


def said(step: str, command: Sequence[str], cwd: Path, env: dict[str, str], given: str = "") -> str:
    """What a tool prints.

    Raises:
        SetupError: it did not exit with 0.
    """
    done = output_of(command, cwd, env, given)
    if done.returncode:
        raise SetupError(step, done.stdout + done.stderr, HINT_SBOM)
    return done.stdout


def last_line(text: str) -> str:
    """The last line of what a tool complained of, which says why, in words that are whole."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    line = lines[-1] if lines else ""
    if gone := NO_ANSWER.search(line):
        return f"{gone['host']} gave no answer ({gone['why']})"
    return textwrap.shorten(line, LINE_CHARACTERS, placeholder=" ...")
