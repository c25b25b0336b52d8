"""A page of events as the table's columns, type by type: made so, they cost half of what rows cost.

The events of one type fill the same columns, so each field is one list, and the columns that the type does not
have are never touched. What only a newer program can lay out is a group of its own, with its stored text.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Final

import orjson

from app.analysis.export_schema import (
    COLUMNS,
    PAYLOAD,
    PLACES,
    SKIPPED,
    SPREAD,
    Cell,
    Kind,
    probability_of,
)
from events.catalog import CATALOG, EventType, Regime, split_stream
from events.codec import is_current, is_readable, payload_fields
from events.envelope import EventColumns, FoldEvent
from events.errors import UnreadablePayload

Fields = dict[str, Any]
_loads = orjson.loads


Cells = Mapping[int, Sequence[Cell]]
"""By the place of a column, its cells; every other column is null."""


@dataclass(frozen=True, slots=True)
class Group:
    """Events of a page that fill the same columns.

    Attributes:
        places: where in the page they stand, rising.
        cells: what their payloads fill, one cell for each event.
    """

    places: Sequence[int]
    cells: Cells


@dataclass(frozen=True, slots=True)
class _Plan:
    """How the payloads of one type are laid out: its fields, and where each one goes (None: nowhere)."""

    names: tuple[str, ...]
    places: tuple[int | None, ...]
    pick: Callable[[Fields], tuple[Any, ...]]


def _plan(entry: EventType) -> _Plan:
    names = tuple(entry.model.model_fields)
    places = tuple(None if name == SKIPPED else PLACES[name] for name in names)
    return _Plan(names, places, itemgetter(*names))


_PLANS: Final = {name: _plan(entry) for name, entry in CATALOG.items()}
_REGIMES: Final = tuple((PLACES[probability_of(regime)], regime.value) for regime in Regime)
_PROBABILITIES: Final = PLACES[SPREAD]
_NESTED: Final = frozenset(
    place for place, column in enumerate(COLUMNS) if column.kind is Kind.JSON
)
_PAYLOAD: Final = PLACES[PAYLOAD]


def envelope_of(page: EventColumns) -> Cells:
    """The columns that every event of a page fills."""
    channels = {stream: split_stream(stream)[0] for stream in set(page.streams)}
    columns: dict[str, Sequence[Cell]] = {
        "position": page.positions,
        "version": page.versions,
        "stream": page.streams,
        "channel": [channels[stream] for stream in page.streams],
        "type": page.types,
        "msg_id": [_id_text(each.hex()) for each in page.event_ids],
        "occurred_at": page.occurred_at_us,
        "recorded_at": page.recorded_at_us,
        "source": page.sources,
    }
    return {PLACES[name]: cells for name, cells in columns.items()}


def _id_text(digits: str) -> str:
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def groups_of(page: EventColumns) -> list[Group]:
    """The columns of a page's payloads: a group for each type in it, and one for what cannot be laid out."""
    by_kind: dict[tuple[str, int], list[int]] = {}
    for place, kind in enumerate(zip(page.types, page.schema_versions, strict=True)):
        by_kind.setdefault(kind, []).append(place)
    groups, strange = [], []
    for places in by_kind.values():
        laid, left = _laid_out(page, places)
        groups += laid
        strange += left
    if strange:
        groups.append(Group(strange, {_PAYLOAD: [page.payloads[place] for place in strange]}))
    return groups


def _laid_out(page: EventColumns, places: list[int]) -> tuple[list[Group], list[int]]:
    """The group of some events of one type and schema, and those of them that have no columns."""
    first = page.event_at(places[0])
    if not is_readable(first):
        return [], places
    plan = _PLANS[first.type]
    rows = _rows_as_written(page, places, plan) if is_current(first) else None
    if rows is not None:
        return [Group(places, _cells(plan, rows))], []
    found = {place: _row(page.event_at(place), plan) for place in places}
    laid = {place: row for place, row in found.items() if row is not None}
    groups = [Group(list(laid), _cells(plan, list(laid.values())))] if laid else []
    return groups, [place for place, row in found.items() if row is None]


def _rows_as_written(
    page: EventColumns, places: Iterable[int], plan: _Plan
) -> Sequence[tuple[Any, ...]] | None:
    """The fields of events whose payloads all have just the present ones; None if one of them has not."""
    with suppress(orjson.JSONDecodeError, KeyError, TypeError):
        fields = [_loads(page.payloads[place]) for place in places]
        if set(map(len, fields)) == {len(plan.names)}:
            return list(map(plan.pick, fields))
    return None


def _row(event: FoldEvent, plan: _Plan) -> tuple[Any, ...] | None:
    """The fields of one event, null where it has none; None if one of its fields has no column."""
    with suppress(UnreadablePayload, AttributeError):  # the latter: no JSON object
        fields = payload_fields(event)
        if fields.keys() <= set(plan.names):
            return tuple(fields.get(name) for name in plan.names)
    return None


def _cells(plan: _Plan, rows: Sequence[tuple[Any, ...]]) -> Cells:
    cells: dict[int, Sequence[Cell]] = {}
    for place, values in zip(plan.places, zip(*rows, strict=True), strict=True):
        if place is None:
            continue
        if place == _PROBABILITIES:
            for regime_place, regime in _REGIMES:
                cells[regime_place] = [
                    None if each is None else each.get(regime) for each in values
                ]
        cells[place] = list(map(_json, values)) if place in _NESTED else values
    return cells


def _json(value: Any) -> str | None:
    return None if value is None else orjson.dumps(value).decode()
