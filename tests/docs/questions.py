"""The SQL of the documentation: asked of SQLite, or of DuckDB, whose answers are shown as it shows them."""

import contextlib
import sqlite3
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any

import duckdb


def answered(text: str, folder: Path, *, in_duckdb: bool) -> str:
    """What the last question of a block brings, as it would be printed."""
    return _duckdb(text, folder) if in_duckdb else _sqlite(text, folder)


def _sqlite(text: str, folder: Path) -> str:
    uri = f"{(folder / 'synapse.db').as_uri()}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True)) as connection:
        cursor = connection.execute(text)
        rows = [[shown(cell) for cell in row] for row in cursor]
        return table([name for name, *_ in cursor.description], rows)


def shown(cell: Any) -> str:
    """As SQLite's own shell writes it."""
    return "" if cell is None else str(cell)


def table(names: list[str], rows: list[list[str]]) -> str:
    """Columns side by side, as `sqlite3 -column` writes them."""
    widths = [max(map(len, column)) for column in zip(names, *rows, strict=True)]
    lines = [names, ["-" * width for width in widths], *rows]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


@cache
def _session(folder: Path) -> duckdb.DuckDBPyConnection:
    """One for all blocks of a page; the extension comes from a package, so that no network is needed."""
    import duckdb_extension_sqlite_scanner as scanner  # type: ignore[import-untyped]

    [extension] = Path(scanner.__file__).parent.rglob("*.duckdb_extension")
    session = duckdb.connect(config={"autoinstall_known_extensions": "false"})
    session.load_extension(str(extension))
    return session


def _duckdb(text: str, folder: Path) -> str:
    with contextlib.chdir(folder):
        # None for what brings nothing, which its stubs do not say.
        relation: object = _session(folder).sql(text)
        return "" if relation is None else str(relation)
