"""A viewer that follows the whole log on one node after another: where one dies, it goes on at the next, with its cursor."""

import asyncio
import random
from collections.abc import Callable, Sequence
from typing import Any, Final

from app.check.history import Connection, Seen
from app.check.transcript import loose
from app.check.wire import Gone, SocketWire, message
from app.client.limits import SILENT_HEARTBEATS
from events.catalog import Channel
from tests.cluster.node import HEARTBEAT_S, TOKEN, Node

EVERYTHING: Final[dict[str, Any]] = {"channels": [channel.value for channel in Channel]}
EPOCH_MISMATCH: Final = "epoch_mismatch"
OPEN_S_MAX: Final = 3.0
SILENCE_S_MAX: Final = SILENT_HEARTBEATS * HEARTBEAT_S + 1.5
RETRY_S: Final = 0.1


class Viewer:
    """Follows until it is told to leave.

    Attributes:
        seen: all that it saw, and said.
        cursor: everything up to here has come; None while nothing has.
        epoch: of the log that it follows.
        heartbeats: how many it has heard.
        losses: why its connections ended.
        before: what it saw in earlier lifetimes of the log, of which it was told that they are over.
    """

    def __init__(
        self, name: str, nodes: Sequence[Node], keep: Callable[[str], str], seed: int
    ) -> None:
        """`nodes`: where it may go, the first one first; `keep` gives the one copy of a text."""
        self.seen = Seen(name, "viewer")
        self.cursor: int | None = None
        self.epoch: str | None = None
        self.heartbeats = 0
        self.losses: list[str] = []
        self.before: list[Seen] = []
        self._nodes = nodes
        self._keep = keep
        self._chance = random.Random(f"{seed} {name}")

    async def follow(self) -> None:
        """Until it is cancelled."""
        node = self._nodes[0]
        while True:
            try:
                await self._connect(node)
            except (Gone, TimeoutError) as lost:
                self.losses.append(f"{node.name}: {str(lost) or 'silence'}")
            node = self._chance.choice(self._nodes)
            await asyncio.sleep(RETRY_S)

    async def _connect(self, node: Node) -> None:
        wire = await SocketWire.open(node.url, TOKEN, OPEN_S_MAX)
        try:
            said: list[str] = []
            received: list[str] = []
            self.seen.connections.append(Connection(said, received))
            said.append(self._subscribe())
            await wire.say(said[0])
            texts = wire.texts()
            while True:
                async with asyncio.timeout(SILENCE_S_MAX):
                    text = self._keep(await anext(texts))
                received.append(text)
                self._heard(loose(text))
        finally:
            await wire.close(abruptly=True)

    def _subscribe(self) -> str:
        if self.cursor is None:
            payload = EVERYTHING | {"history": "all"}
        else:
            payload = EVERYTHING | {"history": {"after": self.cursor}, "epoch": self.epoch}
        return message("subscribe", payload, f"subscribe {len(self.seen.connections)}")

    def _heard(self, said: dict[str, Any]) -> None:
        match said:
            case {"position": int(position)} | {
                "type": "caught_up",
                "payload": {"position": int(position)},
            }:
                self.cursor = max(self.cursor or 0, position)
            case {"type": "heartbeat", "payload": {"head": int(head)}}:
                self.heartbeats += 1
                self.cursor = max(self.cursor or 0, head)
            case {"type": "subscription_confirmed", "payload": {"epoch": str(epoch)}}:
                self.epoch = epoch
            case {"type": "error", "payload": {"code": code, "message": why}}:
                self.seen.refusals.append(f"{code}: {why}")
                if code == EPOCH_MISMATCH:
                    self._begin_again()
                raise Gone(f"{code}: {why}")

    def _begin_again(self) -> None:
        self.before.append(self.seen)
        self.seen = Seen(self.seen.name, "viewer")
        self.cursor, self.epoch = None, None
