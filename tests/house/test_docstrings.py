"""Every public definition says what it is: modules, classes, functions and methods."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.house.tree import ROOT, python_files

PLACES = (
    "app",
    "events",
    "dev.py",
    "dev_setup.py",
    "hatch_build.py",
    "pytest_regime_synapse.py",
    "_regime_synapse_isolated.py",
)
# The definition that these mark says it elsewhere: on the overridden or the real one.
SPEAKS_ELSEWHERE = {"overload", "override", "setter", "deleter"}

Definition = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def decorator_names(node: Definition) -> set[str]:
    """Return the last word of each decorator."""
    calls = [item.func if isinstance(item, ast.Call) else item for item in node.decorator_list]
    return {
        item.attr if isinstance(item, ast.Attribute) else getattr(item, "id", "") for item in calls
    }


def public_definitions(body: list[ast.stmt]) -> Iterator[Definition]:
    """Yield public classes, functions and methods; what is inside a function is its own affair."""
    for node in body:
        if isinstance(node, ast.If | ast.Try):
            yield from public_definitions(node.body + node.orelse)
        if not isinstance(node, Definition) or node.name.startswith("_"):
            continue
        if not SPEAKS_ELSEWHERE & decorator_names(node):
            yield node
        if isinstance(node, ast.ClassDef):
            yield from public_definitions(node.body)


def silent(files: list[Path], root: Path = ROOT) -> list[str]:
    """Name the modules and public definitions that have no docstring."""
    found = []
    for path in files:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        name = path.relative_to(root).as_posix()
        if not ast.get_docstring(tree):
            found.append(f"{name}: the module")
        found += [
            f"{name}:{node.lineno} {node.name}"
            for node in public_definitions(tree.body)
            if not ast.get_docstring(node)
        ]
    return found


def test_every_public_definition_has_a_docstring() -> None:
    assert silent(python_files(*PLACES)) == []


def test_planted_silence_is_found(tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text(
        "class Loud:\n    '''Says it.'''\n    def quiet(self): ...\n    def _own(self): ...\n"
        "    @override\n    def told(self): ...\n"
        "async def silence():\n    def inner(): ...\n"
    )
    assert silent(python_files("bad.py", root=tmp_path), tmp_path) == [
        "bad.py: the module",
        "bad.py:3 quiet",
        "bad.py:7 silence",
    ]
