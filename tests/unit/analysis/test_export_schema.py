"""The flat table: every field of the catalogue has its column, and every event its row."""

from typing import Any

import orjson
import pytest

from app.analysis.export_schema import COLUMNS, Column, Kind, columns_of, kind_of, row_of
from events.catalog import CATALOG, Channel, EventType, Payload, Probabilities
from events.codec import payload_fields
from events.envelope import RecordedEvent
from events.scalars import Price, UtcTime
from tests.house.tree import ROOT
from tests.unit.analysis.samples import of_a_newer_program, one_of_each

NAMES = [column.name for column in COLUMNS]


def cells(event: RecordedEvent) -> dict[str, Any]:
    return dict(zip(NAMES, row_of(event), strict=True))


def test_every_field_of_every_payload_has_one_column_but_the_time_that_the_envelope_tells() -> None:
    assert len(set(NAMES)) == len(NAMES)
    for entry in CATALOG.values():
        for name in entry.model.model_fields:
            found = [column for column in COLUMNS if column.name == name]
            assert [entry.name in column.types for column in found] == (
                [] if name == "timestamp" else [True]
            )


@pytest.mark.parametrize("event", one_of_each(), ids=lambda event: event.type)
def test_a_row_holds_all_of_its_event(event: RecordedEvent) -> None:
    row = cells(event)
    fields = payload_fields(event)
    fields.pop("timestamp")
    for column in COLUMNS:
        if column.name in fields:
            given = fields[column.name]
            found = row[column.name]
            nested = column.kind is Kind.JSON and found is not None
            assert (orjson.loads(found) if nested else found) == given
        elif column.types and not column.name.startswith("probability_"):
            assert row[column.name] is None
    assert row["position"] == event.position
    assert row["msg_id"] == str(event.event_id)
    assert row["occurred_at"] == event.occurred_at_us
    assert row["stream"].split(":")[0] == row["channel"]
    assert row["payload"] is None


def test_the_four_probabilities_have_columns_of_their_own() -> None:
    row = cells(one_of_each()[1])
    assert [row[name] for name in NAMES if name.startswith("probability_")] == [0.7, 0.1, 0.1, 0.1]


def test_what_only_a_newer_program_can_lay_out_is_kept_as_it_is_stored() -> None:
    event = of_a_newer_program()
    row = cells(event)
    assert row["payload"] == event.payload_json
    assert row["price"] is None
    assert row["position"] == event.position
    unknown = event._replace(type="news", schema_version=1)
    assert cells(unknown)["payload"] == event.payload_json
    more = one_of_each()[0]._replace(payload_json='{"price":"1","mood":"fine"}')
    assert cells(more)["payload"] == more.payload_json


@pytest.mark.parametrize(
    ("annotation", "kind"),
    [
        (Price, Kind.DECIMAL),
        (Price | None, Kind.DECIMAL),
        (UtcTime, Kind.TIME),
        (bool, Kind.BOOLEAN),
        (int | None, Kind.INTEGER),
        (Channel, Kind.TEXT),
        (Probabilities, Kind.JSON),
        (int | str, Kind.JSON),
        (dict[str, int] | None, Kind.JSON),
    ],
)
def test_the_kind_of_a_column_follows_from_its_fields_type(annotation: Any, kind: Kind) -> None:
    assert kind_of(annotation) is kind


class PriceAsNumber(Payload):
    """A payload whose price is of another kind."""

    price: float


class OwnVersion(Payload):
    """A payload with a field of the envelope's name."""

    version: int


@pytest.mark.parametrize("model", [PriceAsNumber, OwnVersion])
def test_two_fields_of_one_name_and_two_kinds_are_refused(model: type[Payload]) -> None:
    odd = EventType("odd", model, 1, Channel.SYSTEM, None)
    with pytest.raises(ValueError, match=r"odd\.(price|version)"):
        columns_of({**CATALOG, "odd": odd})


def test_the_documented_table_is_the_codes() -> None:
    groups: dict[tuple[str, Kind], list[Column]] = {}
    for column in COLUMNS[:-1]:
        filled_by = ", ".join(column.types) or "every event"
        groups.setdefault((filled_by, column.kind), []).append(column)
    rows = [
        f"| {', '.join(f'`{column.name}`' for column in group)} | {kind} | {filled_by} |"
        for (filled_by, kind), group in groups.items()
    ]
    text = (ROOT / "docs" / "export.md").read_text(encoding="utf-8")
    table = text.partition("| column | kind | filled by |\n|---|---|---|\n")[2].partition("\n\n")[0]
    assert table.splitlines() == rows
