"""The version is said in pyproject.toml; a file that must repeat it says the same, and no other file does."""

import json
import re
import tomllib
from importlib.metadata import version
from pathlib import Path
from typing import Final

from tests.house.tree import ROOT

VERSION: Final[str] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"][
    "version"
]
REPEATED: Final = (
    "Containerfile",
    "pyproject.toml",
)
"""The label of an image can be worked out from no file; `test_containers.py` holds it."""

PACKAGES: Final = ("web/package.json", "web/lighthouse/package.json")
PLACES: Final = ("app", "events", "migrations", "deploy")


def test_the_program_says_the_version_of_pyproject() -> None:
    assert version("regime-synapse") == VERSION


def test_what_npm_calls_the_page_has_the_same_version() -> None:
    for name in PACKAGES:
        folder = (ROOT / name).parent
        package = json.loads((ROOT / name).read_text("utf-8"))
        lock = json.loads((folder / "package-lock.json").read_text("utf-8"))
        assert {package["version"], lock["version"], lock["packages"][""]["version"]} == {VERSION}


def test_no_other_file_repeats_it() -> None:
    said = re.compile(rf"(?<![\d.]){re.escape(VERSION)}(?![\d.])")
    files = [*ROOT.glob("*.*"), *(path for place in PLACES for path in (ROOT / place).rglob("*"))]
    found = {
        str(path.relative_to(ROOT))
        for path in files
        if is_text(path) and said.search(path.read_text("utf-8"))
    }
    assert found - {*REPEATED, "CHANGELOG.md"} == set()


def test_the_changelog_has_what_is_not_released_first_and_then_every_version_with_its_day() -> None:
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    first, *released = re.findall(r"^## \[([^\]]+)\](.*)$", text, re.MULTILINE)
    assert first == ("Unreleased", "")
    assert all(re.fullmatch(r" - \d{4}-\d\d-\d\d", day) for _, day in released)


def is_text(path: Path) -> bool:
    """Whether a file is one that people write."""
    kinds = {".py", ".md", ".toml", ".yaml", ".yml", ".env", ".json", ".ini", ".service"}
    return path.is_file() and path.suffix in kinds and "static" not in path.parts
