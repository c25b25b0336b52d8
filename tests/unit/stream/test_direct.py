"""The direct way to a client: what it writes, when it holds back, and when it takes a peer for dead."""

import asyncio
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from types import SimpleNamespace
from typing import Any, cast

import pytest
from starlette.websockets import WebSocket

from app.stream import direct
from app.stream.direct import (
    DEAD_AFTER_S,
    PING_AFTER_S,
    SEND_BUFFER_BYTES,
    STALLED_AFTER_S,
    WATCH_S,
    WRITE_BUFFER_BYTES,
    DirectProtocol,
    DirectTransport,
    DirectWriter,
)
from app.stream.transport import ClientGone, Frames, frame
from events.messages import EventText

EVENT = EventText(1, "prices:A", 1, "price_update", '{"a":1}')


class Peer:
    """A connection's two lower ends, and a clock: the test says what the peer takes.

    Attributes:
        written: what was handed to the transport.
        waiting: bytes that the peer has not taken yet.
    """

    def __init__(self, handle: Any = None) -> None:
        self.now = 0.0
        self.written: list[bytes] = []
        self.waiting = 0
        self.aborted = False
        self.pings = 0
        self.limits: dict[str, int] = {}
        self.timers: list[tuple[float, Any]] = []
        transport = SimpleNamespace(
            get_extra_info=lambda _name: handle,
            set_write_buffer_limits=self.limits.update,
            get_write_buffer_size=lambda: self.waiting,
            write=self._write,
            abort=self._abort,
        )
        transport.set_write_buffer_limits = lambda **limits: self.limits.update(limits)
        self.protocol = SimpleNamespace(
            transport=transport,
            loop=SimpleNamespace(time=lambda: self.now, call_later=self._call_later),
            writable=asyncio.Event(),
            ping=self._ping,
        )
        self.protocol.writable.set()
        self.writer = DirectWriter(cast(DirectProtocol, self.protocol))
        self.writer.is_open = True  # as after the handshake

    def _write(self, data: bytes) -> None:
        self.written.append(data)

    def _abort(self) -> None:
        self.aborted = True

    def _ping(self) -> None:
        self.pings += 1

    def _call_later(self, delay: float, work: Any) -> Any:
        self.timers.append((self.now + delay, work))
        return SimpleNamespace(cancel=self.timers.clear)

    def let_pass(self, seconds: float) -> None:
        """Let time go by, and the watch look when it is due."""
        end = self.now + seconds
        while self.timers and self.timers[0][0] <= end:
            self.now, work = self.timers.pop(0)
            work()
        self.now = end


@pytest.fixture
def peer() -> Peer:
    return Peer()


@pytest.fixture
def transport(peer: Peer) -> DirectTransport:
    scope: dict[str, Any] = {"type": "websocket", "path": "/", "headers": []}
    nothing: Any = None
    return DirectTransport(WebSocket(scope, nothing, nothing), peer.writer)


async def test_prepared_frames_go_out_as_they_are(transport: DirectTransport, peer: Peer) -> None:
    frames = Frames([EVENT, EVENT])
    assert transport.offer(frames)
    await transport.send("{}")
    await transport.send_events([EVENT])
    assert peer.written == [frames.data, frame("{}"), frame(EVENT.text)]
    assert peer.written[0] is frames.data
    assert transport.bytes_sent == sum(map(len, peer.written))


async def test_a_client_that_does_not_read_is_offered_nothing_and_a_send_waits(
    transport: DirectTransport, peer: Peer
) -> None:
    peer.protocol.writable.clear()
    assert not transport.offer(Frames([EVENT]))
    sending = asyncio.create_task(transport.send("{}"))
    await asyncio.sleep(0)
    assert peer.written == []
    peer.protocol.writable.set()
    await sending
    assert peer.written == [frame("{}")]


async def test_after_a_goodbye_nothing_is_written(transport: DirectTransport, peer: Peer) -> None:
    peer.writer.is_open = False
    assert transport.offer(Frames([EVENT]))
    with pytest.raises(ClientGone):
        await transport.send("{}")
    assert peer.written == []


async def test_a_goodbye_to_a_client_that_does_not_read_cuts_it_off(
    peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(direct, "CLOSE_S_MAX", 0.001)

    async def send(_message: Any) -> None:
        await asyncio.Event().wait()

    scope: dict[str, Any] = {"type": "websocket", "path": "/", "headers": []}
    websocket = WebSocket(scope, cast(Any, None), send)
    websocket.application_state = direct_connected()
    await DirectTransport(websocket, peer.writer).close(4008, "too slow")
    assert peer.aborted


def direct_connected() -> Any:
    from starlette.websockets import WebSocketState

    return WebSocketState.CONNECTED


# --- limits -------------------------------------------------------------------------------------


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        one = socket.create_connection(server.getsockname())
        other, _ = server.accept()
        with one, other:
            yield one, other


def test_a_stalled_client_costs_no_more_than_its_buffers(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    peer = Peer(pair[1])
    granted = pair[1].getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)
    assert granted <= 2 * SEND_BUFFER_BYTES  # Linux doubles what it is asked for
    assert peer.limits == {"high": WRITE_BUFFER_BYTES}


def filled(giver: socket.socket) -> int:
    """Send until the kernel takes no more; returns how much it took."""
    sent = 0
    with suppress(BlockingIOError):
        while True:
            sent += giver.send(bytes(65_536))
    return sent


def test_what_the_kernel_holds_counts_as_not_taken(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    _taker, giver = pair
    giver.setblocking(False)
    peer = Peer(giver)
    peer.writer.bytes_sent = filled(giver)
    patience = time.monotonic() + 10
    while not peer.writer._waiting()[
        1
    ]:  # until its system has acknowledged all that it has room for
        assert time.monotonic() < patience
    peer.writer.begin_watching()
    # It may be a slow reader.
    peer.let_pass(DEAD_AFTER_S + 2 * WATCH_S)
    assert not peer.aborted
    peer.let_pass(STALLED_AFTER_S)
    assert peer.aborted


# --- is anybody there? --------------------------------------------------------------------------


def test_a_peer_that_takes_nothing_and_says_nothing_is_cut_off_in_time(peer: Peer) -> None:
    peer.writer.begin_watching()
    peer.let_pass(100)  # quiet, and nothing waits
    peer.writer.write(bytes(1_000))
    peer.waiting = 1_000
    peer.let_pass(DEAD_AFTER_S - 1)
    assert not peer.aborted
    peer.let_pass(2 * WATCH_S)
    assert peer.aborted


def test_a_dead_peer_is_gone_within_45_seconds_though_nothing_was_to_be_sent(peer: Peer) -> None:
    peer.writer.begin_watching()
    peer.waiting = 0
    died = peer.now
    while not peer.pings:
        peer.let_pass(1)
    peer.waiting = 2  # the ping, which nobody acknowledges
    while not peer.aborted:
        peer.let_pass(1)
    assert peer.now - died <= PING_AFTER_S + DEAD_AFTER_S + 2 * WATCH_S <= 45


def test_a_slow_reader_is_never_cut_off_while_it_still_reads(peer: Peer) -> None:
    peer.writer.begin_watching()
    peer.writer.write(bytes(1_000_000))
    for taken in range(1, 100):
        peer.waiting = 1_000_000 - taken
        peer.let_pass(DEAD_AFTER_S - WATCH_S)
    assert not peer.aborted


def test_who_sends_something_is_alive_though_it_takes_nothing(peer: Peer) -> None:
    peer.writer.begin_watching()
    peer.writer.write(bytes(1_000))
    peer.waiting = 1_000
    for _ in range(10):
        peer.let_pass(DEAD_AFTER_S - WATCH_S)
        peer.writer.heard()
    assert not peer.aborted


def test_a_quiet_connection_is_pinged_and_a_busy_one_is_not(peer: Peer) -> None:
    peer.writer.begin_watching()
    for _ in range(10):
        peer.let_pass(PING_AFTER_S / 2)
        peer.writer.write(b"x")
    assert peer.pings == 0
    peer.let_pass(PING_AFTER_S + WATCH_S)
    assert peer.pings == 1


def test_a_connection_that_has_ended_is_not_looked_at_again(peer: Peer) -> None:
    peer.writer.begin_watching()
    peer.writer.stop_watching()
    peer.waiting = 1
    peer.let_pass(1_000)
    assert not peer.aborted
