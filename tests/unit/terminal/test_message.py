import orjson

from app.answers.as_json import json_text
from app.client.events import event_of
from app.client.messages import Event
from app.terminal.message import message_of
from tests.unit.terminal.told import START, price


def test_a_message_reads_back_as_the_event_that_it_was_made_of() -> None:
    event = price("1192.70")
    assert event_of(json_text(message_of(event))) == event


def test_a_payload_that_this_program_does_not_know_stays_as_it_is() -> None:
    fields = {"symbol": "SPX", "mood": "odd"}
    event = Event(7, "moods:SPX", 1, "mood_update", START, START, "feed", "id", fields)
    told = orjson.loads(json_text(message_of(event)))
    assert (told["payload"], told["type"], told["position"]) == (fields, "mood_update", 7)
    assert told["occurred_at"] == "2008-09-15T21:00:00.000000Z"
