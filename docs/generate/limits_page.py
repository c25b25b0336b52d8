"""docs/reference/limits.md: every named limit of the program, its value, and the pages that tell of it."""

import ast
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Final

from docs.generate.code_tree import ROOT, imported, said_below, sources
from docs.generate.markdown import code, one_line, page, table

BOUND: Final = re.compile(r"[A-Z][A-Z0-9_]*_(MAX|MIN|LIMIT)|(MAX|MIN)_[A-Z0-9_]+")
"""What bounds something by its very name."""

MAY_BOUND: Final = re.compile(
    r"[A-Z][A-Z0-9_]*_(S|MS|KEPT|EVERY|EVENTS|BYTES|ROWS|USUAL|AT|ONCE|BACK)"
)
"""What does where somebody says of it what it is."""

NAMED: Final = re.compile(r"`([A-Z][A-Z0-9]*_[A-Z0-9_]+)`")
BYTES: Final = ((1024**3, "GiB"), (1024**2, "MiB"), (1024, "KiB"))
UNITS: Final = {"S": "s", "MS": "ms", "CHARACTERS": "characters"}

Value = int | float | Decimal | timedelta


@dataclass(frozen=True, slots=True)
class Limit:
    """One constant: its file, its name, its value, and what its docstring says."""

    path: str
    name: str
    value: Value
    said: str


def limits_page() -> str:
    """The whole page."""
    return page(
        "Limits",
        "Every named number of the program that bounds something, by the file that holds it, as it is now. What happens beyond"
        " a limit is told on the pages of the last column: [limits of the wire](../limits.md) for whoever connects,"
        " [the house](../architecture.md#limits) for what is inside. Those with a setting are in [settings](settings.md).",
        *(part for path in _paths() for part in _of_file(path)),
    )


@cache
def limits() -> tuple[Limit, ...]:
    """Every limit: by its name, or because a page names it."""
    named = {name for text in _pages().values() for name in NAMED.findall(text)}
    return tuple(
        Limit(path, name, value, said)
        for path, tree in sources()
        for name, said in _constants(tree.body)
        if BOUND.fullmatch(name) or name in named or (said and MAY_BOUND.fullmatch(name))
        if isinstance(value := getattr(imported(path), name), Value) and not isinstance(value, bool)
    )


def shown(limit: Limit) -> str:
    """Its value, with its unit where its name tells one."""
    value, words = limit.value, limit.name.split("_")
    if isinstance(value, timedelta):
        return f"{value.total_seconds():,.0f} s"
    if "BYTES" in words and isinstance(value, int):
        for size, unit in BYTES:
            if value >= size and value % size == 0:
                return f"{value // size:,} {unit}"
        return f"{value:,} bytes"
    number = f"{value:,.6g}" if isinstance(value, float) and value < 1 else f"{value:,}"
    unit = next((UNITS[word] for word in words if word in UNITS and "PER" not in words), "")
    return f"{number.removesuffix('.0')} {unit}".strip()


def _paths() -> list[str]:
    return list(dict.fromkeys(limit.path for limit in limits()))


def _of_file(path: str) -> Iterator[str]:
    yield f"## `{path}`"
    yield table(
        ["name", "value", "what", "told in"],
        (
            (code(one.name), shown(one), one_line(one.said), _told_in(one))
            for one in limits()
            if one.path == path
        ),
    )


def _constants(body: list[ast.stmt]) -> Iterator[tuple[str, str]]:
    """The public constants of a module, and what stands below each."""
    for place, statement in enumerate(body):
        if isinstance(statement, ast.AnnAssign | ast.Assign):
            targets = getattr(statement, "targets", None) or [getattr(statement, "target", None)]
            for target in targets:
                if isinstance(target, ast.Name) and target.id[0].isalpha() and target.id.isupper():
                    yield target.id, said_below(body, place)


def _told_in(limit: Limit) -> str:
    told = [name for name, text in _pages().items() if f"`{limit.name}`" in text]
    links = {posixpath.splitext(name)[0]: f"[{Path(name).stem}](../{name})" for name in told}
    return ", ".join(links.values())


@cache
def _pages() -> dict[str, str]:
    """The flat pages that people write."""
    return {
        path.name: path.read_text(encoding="utf-8") for path in sorted((ROOT / "docs").glob("*.md"))
    }
