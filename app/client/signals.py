"""What a subscription tells beside its events: how its connection fares."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Connecting:
    """A connection is being opened; `attempt` counts from 0 since the last one that caught up."""

    attempt: int


@dataclass(frozen=True, slots=True)
class CatchingUp:
    """The server confirmed: the past comes. `resumed` if it goes on from a cursor."""

    resumed: bool
    epoch: str
    head: int


@dataclass(frozen=True, slots=True)
class CaughtUp:
    """The past is complete up to `position`: what follows is live."""

    position: int


@dataclass(frozen=True, slots=True)
class Lagging:
    """The client fell behind: delivery goes on from the store, then `CaughtUp` comes again."""

    from_position: int


@dataclass(frozen=True, slots=True)
class Reconnecting:
    """The connection was lost, or never was; the next attempt is in `delay_s` seconds."""

    delay_s: float
    reason: str


@dataclass(frozen=True, slots=True)
class Restarted:
    """The log is in another lifetime: the subscription begins again with its first history."""

    reason: str


Signal = Connecting | CatchingUp | CaughtUp | Lagging | Reconnecting | Restarted
