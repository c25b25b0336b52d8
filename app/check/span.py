"""The log as the wire shows it, from one position on: what everybody is measured against. Pure."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from app.check.findings import Fault, Finding

LOG = "log"
"""Who a finding is about when it is about the log itself."""


class Logged(NamedTuple):
    """An event of the log.

    Attributes:
        position, stream, version: its places.
        occurred_at_us: market time.
        text: the message that carries it; every subscriber must get these very characters.
    """

    position: int
    stream: str
    version: int
    occurred_at_us: int
    text: str


class Span:
    """The events of a log after a position, up to its head."""

    def __init__(
        self,
        events: Iterable[Logged],
        *,
        after: int = 0,
        epoch: str | None = None,
        head: int = 0,
    ) -> None:
        """Take events in the order in which the log gave them.

        Args:
            events: all that the log holds after a position.
            after: that position.
            epoch: the log's; None where it does not matter.
            head: what the server said that the log's head is.
        """
        self.events: Sequence[Logged] = list(events)
        self.after = after
        self.epoch = epoch
        self.head = max((event.position for event in self.events), default=after)
        self._told_head = head
        self.by_stream: dict[str, list[Logged]] = {}
        self._at: dict[int, Logged] = {}
        for event in self.events:
            if event.position not in self._at:
                self._at[event.position] = event
                self.by_stream.setdefault(event.stream, []).append(event)

    def at(self, position: object) -> Logged | None:
        """The event at a position, if the log holds one there."""
        return self._at.get(position) if isinstance(position, int) else None

    def newest(self, stream: str, upto: int) -> int:
        """The version of the last event of a stream up to a position; 0 where there is none."""
        of_stream = self.by_stream.get(stream, [])
        found = bisect_right(of_stream, upto, key=lambda event: event.position)
        return of_stream[found - 1].version if found else 0

    def findings(self) -> list[Finding]:
        """What is wrong with the log itself: positions are dense, and so are each stream's versions.

        Where the span begins in the middle of a stream, its first version is taken as it is.
        """
        found: list[Finding] = []
        versions: dict[str, int] = {}
        last = self.after
        for event in self.events:
            if event.position != last + 1:
                told = f"position {event.position} came where {last + 1} belongs"
                found.append(_gap(event, told))
            last = event.position
            whole = self.after == 0 or event.stream in versions
            due = versions.get(event.stream, 0) + 1 if whole else event.version
            if event.version != due:
                told = f"{event.stream} version {event.version} came where {due} belongs"
                found.append(_gap(event, told))
            versions[event.stream] = event.version
        if self._told_head > self.head:
            told = f"the log ends at {self.head}, its head is said to be {self._told_head}"
            found.append(Finding(Fault.GAP, told, LOG))
        return found


def _gap(event: Logged, text: str) -> Finding:
    return Finding(Fault.GAP, text, LOG, event.position, event.stream, event.version)
