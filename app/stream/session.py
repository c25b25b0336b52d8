"""What one connection may say, and what it gets back: a pure machine over several subscriptions.

Every (channel, symbol) pair is held by at most one request. A new request brings its own history while the
live ones go on; once it has read as far as they have, it joins them and shares their cursor. So positions
rise within every request, nothing is sent twice, and all that is live follows one order.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from app.stream.abuse import HangUp, hang_ups
from app.stream.names_held import SYMBOLS_HELD_PER_CLIENT_MAX
from app.stream.protocol import (
    PROTOCOL_VERSION,
    Authenticate,
    CaughtUpPayload,
    Delivery,
    ErrorPayload,
    HistoryAfter,
    LaggingPayload,
    Ping,
    PongPayload,
    RefusedMessage,
    Severity,
    Subscribe,
    SubscriptionConfirmedPayload,
    Unsubscribe,
    UnsubscribedPayload,
    parse_client_message,
    schema_hash,
)
from events.catalog import Channel, Record
from events.envelope import Head
from events.errors import PositionGap
from events.messages import EventText
from events.selection import EMPTY_SELECTION, Selection
from events.store import ReadQuery
from events.subscription import Action as SubscriptionAction
from events.subscription import CaughtUp, Lagging, ReadPositions, Subscription

REQUESTS_MAX: Final = 256
"""Subscribes that one connection may hold; the next one is refused with `too_many_subscriptions`."""


SYMBOLS_HELD_MAX: Final = 10_000
"""Symbols that one connection may name, in all it has subscribed to or unsubscribed from; then one more is
refused with `too_many_symbols`."""


@dataclass(frozen=True, slots=True)
class Say:
    """Send a control message with this payload."""

    payload: Record


@dataclass(frozen=True, slots=True)
class Send:
    """Send these events, in this order."""

    events: tuple[EventText, ...]


@dataclass(frozen=True, slots=True)
class OpenHistory:
    """Find out where the history of this request begins, then call `Session.open`."""

    request: Subscribe


@dataclass(frozen=True, slots=True)
class CheckToken:
    """Check the token that the client sent; hang up if it is wrong."""

    token: str


Effect = Say | Send | OpenHistory | CheckToken | HangUp


@dataclass(frozen=True, slots=True)
class Interest:
    """What is wanted of the live events: all of some streams, and of others the newest only.

    Attributes:
        every: of these streams, every event.
        latest: of these, the newest of each stream and type in a batch.
    """

    every: Selection
    latest: Selection

    @property
    def conflates(self) -> bool:
        """Whether all of it may be conflated, so that one batch should span all that waits."""
        return not self.every

    def chosen(self, events: Sequence[EventText]) -> tuple[EventText, ...]:
        """What of a batch is to be sent."""
        if not self.latest:
            return matching(self.every, events)
        every, latest = self.every.matches, self.latest.matches
        newest = {(event.stream, event.type): event.position for event in events}
        return tuple(
            event
            for event in events
            if every(event.stream)
            or (newest[event.stream, event.type] == event.position and latest(event.stream))
        )

    def left_out(self, events: Sequence[EventText], chosen: Sequence[EventText]) -> int:
        """How many of a batch were not chosen because newer ones replace them."""
        if not self.latest:
            return 0
        every, latest = self.every.matches, self.latest.matches
        return sum(every(one.stream) or latest(one.stream) for one in events) - len(chosen)


def matching(selection: Selection, events: Sequence[EventText]) -> tuple[EventText, ...]:
    """Those of some events that are in a selection; each stream is asked for once."""
    streams = {event.stream for event in events}
    chosen = {stream for stream in streams if selection.matches(stream)}
    if len(chosen) == len(streams):
        return tuple(events)
    return tuple([event for event in events if event.stream in chosen])


@dataclass(slots=True)
class _Held:
    """What one request holds."""

    request_id: str
    selection: Selection
    delivery: Delivery


@dataclass(slots=True)
class Stage:
    """Requests that are catching up together; `fell_behind` if they were live before."""

    requests: list[_Held]
    subscription: Subscription
    fell_behind: bool = False


class Session:
    """The state of one connection.

    Attributes:
        stages: what is catching up.
        cursor: everything live that matches up to here has been sent; None before the first request.
    """

    def __init__(self, heartbeat_s: float) -> None:
        self.stages: list[Stage] = []
        self.cursor: int | None = None
        self._live: list[_Held] = []
        self._held = EMPTY_SELECTION
        # Asked for at every batch that this connection sends itself, and dear where many symbols are named.
        self._interest: Interest | None = None
        self._heartbeat_s = heartbeat_s

    @property
    def held(self) -> Selection:
        """Every pair that this connection holds, live or catching up."""
        return self._held

    def _requests(self) -> list[_Held]:
        return [*self._live, *(held for stage in self.stages for held in stage.requests)]

    @property
    def interest(self) -> Interest:
        """What all that is live wants together."""
        if self._interest is None:
            self._interest = _interest(self._live)
        return self._interest

    # --- what the client says -------------------------------------------------------------------

    @property
    def named(self) -> int:
        """How many symbols this connection names."""
        return max((len(chosen.names) for chosen in self._held.channels.values()), default=0)

    def receive(self, text: str | bytes, room: int = SYMBOLS_HELD_MAX) -> list[Effect]:
        """Take one message of the client, whose connections may name so many symbols more."""
        try:
            message = parse_client_message(text)
        except RefusedMessage as refused:
            return [Say(refused.answer), *hang_ups(refused.answer)]
        match message:
            case Subscribe():
                # First what is cheap: a flood of subscribes is refused here, by the thousand.
                most = len(self._live) + len(self.stages) >= REQUESTS_MAX
                if most or len(self._requests()) >= REQUESTS_MAX:
                    limit = f"a connection holds at most {REQUESTS_MAX} subscriptions"
                    return [_refusal(message, "too_many_subscriptions", limit)]
                return [self.too_many_names(message, room) or OpenHistory(message)]
            case Unsubscribe():
                return [self.too_many_names(message, room) or self._unsubscribe(message)]
            case Ping():
                return [Say(PongPayload(request_msg_id=message.msg_id))]
            case Authenticate():
                return [CheckToken(message.payload.token)]

    def too_many_names(self, request: Subscribe | Unsubscribe, room: int) -> Effect | None:
        """The answer to a request that names more symbols than it may; None for any other."""
        more = len(request.payload.symbols or ())
        if isinstance(request, Unsubscribe) and not self._is_open(request.payload.channels):
            room = more  # what it names is named no longer
        if not more or more <= min(room, SYMBOLS_HELD_MAX - self.named):
            return None
        limit = (
            f"a connection names at most {SYMBOLS_HELD_MAX:,} symbols, all of one client together"
            f" {SYMBOLS_HELD_PER_CLIENT_MAX:,}: leave them out for all"
        )
        return _refusal(request, "too_many_symbols", limit)

    def _is_open(self, channels: Sequence[Channel]) -> bool:
        """Whether all symbols of one of these are held, but for those that were named."""
        held = self._held.channels
        return any(held[channel].all_but for channel in channels if channel in held)

    def refuse(self, request: Subscribe, code: str, message: str) -> Effect:
        """Answer a subscribe that cannot be served: its cursor is of another log, a channel is not for this client."""
        return _refusal(request, code, message)

    def wanted(self, request: Subscribe) -> Selection:
        """The pairs that a subscribe adds to what is held."""
        return Selection.of(request.payload.channels, request.payload.symbols).minus(self.held)

    def open(
        self, request: Subscribe, head: Head, after: int, positions: Sequence[int] = ()
    ) -> Effect:
        """Begin a request's history; returns its confirmation, to be sent first.

        Args:
            request: the subscribe.
            head: the end of the log as of now; history reaches to there.
            after: the cursor to begin at.
            positions: single events to send first, none beyond `after`.
        """
        subscription = Subscription(
            self.wanted(request), after=after, target=head.position, positions=positions
        )
        held = _Held(request.msg_id, subscription.selection, request.payload.delivery)
        self._held = self._held.union(held.selection)
        self.stages.append(Stage([held], subscription))
        return Say(
            SubscriptionConfirmedPayload(
                request_msg_id=request.msg_id,
                channels=request.payload.channels,
                epoch=head.epoch,
                head=head.position,
                resumed=isinstance(request.payload.history, HistoryAfter),
                protocol_version=PROTOCOL_VERSION,
                schema_hash=schema_hash(),
                heartbeat_s=self._heartbeat_s,
            )
        )

    def _unsubscribe(self, request: Unsubscribe) -> Effect:
        dropped = Selection.of(request.payload.channels, request.payload.symbols)
        self._held, self._interest = self._held.minus(dropped), None
        for held in self._live:
            held.selection = held.selection.minus(dropped)
        self._live = [held for held in self._live if held.selection]
        for stage in self.stages:
            stage.subscription.narrow(stage.subscription.selection.minus(dropped))
            for held in stage.requests:
                held.selection = held.selection.minus(dropped)
        return Say(
            UnsubscribedPayload(
                request_msg_id=request.msg_id,
                channels=request.payload.channels,
                symbols=request.payload.symbols,
            )
        )

    # --- what the log says ----------------------------------------------------------------------

    def next_read(self, stage: Stage) -> ReadQuery | ReadPositions | None:
        """What a stage wants to read next from the store."""
        if self.cursor is not None:
            stage.subscription.retarget(self.cursor)
        return stage.subscription.next_read()

    def page(
        self, stage: Stage, asked: ReadQuery | ReadPositions, events: Sequence[EventText]
    ) -> list[Effect]:
        """Take a page that a stage asked for."""
        stage.subscription.page(asked, events)
        if stage.fell_behind:
            return _send(_interest(stage.requests).chosen(events))
        # Between asking and answering, an unsubscribe may have come in.
        return _send(matching(stage.subscription.selection, events))

    def join(self, stage: Stage) -> list[Effect]:
        """Let a stage that has caught up with the live requests join them."""
        reached = stage.subscription.cursor
        # One that is further than they are waits: its cursor would carry them over what they still miss.
        ahead = self.cursor is not None and reached > self.cursor
        if ahead or self.next_read(stage) is not None:
            return []
        self.cursor = reached
        self._live += [held for held in stage.requests if held.selection]
        self._interest = None
        self.stages.remove(stage)
        return _notices(stage, stage.subscription.arrived())

    def tail(self, events: Sequence[EventText]) -> list[Effect]:
        """Take a dense batch of the tail, from right after the cursor; all live requests move together.

        Raises:
            PositionGap: the batch does not follow the cursor.
        """
        next_position = (self.cursor or 0) + 1
        if events[0].position != next_position:
            raise PositionGap("tail", next_position, events[0].position)
        self.cursor = events[-1].position
        return _send(self.interest.chosen(events))

    def fall_behind(self, head: int) -> list[Effect]:
        """The tail no longer holds the cursor: all live requests go back to reading the store."""
        selection = EMPTY_SELECTION
        for held in self._live:
            selection = selection.union(held.selection)
        subscription = Subscription(selection, after=self.cursor or 0, target=head)
        stage = Stage(self._live, subscription, fell_behind=True)
        self.stages.append(stage)
        self._live, self.cursor, self._interest = [], None, None
        return _notices(stage, subscription.fell_behind(head))


def _refusal(request: Subscribe | Unsubscribe, code: str, message: str) -> Effect:
    return Say(
        ErrorPayload(
            severity=Severity.BUSINESS_LOGIC_ERROR,
            code=code,
            message=message,
            request_msg_id=request.msg_id,
            details=[],
        )
    )


def _send(events: tuple[EventText, ...]) -> list[Effect]:
    return [Send(events)] if events else []


def _interest(requests: Sequence[_Held]) -> Interest:
    """What some requests want together."""
    wanted = dict.fromkeys(Delivery, EMPTY_SELECTION)
    for held in requests:
        wanted[held.delivery] = wanted[held.delivery].union(held.selection)
    return Interest(wanted[Delivery.EVERY], wanted[Delivery.LATEST])


def _notices(stage: Stage, actions: Sequence[SubscriptionAction]) -> list[Effect]:
    return [Say(_notice(held.request_id, action)) for action in actions for held in stage.requests]


def _notice(request_id: str, action: CaughtUp | Lagging) -> Record:
    if isinstance(action, CaughtUp):
        return CaughtUpPayload(request_msg_id=request_id, position=action.position)
    return LaggingPayload(request_msg_id=request_id, from_position=action.from_position)
