"""SQLAlchemy's statements handed to the driver as text, compiled once for each engine, values by place.

For what an append does for every event or every commit. SQLAlchemy's own way costs 15 to 30 microseconds a
statement, which is more than SQLite needs for it, and 3 a row; this costs 2. The engine stays hidden all the
same: SQLAlchemy writes the text, keeps the transaction, and its errors are raised.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any, Final

from sqlalchemy import ClauseElement, ColumnElement, Connection, Select, bindparam
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DBAPIError

LOOKUP_SIZES: Final = (1, 8, 64, 512)
"""Lengths of the IN lists that are compiled; far below every engine's limit of bound parameters."""

Values = tuple[Any, ...]


class Prepared:
    """One statement whose parameters are handed over by place."""

    def __init__(self, statement: ClauseElement, names: Sequence[str] = ()) -> None:
        """`names`: its parameters, in the order in which their values are handed over."""
        self._statement = statement
        self._names = list(names)
        self._texts: dict[str, str] = {}

    def text(self, dialect: Dialect) -> str:
        """The statement in the words of an engine."""
        text = self._texts.get(dialect.name)
        if text is None:
            compiled = self._statement.compile(dialect=dialect)
            # By place: a parameter out of order would be stored in another's column.
            if list(getattr(compiled, "positiontup", None) or ()) != self._names:
                raise AssertionError(f"the parameters are not {self._names}: {compiled}")
            text = self._texts[dialect.name] = str(compiled)
        return text


class Driver:
    """The driver's cursor on a connection, inside the transaction that is under way there."""

    def __init__(self, connection: Connection) -> None:
        """Use it up before the transaction ends."""
        self._connection = connection
        self._dialect = connection.dialect
        self._cursor = connection.connection.cursor()

    def rows(self, statement: Prepared, *values: Any) -> Sequence[Any]:
        """What a select finds."""
        self._do(self._cursor.execute, statement, values)
        return self._cursor.fetchall()

    def run(self, statement: Prepared, *values: Any) -> None:
        """Execute a statement once."""
        self._do(self._cursor.execute, statement, values)

    def run_all(self, statement: Prepared, rows: Sequence[Values]) -> None:
        """Execute a statement once for each row of values."""
        if len(rows) == 1:
            self._do(self._cursor.execute, statement, rows[0])
        elif rows:
            self._do(self._cursor.executemany, statement, rows)

    def _do(self, execute: Callable[..., Any], statement: Prepared, values: Any) -> None:
        text = statement.text(self._dialect)
        try:
            execute(text, values)
        except self._dialect.loaded_dbapi.Error as error:
            raw = self._connection.connection.dbapi_connection
            lost = self._dialect.is_disconnect(error, raw, None)
            if lost:
                self._connection.invalidate(error)
            raise DBAPIError.instance(
                text,
                None,
                error,
                self._dialect.loaded_dbapi.Error,
                connection_invalidated=lost,
                dialect=self._dialect,
            ) from error


class Lookup:
    """A select of the rows in which one column has one of some values."""

    def __init__(self, statement: Select[Any], column: ColumnElement[Any]) -> None:
        """`statement` without the condition on `column`."""
        self._of_size = cache(lambda size: _lookup(statement, column, size))

    def rows(self, driver: Driver, keys: Sequence[Any]) -> Iterator[Any]:
        """The rows that are there, in no order."""
        for start in range(0, len(keys), LOOKUP_SIZES[-1]):
            chunk = tuple(keys[start : start + LOOKUP_SIZES[-1]])
            size = next(size for size in LOOKUP_SIZES if size >= len(chunk))
            # Filled up with its last key, so that four texts serve lists of any length.
            filled = chunk + chunk[-1:] * (size - len(chunk))
            yield from driver.rows(self._of_size(size), *filled)


def _lookup(statement: Select[Any], column: ColumnElement[Any], size: int) -> Prepared:
    names = [f"key_{number}" for number in range(size)]
    keys = [bindparam(name, type_=column.type) for name in names]
    return Prepared(statement.where(column.in_(keys)), names)
