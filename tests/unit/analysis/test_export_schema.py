"""The flat table: every field of the catalogue has its column."""

from typing import Any

import pytest

from app.analysis.export_schema import COLUMNS, Column, Kind, columns_of, kind_of
from events.catalog import CATALOG, Channel, EventType, Payload, Probabilities
from events.scalars import Price, UtcTime
from tests.house.tree import ROOT

NAMES = [column.name for column in COLUMNS]


def test_every_field_of_every_payload_has_one_column_but_the_time_that_the_envelope_tells() -> None:
    assert len(set(NAMES)) == len(NAMES)
    for entry in CATALOG.values():
        for name in entry.model.model_fields:
            found = [column for column in COLUMNS if column.name == name]
            assert [entry.name in column.types for column in found] == (
                [] if name == "timestamp" else [True]
            )


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
