"""What clients say, and an in-memory wire that says it."""

import asyncio
import json
from collections import Counter, deque
from collections.abc import Sequence
from typing import Any

from app.metrics import Way
from app.stream.close_codes import CLOSED_WITHOUT_A_WORD
from app.stream.transport import ClientGone, Frames
from events.messages import EventText

TIMESTAMP = "2026-01-16T12:00:00Z"


def message(kind: str, payload: dict[str, Any], msg_id: object = "m1", **envelope: Any) -> str:
    """One message of a client, as text."""
    return json.dumps(
        {
            "msg_id": msg_id,
            "type": kind,
            "payload": payload,
            "direction": "c2s",
            "timestamp": TIMESTAMP,
            **envelope,
        }
    )


def subscribe(*channels: str, msg_id: str = "s1", **payload: Any) -> str:
    """A subscribe; all prices if no channel is named."""
    return message("subscribe", {"channels": list(channels or ["prices"]), **payload}, msg_id)


def unsubscribe(*channels: str, msg_id: str = "u1", **payload: Any) -> str:
    """An unsubscribe."""
    return message("unsubscribe", {"channels": list(channels), **payload}, msg_id)


def ping(msg_id: str = "p1") -> str:
    """A ping."""
    return message("ping", {}, msg_id)


class Wire:
    """A client's wire in memory: the test plays the client.

    Attributes:
        texts: what the server sent.
        closed: the close code and reason, once the server said goodbye.
    """

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._kinds: Counter[str] = Counter()
        self._counted = 0
        self.closed: tuple[int, str] | None = None
        self.way, self.address, self.close_code = Way.WS, "192.0.2.1", CLOSED_WITHOUT_A_WORD
        self._said: deque[str | bytes | None] = deque()
        self._heard = asyncio.Event()
        self._changed = asyncio.Event()
        self._readable = asyncio.Event()
        self._readable.set()
        self._gone = False

    # --- the client's side ---

    def say(self, *texts: str | bytes) -> None:
        """Send messages to the server."""
        self._said.extend(texts)
        self._heard.set()

    def leave(self) -> None:
        """End the connection."""
        self._gone = True
        self._said.append(None)
        self._heard.set()
        self._readable.set()

    def stop_reading(self) -> None:
        """Let the server's next write wait."""
        self._readable.clear()

    def read_again(self) -> None:
        """Let the server go on."""
        self._readable.set()

    @property
    def messages(self) -> list[dict[str, Any]]:
        """What the server sent, parsed."""
        return [json.loads(text) for text in self.texts]

    def types(self) -> list[str]:
        """The types of what the server sent."""
        return [one["type"] for one in self.messages]

    def positions(self, channel: str = "") -> list[int]:
        """The positions of the events that it sent, of one channel if it is named."""
        return [
            one["position"]
            for one in self.messages
            if "position" in one and one["stream"].startswith(channel)
        ]

    async def until(self, kind: str, count: int = 1) -> None:
        """Until the server has sent so many messages of a type."""
        while self._count(kind) < count:
            self._changed.clear()
            await asyncio.wait_for(self._changed.wait(), 5)

    def _count(self, kind: str) -> int:
        # Each text is parsed once, however often it is asked: some tests wait for thousands.
        self._kinds.update(json.loads(text)["type"] for text in self.texts[self._counted :])
        self._counted = len(self.texts)
        return self._kinds[kind]

    async def until_position(self, position: int) -> None:
        """Until the server has sent the event at a position."""
        while position not in self.positions():
            self._changed.clear()
            await asyncio.wait_for(self._changed.wait(), 5)

    # --- the server's side ---

    async def receive(self) -> str | bytes | None:
        """The next message of the client; None when it has gone."""
        while not self._said:
            self._heard.clear()
            await self._heard.wait()
        return self._said.popleft()

    async def send(self, text: str) -> None:
        """Write one message; waits while the client does not read."""
        await self._readable.wait()
        if self._gone:
            raise ClientGone
        self.texts.append(text)
        self._changed.set()

    async def send_events(self, events: Sequence[EventText]) -> None:
        """Write the messages of these events; waits while the client does not read."""
        for event in events:
            await self.send(event.text)

    def offer(self, frames: Frames) -> bool:
        """Write prepared messages, if the client reads."""
        if not self._readable.is_set():
            return False
        if not self._gone:
            self.texts += frames.texts
            self._changed.set()
        return True

    @property
    def messages_sent(self) -> int:
        """How many messages the server sent."""
        return len(self.texts)

    @property
    def bytes_sent(self) -> int:
        """Bytes of what the server sent."""
        return sum(map(len, self.texts))

    async def close(self, code: int, reason: str) -> None:
        """Say goodbye with a close code."""
        self.closed = (code, reason)
        self._changed.set()
