"""The kinds of subscribers: each one troubles the server in its own way."""

import asyncio
from typing import Any, Final

from app.check.findings import Fault, Finding
from app.check.plan import SLOW_PAUSE_S_MAX, SLOW_READ_MAX, Kind
from app.check.sse import Block, block_faults
from app.check.stage import Stage
from app.check.subscriber import OWN_CHANNELS, Subscriber
from app.check.transcript import loose
from app.check.wire import Payload, SocketWire, SseWire, Wire, message
from events.catalog import Channel

LOOK_S: Final = 0.02
"""How often a late subscriber looks whether it is its turn."""

SSE_SYMBOLS_MAX: Final = 50
"""Symbols that a stream of Server-Sent Events asks for: they stand in its address."""


class Fast(Subscriber):
    """The whole log from the run's beginning."""

    kind = Kind.FAST
    is_timed = True

    def beginning(self) -> dict[str, Any]:
        """Every channel, of everybody."""
        stage = self.stage
        channels = [channel.value for channel in Channel]
        return {"channels": channels, "history": {"after": stage.begin}, "epoch": stage.epoch}


class Reconnecting(Subscriber):
    """Cuts its connection after a random number of events, and resumes."""

    kind = Kind.RECONNECTING

    def __init__(self, stage: Stage, number: int) -> None:
        super().__init__(stage, number)
        self._left = self._next()

    def _next(self) -> int:
        # Never after the first event: what was lost before it would then be asked for again.
        return self.chance.randint(2, 2 * self.stage.plan.reconnect_every)

    async def took(self, message: dict[str, Any]) -> bool:  # noqa: ARG002  # any event counts
        """Whether there have been enough."""
        self._left -= 1
        if self._left > 0:
            return False
        self._left = self._next()
        return True


class Late(Subscriber):
    """Comes while the writers write."""

    kind = Kind.LATE

    def __init__(self, stage: Stage, number: int) -> None:
        super().__init__(stage, number)
        pasts = [{"last": stage.plan.late_last}, "none", {"after": stage.begin}, "all"]
        self._history = pasts[(number - 1) % len(pasts)]
        # So late that each stream has more than the last few.
        self._share = self.chance.uniform(0.5 if number % len(pasts) == 1 else 0.1, 0.9)

    async def arrive(self) -> None:
        """Wait for its share of the writing to be done."""
        while self.stage.progress < self._share:  # noqa: ASYNC110  # of a time, or of a count
            await asyncio.sleep(LOOK_S)

    def beginning(self) -> dict[str, Any]:
        """Some of the past."""
        return super().beginning() | {"history": self._history}


class Overlapping(Subscriber):
    """Half of its symbols' prices twice over: with a second subscribe in the middle of the first."""

    kind = Kind.OVERLAPPING

    def __init__(self, stage: Stage, number: int) -> None:
        super().__init__(stage, number)
        self._left = 0

    def beginning(self) -> dict[str, Any]:
        """The prices of all of the run's symbols."""
        return super().beginning() | {"channels": [Channel.PRICES.value]}

    def resumed(self) -> dict[str, Any]:
        """It begins again: two subscribes have no one cursor."""
        self.cursor, self._left = None, self.chance.randint(1, 50)
        return self.beginning()

    async def took(self, message: dict[str, Any]) -> bool:  # noqa: ARG002  # any event counts
        """After some events, the second subscribe."""
        self._left -= 1
        if self._left == 0:
            names = self.stage.plan.names
            half = names[: (len(names) + 1) // 2]
            await self.subscribe({"channels": OWN_CHANNELS, "symbols": half, "history": "all"})
        return False


class Slow(Subscriber):
    """Reads a little at a time while the writers write."""

    kind = Kind.SLOW
    is_prompt = False

    def __init__(self, stage: Stage, number: int) -> None:
        super().__init__(stage, number)
        self._left = 1

    async def open(self, payload: Payload, limit_s: float) -> Wire:  # noqa: ARG002  # asked for afterwards
        """A connection with a small buffer, so that the server notices."""
        return await SocketWire.open(self.stage.plan.url, self.stage.plan.token, limit_s, slow=True)

    async def took(self, message: dict[str, Any]) -> bool:  # noqa: ARG002  # any event counts
        """Now and then it reads nothing for a while."""
        self._left -= 1
        if self._left <= 0 and self.stage.log is None:
            self._left = self.chance.randint(1, SLOW_READ_MAX)
            await asyncio.sleep(self.chance.uniform(0, SLOW_PAUSE_S_MAX))
        return False


class Sse(Reconnecting):
    """Server-Sent Events, broken off and resumed with `Last-Event-ID`."""

    kind = Kind.SSE
    way = "sse"
    can_ask = False

    def beginning(self) -> dict[str, Any]:
        """As much as fits into an address."""
        return super().beginning() | {"symbols": self.stage.plan.names[:SSE_SYMBOLS_MAX]}

    async def open(self, payload: Payload, limit_s: float) -> Wire:
        """The request is the subscribe."""
        self._asked = payload
        return await SseWire.open(self.stage.http, payload, limit_s, self._look)

    def _look(self, block: Block) -> None:
        for told in block_faults(block, loose(block.data), self._confirmed_epoch):
            self.stage.findings.append(Finding(Fault.CLAIM, told, self.seen.name))

    async def confirmed(self, payload: dict[str, Any]) -> None:
        """The server has a name of its own for the one subscribe: that is what was said."""
        self.said[:] = [message("subscribe", self._asked, payload["request_msg_id"])]


OF_KIND: Final[dict[Kind, type[Subscriber]]] = {
    one.kind: one for one in (Fast, Reconnecting, Late, Overlapping, Sse, Slow)
}
