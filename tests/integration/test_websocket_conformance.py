"""RFC 6455 by bare bytes, against the real server: what is taken, what ends the connection, and with which code."""

import json

import pytest

from app.serving import MESSAGE_BYTES_MAX
from tests.integration.raw_socket import ACCEPT, KEY, Op, RawSocket, Said, frame, goodbye, request
from tests.integration.served import Served, message

PROTOCOL_ERROR, NOT_UTF8, TOO_BIG = 1002, 1007, 1009
PING = message("ping").encode()
"""The application's ping: its answer shows that a message arrived whole."""


def of_length(length: int) -> bytes:
    """A ping of the application's that has so many bytes."""
    return PING + b" " * (length - len(PING))


def fragments(*parts: bytes, op: Op = Op.TEXT) -> bytes:
    """One message in so many fragments."""
    last = len(parts) - 1
    return b"".join(
        frame(Op.CONT if number else op, part, fin=number == last)
        for number, part in enumerate(parts)
    )


def kind(said: Said) -> str:
    """What a message of the server's is: its type, of an error the code."""
    assert said.op == Op.TEXT
    told = json.loads(said.payload)
    return str(told["payload"]["code"] if told["type"] == "error" else told["type"])


def still_answers(client: RawSocket) -> bool:
    """Whether the connection lives on."""
    client.say(frame(Op.PING, b"alive?"))
    return client.hear() == (Op.PONG, b"alive?")


# --- what is taken -------------------------------------------------------------------------------

OMEGA = PING.replace(b"m-1", "Ω".encode())
SPLIT = OMEGA.index("Ω".encode()) + 1
TAKEN = {
    **{
        f"a text of {length} bytes": (frame(Op.TEXT, of_length(length)), "pong")
        for length in (125, 126, 127, 65_535, MESSAGE_BYTES_MAX)
    },
    "an empty text": (frame(Op.TEXT), "malformed_json"),
    "an empty binary message": (frame(Op.BINARY), "malformed_json"),
    "a binary message is read like a text": (frame(Op.BINARY, PING), "pong"),
    "a binary message that is no UTF-8": (frame(Op.BINARY, b"\xff"), "malformed_json"),
    "two fragments": (fragments(PING[:9], PING[9:]), "pong"),
    "a fragment for each byte": (fragments(*(bytes([byte]) for byte in PING)), "pong"),
    "fragments of a binary message": (fragments(PING[:9], PING[9:], op=Op.BINARY), "pong"),
    "a character split between fragments": (fragments(OMEGA[:SPLIT], OMEGA[SPLIT:]), "pong"),
    "empty fragments around all of it": (fragments(b"", PING, b""), "pong"),
    "ten thousand empty fragments": (fragments(*[b""] * 10_000, PING), "pong"),
    "fragments of the greatest length": (
        fragments(of_length(MESSAGE_BYTES_MAX - 1), b" "),
        "pong",
    ),
}


@pytest.mark.parametrize("name", TAKEN)
def test_a_message_arrives_whole(served: Served, name: str) -> None:
    said, answer = TAKEN[name]
    with RawSocket(served) as client:
        client.say(said)
        assert kind(client.hear()) == answer
        assert still_answers(client)


@pytest.mark.parametrize("length", [0, 1, 124, 125])
def test_a_ping_is_answered_by_what_it_holds(served: Served, length: int) -> None:
    payload = bytes(range(130, 130 + length))
    with RawSocket(served) as client:
        client.say(frame(Op.PING, payload))
        assert client.hear() == (Op.PONG, payload)


def test_a_pong_that_nobody_asked_for_is_passed_over(served: Served) -> None:
    with RawSocket(served) as client:
        client.say(frame(Op.PONG, b"unasked") + frame(Op.PONG))
        assert still_answers(client)


def test_a_ping_between_fragments_is_answered_at_once(served: Served) -> None:
    with RawSocket(served) as client:
        client.say(frame(Op.TEXT, PING[:9], fin=False) + frame(Op.PING, b"now"))
        assert client.hear() == (Op.PONG, b"now")
        client.say(frame(Op.PONG) + frame(Op.CONT, PING[9:]))
        assert kind(client.hear()) == "pong"


def test_what_comes_byte_by_byte_is_put_together(served: Served) -> None:
    with RawSocket(served) as client:
        client.say_byte_by_byte(frame(Op.PING, b"slow") + fragments(PING[:50], PING[50:]))
        assert client.hear() == (Op.PONG, b"slow")
        assert kind(client.hear()) == "pong"
        client.say_byte_by_byte(goodbye(1000))
        assert client.hear().code == 1000
        assert client.rest() == b""


def test_several_messages_in_one_segment_are_answered_in_order(served: Served) -> None:
    texts = [message("ping", f"number-{number}").encode() for number in range(20)]
    with RawSocket(served) as client:
        client.say(b"".join(frame(Op.TEXT, text) for text in texts))
        told = [json.loads(client.hear().payload)["payload"]["request_msg_id"] for _ in texts]
    assert told == [f"number-{number}" for number in range(20)]


# --- what ends the connection --------------------------------------------------------------------

UNFINISHED = frame(Op.TEXT, PING[:9], fin=False)
HUGE_HEAD = frame(Op.TEXT, b"x" * 65_536)[:2]
BROKEN_TEXTS = {
    "a byte that never occurs": b"\xff",
    "a character that is cut off": b"\xce",
    "an overlong slash": b"\xc0\xaf",
    "a surrogate": b"\xed\xa0\x80",
    "beyond the last character": b"\xf4\x90\x80\x80",
    "a continuation without a start": b"hello \x80",
}
REFUSED = {
    "a frame without a mask": (frame(Op.TEXT, PING, masked=False), PROTOCOL_ERROR),
    "a ping without a mask": (frame(Op.PING, masked=False), PROTOCOL_ERROR),
    **{
        f"the reserved bits {rsv:03b}": (frame(Op.TEXT, PING, rsv=rsv), PROTOCOL_ERROR)
        for rsv in range(1, 8)
    },
    "a reserved bit in a ping": (frame(Op.PING, rsv=4), PROTOCOL_ERROR),
    **{
        f"the reserved opcode {op:X}": (frame(op, b"x"), PROTOCOL_ERROR)
        for op in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)
    },
    "a ping of 126 bytes": (frame(Op.PING, b"x" * 126), PROTOCOL_ERROR),
    "a pong of 126 bytes": (frame(Op.PONG, b"x" * 126), PROTOCOL_ERROR),
    "a goodbye of 126 bytes": (goodbye(1000, b"x" * 124), PROTOCOL_ERROR),
    "a ping in fragments": (frame(Op.PING, b"x", fin=False), PROTOCOL_ERROR),
    "a goodbye in fragments": (frame(Op.CLOSE, fin=False), PROTOCOL_ERROR),
    "a continuation of nothing": (frame(Op.CONT, PING), PROTOCOL_ERROR),
    "a continuation after the end": (fragments(b"{", b"}") + frame(Op.CONT), PROTOCOL_ERROR),
    "a text among fragments": (UNFINISHED + frame(Op.TEXT, PING), PROTOCOL_ERROR),
    # The RFC would let it pass; the library that reads the frames does not, and closes all the same.
    "a goodbye among fragments": (UNFINISHED + goodbye(1000), PROTOCOL_ERROR),
    "a goodbye of one byte": (frame(Op.CLOSE, b"\x03"), PROTOCOL_ERROR),
    **{
        f"a goodbye with the code {code}": (goodbye(code), PROTOCOL_ERROR)
        for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 2_999, 5_000, 65_535)
    },
    "a goodbye whose reason is no UTF-8": (goodbye(1000, b"\xff"), NOT_UTF8),
    **{name: (frame(Op.TEXT, text), NOT_UTF8) for name, text in BROKEN_TEXTS.items()},
    "no UTF-8 over two fragments": (fragments(b"\xce", b"x"), NOT_UTF8),
    "no UTF-8, and goodbye": (frame(Op.TEXT, b"\xff") + goodbye(1000), 1000),
    "a text that is too long": (frame(Op.TEXT, of_length(MESSAGE_BYTES_MAX + 1)), TOO_BIG),
    "fragments that are too long": (
        fragments(of_length(MESSAGE_BYTES_MAX - 1), b"  "),
        TOO_BIG,
    ),
    "2 GiB, announced only": (HUGE_HEAD + (2**31).to_bytes(8, "big") + bytes(4), TOO_BIG),
    "2^64 - 1 bytes, announced only": (HUGE_HEAD + b"\xff" * 8 + bytes(4), TOO_BIG),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_breaks_the_rules_ends_the_connection_with_its_code(
    served: Served, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    said, code = REFUSED[name]
    with RawSocket(served) as client:
        client.say(said)
        heard = client.hear()
        while heard.op == Op.TEXT:  # the answer to what came before
            heard = client.hear()
        assert (heard.op, heard.code) == (Op.CLOSE, code)
        assert client.rest() == b""
    assert not [record for record in caplog.records if record.exc_info], "a traceback a client"


def test_a_message_after_the_goodbye_is_not_answered(served: Served) -> None:
    with RawSocket(served) as client:
        client.say(goodbye(1000) + frame(Op.TEXT, PING) + frame(Op.PING))
        assert client.hear().code == 1000
        assert client.rest() == b""


# --- the end -------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [1000, 1001, 1003, 1007, 1011, 1014, 3000, 3999, 4000, 4999])
def test_a_goodbye_is_returned_with_its_code(served: Served, code: int) -> None:
    with RawSocket(served) as client:
        client.say(goodbye(code, b"because"))
        assert client.hear().code == code
        assert client.rest() == b""


def test_a_goodbye_without_a_code_is_returned_without_one(served: Served) -> None:
    with RawSocket(served) as client:
        client.say(frame(Op.CLOSE))
        assert client.hear() == (Op.CLOSE, b"")
        assert client.rest() == b""


def test_the_longest_reason_of_a_goodbye_is_taken(served: Served) -> None:
    with RawSocket(served) as client:
        client.say(goodbye(1000, "é".encode() * 61 + b"!"))
        assert client.hear().code == 1000


@pytest.mark.parametrize("begun", [b"", PING[:9], UNFINISHED, frame(Op.TEXT, PING)[:5]])
def test_a_client_that_says_no_more_is_let_go(served: Served, begun: bytes) -> None:
    with RawSocket(served) as client:
        client.say(begun)
        client.end()
        client.rest()


# --- the handshake -------------------------------------------------------------------------------


def test_a_handshake_is_answered_by_the_key_that_proves_it(served: Served) -> None:
    with RawSocket(served) as client:
        assert client.status == 101
        assert client.header("Sec-WebSocket-Accept") == ACCEPT
        assert (client.header("Upgrade"), client.header("Connection")) == ("websocket", "Upgrade")
        assert client.header("Sec-WebSocket-Extensions") is None


FINE = {
    "any case": request({"Upgrade": "WebSocket", "Connection": "keep-alive, UPGRADE"}),
    "an extension that is not spoken": request(
        {"Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits"}
    ),
    "an extension that is none": request({"Sec-WebSocket-Extensions": ";;="}),
    "a header that is not ASCII": request({"X-Name": "é"}),
    "many parameters": request(line=f"GET /ws/synapse?{'a=1&' * 1_000} HTTP/1.1"),
}


@pytest.mark.parametrize("name", FINE)
def test_a_handshake_that_is_fine_is_taken(served: Served, name: str) -> None:
    with RawSocket(served, FINE[name]) as client:
        assert client.status == 101
        assert client.header("Sec-WebSocket-Extensions") is None
        assert still_answers(client)


UPGRADE_REFUSED = {
    "an old version": (request({"Sec-WebSocket-Version": "8"}), 426),
    "a version to come": (request({"Sec-WebSocket-Version": "14"}), 426),
    "two versions": (request({"Sec-WebSocket-Version": "13\r\nSec-WebSocket-Version: 8"}), 426),
    "no version": (request({"Sec-WebSocket-Version": None}), 400),
    "no key": (request({"Sec-WebSocket-Key": None}), 400),
    "a short key": (request({"Sec-WebSocket-Key": "YWJj"}), 400),
    "a key that is no base64": (request({"Sec-WebSocket-Key": "!" * 24}), 400),
    "two keys": (request({"Sec-WebSocket-Key": f"{KEY}\r\nSec-WebSocket-Key: {KEY}"}), 400),
    "a protocol that is none": (request({"Sec-WebSocket-Protocol": ",,"}), 400),
    "a POST": (request(line="POST /ws/synapse HTTP/1.1"), 405),
    "a HEAD": (request(line="HEAD /ws/synapse HTTP/1.1"), 405),
    "HTTP/1.0": (request(line="GET /ws/synapse HTTP/1.0"), 400),
    "a body": (request({"Content-Length": "5"}, body="hello"), 400),
    "a body in chunks": (
        request({"Transfer-Encoding": "chunked"}, body="5\r\nhello\r\n0\r\n\r\n"),
        400,
    ),
    "too many headers": (request({f"X-{number}": "1" for number in range(130)}), 431),
    "a header that is too long": (request({"X-Long": "x" * 9_000}), 431),
    "an address that is too long": (request(line=f"GET /ws/{'x' * 9_000} HTTP/1.1"), 414),
    "a header's name with a space": (request({"X Name": "x"}), 400),
    "a control character": (request({"X-Name": "a\x01b"}), 400),
    "another path": (request(line="GET /ws/other HTTP/1.1"), 404),
    "a path that is no UTF-8": (request(line="GET /ws/%ff HTTP/1.1"), 404),
}


@pytest.mark.parametrize("name", UPGRADE_REFUSED)
def test_a_handshake_that_is_wrong_is_answered_and_ended(
    served: Served, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    said, status = UPGRADE_REFUSED[name]
    with RawSocket(served, said) as client:
        assert client.status == status
        assert client.header("Sec-WebSocket-Version") == ("13" if status == 426 else None)
        client.rest()
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


@pytest.mark.parametrize(
    "headers",
    [{"Upgrade": "h2c"}, {"Upgrade": None}, {"Connection": None}, {"Connection": "keep-alive"}],
)
def test_a_request_that_asks_for_no_socket_gets_none(
    served: Served, headers: dict[str, str | None]
) -> None:
    with RawSocket(served, request(headers)) as client:
        assert client.status == 404
