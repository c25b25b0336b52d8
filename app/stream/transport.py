"""Frames once, writes many: the text of an event is made once and shared by every subscriber."""

from collections import OrderedDict
from contextlib import suppress
from typing import Final, Protocol

import orjson

from events.codec import is_current, is_readable, payload_fields, raw
from events.envelope import RecordedEvent
from events.errors import UnreadablePayload
from events.messages import event_text

FRAMES_KEPT: Final = 10_000
"""Recent frames kept ready; about as many as the log's tail holds."""


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


class FrameCache:
    """The texts of the newest events, made on first use."""

    def __init__(self, size: int = FRAMES_KEPT) -> None:
        self._size = size
        self._texts: OrderedDict[int, str] = OrderedDict()

    def text(self, event: RecordedEvent) -> str:
        """The message that carries this event."""
        text = self._texts.get(event.position)
        if text is None:
            text = self._texts[event.position] = present_text(event)
            if len(self._texts) > self._size:
                self._texts.popitem(last=False)
        return text


class Transport(Protocol):
    """One client's wire, whatever carries it."""

    async def receive(self) -> str | bytes | None:
        """The next message of the client; None when it has gone."""

    async def send(self, text: str) -> None:
        """Write one message; waits while the client does not read."""

    async def close(self, code: int, reason: str) -> None:
        """Say goodbye with a close code."""


class ClientGone(Exception):
    """The client's connection has ended."""
