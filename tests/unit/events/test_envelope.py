"""New and recorded events, and what may not become one."""

# covers: events.envelope, events.errors

import inspect
from dataclasses import replace

import pytest

from events import errors
from events.catalog import Payload
from events.envelope import KEY_MAX, Idempotency, NewEvent
from events.errors import EventError, InvalidEvent, UnknownEventType
from tests.unit.events.builders import NOON, new, price, recorded, regime


def test_a_new_event_knows_its_stream_and_market_time() -> None:
    event = new(regime("NDX", second=0))
    assert (event.stream, event.occurred_at) == ("regime:NDX", NOON)


def test_a_recorded_event_knows_its_channel_entity_and_times() -> None:
    event = recorded([price("X:BTC")], now_us=0)[0]
    assert (event.channel, event.entity) == ("prices", "X:BTC")
    assert event.occurred_at == NOON
    assert event.recorded_at.isoformat() == "1970-01-01T00:00:00+00:00"


@pytest.mark.parametrize("source", ["import", "simulated", "api", "manual", "paper", "feed:a-1"])
def test_the_named_sources_are_accepted(source: str) -> None:
    assert replace(new(), source=source).source == source


@pytest.mark.parametrize("source", ["", "feed", "feed:", "feed:A", 'api"', "api\n", "rumour"])
def test_any_other_source_is_refused_where_the_event_is_made(source: str) -> None:
    with pytest.raises(InvalidEvent, match="no source"):
        replace(new(), source=source)


def test_a_payload_that_is_not_in_the_catalogue_is_refused_where_the_event_is_made() -> None:
    class Rumour(Payload):
        pass

    with pytest.raises(UnknownEventType):
        NewEvent(payload=Rumour(timestamp=NOON), event_id=new().event_id, source="api")


def error_classes() -> list[type[EventError]]:
    named = [value for _, value in inspect.getmembers(errors, inspect.isclass)]
    return [value for value in named if issubclass(value, EventError)]


def test_every_error_has_a_code_of_its_own_and_stands_in_the_tree() -> None:
    codes = {each.code for each in error_classes()}
    assert len(codes) == len(error_classes())
    for each in error_classes():
        assert each.__name__ in (errors.__doc__ or "")
        assert each.code.replace("_", "").isalnum()


@pytest.mark.parametrize(
    ("key", "answer"),
    [
        ("", ""),
        ("k" * (KEY_MAX + 1), ""),
        ("\0", ""),
        ("\ud800", ""),
        ("k", "\udfff"),
        ("k", "a\0"),
    ],
)
def test_a_key_or_answer_that_no_store_can_keep_is_refused_where_it_is_made(
    key: str, answer: str
) -> None:
    with pytest.raises(InvalidEvent):
        Idempotency(key, b"", answer)
    assert Idempotency("k" * KEY_MAX, b"", "\N{SNOWMAN}").key == "k" * KEY_MAX
