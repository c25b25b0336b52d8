"""What is for tests stays apart: no module of the product imports it."""

import ast
from pathlib import Path

from tests.house.tree import ROOT, module_name, python_files

FOR_TESTS = ("events.testing", "app.testing")


def imported(path: Path) -> set[str]:
    """The names of what a file imports, also within functions."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            found |= {node.module, *(f"{node.module}.{name.name}" for name in node.names)}
    return found


def trespassers(root: Path = ROOT) -> list[str]:
    """The modules of the product that import what is for tests."""
    modules = {module_name(path, root): path for path in python_files("app", "events", root=root)}
    return [
        name
        for name, path in modules.items()
        if not name.startswith(FOR_TESTS)
        and any(each.startswith(FOR_TESTS) for each in imported(path))
    ]


def test_the_product_imports_nothing_that_is_for_tests() -> None:
    assert trespassers() == []


def test_a_planted_import_is_found(tmp_path: Path) -> None:
    for place in ("events/testing", "app"):
        (tmp_path / place).mkdir(parents=True)
    (tmp_path / "events" / "testing" / "golden.py").write_text("from events.testing import span\n")
    (tmp_path / "events" / "log.py").write_text("import events.catalog\n")
    (tmp_path / "app" / "main.py").write_text("def f():\n    from events import testing\n")
    assert trespassers(tmp_path) == ["app.main"]
