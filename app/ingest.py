"""`TickIngest`: ticks to events. The one place that decides and appends, for every way in."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from app.decider import FOLD_PAGE, Decider
from app.market.decide import (
    Command,
    RecordedPrice,
    RecordPrice,
    RepeatRegime,
    decide,
    expected_versions,
    price_event_id,
)
from app.market.state import MarketState, evolve, is_late
from app.market.ticks import PriceTick
from events.catalog import Channel, PriceUpdate
from events.clock import now_us, uuid7
from events.codec import decode
from events.envelope import Appended, Idempotency, NewEvent, RecordedEvent
from events.errors import InvalidEvent, VersionConflict
from events.log import EventLog
from events.projection import ProjectionStatus
from events.scalars import format_time, from_micros, to_micros
from events.selection import Selection
from events.store import ReadQuery

DECISIONS_MAX: Final = 20
"""How often a batch is decided again after another writer was first, before the conflict is raised."""

TICKS_A_TURN: Final = 250
"""Ticks decided on before others get their turn: a large batch must not silence every connection."""

SINGLE_LOOKUPS_MAX: Final = 20
"""Late times of one symbol looked up one by one; of more than that, the whole span is read at once."""

FUTURE_MAX: Final = timedelta(days=1)
"""How far after the server's clock a price from outside may be dated: enough for a close later today."""

_FROM_OUTSIDE: Final = frozenset({"api", "import"})
"""Whose dates are checked. A feed is the operator's own: it may play any market time."""


class TimestampInTheFuture(InvalidEvent):
    """A price that is dated so far ahead that every price after it would be late, for ever."""

    code = "timestamp_in_the_future"


def refuse_future(ticks: Iterable[PriceTick], clock: Callable[[], int] = now_us) -> int:
    """Look at the date of every tick; returns how many there are.

    Raises:
        TimestampInTheFuture: one is dated more than `FUTURE_MAX` after `clock` (microseconds since 1970).
    """
    now, count = from_micros(clock()), 0
    for count, tick in enumerate(ticks, start=1):
        # So, and not `now + FUTURE_MAX`: a clock may stand at the end of time.
        if tick.timestamp - now > FUTURE_MAX:
            raise TimestampInTheFuture(
                f"price {count} ({tick.symbol}) is dated {format_time(tick.timestamp)}, more than"
                f" {FUTURE_MAX.days * 24} hours after this server's clock, {format_time(now)}"
            )
    return count


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


@dataclass(frozen=True, slots=True)
class _Recorded:
    """What the log holds that late ticks of a batch may repeat or revise.

    Attributes:
        ids: the price events that record one of the ticks already.
        newest: the newest price of a symbol at a time.
    """

    ids: set[UUID]
    newest: dict[tuple[str, datetime], RecordedPrice]


@dataclass(slots=True)
class _Batch:
    """What a batch of ticks leads to, decided on one state."""

    state: MarketState
    events: list[NewEvent]
    expected: dict[str, int]
    ids: set[UUID]
    known: _Recorded
    duplicates: int = 0

    def recorded(self, tick: PriceTick, source: str) -> RecordedPrice | None:
        """What is recorded, or about to be, for the very time of a late tick."""
        if not is_late(self.state.of(tick.symbol), tick.timestamp):
            return None
        same_tick = price_event_id(tick, source)
        if same_tick in self.ids or same_tick in self.known.ids:
            return RecordedPrice(same_tick, tick.price)
        return self.known.newest.get((tick.symbol, tick.timestamp))

    def add(self, event: NewEvent) -> None:
        """Add one event, and what it changes."""
        self.events.append(event)
        self.ids.add(event.event_id)
        self.state = evolve(self.state, event.payload)
        if isinstance(price := event.payload, PriceUpdate):
            recorded = RecordedPrice(event.event_id, price.price)
            self.known.newest[price.symbol, price.timestamp] = recorded


class TickIngest:
    """Decides on ticks, one batch at a time, and appends what follows from them."""

    def __init__(self, log: EventLog, decider: Decider, clock: Callable[[], int]) -> None:
        """Use `TickIngest.open`."""
        self._log = log
        self._decider = decider
        self._clock = clock
        self._deciding = asyncio.Lock()

    @classmethod
    async def open(cls, log: EventLog, clock: Callable[[], int] = now_us) -> "TickIngest":
        """Begin with the fold of what the log holds, from its newest snapshot.

        `clock` gives microseconds since 1970; tests hand in their own.
        """
        return cls(log, await Decider.open(log), clock)

    async def close(self) -> None:
        """Save the decider's state, so that the next start has nothing to fold."""
        async with self._deciding:
            await self._decider.save()

    @property
    def state(self) -> MarketState:
        """The decider's state."""
        return self._decider.state

    @property
    def status(self) -> ProjectionStatus:
        """How the decider's fold fares."""
        return self._decider.status

    async def record(
        self, ticks: Sequence[PriceTick], source: str, idempotency: Idempotency | None = None
    ) -> Ingested:
        """Record ticks and all that they cause, in one append, all or nothing.

        Raises:
            TimestampInTheFuture: a price from outside is dated more than `FUTURE_MAX` ahead.
            IdempotencyConflict: the key came before with other ticks.
            VersionConflict: other writers were first `DECISIONS_MAX` times.
            ProjectionParked: the log holds a price that this program cannot read, so it cannot decide.
            StoreUnavailable: nothing was acknowledged; try again later.
        """
        if source in _FROM_OUTSIDE:
            refuse_future(ticks, self._clock)
        async with self._deciding:
            for attempt in range(1, DECISIONS_MAX + 1):
                self._decider.check()
                batch = await self._decide(ticks, source)
                try:
                    return await self._append(batch, idempotency)
                except VersionConflict:
                    if attempt == DECISIONS_MAX:
                        raise
                    await self._decider.catch_up()
        raise AssertionError("unreachable")

    async def repeat_regime(self, symbol: str, source: str) -> None:
        """Broadcast the last final regime of a symbol again, changed or not."""
        async with self._deciding:
            self._decider.check()
            command = RepeatRegime(symbol, uuid7(), source)
            events = decide(self.state, command)
            if not events:
                return
            try:
                await self._log.append(events, expected=expected_versions(self.state, command))
            except VersionConflict:
                # Whoever was first has just said the regime; the next interval repeats the new one.
                await self._decider.catch_up()

    async def _decide(self, ticks: Sequence[PriceTick], source: str) -> _Batch:
        batch = _Batch(self.state, [], {}, set(), await self._recorded_before(ticks, source))
        for number, tick in enumerate(ticks, start=1):
            if number % TICKS_A_TURN == 0:
                await asyncio.sleep(0)
            command = RecordPrice(tick, source, batch.recorded(tick, source))
            new = decide(batch.state, command)
            self._note_expected(batch, command)
            batch.duplicates += not new
            for event in new:
                batch.add(event)
        return batch

    def _note_expected(self, batch: _Batch, command: Command) -> None:
        # What counts is the version in the log, as it was before this batch touched the stream.
        for stream, version in expected_versions(self.state, command).items():
            batch.expected.setdefault(stream, version)

    async def _recorded_before(self, ticks: Sequence[PriceTick], source: str) -> _Recorded:
        """What the log holds at the times of late ticks: only for them there is anything to find."""
        late = [tick for tick in ticks if is_late(self.state.of(tick.symbol), tick.timestamp)]
        ids = {price_event_id(tick, source): tick for tick in late}
        same = set(await self._log.store.find(ids)) if ids else set()
        times: dict[str, set[datetime]] = {}
        for event_id, tick in ids.items():
            if event_id not in same:
                times.setdefault(tick.symbol, set()).add(tick.timestamp)
        newest: dict[tuple[str, datetime], RecordedPrice] = {}
        for symbol, wanted in times.items():
            async for event in self._prices_at(symbol, wanted):
                if isinstance(payload := decode(event), PriceUpdate):
                    newest[symbol, payload.timestamp] = RecordedPrice(event.event_id, payload.price)
        return _Recorded(same, newest)

    async def _prices_at(self, symbol: str, times: set[datetime]) -> AsyncIterator[RecordedEvent]:
        """The prices at some times, oldest first; maybe others too."""
        if len(times) <= SINGLE_LOOKUPS_MAX:
            for at in times:
                stream = f"{Channel.PRICES}:{symbol}"
                if known := await self._log.store.newest_at(stream, to_micros(at)):
                    yield known
            return
        query = ReadQuery(
            selection=Selection.of([Channel.PRICES], [symbol]),
            occurred_from_us=to_micros(min(times)),
            occurred_upto_us=to_micros(max(times)),
            limit=FOLD_PAGE,
        )
        async for event in self._log.stream(query):
            yield event

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
            prices = sum(isinstance(event.payload, PriceUpdate) for event in batch.events)
            self._decider.advanced(batch.state, prices)
            await self._decider.save_if_due()
        else:
            # Some ids were recorded before (a price that returned to an earlier one): fold what is new.
            self._decider.fold(appended.events)
        return _ingested(appended, batch.duplicates)


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
