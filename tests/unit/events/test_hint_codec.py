"""Hints as bytes: what goes in comes out, and nothing that was touched comes out at all."""

import hmac
from typing import Any
from uuid import UUID

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.chain import GENESIS, check_chain
from events.envelope import RecordedEvent
from events.hint_codec import (
    FORMAT,
    HINT_BYTES_MAX,
    InvalidHint,
    decode_hint,
    encode_hint,
)
from events.hints import Hint
from tests.unit.events.builders import price, recorded, regime

KEY = b"k" * 32
EVENTS = recorded([price(), regime(), price("IXIC", second=1)])
BODY_AT = 33

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
numbers = st.integers(-(2**63), 2**63 - 1)
events = st.lists(
    st.builds(
        RecordedEvent,
        position=st.integers(1, 2**63 - 1),
        stream=texts,
        version=numbers,
        event_id=st.uuids(),
        type=texts,
        schema_version=numbers,
        occurred_at_us=numbers,
        recorded_at_us=numbers,
        source=texts,
        correlation_id=st.uuids(),
        causation_id=st.none() | st.uuids() | st.just(UUID(int=0)),
        payload_json=texts,
        hash=st.binary(min_size=32, max_size=32),
    ),
    max_size=5,
)


@given(epoch=st.none() | texts, batch=events, key=st.binary(min_size=1, max_size=64))
def test_what_is_told_is_what_is_heard(
    epoch: str | None, batch: list[RecordedEvent], key: bytes
) -> None:
    heard = decode_hint(key, encode_hint(key, epoch, batch))
    assert heard.epoch == epoch
    assert list(heard.events) == batch


def test_the_heard_events_continue_the_chain_as_the_told_ones_do() -> None:
    heard = decode_hint(KEY, encode_hint(KEY, "e", EVENTS)).events
    assert check_chain(GENESIS, 0, heard) == (EVENTS[-1].hash, 3)


@pytest.mark.parametrize("told", [(), EVENTS], ids=["a look", "events"])
def test_no_byte_can_be_changed(told: list[RecordedEvent]) -> None:
    message = encode_hint(KEY, "e", told)
    for at in range(len(message)):
        for bit in (1, 128):
            altered = bytearray(message)
            altered[at] ^= bit
            with pytest.raises(InvalidHint):
                decode_hint(KEY, bytes(altered))


def test_a_message_that_is_cut_or_grows_is_refused() -> None:
    message = encode_hint(KEY, "e", EVENTS)
    for length in range(len(message)):
        with pytest.raises(InvalidHint):
            decode_hint(KEY, message[:length])
    with pytest.raises(InvalidHint):
        decode_hint(KEY, message + b" ")


@given(st.binary(max_size=200))
def test_any_bytes_of_strangers_are_refused(message: bytes) -> None:
    with pytest.raises(InvalidHint):
        decode_hint(KEY, message)


def test_another_logs_key_is_none() -> None:
    with pytest.raises(InvalidHint, match="of another key"):
        decode_hint(KEY, encode_hint(b"o" * 32, "e", EVENTS))


def test_another_format_is_refused_even_where_its_key_is_ours() -> None:
    told = encode_hint(KEY, "e", EVENTS)[BODY_AT:]
    with pytest.raises(InvalidHint, match="of format 2"):
        decode_hint(KEY, sealed(told, 2))


def sealed(body: bytes, number: int = FORMAT) -> bytes:
    """A body as who has the key would send it."""
    return bytes([number]) + hmac.digest(KEY, bytes([number]) + body, "sha256") + body


def columns(**changed: Any) -> bytes:
    """The body of a hint of all the events, some columns of it other ones."""
    epoch, *rest = orjson.loads(encode_hint(KEY, "e", EVENTS)[BODY_AT:])
    named = dict(zip(RecordedEvent._fields, rest, strict=True))
    return orjson.dumps([epoch, *{**named, **changed}.values()])


def test_the_body_that_the_next_test_breaks_is_a_good_one() -> None:
    assert decode_hint(KEY, sealed(columns())) == Hint("e", EVENTS)


IDS = [str(event.event_id) for event in EVENTS]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b"{}",
        b'"e"',
        b"1",
        b"[1]",
        b'["e", []]',
        b'["e", 1]',
        b'["e"' + b",[]" * len(RecordedEvent._fields) + b"]",
        b'["e"' + b",1" * len(RecordedEvent._fields) + b"]",
        b"[" * 2_000,
        columns(position=[1, 2]),
        columns(position=[]),
        columns(position="abc"),
        columns(position={"1": 1, "2": 2, "3": 3}),
        columns(position=[0, 1, 2]),
        columns(position=[1.0, 2.0, 3.0]),
        columns(position=[True, 2, 3]),
        columns(position=[1, 2, 2**63]),
        columns(recorded_at_us=[1, 2, 2**64 - 1]),
        columns(version=["1", "1", "1"]),
        columns(stream=["prices:SPX", None, "prices:IXIC"]),
        columns(payload_json=[{}, {}, {}]),
        columns(event_id=[*IDS[:2], "no id"]),
        columns(event_id=[*IDS[:2], None]),
        columns(correlation_id=[*IDS[:2], 7]),
        columns(causation_id=[*IDS[:2], []]),
        columns(hash="00" * 95),
        columns(hash="00" * 97),
        columns(hash="zz" * 96),
        columns(hash=None),
        columns(hash=["00" * 32] * 3),
    ],
)
def test_what_has_our_key_and_is_no_hint_is_refused_by_the_same_error(body: bytes) -> None:
    with pytest.raises(InvalidHint):
        decode_hint(KEY, sealed(body))


def test_a_batch_that_is_too_long_is_told_as_a_look() -> None:
    told = encode_hint(KEY, "e", EVENTS)
    assert encode_hint(KEY, "e", EVENTS, len(told)) == told
    assert decode_hint(KEY, encode_hint(KEY, "e", EVENTS, len(told) - 1)) == Hint("e", ())
    many = EVENTS * (HINT_BYTES_MAX // len(told) * 2)
    assert decode_hint(KEY, encode_hint(KEY, "e", many)) == Hint("e", ())


def test_the_limit_counts_bytes_and_not_characters() -> None:
    wide = [event._replace(payload_json="€" * (HINT_BYTES_MAX // 2)) for event in EVENTS[:1]]
    assert len(encode_hint(KEY, "e", wide)) < HINT_BYTES_MAX
    assert decode_hint(KEY, encode_hint(KEY, "e", wide)).events == ()


def test_a_message_beyond_the_limit_is_refused_before_it_is_read() -> None:
    with pytest.raises(InvalidHint, match="bytes"):
        decode_hint(KEY, sealed(b" " * HINT_BYTES_MAX + columns()))
