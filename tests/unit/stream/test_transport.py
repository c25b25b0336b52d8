"""Frames once: the text of an event is made on first use and shared."""

import pytest
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.protocol import OPEN
from websockets.uri import parse_uri

from app.stream import transport
from app.stream.transport import FrameCache, Frames, frame, frames_of, present_text
from events.envelope import RecordedEvent
from events.messages import event_text, text_with
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
    assert first == text_with(LOG[0], event_text)
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


# --- frames -------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65_535, 65_536, 70_000])
def test_a_frame_is_what_a_websocket_library_reads(size: int) -> None:
    text = ("\N{SNOWMAN}" + "x" * size)[:size]
    reader = ClientProtocol(parse_uri("ws://localhost/"), state=OPEN, max_size=None)
    reader.receive_data(frame(text))
    (read,) = reader.events_received()
    assert isinstance(read, Frame)
    assert (read.opcode, read.fin, bytes(read.data).decode()) == (Opcode.TEXT, True, text)


def test_frames_hold_every_message_once_in_order() -> None:
    events = [text_with(event, event_text) for event in LOG[:3]]
    frames = Frames(events)
    assert frames.data == b"".join(frame(event.text) for event in events) == frames_of(events)
    assert frames.data is frames.data
    assert frames.texts == [event.text for event in events]


def test_a_control_message_is_a_frame_of_its_own() -> None:
    frames = Frames(control='{"type":"heartbeat"}')
    assert frames.texts == ['{"type":"heartbeat"}']
    assert frames.data == frame('{"type":"heartbeat"}')
