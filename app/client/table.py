"""Rows as tables of pandas or polars, where those are installed; neither is imported before it is asked for."""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from enum import Enum
from importlib import import_module
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from pydantic import BaseModel

from app.client.errors import ClientError
from app.client.messages import Event

if TYPE_CHECKING:
    import pandas  # type: ignore[import-untyped]
    import polars

Row = TypeVar("Row", bound=BaseModel)


class MissingLibrary(ClientError, ImportError):
    """A table of a library that is not installed."""


class Table(Sequence[Row], Generic[Row]):
    """Rows of one kind, in order; as a table their numbers are floats and their times are UTC."""

    def __init__(self, rows: Iterable[Row], model: type[Row]) -> None:
        """`model`: the rows' class, which names the columns also where there is no row."""
        self._rows = tuple(rows)
        self._columns = tuple(field.alias or name for name, field in model.model_fields.items())

    @overload
    def __getitem__(self, index: int) -> Row: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Row]: ...

    def __getitem__(self, index: int | slice) -> Row | Sequence[Row]:
        return self._rows[index]

    def __len__(self) -> int:
        return len(self._rows)

    def __repr__(self) -> str:
        shown = ",\n ".join(map(repr, self._rows))
        return f"[{shown}]"

    def _cells(self) -> dict[str, list[Any]]:
        rows = [_fields(row) for row in self._rows]
        return columns_of(rows, self._columns)

    def to_pandas(self) -> "pandas.DataFrame":
        """A pandas data frame.

        Raises:
            MissingLibrary: pandas is not installed.
        """
        return to_pandas(self._cells())

    def to_polars(self) -> "polars.DataFrame":
        """A polars data frame.

        Raises:
            MissingLibrary: polars is not installed.
        """
        return to_polars(self._cells())


def event_cells(events: Iterable[Event]) -> dict[str, list[Any]]:
    """Events as columns: the envelope's fields, then those of the payloads; None where a type has no such field."""
    rows = [dict(_event_row(event)) for event in events]
    envelope = ("position", "stream", "version", "type", "occurred_at", "recorded_at", "source")
    fields = dict.fromkeys(envelope)
    for row in rows:
        fields.update(dict.fromkeys(row))
    return columns_of(rows, tuple(fields))


def _event_row(event: Event) -> Iterator[tuple[str, Any]]:
    yield "position", event.position
    yield "stream", event.stream
    yield "version", event.version
    yield "type", event.type
    yield "occurred_at", event.occurred_at
    yield "recorded_at", event.recorded_at
    yield "source", event.source
    payload = event.payload if isinstance(event.payload, dict) else _fields(event.payload)
    for name, value in payload.items():
        if name != "timestamp":
            yield name, value


def _fields(record: BaseModel) -> dict[str, Any]:
    """A record's values as they are: dumped, its exact numbers would be texts."""
    fields = type(record).model_fields
    return {field.alias or name: getattr(record, name) for name, field in fields.items()}


def columns_of(rows: Sequence[dict[str, Any]], names: Sequence[str]) -> dict[str, list[Any]]:
    """Rows as plain columns, their exact numbers as floats and their names as texts."""
    return {name: [_plain(row.get(name)) for row in rows] for name in names}


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, BaseModel):
        value = _fields(value)
    if isinstance(value, dict):
        return {_plain(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value


def to_pandas(columns: dict[str, list[Any]]) -> "pandas.DataFrame":
    """See `Table.to_pandas`."""
    frame: pandas.DataFrame = _library("pandas").DataFrame(columns)
    return frame


def to_polars(columns: dict[str, list[Any]]) -> "polars.DataFrame":
    """See `Table.to_polars`."""
    frame: polars.DataFrame = _library("polars").DataFrame(columns, infer_schema_length=None)
    return frame


def _library(name: str) -> Any:
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        raise MissingLibrary(f"{name} is not installed: pip install {name}") from error
