"""Every module has tests that name it: by their file's name, or by a line that says so.

A module ``events/chain.py`` is paired with ``tests/unit/**/test_chain.py``, or with any test
file that has the comment line ``covers: events.chain`` (several names: commas between).
"""

import re
from pathlib import Path

from tests.house.tree import ROOT, module_name, python_files

COVERS = re.compile(r"^# covers: (.+)$", re.MULTILINE)


def named_by_tests(root: Path) -> tuple[set[str], set[str]]:
    """Return the file names of unit tests, and the modules that covers lines name."""
    names = {path.name for path in python_files("tests/unit", root=root)}
    covered: set[str] = set()
    for path in python_files("tests", root=root):
        for line in COVERS.findall(path.read_text(encoding="utf-8")):
            covered |= {name.strip() for name in line.split(",")}
    return names, covered


def unpaired(root: Path = ROOT) -> list[str]:
    """Return the modules of app and events that no test names."""
    names, covered = named_by_tests(root)
    modules = [path for path in python_files("app", "events", root=root) if path.stem != "__init__"]
    return [
        module_name(path, root)
        for path in modules
        if f"test_{path.stem}.py" not in names and module_name(path, root) not in covered
    ]


def covers_nothing(root: Path = ROOT) -> list[str]:
    """Return the names in covers lines that are no module: a rename left them behind."""
    modules = {module_name(path, root) for path in python_files("app", "events", root=root)}
    return sorted(named_by_tests(root)[1] - modules)


def test_every_module_has_tests_that_name_it() -> None:
    assert unpaired() == []


def test_every_covers_line_names_a_module() -> None:
    assert covers_nothing() == []


def test_planted_module_without_tests_is_found(tmp_path: Path) -> None:
    for place in ("events", "tests/unit", "tests/contract"):
        (tmp_path / place).mkdir(parents=True)
    for name in ("__init__", "chain", "codec", "lonely"):
        (tmp_path / "events" / f"{name}.py").touch()
    (tmp_path / "tests/unit/test_chain.py").touch()
    lines = "# covers: events.codec, events.gone\n"
    (tmp_path / "tests/contract/test_store.py").write_text(lines)
    assert unpaired(tmp_path) == ["events.lonely"]
    assert covers_nothing(tmp_path) == ["events.gone"]
