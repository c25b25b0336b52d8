"""Made once, written to many: the messages of events, their frames, and the wire that they go out on."""

import struct
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Final, Protocol

import orjson

from app.metrics import Way
from events.codec import is_current, is_readable, payload_fields, raw
from events.envelope import RecordedEvent
from events.errors import UnreadablePayload
from events.messages import EventText, event_text, text_with

FRAMES_KEPT: Final = 10_000
"""Recent messages kept ready; about as many as the log's tail holds."""

_TEXT_FRAME: Final = 0x81
"""A whole text message: FIN and opcode 1 (RFC 6455, 5.2). What a server sends is not masked."""

_pack_16: Final = struct.Struct(">BBH").pack
_pack_64: Final = struct.Struct(">BBQ").pack


def present_text(event: RecordedEvent) -> str:
    """The text of the message that carries an event, at the newest schema of its payload.

    What this program cannot read, because a newer one wrote it, goes out as it is stored: the stream
    never stops.
    """
    if not is_current(event) and is_readable(event):
        with suppress(UnreadablePayload):
            event = event._replace(payload_json=orjson.dumps(payload_fields(event)).decode())
    return event_text(event)


def raw_text(event: RecordedEvent) -> str:
    """The same with the payload as it is stored, through no upcaster, and with its `schema_version`."""
    stored = raw(event)
    text = event_text(event._replace(payload_json=stored.text))
    return f'{text[:-1]},"schema_version":{stored.schema_version}}}'


def frame(text: str) -> bytes:
    """The WebSocket frame of a message."""
    payload = text.encode()
    return _header(len(payload)) + payload


def frames_of(events: Iterable[EventText]) -> bytes:
    """The frames of some events, end to end."""
    parts: list[bytes] = []
    for event in events:
        payload = event.text.encode()
        parts += (_header(len(payload)), payload)
    return b"".join(parts)


@lru_cache(maxsize=4_096)
def _header(size: int) -> bytes:
    """The head of a text frame with so many bytes; messages are of few lengths."""
    if size < 126:
        return bytes((_TEXT_FRAME, size))
    if size < 65_536:
        return _pack_16(_TEXT_FRAME, 126, size)
    return _pack_64(_TEXT_FRAME, 127, size)


class Frames:
    """Messages prepared once for everybody who gets them: as texts, and as the bytes of their frames.

    Attributes:
        events: the events that they carry, in order.
        control: the one control message, where it is one.
        count: how many messages they are.
    """

    __slots__ = ("_data", "control", "count", "events")

    def __init__(self, events: Sequence[EventText] = (), control: str | None = None) -> None:
        """Either some events or one control message."""
        self.events = events
        self.control = control
        self.count = len(events) + (control is not None)
        self._data: bytes | None = None

    @property
    def texts(self) -> list[str]:
        """The messages."""
        texts = [event.text for event in self.events]
        return texts if self.control is None else [*texts, self.control]

    @property
    def data(self) -> bytes:
        """Their frames, end to end; made when they are first asked for."""
        if self._data is None:
            tail = b"" if self.control is None else frame(self.control)
            self._data = frames_of(self.events) + tail
        return self._data


class FrameCache:
    """The messages of the newest events, made on first use by whoever follows the tail."""

    def __init__(self, size: int = FRAMES_KEPT) -> None:
        self._size = size
        self._texts: OrderedDict[int, EventText] = OrderedDict()

    def text(self, event: RecordedEvent) -> EventText:
        """The message that carries this event."""
        text = self._texts.get(event.position)
        if text is None:
            text = self._texts[event.position] = text_with(event, present_text)
            if len(self._texts) > self._size:
                self._texts.popitem(last=False)
        return text

    def texts(self, events: Iterable[RecordedEvent]) -> list[EventText]:
        """The messages that carry these events."""
        return [self.text(event) for event in events]


def size_of(events: Iterable[EventText]) -> int:
    """How long the messages of some events are, together."""
    return sum([len(event.text) for event in events])


class Transport(Protocol):
    """One client's wire, whatever carries it."""

    @property
    def way(self) -> Way:
        """What it is made of."""

    @property
    def address(self) -> str:
        """The address that the client comes from."""

    @property
    def close_code(self) -> int:
        """The code that it was closed with, by either side."""

    @property
    def messages_sent(self) -> int:
        """Messages handed over so far."""

    @property
    def bytes_sent(self) -> int:
        """Bytes of messages handed over so far."""

    async def receive(self) -> str | bytes | None:
        """The next message of the client; None when it has gone."""

    async def send(self, text: str) -> None:
        """Write one control message; waits while the client does not read.

        Raises:
            ClientGone: the client's connection has ended.
        """

    async def send_events(self, events: Sequence[EventText]) -> None:
        """Write the messages of these events in one go; waits while the client does not read.

        Raises:
            ClientGone: the client's connection has ended.
        """

    def offer(self, frames: Frames) -> bool:
        """Write prepared messages without waiting; False, and nothing is written, if the client is behind."""

    async def close(self, code: int, reason: str) -> None:
        """Say goodbye with a close code."""


class ClientGone(Exception):
    """The client's connection has ended."""
