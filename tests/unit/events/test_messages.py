"""The text of the message that carries an event: JSON around the stored payload, the same for everybody."""

from typing import Any

import orjson
import pytest

from app.stream.protocol import EventMessage
from events.catalog import Payload, PriceUpdate
from events.messages import EventText, event_text, text_with
from tests.unit.events.builders import notice, price, recorded, regime


@pytest.mark.parametrize("payload", [price(), regime("NDX"), notice('quo"te \N{SNOWMAN}\n')])
def test_it_is_json_around_the_stored_payload(payload: Payload) -> None:
    event = recorded([payload], now_us=1_500_000)[0]
    text = event_text(event)
    assert event.payload_json in text
    told: dict[str, Any] = orjson.loads(text)
    assert told.pop("payload") == orjson.loads(event.payload_json)
    assert told == {
        "msg_id": str(event.event_id),
        "type": event.type,
        "direction": "s2c",
        "timestamp": "1970-01-01T00:00:01.500000Z",
        "position": 1,
        "stream": event.stream,
        "version": 1,
        "occurred_at": "2026-01-16T12:00:00.000000Z",
        "source": "simulated",
    }


def test_it_is_read_by_the_clients_model() -> None:
    event = recorded([price()])[0]
    read = EventMessage[PriceUpdate].model_validate_json(event_text(event))
    assert (read.payload, read.position, read.version) == (price(), 1, 1)


def test_it_depends_on_nothing_but_the_event() -> None:
    event = recorded([price()])[0]
    assert event_text(event) == event_text(event._replace())


def test_a_text_made_by_its_reader_keeps_the_events_place() -> None:
    event = recorded([price("NDX")])[0]
    assert text_with(event, lambda _event: "made") == EventText(
        1, "prices:NDX", 1, "price_update", "made"
    )
