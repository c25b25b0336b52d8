"""Where a client is in the log, and the proof that it missed nothing on the way there. Pure.

Positions rise, and every stream's versions follow one another, over any number of connections: what is
asked for after a drop is all that comes after the cursor, so the first connection's proof goes on.
"""

from dataclasses import dataclass

from app.client.errors import EpochChanged, MissedEvents, OutOfOrder
from app.stream.protocol import Delivery, HistoryAfter, HistoryLast, SubscribePayload


@dataclass(frozen=True, slots=True)
class Cursor:
    """What a client keeps to resume: everything that it asked for has come, up to `position`."""

    epoch: str | None
    position: int


class Continuity:
    """The cursor, the version of every stream, and what to ask for next.

    Attributes:
        duplicates: events that came again and were dropped.
    """

    def __init__(self, asked: SubscribePayload) -> None:
        """Begin where a subscribe begins."""
        self._asked = asked
        self.duplicates = 0
        self._begin()

    def _begin(self) -> None:
        history = self._asked.history
        self._versions: dict[str, int] = {}
        self._epoch: str | None = None
        self._position: int | None = None
        self._whole_after: int | None = 0 if history == "all" else None
        """A stream that is first seen beyond this position begins there, with version 1."""
        if isinstance(history, HistoryAfter):
            self._epoch, self._position = self._asked.epoch, history.after
            self._whole_after = 0 if history.after == 0 else None

    @property
    def cursor(self) -> Cursor | None:
        """Where to resume; None while nothing has come that one could resume from."""
        return None if self._position is None else Cursor(self._epoch, self._position)

    @property
    def moved(self) -> bool:
        """Whether the next request is another than the one that this began with."""
        return self.request() != self._asked

    def request(self) -> SubscribePayload:
        """What to subscribe to on the next connection."""
        if self._position is None:
            return self._asked
        history = HistoryAfter(after=self._position)
        return self._asked.model_copy(update={"history": history, "epoch": self._epoch})

    def restart(self) -> None:
        """Forget everything: begin again as at first."""
        self._begin()

    def confirmed(self, epoch: str, head: int) -> None:
        """The server confirmed the request.

        Raises:
            EpochChanged: the cursor is of another lifetime of the log.
        """
        if self._position is None:
            if isinstance(self._asked.history, HistoryLast):
                self._whole_after = head
            elif self._asked.history == "none":
                self._position = head
        elif self._epoch not in {None, epoch}:
            raise EpochChanged(self._epoch, epoch)
        self._epoch = epoch

    def advance(self, position: int) -> None:
        """Everything that was asked for has come, up to this position: `caught_up` or a heartbeat says so."""
        self._position = max(self._position or 0, position)

    def take(self, position: int, stream: str, version: int) -> bool:
        """Take note of an event.

        Returns:
            Whether it is new; one that came before is to be dropped.

        Raises:
            MissedEvents: one of its stream is missing before it.
            OutOfOrder: it should have come before what has come already.
        """
        last = self._versions.get(stream)
        after = self._position or 0
        if position <= after:
            if last is not None and version <= last:
                self.duplicates += 1
                return False
            raise OutOfOrder(stream, version, position, after)
        if last is not None and version <= last:
            raise OutOfOrder(stream, version, position, after)
        expected = self._expected(position, last)
        if expected is not None and version != expected:
            raise MissedEvents(stream, expected, version, position)
        self._versions[stream] = version
        self._position = position
        return True

    def _expected(self, position: int, last: int | None) -> int | None:
        """The version that must be next in a stream; None where any may be."""
        if self._asked.delivery is Delivery.LATEST:
            return None
        if last is not None:
            return last + 1
        begins = self._whole_after is not None and position > self._whole_after
        return 1 if begins else None
