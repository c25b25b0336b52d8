"""The history of one request until it is live, as a pure state machine: inputs in, actions out.

    catching_up --(cursor reaches the target)--> live --(the tail no longer holds the cursor)--> catching_up

A driver does the reading: it asks `next_read` what to read from the store, hands the page to `page`, and
sends it. Whatever the driver does, the pages hold each matching event once, in position order, or `page`
raises `PositionGap`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from events.errors import PositionGap
from events.messages import EventText
from events.selection import Selection
from events.store import PAGE_EVENTS, ReadQuery


class Phase(StrEnum):
    """Where a subscription stands."""

    CATCHING_UP = "catching_up"
    LIVE = "live"


@dataclass(frozen=True, slots=True)
class ReadPositions:
    """Read the events at these positions from the store."""

    positions: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class CaughtUp:
    """Tell the subscriber that the history is complete up to this position."""

    position: int


@dataclass(frozen=True, slots=True)
class Lagging:
    """Tell the subscriber that delivery goes on from the store, after this position."""

    from_position: int


Action = CaughtUp | Lagging


class Subscription:
    """One reader following the log.

    Attributes:
        cursor: everything that matches up to here has been delivered.
        phase: catching up or live.
    """

    def __init__(
        self,
        selection: Selection,
        *,
        after: int,
        target: int,
        positions: Sequence[int] = (),
    ) -> None:
        """Begin after a position.

        Args:
            selection: the streams to deliver.
            after: the cursor to begin at.
            target: history reaches to here, usually the head at the moment of subscribing.
            positions: chosen single events to deliver first, rising, none beyond `after`.
        """
        self.selection = selection
        self.cursor = after
        self.phase = Phase.CATCHING_UP
        self._target = max(target, after)
        self._chosen = tuple(positions)
        self._versions: dict[str, int] = {}

    def narrow(self, selection: Selection) -> None:
        """Deliver no more than these streams from now on."""
        self.selection = selection
        if not selection:
            self._chosen = ()

    def retarget(self, position: int) -> None:
        """Ask to catch up to here before going live, if that is further than before."""
        if self.phase is Phase.CATCHING_UP:
            self._target = max(self._target, position)

    def next_read(self) -> ReadQuery | ReadPositions | None:
        """What to read next from the store; None when there is nothing (left) to catch up on."""
        if self.phase is Phase.LIVE or not (self._chosen or self.cursor < self._target):
            return None
        if self._chosen:
            return ReadPositions(self._chosen[:PAGE_EVENTS])
        return ReadQuery(after=self.cursor, upto=self._target, selection=self.selection)

    def page(self, asked: ReadQuery | ReadPositions, events: Sequence[EventText]) -> None:
        """Take what the store answered to `next_read`; all of it is to be sent.

        Raises:
            PositionGap: it is not what was asked for, or leaves out a version of a stream.
        """
        if isinstance(asked, ReadPositions):
            if tuple(event.position for event in events) != asked.positions:
                raise PositionGap("store", asked.positions[0], events[0].position if events else 0)
            self._chosen = self._chosen[len(asked.positions) :]
        else:
            # A full page says nothing about what lies beyond its last event.
            # The target may have moved since this page was asked for, so the page's own bound counts.
            complete = len(events) < asked.limit
            self.cursor = (asked.upto or self._target) if complete else events[-1].position
        self._check_versions(events)

    def arrived(self) -> list[Action]:
        """Go live if everything up to the target has been delivered."""
        if self.phase is Phase.LIVE or self.next_read() is not None:
            return []
        self.phase = Phase.LIVE
        return [CaughtUp(self.cursor)]

    def fell_behind(self, head: int) -> list[Action]:
        """The tail no longer holds the cursor: go back to reading the store, up to `head`."""
        self.phase = Phase.CATCHING_UP
        self._target = max(head, self.cursor)
        return [Lagging(self.cursor)]

    def _check_versions(self, events: Sequence[EventText]) -> None:
        for event in events:
            last = self._versions.get(event.stream)
            if last is not None and event.version != last + 1:
                raise PositionGap(event.stream, last + 1, event.version)
            self._versions[event.stream] = event.version
