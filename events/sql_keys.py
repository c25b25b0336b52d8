"""Rows by lists of keys: the list is one JSON parameter, and each of its items costs one index look-up.

A thousand keys are one parameter, not a thousand, and one statement serves lists of any length. The join's
order is fixed, so no planner can decide that reading the whole log would be cheaper: it is told so by
`CROSS JOIN` in SQLite, and by a lateral subquery that cannot be pulled up (`OFFSET 0`) in PostgreSQL.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, Final

import orjson
from sqlalchemy import Connection, Row, TextClause, text

ITEMS_MAX: Final = 3
"""Numbers in one key."""

_EACH: Final = {
    "sqlite": "json_each(:keys) AS k CROSS JOIN events AS e WHERE {where}",
    "postgresql": """
        json_array_elements(CAST(:keys AS JSON)) AS k(value)
        CROSS JOIN LATERAL (SELECT * FROM events AS e WHERE {where} OFFSET 0) AS e
    """,
}
_LIST: Final = {
    "sqlite": "json_each(:keys) AS k",
    "postgresql": "json_array_elements(CAST(:keys AS JSON)) AS k(value)",
}
_ITEM: Final = {
    "sqlite": "json_extract(k.value, '$[{0}]')",
    "postgresql": "CAST(k.value ->> {0} AS BIGINT)",
}


def key_items(dialect: str) -> list[str]:
    """SQL for each number of a key, in the engine's words."""
    return [_ITEM[dialect].format(number) for number in range(ITEMS_MAX)]


def key_list(dialect: str) -> str:
    """SQL for the list of keys as a table `k`, with the numbers of `key_items`."""
    return _LIST[dialect]


@cache
def _statement(dialect: str, columns: str, where: str, tail: str) -> TextClause:
    condition = where.format(*key_items(dialect))
    return text(f"SELECT {columns} FROM {_EACH[dialect].format(where=condition)} {tail}")  # noqa: S608


def as_parameter(keys: Iterable[Sequence[int]]) -> str:
    """The value of the parameter `keys`."""
    return orjson.dumps([tuple(key) for key in keys]).decode()


def rows_of_keys(
    connection: Connection,
    columns: str,
    where: str,
    keys: Iterable[Sequence[int]],
    tail: str = "",
    **values: Any,
) -> Sequence[Row[Any]]:
    """The events `e` that `where` finds for each key.

    Args:
        connection: where to look.
        columns: what to select, such as `e.position`.
        where: a condition on `e`; `{0}`, `{1}` and `{2}` stand for the numbers of a key.
        keys: up to three numbers each.
        tail: `ORDER BY` or `LIMIT`, over all that is found.
        values: the other parameters.
    """
    statement = _statement(connection.dialect.name, columns, where, tail)
    return connection.execute(statement, {"keys": as_parameter(keys), **values}).all()


def tuples_of_keys(
    connection: Connection,
    columns: str,
    where: str,
    keys: Iterable[Sequence[int]],
    tail: str = "",
    **values: Any,
) -> list[tuple[Any, ...]]:
    """The same as plain tuples from the driver, without a conversion: for many rows a third of the time."""
    statement = _statement(connection.dialect.name, columns, where, tail)
    with connection.execute(statement, {"keys": as_parameter(keys), **values}) as result:
        return list(result.cursor.fetchall())
