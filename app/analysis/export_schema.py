"""The one flat table that every tabular export has: the envelope's fields, and the payloads' top-level ones.

The payloads' columns come from the catalogue: a new field there is a new column here. A payload's `timestamp`
has none, for it is `occurred_at`. What is nested is one cell of JSON.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin

import orjson

from events.catalog import CATALOG, EventType, Regime
from events.codec import is_readable, payload_fields
from events.envelope import RecordedEvent
from events.errors import UnreadablePayload


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

Row = list[Cell]
"""The cells of one event, in the order of `COLUMNS`; None where its type has no such field."""

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

_SKIPPED: Final = "timestamp"
_SPREAD: Final = "probabilities"
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


def _probability(regime: Regime) -> str:
    return f"probability_{regime.value.lower()}"


def _columns_of(entry: EventType) -> Iterator[Column]:
    for name, field in entry.model.model_fields.items():
        if name == _SKIPPED:
            continue
        yield Column(name, kind_of(field.annotation), (entry.name,))
        if name == _SPREAD:
            yield from (
                Column(_probability(regime), Kind.NUMBER, (entry.name,)) for regime in Regime
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
_PLACE: Final = {column.name: place for place, column in enumerate(COLUMNS)}
_BLANK: Final[tuple[None, ...]] = (None,) * (len(COLUMNS) - len(ENVELOPE))


@dataclass(frozen=True, slots=True)
class _Plan:
    """Where the fields of one type go: as they are, and as JSON."""

    plain: tuple[tuple[int, str], ...]
    nested: tuple[tuple[int, str], ...]
    fields: frozenset[str]


def _plan(entry: EventType) -> _Plan:
    names = [name for name in entry.model.model_fields if name != _SKIPPED]
    places = [(_PLACE[name], name, COLUMNS[_PLACE[name]].kind is Kind.JSON) for name in names]
    return _Plan(
        tuple((place, name) for place, name, is_json in places if not is_json),
        tuple((place, name) for place, name, is_json in places if is_json),
        frozenset(entry.model.model_fields),
    )


_PLANS: Final = {name: _plan(entry) for name, entry in CATALOG.items()}
_REGIME_PLACES: Final = tuple((_PLACE[_probability(regime)], regime.value) for regime in Regime)


def _fields(event: RecordedEvent) -> dict[str, Any] | None:
    """The payload's fields, if each of them has a column."""
    if is_readable(event):
        with suppress(UnreadablePayload):
            fields = payload_fields(event)
            if fields.keys() <= _PLANS[event.type].fields:
                return fields
    return None


def row_of(event: RecordedEvent) -> Row:
    """An event as a row, its payload at the present schema."""
    row: Row = [
        event.position,
        event.version,
        event.stream,
        event.channel,
        event.type,
        str(event.event_id),
        event.occurred_at_us,
        event.recorded_at_us,
        event.source,
        *_BLANK,
    ]
    fields = _fields(event)
    if fields is None:
        row[-1] = event.payload_json
        return row
    plan = _PLANS[event.type]
    for place, name in plan.plain:
        row[place] = fields.get(name)
    for place, name in plan.nested:
        value = fields.get(name)
        if value is not None:
            row[place] = orjson.dumps(value).decode()
    probabilities = fields.get(_SPREAD)
    if probabilities is not None:
        for place, regime in _REGIME_PLACES:
            row[place] = probabilities.get(regime)
    return row
