"""The viewers' side of the stream's benchmarks: one process that holds every socket, the same for all peers.

It must not be what is measured. So a viewer is a socket in one `epoll`, and what arrives is not taken
apart: each message carries `MARK` exactly once, and the marks in a chunk are counted by `bytes.count`, in
C, however the server framed them. Where a mark is not to be seen (compressed messages), frames are counted.
"""

import resource
import select
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

MARK: Final = b":^^"
"""Stands once in every event message: its symbol begins with `^^`, its stream is named `prices:^^...`."""

MARK_EDGE: Final = frozenset(MARK[:2])
KEY: Final = b"dGhlIHNhbXBsZSBub25jZQ=="
KEY_ACCEPTED: Final = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
)
"""What a server that need not work it out answers to this key."""

NO_MASK: Final = bytes(4)
"""A masking key of zeros leaves the text as it is: clients must mask, and need not spend time on it."""

CHUNK: Final = 1 << 18
CONNECTS_AT_ONCE: Final = 64
PER_ADDRESS: Final = 1_000
"""Viewers of one source address: the server takes 1,024 from each."""

BREATH_S: Final = 0.01
"""Between two looks at the sockets: what has come meanwhile is taken at once, at less cost to the machine."""

OP_TEXT, OP_PING, OP_PONG = 0x1, 0x9, 0xA


class NotDelivered(Exception):
    """Some viewers did not get what they were to get."""


@dataclass(frozen=True, slots=True)
class Door:
    """How a viewer becomes one.

    Attributes:
        path: where the socket is.
        hello: what the viewer with this number sends after the handshake, as WebSocket texts.
        ready: bytes of the server's after which the viewer is in; the end of its handshake by default.
        deflate: offer compression, as browsers do.
        protocol: the subprotocol to offer.
    """

    path: str = "/"
    hello: Callable[[int], Sequence[bytes]] = lambda _number: ()
    ready: bytes = b"\r\n\r\n"
    deflate: bool = False
    protocol: str | None = None

    def request(self) -> bytes:
        """The handshake."""
        lines = [f"GET {self.path} HTTP/1.1", "Host: 127.0.0.1", "Upgrade: websocket"]
        lines += ["Connection: Upgrade", "Sec-WebSocket-Version: 13"]
        lines += [f"Sec-WebSocket-Key: {KEY.decode()}"]
        if self.deflate:
            lines.append("Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits")
        if self.protocol:
            lines.append(f"Sec-WebSocket-Protocol: {self.protocol}")
        return "\r\n".join([*lines, "", ""]).encode()


def client_frame(payload: bytes, opcode: int = OP_TEXT) -> bytes:
    """A client's frame."""
    size = len(payload)
    if size < 126:
        head = bytes((0x80 | opcode, 0x80 | size))
    else:
        head = bytes((0x80 | opcode, 0x80 | 126)) + size.to_bytes(2)
    return head + NO_MASK + payload


def server_frame(payload: bytes) -> bytes:
    """A server's frame: unmasked, so its bytes are the same for every viewer."""
    size = len(payload)
    if size < 126:
        return bytes((0x81, size)) + payload
    return bytes((0x81, 126)) + size.to_bytes(2) + payload


def split_frames(data: bytes) -> tuple[list[tuple[int, bytes]], bytes]:
    """Opcode and payload of each whole frame, and what is left over."""
    frames, at, size = [], 0, len(data)
    while size - at >= 2:
        length, start = data[at + 1] & 0x7F, at + 2
        if length >= 126:
            width = 2 if length == 126 else 8
            length, start = int.from_bytes(data[start : start + width]), start + width
        if start + length > size:
            break
        frames.append((data[at] & 0x0F, data[start : start + length]))
        at = start + length
    return frames, data[at:]


class Viewers:
    """Many viewers of one server."""

    def __init__(self, port: int, door: Door, breath_s: float = BREATH_S) -> None:
        """`breath_s`: the pause between two looks at the sockets."""
        self._port = port
        self._breath_s = breath_s
        self.on_chunk: Callable[[socket.socket, bytearray, int], None] | None = None
        """Sees every chunk, for a protocol whose clients must answer."""
        self._door = door
        self._epoll = select.epoll()
        self._buffer = bytearray(CHUNK)
        self._receive: list[Callable[[bytearray], int]] = []
        self._tails: dict[int, bytes] = {}
        self._rests: dict[int, bytes] = {}
        self._sockets: dict[int, socket.socket] = {}
        self._frozen: list[socket.socket] = []
        self.counts: list[int] = []
        """Events that each viewer got, by file descriptor."""
        self.kept: dict[int, bytearray] | None = None
        """All bytes of each viewer, where they are wanted for a check."""
        self.ended = 0
        """Viewers whose server hung up."""

    def __len__(self) -> int:
        return len(self._sockets)

    # --- coming -------------------------------------------------------------------------------------

    def connect(self, count: int) -> None:
        """Connect so many more and bring each in."""
        raise_open_files()
        first, last = self.held, self.held + count
        for start in range(first, last, CONNECTS_AT_ONCE):
            numbers = range(start, min(start + CONNECTS_AT_ONCE, last))
            for connection in self._bring_in(numbers):
                self._watch(connection)
            # Those that are in already answer pings, as a browser does, however long the others take.
            self._taker()(self._epoll.poll(0))

    def freeze(self, count: int = 1) -> None:
        """Connect viewers that never read."""
        self._frozen += self._bring_in(range(self.held, self.held + count), small=True)

    @property
    def held(self) -> int:
        """Viewers that read, and frozen ones."""
        return len(self._sockets) + len(self._frozen)

    def _bring_in(self, numbers: Sequence[int], *, small: bool = False) -> list[socket.socket]:
        connections = [self._open(number, small=small) for number in numbers]
        heads = []
        for number, connection in zip(numbers, connections, strict=True):
            heads.append(_receive_until(connection, b"\r\n\r\n"))
            for text in self._door.hello(number):
                connection.sendall(client_frame(text))
        for head, connection in zip(heads, connections, strict=True):
            _receive_until(connection, self._door.ready, head)
        return connections

    def _open(self, number: int, *, small: bool) -> socket.socket:
        connection = socket.socket()
        if small:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(60)
        connection.bind((f"127.0.0.{2 + number // PER_ADDRESS}", 0))
        connection.connect(("127.0.0.1", self._port))
        connection.sendall(self._door.request())
        return connection

    def _watch(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        number = connection.fileno()
        missing = number + 1 - len(self.counts)
        self.counts += [0] * missing
        self._receive += [connection.recv_into] * missing
        self._receive[number] = connection.recv_into
        self._sockets[number] = connection
        self._epoll.register(number, select.EPOLLIN)

    def close(self) -> None:
        """Hang up without a word, and without a port that waits."""
        for connection in [*self._sockets.values(), *self._frozen]:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            connection.close()
        self._epoll.close()

    # --- watching -----------------------------------------------------------------------------------

    def keep(self) -> None:
        """From now on keep what arrives."""
        self.kept = {number: bytearray() for number in self._sockets}

    def reset(self) -> None:
        """Count from 0 again."""
        self.counts = [0] * len(self.counts)

    def receive(self, each: int, patience_s: float = 120.0, *, more: bool = True) -> float:
        """Receive until every viewer has `each` more events; the moment of the last one (`time.perf_counter`).

        Args:
            each: events.
            patience_s: how long to wait for them.
            more: False counts what came to the first viewers while the last ones were let in, too.

        Raises:
            NotDelivered: a viewer has too many, was cut off, or has too few after `patience_s`.
        """
        if more:
            self.reset()
        goal, total, until = each * len(self), sum(self.counts), time.perf_counter() + patience_s
        take = self._taker()
        while total < goal:
            total += take(self._epoll.poll(1.0))
            if self.ended or time.perf_counter() > until:
                break
            if total < goal and self._breath_s:
                time.sleep(self._breath_s)
        finished = time.perf_counter()
        self._check(each)
        return finished

    def idle(self, seconds: float) -> int:
        """Read for so long, and answer pings; how many events came."""
        self.reset()
        until, events = time.perf_counter() + seconds, 0
        take = self._taker()
        while (left := until - time.perf_counter()) > 0:
            events += take(self._epoll.poll(left))
        return events

    def arrivals(self, each: int, patience_s: float = 120.0) -> list[list[int]]:
        """The same as `receive`; for every event the moments (CLOCK_MONOTONIC, ns) it reached the viewers."""
        moments: list[list[int]] = [[] for _ in range(each)]
        goal, total, until = each * len(self), 0, time.perf_counter() + patience_s
        self.reset()
        take = self._take_frames if self._door.deflate else self._take
        while total < goal and not self.ended and time.perf_counter() < until:
            for ready in self._epoll.poll(1.0):
                seen = self.counts[ready[0]]
                hits = take([ready])
                if hits:
                    now = time.monotonic_ns()
                    for number in range(seen, min(seen + hits, each)):
                        moments[number].append(now)
                    total += hits
        self._check(each)
        return moments

    def _taker(self) -> Callable[[list[tuple[int, int]]], int]:
        whole = self._door.deflate or self.kept is not None
        return self._take_frames if whole else self._take

    def _check(self, each: int) -> None:
        wrong = [self.counts[number] for number in self._sockets if self.counts[number] != each]
        if self.ended:
            raise NotDelivered(f"the server hung up on {self.ended} viewers")
        if wrong:
            raise NotDelivered(f"{len(wrong)} viewers got {min(wrong)} to {max(wrong)} of {each}")

    def _take(self, ready: list[tuple[int, int]]) -> int:
        """Count the marks in what has come. The hot path: about 1 us a viewer that is ready."""
        buffer, receive, counts, tails = self._buffer, self._receive, self.counts, self._tails
        count, total = buffer.count, 0
        for number, _event in ready:
            size = receive[number](buffer)
            if not size:
                self._gone(number)
                continue
            if self.on_chunk:
                self.on_chunk(self._sockets[number], buffer, size)
            hits = count(MARK, 0, size)
            if tails and number in tails:
                hits += (tails.pop(number) + buffer[: min(2, size)]).count(MARK)
            if buffer[size - 1] in MARK_EDGE:
                tails[number] = bytes(buffer[max(0, size - 2) : size])
            if hits:
                counts[number] += hits
                total += hits
            elif size < 128 and buffer[0] == 0x80 | OP_PING:
                self._pong(number, bytes(buffer[2 : 2 + buffer[1]]))
        return total

    def _take_frames(self, ready: list[tuple[int, int]]) -> int:
        """Count frames that carry a message, compressed or not; control messages of ours do not count."""
        total = 0
        for number, _event in ready:
            size = self._receive[number](self._buffer)
            if not size:
                self._gone(number)
                continue
            data = self._rests.get(number, b"") + self._buffer[:size]
            frames, self._rests[number] = split_frames(data)
            hits = 0
            for opcode, payload in frames:
                if opcode == OP_PING:
                    self._pong(number, payload)
                elif opcode == OP_TEXT and (self._door.deflate or MARK in payload):
                    hits += 1
                    if self.kept is not None:
                        self.kept[number] += payload + b"\n"
            self.counts[number] += hits
            total += hits
        return total

    def _pong(self, number: int, payload: bytes) -> None:
        self._sockets[number].send(client_frame(payload, OP_PONG))

    def _gone(self, number: int) -> None:
        self._epoll.unregister(number)
        self.ended += 1


def _receive_until(connection: socket.socket, mark: bytes, seen: bytes = b"") -> bytes:
    """What came up to and with the mark; `seen` has come already."""
    while mark not in seen:
        try:
            chunk = connection.recv(65_536)
        except OSError as error:
            raise NotDelivered(f"a viewer was not let in: {error}") from error
        if not chunk:
            raise NotDelivered(f"hung up after {seen[:200]!r}")
        seen += chunk
    return seen


def raise_open_files() -> None:
    """As many open files as this process may have."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
