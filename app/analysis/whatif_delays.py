"""The bears and crashes of hindsight, and how long each of two regime logs took to say them. Pure.

`docs/hindsight.md` defines the labels. They follow from the closes alone, so both logs have the same ones as long as they have
the same bars.
"""

from datetime import datetime

from app.analysis.hindsight import HindsightRun
from app.analysis.hindsight_symbol import labels_of
from app.analysis.regime_bars import Told
from app.analysis.whatif_result import LabelDelays


class Delays:
    """Takes the events of both logs; keeps some 40 bytes a bar."""

    def __init__(self, since: datetime | None, until: datetime | None) -> None:
        """Labels that overlap this span (inclusive) are told."""
        self._span = (since, until)
        self._recorded, self._other = HindsightRun(), HindsightRun()

    def take_recorded(self, event: Told) -> None:
        """The next event of the recorded log."""
        self._recorded.take(event)

    def take_other(self, event: Told) -> None:
        """The next event of the other one."""
        self._other.take(event)

    def of(self, symbol: str) -> tuple[LabelDelays, ...] | None:
        """A symbol's labels, in the order of their tops; None where the two logs have other bars."""
        ours, theirs = self._recorded.pasts().get(symbol), self._other.pasts().get(symbol)
        if ours is None or theirs is None or ours.at != theirs.at or ours.closes != theirs.closes:
            return None
        pairs = zip(labels_of(ours, *self._span), labels_of(theirs, *self._span), strict=True)
        return tuple(
            LabelDelays(
                label=our.label,
                top_at=our.top_at,
                bottom_at=our.bottom_at,
                fall=our.fall,
                known_at=our.known_at,
                settled=our.settled,
                recorded=our.said,
                other=their.said,
            )
            for our, their in pairs
        )
