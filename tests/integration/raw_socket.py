"""A WebSocket client of bare bytes: it says also what no library would say."""

import hashlib
import socket
import struct
from base64 import b64encode
from enum import IntEnum
from typing import Final, NamedTuple, Self

from tests.integration.served import PATIENCE_S, Served

KEY: Final = "dGhlIHNhbXBsZSBub25jZQ=="
ACCEPT: Final = b64encode(
    hashlib.sha1(f"{KEY}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode()).digest()
).decode()
HANDSHAKE: Final = {
    "Host": "127.0.0.1",
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": KEY,
}
_MASK: Final = b"\x37\xfa\x21\x3d"


class Op(IntEnum):
    """The opcodes that there are."""

    CONT, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10


class Said(NamedTuple):
    """A frame of the server's."""

    op: int
    payload: bytes

    @property
    def code(self) -> int | None:
        """The code of a goodbye; None without one."""
        return int.from_bytes(self.payload[:2], "big") if self.payload else None


def frame(  # one argument for each part of a frame
    op: int, payload: bytes = b"", *, fin: bool = True, rsv: int = 0, masked: bool = True
) -> bytes:
    """One frame, right or wrong."""
    first = fin << 7 | rsv << 4 | op
    length, bit = len(payload), masked << 7
    if length < 126:
        head = struct.pack("!BB", first, bit | length)
    elif length < 2**16:
        head = struct.pack("!BBH", first, bit | 126, length)
    else:
        head = struct.pack("!BBQ", first, bit | 127, length)
    if not masked:
        return head + payload
    pad = _MASK * (length // 4 + 1)
    hidden = int.from_bytes(payload, "big") ^ int.from_bytes(pad[:length], "big")
    return head + _MASK + hidden.to_bytes(length, "big")


def goodbye(code: int, reason: bytes = b"") -> bytes:
    """A close frame."""
    return frame(Op.CLOSE, code.to_bytes(2, "big") + reason)


def request(
    headers: dict[str, str | None] | None = None,
    line: str = "GET /ws/synapse HTTP/1.1",
    body: str = "",
) -> bytes:
    """A handshake with some headers otherwise than they should be; None leaves one out."""
    chosen = {**HANDSHAKE, **(headers or {})}
    said = [line, *(f"{name}: {value}" for name, value in chosen.items() if value is not None)]
    return ("\r\n".join(said) + "\r\n\r\n" + body).encode("latin-1")


class RawSocket:
    """One TCP connection; `head` is the server's answer to the handshake."""

    def __init__(self, served: Served, handshake: bytes | None = None) -> None:
        host, port = served.url.removeprefix("http://").split(":")
        self._tcp = socket.create_connection((host, int(port)), PATIENCE_S)
        self._tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._read = b""
        self.say(request() if handshake is None else handshake)
        self.head = self._until(b"\r\n\r\n").decode("latin-1")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._tcp.close()

    @property
    def status(self) -> int:
        """The status of the answer to the handshake."""
        return int(self.head.split(" ", 2)[1])

    def header(self, name: str) -> str | None:
        """A header of that answer."""
        lines = (line.partition(": ") for line in self.head.split("\r\n"))
        return next((value for key, _, value in lines if key.lower() == name.lower()), None)

    def say(self, data: bytes) -> None:
        """Send bytes as they are."""
        self._tcp.sendall(data)

    def say_byte_by_byte(self, data: bytes) -> None:
        """Send each byte in a segment of its own."""
        for byte in data:
            self._tcp.sendall(bytes([byte]))

    def end(self) -> None:
        """Say that nothing more comes, and go on reading."""
        self._tcp.shutdown(socket.SHUT_WR)

    def hear(self) -> Said:
        """The server's next frame, which has to be whole, unmasked and in the shortest form."""
        first, second = self._take(2)
        assert first & 0xF0 == 0x80, "a fragment, or reserved bits"
        length = second
        if length == 126:
            (length,) = struct.unpack("!H", self._take(2))
            assert length > 125
        elif length == 127:
            (length,) = struct.unpack("!Q", self._take(8))
            assert length >= 2**16
        assert length <= 125 or first & 0x0F < Op.CLOSE
        return Said(first & 0x0F, self._take(length))

    def rest(self) -> bytes:
        """All that comes up to the end of the connection."""
        while data := self._received():
            self._read += data
        read, self._read = self._read, b""
        return read

    def _received(self) -> bytes:
        try:
            return self._tcp.recv(65_536)
        except ConnectionResetError:  # what was said after the server's last word was not read
            return b""

    def _take(self, count: int) -> bytes:
        while len(self._read) < count:
            data = self._received()
            assert data, "the connection has ended"
            self._read += data
        taken, self._read = self._read[:count], self._read[count:]
        return taken

    def _until(self, end: bytes) -> bytes:
        while end not in self._read:
            data = self._received()
            assert data, "the connection has ended without an answer"
            self._read += data
        head, _, self._read = self._read.partition(end)
        return head
