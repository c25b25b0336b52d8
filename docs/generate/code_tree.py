"""The program's own modules: what is in them, and their syntax."""

import ast
import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]

FOR_TESTS: Final = ("events/testing", "app/testing")


@cache
def sources() -> tuple[tuple[str, ast.Module], ...]:
    """Path and syntax of every module of events and app, but for those that are for tests."""
    paths = [path for place in ("events", "app") for path in sorted((ROOT / place).rglob("*.py"))]
    names = [path.relative_to(ROOT).as_posix() for path in paths]
    return tuple(
        (name, ast.parse(path.read_text(encoding="utf-8")))
        for name, path in zip(names, paths, strict=True)
        if not name.startswith(FOR_TESTS)
    )


def imported(path: str) -> ModuleType:
    """The module of a file."""
    return import_module(path.removesuffix(".py").removesuffix("/__init__").replace("/", "."))


def said_below(body: list[ast.stmt], place: int) -> str:
    """The text that stands below an assignment, and says what it is; a least and a most share theirs."""
    below = body[place + 1] if place + 1 < len(body) else None
    if _stem(below) and _stem(below) == _stem(body[place]):
        return said_below(body, place + 1)
    if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant):
        return str(below.value.value)
    return ""


def _stem(node: ast.stmt | None) -> str:
    """The name of an assignment without its MIN, FIRST or MAX."""
    named = node.target if isinstance(node, ast.AnnAssign) else None
    return re.sub(r"_(MIN|FIRST|MAX)(?=_|$)", "", named.id) if isinstance(named, ast.Name) else ""


def calls() -> Iterator[tuple[str, ast.Call, Mapping[str, ast.expr]]]:
    """Every call in a function of the code: its file, itself, and what was assigned to which name last before it."""
    for path, tree in sources():
        for function in ast.walk(tree):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                nodes = list(ast.walk(function))
                given = sorted(_assigned(nodes), key=lambda one: one[0])
                for call in nodes:
                    if isinstance(call, ast.Call):
                        before = {name: to for line, name, to in given if line < call.lineno}
                        yield path, call, before


def _assigned(nodes: list[ast.AST]) -> Iterator[tuple[int, str, ast.expr]]:
    for node in nodes:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    yield node.lineno, target.id, node.value
