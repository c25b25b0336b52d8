"""What is installed is what was locked: hashes everywhere, no addresses, and no package's own scripts."""

import json
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import dev_setup
from tests.house.test_no_addresses import BANNED
from tests.house.tree import ROOT

PYTHON_LOCKS = sorted((ROOT / "requirements").glob("*.lock"))
NPM_LOCKS = [
    ROOT / "web/package-lock.json",
    ROOT / "web/lighthouse/package-lock.json",
    ROOT / "benchmarks/node_peers/package-lock.json",
]

PINNED = re.compile(r"[A-Za-z0-9._-]+(?:\[[\w,]+\])?==[^\s;]+(?: ; .+)?")
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")
SRI = re.compile(r"sha512-[A-Za-z0-9+/]{86}==")
ADDRESS = re.compile(r"[a-z+]+://|(?:git|hg|svn|file)[+:]")
NPM_INSTALL = re.compile(
    r"""["'](?:ci|install)["'][^)\]]*--no-(?:audit|fund)|\bnpm (?:ci|i|install)\b.*"""
)


def faults_of_lock(text: str) -> list[str]:
    """Requirements that are not of one version with hashes, and whatever says where to get them."""
    found = []
    for line in re.sub(r"\\\n", " ", text).splitlines():
        requirement = line.partition(" #")[0].strip()
        if not requirement or requirement.startswith("#"):
            continue
        name, *hashes = re.split(r"\s+(?=--hash)", requirement)
        if not PINNED.fullmatch(name.strip()):
            found.append(f"not one version: {name}")
        elif not hashes or not all(HASH.fullmatch(each) for each in hashes):
            found.append(f"no hash: {name}")
    return found + [f"an address: {each}" for each in addresses(text)]


def faults_of_npm_lock(text: str) -> list[str]:
    """Packages without an integrity, or with a place to get them."""
    packages: dict[str, dict[str, Any]] = json.loads(text)["packages"]
    locked = {name: each for name, each in packages.items() if name}
    found = [
        f"no integrity: {name}"
        for name, each in locked.items()
        if not SRI.fullmatch(str(each.get("integrity", "")))
    ]
    found += [f"an address: {name}" for name, each in locked.items() if "resolved" in each]
    return found + [
        f"a registry: {each[0]}" for each in BANNED["a package registry"].finditer(text)
    ]


def addresses(text: str) -> list[str]:
    """Addresses and registries that a Python lock file names."""
    found = [each[0] for each in ADDRESS.finditer(text)]
    return found + [each[0] for each in BANNED["a package registry"].finditer(text)]


@pytest.mark.parametrize("lock", PYTHON_LOCKS, ids=lambda path: path.name)
def test_every_python_package_is_locked_by_hash(lock: Path) -> None:
    text = lock.read_text(encoding="utf-8")
    assert faults_of_lock(text) == []
    assert "==" in text


@pytest.mark.parametrize("lock", NPM_LOCKS, ids=lambda path: path.parent.name)
def test_every_npm_package_is_locked_by_integrity(lock: Path) -> None:
    assert faults_of_npm_lock(lock.read_text(encoding="utf-8")) == []


def test_no_lock_file_is_left_out() -> None:
    found = [path for path in ROOT.rglob("package-lock.json") if "node_modules" not in path.parts]
    assert sorted(found) == sorted(NPM_LOCKS)
    assert {"run.lock", "dev.lock", "node.lock", "supply.lock", "docs.lock"} <= {
        each.name for each in PYTHON_LOCKS
    }


def test_locks_that_go_into_one_environment_agree() -> None:
    in_dev = versions_of("dev")
    for name in ("run", "server", "node", "supply", "docs"):
        others = {
            package: found - in_dev.get(package, found)
            for package, found in versions_of(name).items()
        }
        assert {package: found for package, found in others.items() if found} == {}, name


def versions_of(lock: str) -> dict[str, set[str]]:
    """What a lock file pins; a package may have several versions, for several Pythons."""
    found: dict[str, set[str]] = {}
    text = (ROOT / f"requirements/{lock}.lock").read_text("utf-8")
    for name, version in re.findall(r"^([\w.-]+)==(\S+)", text, re.MULTILINE):
        found.setdefault(name, set()).add(version)
    return found


A_HASH = f"--hash=sha256:{'0' * 64}"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (f"rich==15.0.0 \\\n    {A_HASH}\n    # via x\n", None),
        (f"tomli==2.5.0 ; python_version < '3.12' \\\n    {A_HASH}\n", None),
        ("rich==15.0.0\n", "no hash"),
        ("rich==15.0.0 \\\n    --hash=md5:00\n", "no hash"),
        (f"rich>=15 \\\n    {A_HASH}\n", "not one version"),
        ("-e .\n", "not one version"),
        (f"rich @ https://example.test/rich.whl \\\n    {A_HASH}\n", "not one version"),
        ("--extra-index-url https://example.test/simple\n", "not one version"),
        (f"rich==15.0.0 \\\n    {A_HASH}\n    # from py" + "pi.org\n", "an address"),
        (f"rich==15.0.0 \\\n    {A_HASH}\n    # from https://example.test\n", "an address"),
    ],
)
def test_planted_faults_of_a_python_lock_are_found(text: str, fault: str | None) -> None:
    found = faults_of_lock(text)
    assert (found == []) if fault is None else found[0].startswith(fault), found


@pytest.mark.parametrize(
    ("package", "fault"),
    [
        ({"integrity": f"sha512-{'A' * 86}=="}, None),
        ({}, "no integrity"),
        ({"integrity": "sha1-AAAA"}, "no integrity"),
        (
            {"integrity": f"sha512-{'A' * 86}==", "resolved": "https://example.test/x.tgz"},
            "an address",
        ),
        ({"integrity": f"sha512-{'A' * 86}==", "bin": "registry." + "npmjs.org"}, "a registry"),
    ],
)
def test_planted_faults_of_an_npm_lock_are_found(
    package: dict[str, str], fault: str | None
) -> None:
    found = faults_of_npm_lock(json.dumps({"packages": {"": {}, "node_modules/x": package}}))
    assert (found == []) if fault is None else found[0].startswith(fault), found


# --- what installs from them ----------------------------------------------------------------------


def test_pip_installs_a_lock_file_only_with_its_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    commands: list[list[str]] = []

    def note(
        _step: str,
        _stamp: Path,
        _inputs: list[Path],
        todo: Callable[[], list[list[str]]],
        _hint: str,
    ) -> None:
        commands.extend(todo())

    monkeypatch.setattr(dev_setup, "set_up", note)
    for name in ("run", "dev", "node", "supply", "docs"):
        dev_setup.install_lock(name, "Packages")
    assert len(commands) == 5
    assert all("--require-hashes" in command and "-r" in command for command in commands)


def test_npm_runs_no_scripts_of_packages() -> None:
    assert dev_setup.NPM_CI[:2] == ("ci", "--ignore-scripts")
    for lock in NPM_LOCKS:
        settings = (lock.parent / ".npmrc").read_text(encoding="utf-8").splitlines()
        assert "ignore-scripts=true" in settings, lock


def test_whoever_calls_npm_to_install_forbids_scripts() -> None:
    files = [*ROOT.glob("*.py"), *ROOT.glob(".github/**/*.yml"), *ROOT.glob(".ci/*")]
    calls = [each[0] for path in files for each in NPM_INSTALL.finditer(path.read_text("utf-8"))]
    assert len(calls) >= 2
    assert [call for call in calls if "--ignore-scripts" not in call] == []


def test_the_wheel_names_what_goes_into_it() -> None:
    built = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["hatch"]["build"]
    assert {name.split("/")[1].split(".")[0] for name in built["targets"]["wheel"]["include"]} == {
        "app",
        "events",
        "migrations",
        "pytest_regime_synapse",
        "_regime_synapse_isolated",
    }
