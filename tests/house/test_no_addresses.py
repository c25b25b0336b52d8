"""No file names a package registry's host or a place on somebody's own machine.

Where packages come from is each user's own configuration, and a path of one machine works on
no other. The patterns and the planted words are written so that this file does not match itself.
"""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.house.tree import LEFT_OUT, ROOT

BANNED = {
    "a package registry": re.compile(
        r"\bpypi\.[a-z]+\b|python[h]osted|\bregistry\.[a-z]+\.(?:org|com)\b", re.IGNORECASE
    ),
    "a path of one machine": re.compile(r"(?<![\w.])/(?:[w]ork|[r]oot)/|(?<![\w/.@-])sha[r]ed/"),
}
LOCK_OPTIONS = re.compile(r"^\s*(--(?:index-url|extra-index-url|find-links)\b.*)$", re.MULTILINE)


def project_files(root: Path = ROOT) -> list[Path]:
    """Return the files that git has or would take; outside git, all but what tools make."""
    git = shutil.which("git") if (root / ".git").exists() else None
    if git:
        command = [git, "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            paths = [root / name for name in done.stdout.split("\0") if name]
            return [path for path in paths if path.is_file()]
    found: list[Path] = []
    for folder, names, files in os.walk(root):
        names[:] = [name for name in names if name not in LEFT_OUT]
        found += [Path(folder, name) for name in files]
    return found


def text_of(path: Path) -> str:
    """Return a file's text; nothing for a binary one."""
    content = path.read_bytes()
    return "" if b"\0" in content[:8192] else content.decode("utf-8", errors="replace")


def locked_addresses(path: Path, text: str) -> list[str]:
    """Return the download addresses and index options that a lock file holds."""
    if path.suffix == ".lock":
        return LOCK_OPTIONS.findall(text)
    if path.name != "package-lock.json":
        return []
    packages = json.loads(text).get("packages", {}).values()
    return [one["resolved"] for one in packages if "://" in str(one.get("resolved", ""))]


def addresses(files: list[Path], root: Path = ROOT) -> list[str]:
    """Say where a registry, a machine's path or a download address is named."""
    found = []
    for path in files:
        text, name = text_of(path), path.relative_to(root).as_posix()
        for what, pattern in BANNED.items():
            for match in pattern.finditer(text):
                line = text.count("\n", 0, match.start()) + 1
                found.append(f"{name}:{line}: {what}: {match[0]}")
        found += [f"{name}: locked address: {one}" for one in locked_addresses(path, text)]
    return found


def test_no_file_names_a_registry_or_a_machines_path() -> None:
    assert addresses(project_files()) == []


@pytest.mark.parametrize(
    "planted",
    [
        "see https://py" + "pi.org/project/x",
        "files.python" + "hosted.org",
        "https://registry." + "npmjs.org/",
        "cd /" + "work/main",
        "'/" + "root/.cache'",
        "read sha" + "red/design.md",
    ],
)
def test_planted_address_is_found(tmp_path: Path, planted: str) -> None:
    (tmp_path / "notes.md").write_text(f"fine\n{planted}\n")
    assert [line.split(": ")[0] for line in addresses(project_files(tmp_path), tmp_path)] == [
        "notes.md:2"
    ]


@pytest.mark.parametrize("fine", ["src/shared/ui", "work/main", "a shared cache", "./network/root"])
def test_ordinary_words_are_no_addresses(tmp_path: Path, fine: str) -> None:
    (tmp_path / "notes.md").write_text(fine)
    assert addresses(project_files(tmp_path), tmp_path) == []


def test_planted_addresses_in_lock_files_are_found(tmp_path: Path) -> None:
    (tmp_path / "run.lock").write_text("--index-url https://example.test/simple\nrich==15\n")
    packages = {"": {}, "node_modules/x": {"resolved": "https://example.test/x.tgz"}}
    (tmp_path / "package-lock.json").write_text(json.dumps({"packages": packages}))
    assert len(addresses(project_files(tmp_path), tmp_path)) == 2
