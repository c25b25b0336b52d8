"""CloudEvents 1.0: what the official SDK reads back is the event, and every attribute keeps the specification's rules."""

import re
from datetime import datetime
from typing import Any

import orjson
import pytest
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from app.analysis.export import Provenance
from app.analysis.export_cloudevents import encoder
from events.codec import payload_fields
from events.envelope import RecordedEvent
from events.upcasters import UPCASTERS
from tests.unit.analysis.samples import of_a_newer_program, one_of_each

EPOCH = "0123456789abcdef01234567aabbccdd"
DEFINED = {"specversion", "id", "source", "type", "subject", "time", "datacontenttype", "data"}


def written(*pages: list[RecordedEvent]) -> bytes:
    made = encoder(Provenance(EPOCH, 9, {}))
    return b"".join([made.begin(), *[made.page(page) for page in pages], made.end()])


def read_back(data: bytes) -> list[CloudEvent]:
    """The batch, each event through the official SDK, which refuses what is not valid."""
    found = [JSONFormat().read(None, orjson.dumps(each)) for each in orjson.loads(data)]
    assert all(isinstance(event, CloudEvent) for event in found)
    return found  # type: ignore[return-value]


@pytest.mark.parametrize("event", one_of_each(), ids=lambda event: event.type)
def test_the_official_sdk_reads_every_type(event: RecordedEvent) -> None:
    (found,) = read_back(written([event]))
    assert found.get_id() == str(event.event_id)
    assert found.get_source() == f"urn:synapse:{EPOCH}"
    assert found.get_type() == f"synapse.{event.type}.v1"
    assert found.get_subject() == event.entity
    assert found.get_time() == event.occurred_at
    assert found.get_datacontenttype() == "application/json"
    assert found.get_data() == payload_fields(event)
    more = {name: found.get_extension(name) for name in found.get_attributes().keys() - DEFINED}
    assert datetime.fromisoformat(more.pop("recordedtime")) == event.recorded_at
    assert more == {
        "sequence": f"{event.position:016d}",
        "position": str(event.position),
        "epoch": EPOCH,
        "channel": event.channel,
        "stream": event.stream,
        "streamversion": str(event.version),
        "origin": event.source,
        "correlationid": str(event.correlation_id),
    }


def test_attributes_are_named_and_typed_as_the_specification_says() -> None:
    caused = one_of_each()[0]._replace(causation_id=one_of_each()[1].event_id, position=2**53)
    for each in orjson.loads(written([*one_of_each(), caused])):
        for name, value in each.items():
            assert re.fullmatch(r"[a-z0-9]{1,20}", name)
            assert name == "data" or (isinstance(value, str) and value)
    assert each["causationid"] == str(caused.causation_id)


def test_sequences_sort_as_the_log_does() -> None:
    events = [one_of_each()[0]._replace(position=position) for position in (9, 10, 2**53 - 1)]
    found = [each["sequence"] for each in orjson.loads(written(events))]
    assert found == sorted(found)


def test_a_line_is_an_event() -> None:
    events = one_of_each()
    lines = written(events[:2], events[2:]).decode().split("\n")
    assert (lines[0], lines[-2:]) == ("[", ["]", ""])
    ids = [orjson.loads(line.rstrip(","))["id"] for line in lines[1:-2]]
    assert ids == [str(event.event_id) for event in events]


def test_nothing_at_all_is_an_empty_batch() -> None:
    assert orjson.loads(written()) == []


def test_the_type_tells_the_version_of_the_data(monkeypatch: pytest.MonkeyPatch) -> None:
    newer = of_a_newer_program()
    (found,) = read_back(written([newer]))
    assert found.get_type() == "synapse.price_update.v99"
    assert found.get_data() == orjson.loads(newer.payload_json)
    present = one_of_each()[0]

    def step(old: dict[str, Any]) -> dict[str, Any]:
        return {**old, "price": "7"}

    monkeypatch.setitem(UPCASTERS, ("price_update", 0), step)
    (lifted,) = read_back(written([present._replace(schema_version=0)]))
    assert lifted.get_type() == "synapse.price_update.v1"
    assert lifted.get_data() == {**payload_fields(present), "price": "7"}


def test_before_its_end_it_is_no_json() -> None:
    made = encoder(Provenance(EPOCH, 9, {}))
    with pytest.raises(orjson.JSONDecodeError):
        orjson.loads(made.begin() + made.page(one_of_each()))
