"""Values reach SQL as bound parameters only: what is put into its text is listed here, each with its reason."""

from pathlib import Path
from typing import Final

import pytest

from tests.house.sql_texts import built_sql
from tests.house.tree import ROOT, python_files

COLUMNS: Final = "a constant list of columns of this house"
ENGINE: Final = "constant words of an engine"
CONDITION: Final = "a constant condition, its values bound"
NUMBER: Final = "an integer that the program counted"

ALLOWED: Final[dict[str, dict[str, str]]] = {
    "app/doctor.py": {"name": "the name of a PRAGMA, which SQLite binds nowhere: constants"},
    "app/log_schema.py": {"VERSIONS": "alembic's table: a constant"},
    "app/testing/engines.py": {
        "name": "the name of a test's own database: a prefix and random hex digits",
        "options": "a constant of this module's functions",
    },
    "events/engines.py": {"BUSY_TIMEOUT_MS": "a constant number; a PRAGMA binds none"},
    "events/postgres_session.py": {
        "IDLE_S_MAX": "a constant number; SET binds none",
        "pid": "the number of a process, from the server itself",
    },
    "events/postgres_statements.py": {"APPEND_IDLE_S_MAX": "a constant number; SET binds none"},
    "events/sql_keys.py": {
        "_EACH[dialect].format(where=condition)": ENGINE,
        "columns": COLUMNS,
        "condition": CONDITION,
        "tail": "constant ORDER BY and LIMIT",
    },
    "events/sql_leases.py": {"NOBODY": "the constant that the index is over"},
    "events/sql_market.py": dict.fromkeys(("_AFTER", "_LATE", "_ON_TIME"), CONDITION)
    | {"_COLUMNS": COLUMNS},
    "events/sql_market_search.py": {
        "column": COLUMNS,
        "items": ENGINE,
        "key_list(dialect)": ENGINE,
    },
    "events/sql_merge.py": {
        "', '.join((f':{name}' for name in names)) or 'NULL'": "names of parameters: type0, type1",
        "_LATE": CONDITION,
        "condition": CONDITION,
    },
    "events/sql_read.py": {
        "'DESC' if query.descending else 'ASC'": "one of two constants",
        "columns": COLUMNS,
        "condition": CONDITION,
        "key_items(dialect)[0]": ENGINE,
        "key_list(dialect)": ENGINE,
        "order": "one of two constants",
    },
    "events/sql_search.py": {"column": COLUMNS, "item": ENGINE, "key_list(dialect)": ENGINE},
    "events/verify.py": dict.fromkeys(
        ("ANSWERS", "COLUMNS", "HOME", "LEASES", "SNAPSHOTS"), COLUMNS
    )
    | dict.fromkeys(("FILE_CACHE_KIB", "FILE_FAULTS_MAX", "RANGE_EVENTS"), "a constant number")
    | dict.fromkeys(("self._last", "self.walk.position"), NUMBER)
    | {"order": "a constant ORDER BY and LIMIT", "where": NUMBER},
    "events/verify_part.py": {"COLUMNS": COLUMNS, "after": NUMBER, "upto": NUMBER, "where": NUMBER},
    "migrations/versions/0003_views.py": {
        "_DATED": "a constant part of the views",
        "_NEW_PRICE": "a constant part of the views",
        "_filled(template, fragments)": "a constant template, filled from constants",
        "name": "the name of a view: a constant",
    },
}
"""By module: what is put into SQL there, as it is written, and why no value of anybody's gets in that way."""


def built(root: Path = ROOT) -> set[tuple[str, str]]:
    """Every part that is put into SQL, with its module."""
    return {
        (path.relative_to(root).as_posix(), part)
        for path in python_files("app", "events", "migrations", root=root)
        for _, part in built_sql(path.read_text(encoding="utf-8"))
    }


def test_nothing_is_put_into_sql_but_what_is_listed_and_the_list_is_short() -> None:
    allowed = {(module, part) for module, parts in ALLOWED.items() for part in parts}
    assert sorted(built() - allowed) == []
    assert sorted(allowed - built()) == [], "these are listed, and are not there any more"


@pytest.mark.parametrize(
    ("planted", "parts"),
    [
        ("connection.execute(f'SELECT 1 FROM t WHERE a = {value}')", ["value"]),
        ("sql = f'SELECT 1 FROM t WHERE a = {value}'\nconnection.execute(sql)", ["value"]),
        ("text('SELECT 1 FROM t WHERE a = ' + value)", ["value"]),
        ("text('SELECT 1 FROM t WHERE a = %s' % value)", ["value"]),
        ("text('SELECT 1 FROM t WHERE a = {}'.format(value))", ["value"]),
        ("_SQL = 'SELECT 1 FROM t WHERE a = {a}'\ntext(_SQL.format(a=value))", ["value"]),
        ("_SQL = {'x': 'DELETE FROM t {a}'}\ntext(_SQL['x'].replace('{a}', value))", ["value"]),
        ("rows(connection, f'e.type = {value}')", ["value"]),
        ("connection.exec_driver_sql(f'{anything}')", ["anything"]),
        ("connection.execute(' '.join(words))", ["words"]),
        ("connection.execute(f'PRAGMA cache_size = {size}')", ["size"]),
    ],
)
def test_planted_sql_of_parts_is_found(planted: str, parts: list[str]) -> None:
    assert [part for _, part in built_sql(planted)] == parts


@pytest.mark.parametrize(
    "fine",
    [
        "connection.execute(text('SELECT 1 FROM t WHERE a = :a'), {'a': value})",
        "connection.exec_driver_sql('PRAGMA query_only = 1')",
        "raise ValueError(f'cannot select {value}')",
        "logger.info(f'order by {value}')",
        "', '.join(names)",
    ],
)
def test_bound_values_and_ordinary_texts_are_none(fine: str) -> None:
    assert built_sql(fine) == []
