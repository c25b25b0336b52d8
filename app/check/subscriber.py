"""A subscriber: follows the log over one connection after another, and keeps all that it saw."""

from contextlib import suppress
from typing import Any, ClassVar, Final

from app.check.claims import is_resume
from app.check.findings import one_line
from app.check.heartbeats import Listener, Moment
from app.check.history import Connection, Seen
from app.check.plan import UNASKED_MAX, Kind
from app.check.span import Span
from app.check.stage import Patience, Stage
from app.check.transcript import loose
from app.check.wire import Gone, Payload, Refused, SocketWire, Wire, message
from events.catalog import Channel
from events.selection import EMPTY_SELECTION, Selection

SEVERITY_PASSING: Final = "system_error"
"""The severity of an error after which the same subscribe may be taken."""

OWN_CHANNELS: Final = [Channel.PRICES.value, Channel.REGIME.value, Channel.PRICE_ALERTS.value]
"""The channels whose entity is a symbol: what a subscriber to the run's symbols asks for."""


class Subscriber:
    """One subscriber; the classes of `app.check.kinds` say how it behaves.

    Attributes:
        seen: all that it saw.
        said: what it said on the connection that it has.
        cursor: up to where everything has come; None while nothing has.
    """

    kind: ClassVar[Kind]
    is_timed: ClassVar[bool] = False
    """Whether the times at which prices come to it are worth knowing."""
    is_prompt: ClassVar[bool] = True
    """Whether it reads at once, and so gets heartbeats when they are due."""
    way: ClassVar[str] = "socket"
    can_ask: ClassVar[bool] = True
    """Whether it can say something on an open connection, and so be answered last of all."""

    def __init__(self, stage: Stage, number: int) -> None:
        """Subscriber `number`, from 1."""
        self.seen = Seen(f"{self.kind.value} {number}", self.kind.value)
        self.cursor: int | None = None
        self.stage = stage
        self.chance = stage.chance(self.seen.name)
        self._wire: Wire | None = None
        self._subscribes = self._owed_answers = 0
        self._leaving = False
        self._patience = Patience(stage.plan)
        self._confirmed_epoch = stage.epoch
        self.said: list[str] = []
        self._received: list[str] = []
        self._wanted = EMPTY_SELECTION
        self._asked_after = 0

    # --- how it behaves ---------------------------------------------------------------------------

    async def arrive(self) -> None:
        """Wait until it is its turn to come."""

    def beginning(self) -> dict[str, Any]:
        """The first subscribe's payload."""
        symbols = self.stage.plan.names
        return {"channels": OWN_CHANNELS, "symbols": symbols, "history": "all"}

    async def took(self, message: dict[str, Any]) -> bool:  # noqa: ARG002  # for those who mind
        """Called after each event; True breaks the connection off."""
        return False

    async def open(self, payload: Payload, limit_s: float) -> Wire:  # noqa: ARG002  # for a way that asks as it opens
        """A new connection."""
        return await SocketWire.open(self.stage.plan.url, self.stage.plan.token, limit_s)

    # --- following --------------------------------------------------------------------------------

    async def follow(self) -> None:
        """Follow the log until it is told to leave.

        Raises:
            CannotCheck: the server refuses it, or has been away for too long.
        """
        await self.arrive()
        while not self._leaving:
            try:
                await self._connect()
            except Gone as gone:
                if not self._leaving:
                    await self._patience.wait(str(gone))
            except Refused as refused:
                self.seen.refusals.append(str(refused))
                return
            except _Flooded:
                self.seen.flooded = True
                return

    async def leave(self) -> None:
        """Ask for a last answer; when it has come, everything before it has, too."""
        self._leaving = True
        if self._wire is not None:
            try:
                await self._wire.say(message("ping", {}, "goodbye"))
            except Gone:
                return

    def target(self, log: Span, upto: int) -> int:
        """The last position that the log has for it, up to one."""
        payload = self.beginning()
        wanted = Selection.of(payload["channels"], payload.get("symbols"))
        ends = [events[-1].position for s, events in log.by_stream.items() if wanted.matches(s)]
        return min(upto, max(ends, default=0))

    def has_reached(self, target: int) -> bool:
        """Whether it has come as far, with every subscribe caught up; or never will."""
        if self.seen.refusals or self.seen.flooded:
            return True
        is_at_rest = self._wire is not None and self._owed_answers == 0
        return is_at_rest and self.cursor is not None and self.cursor >= target

    def resumed(self) -> dict[str, Any]:
        """The payload of the next connection's subscribe: it goes on from the cursor, if there is one."""
        payload = self.beginning()
        if self.cursor is None:
            return payload
        return payload | {"history": {"after": self.cursor}, "epoch": self._confirmed_epoch}

    async def subscribe(self, payload: Payload) -> None:
        """Send a subscribe."""
        assert self._wire is not None
        chosen = Selection.of(payload["channels"], payload.get("symbols"))
        self._wanted = self._wanted.union(chosen)
        history = payload["history"]
        after = history["after"] if is_resume(history) else 0
        self._asked_after = min(self._asked_after, after) if self.said else after
        self._owed_answers += 1
        self._subscribes += 1
        text = message("subscribe", payload, f"subscribe {self._subscribes}")
        self.said.append(text)
        await self._wire.say(text)

    async def _connect(self) -> None:
        payload = self.resumed()
        wire = await self.open(payload, self._patience.trying())
        self._wanted = EMPTY_SELECTION
        self.said, self._received = [], []
        self.seen.connections.append(Connection(self.said, self._received))
        self.stage.connections += 1
        self._wire, self._owed_answers = wire, 0
        abruptly = True
        try:
            await self.subscribe(payload)
            abruptly = await self._read(wire)
        finally:
            self._wire = None
            self._moment("ended")
            await wire.close(abruptly=abruptly)

    async def _read(self, wire: Wire) -> bool:
        """Read until it leaves or breaks off; returns whether that is to be abrupt."""
        async for raw in wire.texts():
            text = self.stage.keep(raw)
            self._received.append(text)
            self._patience.heard()
            self.stage.heard()
            heard = loose(text)
            if "position" in heard:
                self._event(heard)
                if await self.took(heard):
                    return self.chance.random() < 0.5
            elif heard.get("type") == "pong" and self._leaving:
                return False
            else:
                await self._control(heard)
        return False

    def _event(self, message: dict[str, Any]) -> None:
        self.stage.delivered += 1
        self._refuse_unasked(message)
        if isinstance(position := message["position"], int):
            self._move(position)
        if self.is_timed and message.get("type") == "price_update":
            with suppress(KeyError, TypeError):  # what is wrong with it is the checker's to say
                payload = message["payload"]
                self.stage.arrived(payload["symbol"], payload["timestamp"])

    def _refuse_unasked(self, message: dict[str, Any]) -> None:
        """A server that sends what was not asked for may have very much of it.

        Raises:
            _Flooded: it has been too much.
        """
        stream, position = message.get("stream"), message["position"]
        is_wanted = isinstance(stream, str) and self._wanted.matches(stream)
        if is_wanted and isinstance(position, int) and position > self._asked_after:
            return
        self.seen.unasked += 1
        if self.seen.unasked >= UNASKED_MAX:
            raise _Flooded

    def listener(self) -> Listener:
        """When it was told what, for those who look after heartbeats."""
        return Listener(self.way, self.seen.name, self.seen.moments)

    def _moment(self, kind: str) -> None:
        self.seen.moments.append(Moment(kind, self.stage.clock_s))

    def _move(self, position: int) -> None:
        self.cursor = max(self.cursor or 0, position)

    async def _control(self, message: dict[str, Any]) -> None:
        match message:
            case {"type": "subscription_confirmed", "payload": {"epoch": str(epoch)} as payload}:
                self._confirmed_epoch = epoch
                self._promised(payload.get("heartbeat_s"))
                await self.confirmed(payload)
            case {"type": "caught_up", "payload": {"position": int(position)}}:
                self._owed_answers = max(0, self._owed_answers - 1)
                self._moment("caught_up")
                self._move(position)
            case {"type": "lagging"}:
                self._owed_answers += 1
                self._moment("lagging")
            case {"type": "heartbeat", "payload": {"head": int(head)}}:
                self._moment("heartbeat")
                self._move(head)
            case {"type": "error", "payload": {"code": code, "message": text} as payload}:
                passing = payload.get("severity") == SEVERITY_PASSING
                raise (Gone if passing else Refused)(one_line(f"{code}: {text}"))

    def _promised(self, heartbeat_s: object) -> None:
        if (
            self.stage.heartbeat_s is None
            and isinstance(heartbeat_s, int | float)
            and heartbeat_s > 0
        ):
            self.stage.heartbeat_s = float(heartbeat_s)

    async def confirmed(self, payload: dict[str, Any]) -> None:
        """Called with each confirmation of a subscribe."""


class _Flooded(Exception):
    """The server sends too much that was not asked for."""
