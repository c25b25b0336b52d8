"""`TickBatch`: many ticks decided on one after the other, each on the state that those before it left."""

from collections.abc import Iterable, Set
from datetime import datetime
from uuid import UUID

from app.market.commands import RecordedPrice, RecordPrice
from app.market.decide import consider
from app.market.decide_price import price_event_id
from app.market.state import PAPER, MarketState
from app.market.symbol import is_late
from app.market.ticks import PriceTick
from events.catalog import PriceUpdate, TradeExecution
from events.envelope import NewEvent


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
        state: after all of them.
        events: in the order in which they stand in the log.
        reads: every stream that a decision looked at.
        duplicates: how many of the ticks led to nothing, since they were recorded before.
        repeats: how many of the events are known to be recorded.
        prices: how many prices are among the events.
    """

    def __init__(self, state: MarketState, known: RecordedPrices) -> None:
        self.state = state
        self.events: list[NewEvent] = []
        self.reads: set[str] = set()
        self.duplicates = 0
        self.repeats = 0
        self._known = known
        self._looked_at = 0

    def duplicates_after(self, recorded: Set[UUID]) -> int:
        """How many ticks or trades were recorded before, now that it is known what was recorded of them."""
        sent = [event.event_id for event in self.events if _is_sent(event)]
        return self.duplicates + len(sent) - len(set(sent) & recorded)

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
            self.reads.update(decision.reads)
            if decision.events:
                self.events += decision.events
                self.state = decision.state
            else:
                self.duplicates += 1

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
