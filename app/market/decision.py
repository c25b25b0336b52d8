"""What a decision is: its events, the state after them, and what it looked at."""

from typing import NamedTuple

from app.market.state import MarketState, evolve
from events.envelope import NewEvent


class Decision(NamedTuple):
    """What a command leads to.

    Attributes:
        events: in the order in which they stand in the log.
        state: after them.
        reads: the streams that the decision looked at.
    """

    events: tuple[NewEvent, ...]
    state: MarketState
    reads: tuple[str, ...]


def folded(state: MarketState, events: tuple[NewEvent, ...], *reads: str) -> Decision:
    """A decision whose state is the fold of its events."""
    for event in events:
        state = evolve(state, event.payload, event.source)
    return Decision(events, state, reads)
