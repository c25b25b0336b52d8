"""Pages as columns: every event has all of its fields in its own row, in the page's order."""

from typing import Any

import orjson
import pytest

from app.analysis.export_columns import envelope_of, groups_of
from app.analysis.export_schema import COLUMNS, Kind
from events.codec import payload_fields
from events.envelope import RecordedEvent, event_columns
from events.upcasters import UPCASTERS
from tests.unit.analysis.samples import of_a_newer_program, one_of_each

NAMES = [column.name for column in COLUMNS]


def table(events: list[RecordedEvent]) -> list[dict[str, Any]]:
    """The rows of a page, by the names of their columns."""
    page = event_columns(events)
    rows: list[dict[str, Any]] = [dict.fromkeys(NAMES) for _ in events]
    for place, values in envelope_of(page).items():
        for row, value in zip(rows, values, strict=True):
            row[NAMES[place]] = value
    for group in groups_of(page):
        for place, values in group.cells.items():
            for number, value in zip(group.places, values, strict=True):
                rows[number][NAMES[place]] = value
    return rows


def cells(event: RecordedEvent) -> dict[str, Any]:
    return table([event])[0]


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


def test_a_page_of_many_types_keeps_its_order() -> None:
    samples = [*one_of_each(), of_a_newer_program(), *reversed(one_of_each())]
    events = [event._replace(position=number) for number, event in enumerate(samples, start=7)]
    rows = table(events)
    assert [row["position"] for row in rows] == list(range(7, 7 + len(events)))
    assert rows == [cells(event) for event in events]


def test_what_lacks_a_field_has_null_there_and_spoils_no_other() -> None:
    whole, fields = one_of_each()[0], payload_fields(one_of_each()[0])
    fields.pop("volume")
    older = whole._replace(payload_json=orjson.dumps(fields).decode(), position=2)
    instead = orjson.dumps({**fields, "mood": "fine"}).decode()
    odd = whole._replace(payload_json=instead, position=3)
    broken = whole._replace(payload_json="[1", position=4)
    first, second, third, fourth = table([whole, older, odd, broken])
    assert first == cells(whole)
    assert second == {**first, "position": 2, "volume": None}
    assert (third["payload"], third["price"]) == (odd.payload_json, None)
    assert (fourth["payload"], fourth["price"]) == ("[1", None)


def test_older_payloads_are_shown_at_the_present_schema(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(UPCASTERS, ("price_update", 0), lambda old: {**old, "price": old["last"]})
    event = one_of_each()[0]._replace(schema_version=0, payload_json='{"price":"1","last":"7"}')
    assert cells(event)["payload"] == event.payload_json  # "last" has no column
    monkeypatch.setitem(UPCASTERS, ("price_update", 0), lambda old: {"price": old["last"]})
    assert cells(event)["price"] == "7"
