"""What SECURITY.md and docs/deploy.md name is there: tests, settings, commands, files."""

import re
from pathlib import Path

import pytest

import dev
from app.config import Settings
from tests.house.tree import ROOT

PAGES = [ROOT / "SECURITY.md", ROOT / "docs/deploy.md"]
TEST = re.compile(r"`((?:tests/[\w/]+/)?test_\w+\.py)`")
SETTING = re.compile(r"\bSYNAPSE_([A-Z_]*[A-Z])\b")
COMMAND = re.compile(r"dev\.py (\w+)")
LINK = re.compile(r"\]\(([^)#]+)(?:#[^)]*)?\)")


def missing(text: str, page: Path) -> list[str]:
    """What a page names that there is not."""
    tests = {path.name for path in (ROOT / "tests").rglob("test_*.py")}
    found = [name for name in TEST.findall(text) if not (name in tests or (ROOT / name).is_file())]
    found += [f"SYNAPSE_{name}" for name in SETTING.findall(text) if not is_setting(name)]
    found += [f"dev.py {name}" for name in COMMAND.findall(text) if name not in dev.COMMANDS]
    found += [link for link in LINK.findall(text) if not (page.parent / link).exists()]
    return found


def is_setting(name: str) -> bool:
    """Whether a setting has that name, or several begin with it (`SYNAPSE_JWT_…`)."""
    return any(
        field.upper() == name or field.upper().startswith(f"{name}_")
        for field in Settings.model_fields
    )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_everything_that_the_page_names_is_there(page: Path) -> None:
    assert missing(page.read_text(encoding="utf-8"), page) == []


def test_every_promise_names_its_tests() -> None:
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    promises = text.split("## What is promised")[1].split("\n## ")[0]
    rows = [line for line in promises.splitlines() if line.startswith("|")][2:]
    assert len(rows) > 10
    assert [row for row in rows if not TEST.search(row)] == []


def test_faults_are_reported_without_an_address_of_anybody() -> None:
    assert re.findall(r"[\w.]+@[\w.]+", (ROOT / "SECURITY.md").read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "planted",
    [
        "`tests/unit/test_nothing.py`",
        "`test_nothing.py`",
        "SYNAPSE_NONSENSE",
        "dev.py fly",
        "[x](no.md)",
    ],
)
def test_planted_names_are_found(planted: str) -> None:
    assert len(missing(f"see {planted}", PAGES[0])) == 1
