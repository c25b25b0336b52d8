"""What the server says, read: typed where it is known, plain where it is not, refused where it is none."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from app.client.errors import BrokenStream
from app.client.messages import Event, Heartbeat, read_message
from app.stream.protocol import CaughtUpPayload
from events.catalog import PriceUpdate

TIME = "2026-01-16T12:00:00.000000Z"
PRICE: dict[str, Any] = {
    "timestamp": TIME,
    "symbol": "SPX",
    "price": "1229.230",
    "open": None,
    "high": None,
    "low": None,
    "volume": None,
    "bar_s": None,
    "corrects": None,
}


def event_message(kind: str = "price_update", payload: Any = PRICE, **more: Any) -> str:
    envelope = {
        "msg_id": "0190",
        "type": kind,
        "payload": payload,
        "direction": "s2c",
        "timestamp": "2026-01-16T12:00:01.000000Z",
        "position": 7,
        "stream": "prices:SPX",
        "version": 3,
        "occurred_at": TIME,
        "source": "api",
    }
    return json.dumps({**envelope, **more})


def control_message(kind: str, payload: Any, **more: Any) -> str:
    envelope = {"msg_id": "1", "type": kind, "payload": payload, "direction": "s2c"}
    return json.dumps({**envelope, "timestamp": TIME, **more})


def read_event(text: str) -> Event:
    event = read_message(text)
    assert isinstance(event, Event)
    return event


def test_an_event_is_typed() -> None:
    moment = datetime(2026, 1, 16, 12, tzinfo=UTC)
    event = read_event(event_message())
    assert event == Event(
        position=7,
        stream="prices:SPX",
        version=3,
        type="price_update",
        occurred_at=moment,
        recorded_at=moment.replace(second=1),
        source="api",
        msg_id="0190",
        payload=PriceUpdate.model_validate_json(json.dumps(PRICE)),
    )
    assert isinstance(event.payload, PriceUpdate)
    assert event.payload.price == Decimal("1229.230")


def test_fields_that_a_newer_server_adds_are_ignored() -> None:
    newer = event_message(payload={**PRICE, "exchange": "X"}, trace={"id": 1})
    assert read_event(newer) == read_event(event_message())
    beat = {"head": 4, "server_time": TIME, "channels": {"moods": 4}, "load": 0.5}
    assert read_message(control_message("heartbeat", beat, node="n1")) == Heartbeat(head=4)


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        ("mood_update", {"mood": "fine", "timestamp": TIME}),
        ("price_update", {**PRICE, "price": {"bid": "1", "ask": "2"}}),
    ],
)
def test_a_payload_that_the_catalogue_cannot_read_comes_plain(kind: str, payload: Any) -> None:
    event = read_event(event_message(kind, payload))
    assert (event.type, event.payload, event.position) == (kind, payload, 7)


def test_a_source_that_is_new_is_no_error() -> None:
    assert read_event(event_message(source="satellite")).source == "satellite"


def test_control_messages_are_typed_and_unknown_ones_are_nothing() -> None:
    said = control_message("caught_up", {"request_msg_id": "r", "position": 3})
    assert read_message(said) == CaughtUpPayload(request_msg_id="r", position=3)
    assert read_message(control_message("weather", {"sky": "blue"})) is None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "is not JSON"),
        ("[1]", "has no type"),
        ('{"type": 1}', "has no type"),
        (event_message(version="3"), "version"),
        (event_message(payload=[]), "payload"),
        (event_message(occurred_at="yesterday"), "occurred_at"),
        (control_message("caught_up", {"position": 3}), "payload.request_msg_id"),
        (b"\xff\xfe", "is not JSON"),
    ],
)
def test_what_is_no_message_is_an_error_that_says_why(text: str | bytes, problem: str) -> None:
    with pytest.raises(BrokenStream, match=problem):
        read_message(text)
