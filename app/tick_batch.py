"""`TickBatch`: many ticks decided on one after the other, each on the state that those before it left."""

from collections.abc import Iterable, Set
from datetime import datetime
from typing import Final
from uuid import UUID

from app.market.commands import RecordedPrice, RecordPrice
from app.market.decide import consider
from app.market.decide_price import price_event_id
from app.market.decision import Decision
from app.market.state import PAPER, MarketState
from app.market.symbol import is_late
from app.market.ticks import PriceTick
from events.catalog import PortfolioUpdate, PriceUpdate, TradeExecution
from events.envelope import NewEvent
from events.errors import InvalidEvent

FIGURES_MAX: Final = 250_000
"""Events in one append, where each position of a portfolio's value counts as one more; some 100 MB."""


class TooMuchAtOnce(InvalidEvent):
    """What was sent leads to more than `FIGURES_MAX`."""

    code = "too_much_at_once"

    def __init__(self) -> None:
        super().__init__(
            f"this leads to more than {FIGURES_MAX} events and positions at once: send it in parts"
        )


class RecordedPrices:
    """What the log holds that late ticks of a batch may repeat or revise.

    Attributes:
        ids: the events of those very ticks that are recorded.
        newest: the newest recorded price at the time of the others, by symbol and time.
    """

    def __init__(self, ids: set[UUID], newest: dict[tuple[str, datetime], RecordedPrice]) -> None:
        self.ids = ids
        self.newest = newest


class TickBatch:
    """What a batch of ticks leads to.

    Attributes:
        base: the state before all of them.
        state: after all of them.
        events: in the order in which they stand in the log.
        reads: every stream that a decision looked at.
        duplicates: how many of the ticks led to nothing, since they were recorded before.
        prices: how many prices are among the events.
    """

    def __init__(self, state: MarketState, known: RecordedPrices | None = None) -> None:
        self.base = state
        self.state = state
        self.events: list[NewEvent] = []
        self.reads: set[str] = set()
        self.duplicates = 0
        self._known = known or RecordedPrices(set(), {})
        self._looked_at = 0
        self._figures = 0

    def duplicates_after(self, recorded: Set[UUID]) -> int:
        """How many ticks or trades were recorded before, now that it is known what was recorded of them."""
        sent = {event.event_id for event in self.events if _is_sent(event)}
        return self.duplicates + len(sent - recorded)

    @property
    def sent(self) -> int:
        """How many of the events are what somebody sent, and not what follows from it."""
        return sum(map(_is_sent, self.events))

    @property
    def prices(self) -> int:
        """How many prices are among the events."""
        return sum(isinstance(event.payload, PriceUpdate) for event in self.events)

    def decide(self, ticks: Iterable[PriceTick], source: str) -> None:
        """Decide on some more ticks."""
        for tick in ticks:
            recorded = None
            if is_late(self.state.of(tick.symbol), tick.timestamp):
                recorded = self._recorded(tick, source)
            decision = consider(self.state, RecordPrice(tick, source, recorded))
            self.take(decision)
            self.duplicates += not decision.events

    def take(self, decision: Decision) -> None:
        """Add what was decided on the state of this batch.

        Raises:
            TooMuchAtOnce: it would be more than `FIGURES_MAX` in one append.
        """
        self.reads.update(decision.reads)
        if decision.events:
            self.events += decision.events
            self.state = decision.state
            self._figures += sum(map(_figures, decision.events))
            if self._figures > FIGURES_MAX:
                raise TooMuchAtOnce

    def _recorded(self, tick: PriceTick, source: str) -> RecordedPrice | None:
        """What is recorded, or about to be, for the very time of a late tick."""
        known = self._known
        for event in self.events[self._looked_at :]:
            if isinstance(price := event.payload, PriceUpdate):
                known.ids.add(event.event_id)
                at = (price.symbol, price.timestamp)
                known.newest[at] = RecordedPrice(event.event_id, price.price)
        self._looked_at = len(self.events)
        same_tick = price_event_id(tick, source)
        if same_tick in known.ids:
            return RecordedPrice(same_tick, tick.price)
        return known.newest.get((tick.symbol, tick.timestamp))


def _is_sent(event: NewEvent) -> bool:
    """Whether an event is what somebody sent, and not what follows from it."""
    if isinstance(event.payload, TradeExecution):
        return event.source != PAPER
    return isinstance(event.payload, PriceUpdate)


def _figures(event: NewEvent) -> int:
    return 1 + len(event.payload.positions) if isinstance(event.payload, PortfolioUpdate) else 1
