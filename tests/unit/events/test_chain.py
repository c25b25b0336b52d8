"""The hash chain: any changed byte of any event is found, and so is any changed place."""

import hashlib
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.chain import GENESIS, check_chain, link
from events.envelope import RecordedEvent
from events.errors import BrokenChain, PositionGap
from tests.unit.events.builders import notice, price, recorded, regime

LOG = recorded([price(), regime(), notice(), price("NDX"), notice("again")])
NUMBERS = ("version", "schema_version", "occurred_at_us", "recorded_at_us")
TEXTS = ("stream", "type", "source", "payload_json")
IDS = ("event_id", "correlation_id", "causation_id")


def test_a_whole_log_is_accepted_and_its_end_returned() -> None:
    assert check_chain(GENESIS, 0, LOG) == (LOG[-1].hash, 5)


def test_a_part_is_accepted_after_the_hash_before_it() -> None:
    assert check_chain(LOG[1].hash, 2, LOG[2:]) == (LOG[-1].hash, 5)
    with pytest.raises(BrokenChain):
        check_chain(GENESIS, 2, LOG[2:])


def test_nothing_is_accepted_as_nothing() -> None:
    assert check_chain(GENESIS, 0, []) == (GENESIS, 0)


def test_the_hash_is_the_documented_one() -> None:
    # Worked out by hand from the module's docstring, so that others can verify a log by it.
    event = LOG[0]
    numbers = (event.position, event.version, 1, event.occurred_at_us, event.recorded_at_us)
    content = bytes(32) + b"".join(number.to_bytes(8, "big", signed=True) for number in numbers)
    content += event.event_id.bytes + event.correlation_id.bytes + bytes(16)
    for text in (event.stream, event.type, event.source, event.payload_json):
        content += len(text.encode()).to_bytes(4, "big") + text.encode()
    assert event.hash == hashlib.sha256(content).digest()


def turned(value: object, bit: int) -> Any:
    """A value with one of its bits turned over."""
    if isinstance(value, int):
        return value ^ 1 << bit % 60
    if isinstance(value, UUID) or value is None:
        number = 0 if value is None else value.int
        return UUID(int=number ^ 1 << bit % 128)
    if isinstance(value, bytes):
        raw = bytearray(value)
        raw[bit % len(raw)] ^= 1 << bit % 8
        return bytes(raw)
    text = str(value)
    place = bit % len(text)
    return text[:place] + chr(ord(text[place]) ^ 1 << bit % 7) + text[place + 1 :]


def flipped(event: RecordedEvent, field: str, bit: int) -> RecordedEvent:
    """The event with one bit of one field turned over."""
    changes: dict[str, Any] = {field: turned(getattr(event, field), bit)}
    return event._replace(**changes)


@given(
    st.integers(0, len(LOG) - 1),
    st.sampled_from([*NUMBERS, *TEXTS, *IDS, "hash"]),
    st.integers(0, 10_000),
)
def test_one_flipped_bit_of_any_field_is_found_there(place: int, field: str, bit: int) -> None:
    altered = [*LOG]
    altered[place] = flipped(LOG[place], field, bit)
    with pytest.raises(BrokenChain) as caught:
        check_chain(GENESIS, 0, altered)
    assert caught.value.position == place + 1


def test_text_that_moves_from_one_field_to_the_next_is_found() -> None:
    event = LOG[0]
    moved = event._replace(stream=event.stream + "p", type=event.type[1:])
    assert link(GENESIS, moved) != event.hash


@given(st.integers(0, len(LOG) - 1))
def test_a_left_out_event_is_a_gap_or_a_shorter_log(place: int) -> None:
    left = LOG[:place] + LOG[place + 1 :]
    if place == len(LOG) - 1:
        assert check_chain(GENESIS, 0, left)[1] == len(LOG) - 1
        return
    with pytest.raises(PositionGap) as caught:
        check_chain(GENESIS, 0, left)
    assert (caught.value.expected, caught.value.actual) == (place + 1, place + 2)


def test_swapped_and_repeated_events_are_found() -> None:
    for wrong in ([LOG[1], LOG[0]], [LOG[0], LOG[0]]):
        with pytest.raises(PositionGap):
            check_chain(GENESIS, 0, wrong)


def test_whoever_renumbers_breaks_the_chain() -> None:
    left = [LOG[0], *(event._replace(position=event.position - 1) for event in LOG[2:])]
    with pytest.raises(BrokenChain):
        check_chain(GENESIS, 0, left)
