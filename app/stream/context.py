"""What all connections of `/ws/synapse` share."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from app.access.grant import Grant
from app.stream.connection_log import ConnectionRegister
from app.stream.fan_out import FanOut
from app.stream.names_held import NamesHeld
from app.stream.past import PastTurns
from app.stream.protocol import MessageFactory
from app.stream.rate import MESSAGES_PER_MINUTE_MAX
from app.stream.transport import FrameCache
from events.log import EventLog


@dataclass(frozen=True, slots=True)
class StreamContext:
    """What all connections share.

    Attributes:
        grant_of: what a token allows; None for one that is wrong.
        holds: whether a grant still counts.
        past: the turns in which histories are read.
        names: how many symbols each client's connections name.
        messages_per_minute: what one client may send.
        turn: held by whoever has just been listened to.
        refresh: reads again what grants hang on, where it has changed.
    """

    log: EventLog
    frames: FrameCache
    factory: MessageFactory
    heartbeat_s: float
    grant_of: Callable[[str], Grant | None]
    holds: Callable[[Grant], bool]
    fan_out: FanOut
    register: ConnectionRegister
    past: PastTurns = field(default_factory=PastTurns)
    names: NamesHeld = field(default_factory=NamesHeld)
    messages_per_minute: int = MESSAGES_PER_MINUTE_MAX
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    refresh: Callable[[], None] | None = None
