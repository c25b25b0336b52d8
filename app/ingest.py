"""`TickIngest`: ticks to events. The one place that decides and appends, for every way in."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from app.market.decide import (
    Command,
    RecordedPrice,
    RecordPrice,
    RepeatRegime,
    decide,
    expected_versions,
    price_event_id,
)
from app.market.state import MarketState, evolve, initial, is_late
from app.market.ticks import PriceTick
from events.catalog import Channel, PriceUpdate
from events.clock import uuid7
from events.codec import decode
from events.envelope import Appended, Idempotency, NewEvent, RecordedEvent
from events.errors import VersionConflict
from events.log import EventLog
from events.scalars import to_micros
from events.selection import Selection
from events.store import ReadQuery

DECISIONS_MAX: Final = 20
"""How often a batch is decided again after another writer was first, before the conflict is raised."""

_PRICES: Final = Selection.of([Channel.PRICES])
_FOLD_PAGE: Final = 2_000


@dataclass(frozen=True, slots=True)
class Ingested:
    """What became of a batch of ticks.

    Attributes:
        positions: the first and last position that it took; None if nothing was recorded.
        events: how many events were recorded.
        duplicates: how many of the ticks had been recorded before.
    """

    positions: tuple[int, int] | None
    events: int
    duplicates: int


@dataclass(slots=True)
class _Batch:
    """What a batch of ticks leads to, decided on one state."""

    state: MarketState
    events: list[NewEvent]
    expected: dict[str, int]
    ids: set[UUID]
    prices: dict[tuple[str, datetime], RecordedPrice]
    duplicates: int = 0

    def add(self, event: NewEvent) -> None:
        """Add one event, and what it changes."""
        self.events.append(event)
        self.ids.add(event.event_id)
        self.state = evolve(self.state, event.payload)
        if isinstance(price := event.payload, PriceUpdate):
            recorded = RecordedPrice(event.event_id, price.price)
            self.prices[price.symbol, price.timestamp] = recorded


class TickIngest:
    """Holds the decider's state, which is the fold of the log's prices, and nothing else."""

    def __init__(self, log: EventLog) -> None:
        """Use `TickIngest.open`."""
        self._log = log
        self._state = initial()
        self._position = 0
        self._deciding = asyncio.Lock()

    @classmethod
    async def open(cls, log: EventLog) -> "TickIngest":
        """Begin with the fold of what the log holds."""
        ingest = cls(log)
        await ingest._catch_up()
        return ingest

    @property
    def state(self) -> MarketState:
        """The decider's state."""
        return self._state

    async def record(
        self, ticks: Sequence[PriceTick], source: str, idempotency: Idempotency | None = None
    ) -> Ingested:
        """Record ticks and all that they cause, in one append, all or nothing.

        Raises:
            IdempotencyConflict: the key came before with other ticks.
            VersionConflict: other writers were first `DECISIONS_MAX` times.
            StoreUnavailable: nothing was acknowledged; try again later.
        """
        async with self._deciding:
            for attempt in range(1, DECISIONS_MAX + 1):
                batch = await self._decide(ticks, source)
                try:
                    return await self._append(batch, idempotency)
                except VersionConflict:
                    if attempt == DECISIONS_MAX:
                        raise
                    await self._catch_up()
        raise AssertionError("unreachable")

    async def repeat_regime(self, symbol: str, source: str) -> None:
        """Broadcast the last final regime of a symbol again, changed or not."""
        async with self._deciding:
            command = RepeatRegime(symbol, uuid7(), source)
            events = decide(self._state, command)
            if events:
                await self._log.append(events, expected=expected_versions(self._state, command))

    async def _decide(self, ticks: Sequence[PriceTick], source: str) -> _Batch:
        batch = _Batch(self._state, [], {}, set(), {})
        for tick in ticks:
            command = RecordPrice(tick, source, await self._recorded(batch, tick, source))
            new = decide(batch.state, command)
            self._note_expected(batch, command)
            batch.duplicates += not new
            for event in new:
                batch.add(event)
        return batch

    def _note_expected(self, batch: _Batch, command: Command) -> None:
        # What counts is the version in the log, as it was before this batch touched the stream.
        for stream, version in expected_versions(self._state, command).items():
            batch.expected.setdefault(stream, version)

    async def _recorded(self, batch: _Batch, tick: PriceTick, source: str) -> RecordedPrice | None:
        """What is recorded, or about to be, for the very time of a late tick."""
        if not is_late(batch.state.of(tick.symbol), tick.timestamp):
            return None
        same_tick = price_event_id(tick, source)
        if same_tick in batch.ids or await self._log.store.find([same_tick]):
            return RecordedPrice(same_tick, tick.price)
        if known := batch.prices.get((tick.symbol, tick.timestamp)):
            return known
        return await self._newest_at(tick.symbol, tick.timestamp)

    async def _newest_at(self, symbol: str, at: datetime) -> RecordedPrice | None:
        known = await self._log.store.newest_at(f"{Channel.PRICES}:{symbol}", to_micros(at))
        payload = None if known is None else decode(known)
        if known is None or not isinstance(payload, PriceUpdate):
            return None
        return RecordedPrice(known.event_id, payload.price)

    async def _append(self, batch: _Batch, idempotency: Idempotency | None) -> Ingested:
        if not batch.events and idempotency is None:
            return Ingested(None, 0, batch.duplicates)
        if idempotency is not None:
            idempotency = Idempotency(
                idempotency.key, idempotency.fingerprint, str(batch.duplicates)
            )
        appended = await self._log.append(
            batch.events, expected=batch.expected, idempotency=idempotency
        )
        if len(appended.events) == len(batch.events):
            self._state = batch.state
        else:
            # Some ids were recorded before (a price that returned to an earlier one): fold what is new.
            self._fold(appended.events)
        return _ingested(appended, batch.duplicates)

    async def _catch_up(self) -> None:
        query = ReadQuery(after=self._position, selection=_PRICES, limit=_FOLD_PAGE)
        async for event in self._log.stream(query):
            self._fold([event])
            self._position = event.position

    def _fold(self, events: Sequence[RecordedEvent]) -> None:
        for event in events:
            # Versions are dense, so they tell what this state has folded already.
            if event.channel == Channel.PRICES and self._is_next(event):
                self._state = evolve(self._state, decode(event))

    def _is_next(self, event: RecordedEvent) -> bool:
        return event.version == self._state.of(event.entity).prices_version + 1


def _ingested(appended: Appended, duplicates: int) -> Ingested:
    positions = appended.positions
    if appended.answer is not None:
        duplicates = int(appended.answer)
    elif not appended.events:
        return Ingested(None, 0, duplicates)
    else:
        positions = tuple(event.position for event in appended.events)
    span = (min(positions), max(positions)) if positions else None
    return Ingested(span, len(positions), duplicates)
