"""The one flat table that every tabular export has: the envelope's fields, and the payloads' top-level ones.

The payloads' columns come from the catalogue: a new field there is a new column here. A payload's `timestamp`
has none, for it is `occurred_at`. What is nested is one cell of JSON.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin

from events.catalog import CATALOG, EventType, Regime


class Kind(StrEnum):
    """What the cells of a column are."""

    INTEGER = "integer"
    NUMBER = "number"
    DECIMAL = "decimal"
    TIME = "time"
    BOOLEAN = "boolean"
    TEXT = "text"
    JSON = "JSON text"


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the table.

    Attributes:
        name: the field's name on the wire.
        kind: what its cells are.
        types: the event types that fill it; none where every event does.
    """

    name: str
    kind: Kind
    types: tuple[str, ...] = ()


Cell = int | float | bool | str | None
"""A time is an integer of microseconds since 1970 (UTC), an exact number the text that it has on the wire."""

ENVELOPE: Final = (
    Column("position", Kind.INTEGER),
    Column("version", Kind.INTEGER),
    Column("stream", Kind.TEXT),
    Column("channel", Kind.TEXT),
    Column("type", Kind.TEXT),
    Column("msg_id", Kind.TEXT),
    Column("occurred_at", Kind.TIME),
    Column("recorded_at", Kind.TIME),
    Column("source", Kind.TEXT),
)

PAYLOAD: Final = "payload"
"""The last column: the stored text of what only a newer program can lay out, so that nothing is lost."""

SKIPPED: Final = "timestamp"
"""The payload's field that has no column."""

SPREAD: Final = "probabilities"
"""The payload's field that has a column for each regime, too."""

_KINDS: Final = (  # a bool is an int
    (bool, Kind.BOOLEAN),
    (int, Kind.INTEGER),
    (float, Kind.NUMBER),
    (Decimal, Kind.DECIMAL),
    (datetime, Kind.TIME),
    (str, Kind.TEXT),
)


def kind_of(annotation: Any) -> Kind:
    """The kind of a payload field's column, from the field's type; null is allowed in any."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return kind_of(inner[0])
    if origin in {Union, UnionType}:
        some = [each for each in inner if each is not NoneType]
        return kind_of(some[0]) if len(some) == 1 else Kind.JSON
    if not isinstance(annotation, type):
        return Kind.JSON
    return next((kind for base, kind in _KINDS if issubclass(annotation, base)), Kind.JSON)


def probability_of(regime: Regime) -> str:
    """The name of a regime's column."""
    return f"probability_{regime.value.lower()}"


def _columns_of(entry: EventType) -> Iterator[Column]:
    for name, field in entry.model.model_fields.items():
        if name == SKIPPED:
            continue
        yield Column(name, kind_of(field.annotation), (entry.name,))
        if name == SPREAD:
            yield from (
                Column(probability_of(regime), Kind.NUMBER, (entry.name,)) for regime in Regime
            )


def columns_of(catalog: Mapping[str, EventType]) -> tuple[Column, ...]:
    """The table's columns. A field that several payloads have is one column of all of them.

    Raises:
        ValueError: two payloads have fields of one name and two kinds, or one has the name of an
            envelope's field.
    """
    found = {column.name: column for column in (*ENVELOPE, Column(PAYLOAD, Kind.JSON))}
    last = found.pop(PAYLOAD)
    for entry in catalog.values():
        for column in _columns_of(entry):
            known = found.setdefault(column.name, column)
            if known is column:
                continue
            if known.kind is not column.kind or not known.types or column.name == PAYLOAD:
                raise ValueError(f"{entry.name}.{column.name}: the table has such a column already")
            found[column.name] = Column(known.name, known.kind, known.types + column.types)
    return (*found.values(), last)


COLUMNS: Final = columns_of(CATALOG)
PLACES: Final = {column.name: place for place, column in enumerate(COLUMNS)}
"""Where each column stands."""
