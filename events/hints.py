"""Hints: how processes that share a log tell each other of what they committed, past the database.

A hint may be lost, late, doubled or false: the log is the truth, and a poll stands behind every hint. What is
heard is used only where it continues what is known, position by position and hash by hash.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Protocol

from events.envelope import RecordedEvent


class HintKind(StrEnum):
    """By what way processes hear of each other's commits."""

    NATS = "nats"
    NOTIFY = "notify"
    POLL = "poll"


class Hint(NamedTuple):
    """What was heard.

    Attributes:
        epoch: of the log that was written; None where the way cannot carry it.
        events: what was committed, in order; none: look for yourself.
    """

    epoch: str | None = None
    events: Sequence[RecordedEvent] = ()


@dataclass(slots=True)
class HintStatus:
    """How the way fares, since this process started.

    Attributes:
        kind: which way it is.
        connected: whether hints are told and heard now. Without them the log is asked every so often.
        error: why not.
        sent: hints told.
        heard: hints heard.
        refused: what came and was no hint of this log's.
        lost: hints that could not be told, so that others find out by asking.
        reconnects: how often the way was lost and found again.
    """

    kind: HintKind
    connected: bool = False
    error: str | None = None
    sent: int = 0
    heard: int = 0
    refused: int = 0
    lost: int = 0
    reconnects: int = 0


class Hints(Protocol):
    """A way to tell and to hear. None of its methods raises: a way that fails is tried again behind the scenes."""

    @property
    def status(self) -> HintStatus:
        """How it fares."""

    def start(self, heard: Callable[[Hint], None]) -> None:
        """Begin to connect, and call `heard` in the event loop for each hint of another process.

        Whenever the way is found again, `heard(Hint())` is called too: what was told meanwhile is lost.
        """

    def tell(self, epoch: str, events: Sequence[RecordedEvent]) -> None:
        """Tell the others what was committed; returns at once, the sending goes on behind the scenes."""

    async def close(self) -> None:
        """Send what waits, for a short while at most, and let go of the connection."""
