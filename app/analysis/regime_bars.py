"""What a log's events say of each closed bar, in the order of the log. Pure.

A *bar* is a final regime update of a detector with a later market time than the one before, and its *close* the
newest price then, as in `app.market.episodes`: a late price, a provisional update and one that was made by hand
are no bars. One of the same time as the bar before is marked `again`: whoever reads has to know what it is.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple, Protocol

from app.market.state import MANUAL
from events.catalog import DetectorStamp, Payload, PriceUpdate, Regime, RegimeUpdate
from events.codec import decode
from events.envelope import RecordedEvent


class Told(Protocol):
    """An event with its payload read: what `app.client` delivers, or `told` makes of a stored one."""

    @property
    def source(self) -> str:
        """Where it came from."""

    @property
    def payload(self) -> Payload | dict[str, Any]:
        """The catalogue's model; anything else is of no interest here."""


class ToldEvent(NamedTuple):
    """A stored event with its payload read."""

    source: str
    payload: Payload | dict[str, Any]


def told(events: Iterable[RecordedEvent]) -> Iterator[Told]:
    """Stored events with their payloads read.

    Raises:
        UnknownEventType, UnreadablePayload: as `events.codec.decode`.
    """
    return (ToldEvent(event.source, decode(event)) for event in events)


class Bar(NamedTuple):
    """A closed bar, and what a detector said of it.

    Attributes:
        at: when it closed, UTC.
        price: its close.
        again: it closed when the one before did: the same update said again, or a tick that stood at the end of
            its bar, alone, before a ready one.
    """

    at: datetime
    price: Decimal
    regime: Regime
    confidence: float
    warming_up: bool
    detector: DetectorStamp
    again: bool = False


@dataclass(slots=True)
class BarFold:
    """The bars of one symbol, found one event after the other."""

    price: Decimal | None = None
    price_at: datetime | None = None
    bar_at: datetime | None = None

    def is_late(self, price: PriceUpdate) -> bool:
        """Whether a price is not newer than the newest, or corrects one: no regime follows from it."""
        return price.corrects is not None or (
            self.price_at is not None and price.timestamp <= self.price_at
        )

    def take_price(self, price: PriceUpdate) -> None:
        """The next price that is not late."""
        self.price, self.price_at = price.price, price.timestamp

    def take_regime(self, update: RegimeUpdate, source: str) -> Bar | None:
        """The bar that an update tells of, if it does."""
        at, price = update.timestamp, self.price
        before = self.bar_at is not None and at < self.bar_at
        if update.provisional or source == MANUAL or before or price is None:
            return None
        again, self.bar_at = at == self.bar_at, at
        said = update.regime, update.confidence, update.warming_up, update.detector
        return Bar(at, price, *said, again)
