"""Any valid payload survives its text to the byte; any other text is told as what it is, and as nothing else."""

# covers: events.codec, events.catalog

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.stream.transport import present_text, raw_text
from events.catalog import CATALOG
from events.codec import decode, is_readable, payload_fields, rewritten
from events.envelope import RecordedEvent
from events.errors import UnknownEventType, UnreadablePayload
from tests.fuzz.effort import fuzzed
from tests.fuzz.messages import ANY_JSON, near_misses
from tests.fuzz.payloads import PAYLOADS
from tests.unit.events.builders import recorded

EVERY_TYPE = sorted(CATALOG)


def test_every_type_of_the_catalogue_is_fuzzed() -> None:
    assert sorted(PAYLOADS) == EVERY_TYPE


@pytest.mark.parametrize("name", EVERY_TYPE)
@fuzzed(20)
@given(data=st.data())
def test_a_payload_survives_its_text_to_the_byte(name: str, data: st.DataObject) -> None:
    payload = data.draw(PAYLOADS[name])
    event = recorded([payload])[0]
    read = decode(event)
    assert read == payload
    assert CATALOG[name].text_of(read) == event.payload_json == rewritten(event)
    assert payload_fields(event) == json.loads(event.payload_json)
    message = json.loads(present_text(event))
    assert message["payload"] == json.loads(event.payload_json)
    assert message["occurred_at"] == message["payload"]["timestamp"]


@pytest.mark.parametrize("name", EVERY_TYPE)
@fuzzed(20)
@given(data=st.data())
def test_another_text_is_unreadable_and_nothing_else(name: str, data: st.DataObject) -> None:
    event = recorded([data.draw(PAYLOADS[name])])[0]
    valid = st.just(json.loads(event.payload_json))
    text = data.draw(near_misses(valid) | ANY_JSON.map(json.dumps) | st.text())
    version = data.draw(st.sampled_from([1, 1, 1, 0, 2, 9]))
    kind = data.draw(st.sampled_from([name, name, name, "rumour", ""]))
    look_at(event._replace(payload_json=text, schema_version=version, type=kind))


def look_at(event: RecordedEvent) -> None:
    """Read an event in every way that there is: as typed, or as one of the errors that are documented."""
    with suppress(UnknownEventType, UnreadablePayload):
        payload = decode(event)
        assert is_readable(event)
        # What is read is written so that it reads the same again.
        text = CATALOG[event.type].text_of(payload)
        assert decode(event._replace(payload_json=text, schema_version=1)) == payload
    with suppress(UnreadablePayload):
        payload_fields(event)
    rewritten(event)
    # A text goes out as it is stored, whoever wrote it.
    assert event.payload_json in raw_text(event)
