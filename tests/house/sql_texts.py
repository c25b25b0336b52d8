"""Finds, in Python code, SQL that is put together from parts: f-strings, %, + and format."""

import ast
import re
from collections.abc import Iterator

SQL = re.compile(
    r"\b(?:SELECT\s|INSERT\s+INTO|UPDATE\s+\w+\s+SET|DELETE\s+FROM|WITH\s+RECURSIVE|PRAGMA\s"
    r"|(?:CREATE|DROP|ALTER|TRUNCATE)\s+(?:TABLE|VIEW|INDEX|TRIGGER|FUNCTION|ROLE|DATABASE|SCHEMA)"
    r"|ORDER\s+BY\s|ATTACH\s|VACUUM\s|NOTIFY\s|LISTEN\s|SET\s+\w+\s*=)"
    r"|\b[a-z]\.[a-z_]+\s*(?:[=<>]|IN\b|LIKE\b)|\bposition\s*[<>=]"
)
"""How SQL begins, or what only SQL holds: its words in capitals, and conditions on a table's short name."""

SINKS = {"text", "execute", "executemany", "exec_driver_sql", "executescript", "literal_column"}
SINKS |= {"DDL", "fetch", "fetchrow", "fetchval"}
"""What is called with SQL: from there on it is a statement, and no longer a text."""

Built = tuple[int, str]
"""A line, and the source of a part that is put into SQL there."""


def built_sql(source: str) -> list[Built]:
    """The parts that a module puts into texts that look like SQL, or that are handed over as SQL."""
    tree = ast.parse(source)
    constants = dict(_constants(tree))
    found: set[Built] = set()
    for node in ast.walk(tree):
        parts = _parts(node, constants)
        if parts is not None and SQL.search(parts[0]):
            found |= {(one.lineno, ast.unparse(one)) for one in parts[1]}
        for given in _handed_over(node):
            own = _parts(given, constants)
            if own is not None:
                found |= {(one.lineno, ast.unparse(one)) for one in own[1]}
    return sorted(found)


def _constants(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """The module's own texts, by name; all texts of a table of them together."""
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            if isinstance(target, ast.Name):
                yield target.id, _literal(node.value)


def _literal(node: ast.AST) -> str:
    return " ".join(
        one.value
        for one in ast.walk(node)
        if isinstance(one, ast.Constant) and isinstance(one.value, str)
    )


def _parts(node: ast.AST, constants: dict[str, str]) -> tuple[str, list[ast.expr]] | None:
    """The fixed text of what a node puts together, and what it puts into it; None for all else."""
    if isinstance(node, ast.JoinedStr):
        values = [one.value for one in node.values if isinstance(one, ast.FormattedValue)]
        fixed = "".join(str(one.value) for one in node.values if isinstance(one, ast.Constant))
        return (fixed, values) if values else None
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Mod):
        sides = [node.left, node.right]
        fixed = " ".join(_text(one, constants) for one in sides)
        return fixed, [one for one in sides if not _is_fixed(one)]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        template = node.func.value
        given = [*node.args, *(one.value for one in node.keywords)]
        if node.func.attr in {"format", "format_map", "replace"}:
            return _text(template, constants), [one for one in given if not _is_fixed(one)]
        if node.func.attr == "join":
            return _text(template, constants), given
    return None


def _text(node: ast.expr, constants: dict[str, str]) -> str:
    if isinstance(node, ast.Subscript):
        return _text(node.value, constants)
    if isinstance(node, ast.Name):
        return constants.get(node.id, "")
    return _literal(node)


def _is_fixed(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant)


def _handed_over(node: ast.AST) -> list[ast.expr]:
    if not isinstance(node, ast.Call):
        return []
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    return list(node.args[:1]) if name in SINKS else []
