"""What is below a WebSocket's messages: silence, pings, fragments, compression; each has its limit."""

# covers: app.stream.guarded_socket, app.stream.deadlines

from collections.abc import Iterator

import pytest
from websockets.frames import Frame, Opcode

from app.stream.close_codes import CLOSE_FIRST_MESSAGE, CLOSE_FLOODING
from app.stream.deadlines import (
    FRAGMENTS_MAX,
    PINGS_PER_MINUTE_MAX,
    SLICE_BYTES,
    Deadlines,
)
from tests.integration.guarded import SHORT, UPGRADE, Guarded, guarded, text
from tests.waiting import eventually

PING = Frame(Opcode.PING, b"").serialize(mask=True)
PONG = Frame(Opcode.PONG, b"").serialize(mask=True)
CLOSE = Frame(Opcode.CLOSE, b"\x03\xe8").serialize(mask=True)


@pytest.fixture
def server() -> Iterator[Guarded]:
    """In a hurry for the first message only."""
    with guarded(Deadlines(first_message_s=SHORT.first_message_s)) as running:
        yield running


@pytest.fixture
def hasty() -> Iterator[Guarded]:
    """In a hurry for everything."""
    with guarded(SHORT) as running:
        yield running


@pytest.fixture
def patient() -> Iterator[Guarded]:
    """With the usual deadlines, where none is to run out."""
    with guarded(Deadlines()) as running:
        yield running


@pytest.mark.parametrize(
    "came", [b"", PING, text(b"half of it", fin=False)], ids=["nothing", "ping", "fragment"]
)
def test_who_says_nothing_after_the_handshake_is_closed_with_4408(
    server: Guarded, came: bytes
) -> None:
    assert server.client().upgraded().send(came).close_code() == CLOSE_FIRST_MESSAGE
    eventually(lambda: server.said == [CLOSE_FIRST_MESSAGE])


def test_who_has_spoken_may_be_silent_for_as_long_as_it_likes() -> None:
    with guarded(Deadlines(first_message_s=1)) as server:
        speaker = server.client().upgraded().send(text(b"hello"))
        silent = server.client().upgraded()
        assert silent.close_code() == CLOSE_FIRST_MESSAGE
        speaker.send(text(b"still here"), CLOSE)
        assert speaker.close_code() == 1000
        eventually(lambda: "still here" in server.said)


def test_a_handshake_that_stalls_has_the_deadline_of_headers(hasty: Guarded) -> None:
    assert hasty.client().send(UPGRADE).problem()[0] == 408


def test_a_handshake_with_a_body_that_stalls_is_cut_off(hasty: Guarded) -> None:
    client = hasty.client().send(UPGRADE, b"Content-Length: 10\r\n\r\nab")
    client.rest()
    assert hasty.said == []


@pytest.mark.parametrize("frame", [PING, PONG], ids=["ping", "pong"])
def test_pings_without_end_close_the_connection_with_4429(patient: Guarded, frame: bytes) -> None:
    client = patient.client().upgraded().send(text(b"hello"), frame * (PINGS_PER_MINUTE_MAX + 1))
    assert client.close_code() == CLOSE_FLOODING


def test_a_message_in_too_many_parts_closes_the_connection_with_1009(patient: Guarded) -> None:
    part = Frame(Opcode.CONT, b"a", fin=False).serialize(mask=True)
    client = patient.client().upgraded().send(text(b"a", fin=False), part * FRAGMENTS_MAX)
    assert client.close_code() == 1009


def test_a_message_in_as_many_parts_as_there_may_be_is_whole(patient: Guarded) -> None:
    part = Frame(Opcode.CONT, b"a", fin=False).serialize(mask=True)
    last = Frame(Opcode.CONT, b"z", fin=True).serialize(mask=True)
    client = patient.client().upgraded()
    client.send(text(b"a", fin=False), part * (FRAGMENTS_MAX - 2), last, CLOSE)
    assert client.close_code() == 1000
    eventually(lambda: patient.said == ["a" * (FRAGMENTS_MAX - 1) + "z", 1000])


def test_thousands_of_messages_in_one_write_arrive_all_and_in_order(patient: Guarded) -> None:
    messages = [b"%d" % number for number in range(5 * SLICE_BYTES)]
    client = patient.client().upgraded()
    client.send(*(text(one) for one in messages), CLOSE)
    assert client.close_code() == 1000
    eventually(lambda: bool(patient.said) and patient.said[-1] == 1000)
    assert patient.said[:-1] == [one.decode() for one in messages]


def test_a_message_longer_than_a_slice_is_whole(patient: Guarded) -> None:
    client = patient.client().upgraded().send(text(b"x" * 60_000), CLOSE)
    assert client.close_code() == 1000
    eventually(lambda: patient.said == ["x" * 60_000, 1000])


# --- compression --------------------------------------------------------------------------------


def test_who_offers_compression_does_not_get_it(patient: Guarded) -> None:
    offer = b"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
    answer = patient.client().send(UPGRADE, offer, b"\r\n").until(b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 101")
    assert b"sec-websocket-extensions" not in answer.lower()


def test_a_compressed_frame_closes_the_connection_with_1002(patient: Guarded) -> None:
    bomb = bytearray(text(b"\xf2\x48\xcd\xc9\xc9\x07\x00"))  # "Hello", deflated
    bomb[0] |= 0x40  # RSV1
    assert patient.client().upgraded().send(bytes(bomb)).close_code() == 1002
    eventually(lambda: patient.said == [1002])
