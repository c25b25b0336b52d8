"""docs/architecture.md is drawn from what is there: its rooms, its order of imports, its tables and its threads."""

import re
from pathlib import Path

from events.tables import metadata
from tests.house.test_import_contracts import contracts
from tests.house.tree import LEFT_OUT, ROOT, python_files

PAGE = ROOT / "docs" / "architecture.md"
NOT_ROOMS = {"requirements", "site"}
"""At the top, and no rooms: what the developer's door locks, and what it makes of the docs."""

NAMED_AT_WORK = re.compile(r'(?:\bname|thread_name_prefix|\(1,) ?=? ?f?"([A-Za-z-]+)')


def section(title: str, page: str) -> str:
    """The text of a section, without its title."""
    return page.partition(f"## {title}\n")[2].partition("\n## ")[0]


def block(text: str) -> str:
    """The first block of text in a section."""
    return text.partition("```text\n")[2].partition("```")[0]


def rooms(root: Path = ROOT) -> set[str]:
    """What has to be found on the page: the top of the house, of `app`, all of `events`, and the rooms of the page."""
    top = {path.stem for path in root.glob("*.py")}
    top |= {path.name for path in root.glob("[a-z]*/") if path.is_dir() and any(path.iterdir())}
    app = {path.stem for path in (root / "app").iterdir() if path.suffix in {"", ".py"}}
    events = {path.stem for path in (root / "events").iterdir() if path.suffix in {"", ".py"}}
    web = {path.name for path in (root / "web" / "src").glob("*/")}
    return (top | app | events | web) - LEFT_OUT - NOT_ROOMS - {"__init__"}


def words(text: str) -> set[str]:
    """The names in a text."""
    return set(re.findall(r"[A-Za-z_]\w*", text))


def unknown(named: str) -> list[str]:
    """Names of several words that are neither a module nor a file any more."""
    stems = {path.stem for path in python_files("app", "events")}
    stems |= {path.stem for path in ROOT.glob("*.py")}
    return sorted(name for name in words(named) if "_" in name and name not in stems)


def test_every_room_is_on_the_page() -> None:
    assert sorted(rooms() - words(block(section("Rooms", PAGE.read_text())))) == []


def test_the_page_names_no_room_that_is_gone() -> None:
    assert unknown(block(section("Rooms", PAGE.read_text()))) == []


def test_the_order_of_imports_is_that_of_the_contract() -> None:
    shown = block(section("Who may import whom", PAGE.read_text()))
    lines = re.sub(r"\n +", " ", shown).splitlines()
    layers = [
        " ".join(layer.replace("(app.", "").replace(")", "").split())
        for layer in contracts()["one-way"]["layers"]
    ]
    assert lines == layers


def test_the_tables_are_those_that_there_are() -> None:
    shown = section("Where state lives", PAGE.read_text())
    assert sorted(name for name in metadata.tables if f"`{name}`" not in shown) == []


def test_threads_and_tasks_have_the_names_that_the_page_gives_them() -> None:
    shown = section("Processes and threads", PAGE.read_text())
    given = set(re.findall(r"`([A-Za-z-]+)`", shown)) - {"synapse"}
    source = "\n".join(path.read_text(encoding="utf-8") for path in python_files("app", "events"))
    assert sorted(given - set(NAMED_AT_WORK.findall(source))) == []
    assert {"log-writer", "log-reader", "group-commit", "fan-out"} <= given


def test_every_path_on_the_page_leads_somewhere() -> None:
    paths = re.findall(r"`((?:app|events|web|tests|docs|deploy)/[\w./-]+)`", PAGE.read_text())
    assert len(paths) > 10
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_a_room_that_is_planted_or_gone_is_found(tmp_path: Path) -> None:
    for place in ("app/attic", "events", "web/src/cellar"):
        (tmp_path / place).mkdir(parents=True)
    (tmp_path / "events" / "trunk.py").touch()
    assert {"attic", "trunk", "cellar"} <= rooms(tmp_path)
    assert unknown("sql_store over no_such_room") == ["no_such_room"]
