"""Frames once: the text of an event is made on first use and shared."""

import pytest

from app.stream import transport
from app.stream.transport import FrameCache, present_text
from events.envelope import RecordedEvent
from events.messages import event_text
from tests.unit.events.builders import price, recorded

LOG = recorded([price(second=number) for number in range(6)])


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The positions of the events whose text was made."""
    positions: list[int] = []

    def counted(event: RecordedEvent) -> str:
        positions.append(event.position)
        return event_text(event)

    monkeypatch.setattr(transport, "event_text", counted)
    return positions


def test_a_text_is_made_once_and_is_the_same_object_for_all(made: list[int]) -> None:
    cache = FrameCache()
    first = cache.text(LOG[0])
    assert cache.text(LOG[0]) is first
    assert first == event_text(LOG[0])
    assert made == [1]


def test_only_so_many_texts_are_kept(made: list[int]) -> None:
    cache = FrameCache(size=2)
    for number in (0, 1, 2, 1, 2, 0):
        cache.text(LOG[number])
    assert made == [1, 2, 3, 1]


def test_a_present_payload_goes_out_as_it_is_stored() -> None:
    odd = LOG[0]._replace(payload_json='{"as":  "stored"}')
    assert '{"as":  "stored"}' in present_text(odd)


def test_an_old_payload_goes_out_at_its_newest_schema(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "is_current", lambda event: False)
    monkeypatch.setattr(transport, "payload_fields", lambda event: {"raised": "to 2"})
    assert '"payload":{"raised":"to 2"}' in present_text(LOG[0])
