"""`TickIngest`: prices, trades and rules to events. The one place that decides and appends, for every way in."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Protocol

from app.decider import FOLD_PAGE, Decider
from app.market.commands import (
    AcknowledgeAlert,
    Command,
    MarkPortfolio,
    RecordedPrice,
    RecordTrades,
    RepeatRegime,
)
from app.market.decide import consider
from app.market.decide_orders import acknowledgement_id, trade_event_id
from app.market.decide_price import price_event_id
from app.market.setup import DEFAULT_SETUP, MarketSetup
from app.market.state import MarketState
from app.market.symbol import is_late
from app.market.ticks import PriceTick
from app.market.valuation import held_symbols
from app.tick_batch import RecordedPrices, TickBatch
from events.catalog import Channel, PriceUpdate
from events.clock import now_us, uuid7
from events.codec import decode
from events.envelope import Appended, Fence, Idempotency, RecordedEvent
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
    """A price or trade that is dated so far ahead that every one after it would be late, for ever."""

    code = "timestamp_in_the_future"


class Dated(Protocol):
    """A price or a trade."""

    @property
    def symbol(self) -> str:
        """Of what."""

    @property
    def timestamp(self) -> datetime:
        """Its market time."""


def refuse_future(
    dated: Iterable[Dated], clock: Callable[[], int] = now_us, what: str = "price"
) -> int:
    """Look at the date of every price or trade; returns how many there are.

    Raises:
        TimestampInTheFuture: one is dated more than `FUTURE_MAX` after `clock` (microseconds since 1970).
    """
    now, count = from_micros(clock()), 0
    for count, each in enumerate(dated, start=1):
        # So, and not `now + FUTURE_MAX`: a clock may stand at the end of time.
        if each.timestamp - now > FUTURE_MAX:
            raise TimestampInTheFuture(
                f"{what} {count} ({each.symbol}) is dated {format_time(each.timestamp)}, more than"
                f" {FUTURE_MAX.days * 24} hours after this server's clock, {format_time(now)}"
            )
    return count


@dataclass(frozen=True, slots=True)
class Ingested:
    """What became of what was sent.

    Attributes:
        positions: the first and last position that it took; None if nothing was recorded.
        events: how many events were recorded.
        duplicates: how many of the ticks or trades had been recorded before.
    """

    positions: tuple[int, int] | None
    events: int
    duplicates: int


class TickIngest:
    """Decides on one thing at a time, and appends what follows from it."""

    def __init__(self, log: EventLog, decider: Decider, clock: Callable[[], int]) -> None:
        """Use `TickIngest.open`."""
        self._log = log
        self._decider = decider
        self._clock = clock
        self._deciding = asyncio.Lock()

    @classmethod
    async def open(
        cls,
        log: EventLog,
        clock: Callable[[], int] = now_us,
        setup: MarketSetup = DEFAULT_SETUP,
    ) -> "TickIngest":
        """Begin with the fold of what the log holds, from its newest snapshot.

        `clock` gives microseconds since 1970; tests hand in their own.
        """
        return cls(log, await Decider.open(log, setup), clock)

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

    async def catch_up(self) -> None:
        """Fold what other processes appended: for who reads `state` without deciding.

        Raises:
            StoreUnavailable: the log cannot be read now.
        """
        async with self._deciding:
            await self._decider.catch_up()

    async def record(
        self,
        ticks: Sequence[PriceTick],
        source: str,
        idempotency: Idempotency | None = None,
        *,
        fence: Fence | None = None,
    ) -> Ingested:
        """Record ticks and all that they cause, in one append, all or nothing.

        Args:
            ticks: in the order in which they are to be decided on.
            source: what their events carry.
            idempotency: the caller's key.
            fence: of the lease that they are recorded under.

        Raises:
            TimestampInTheFuture: a price from outside is dated more than `FUTURE_MAX` ahead.
            IdempotencyConflict: the key came before with other ticks.
            FenceLost: another has the lease now.
            VersionConflict: other writers were first `DECISIONS_MAX` times.
            ProjectionParked: the log holds an event that this program cannot read, so it cannot decide.
            StoreUnavailable: nothing was acknowledged; try again later.
        """
        if source in _FROM_OUTSIDE:
            refuse_future(ticks, self._clock)

        async def once() -> Ingested:
            batch = await self._decide(ticks, source)
            if not batch.events and idempotency is None:
                return Ingested(None, 0, batch.duplicates)
            return await self._append(batch, idempotency, fence)

        return await self._until_first(once)

    async def execute(self, command: Command, idempotency: Idempotency | None = None) -> Ingested:
        """Do what a command asks for, in one append.

        Raises:
            InvalidEvent: the command makes no sense now; see `app.market.decide`.
            DuplicateEvent: a trade of the same id, and another content, was recorded before.
            TimestampInTheFuture, IdempotencyConflict, VersionConflict, ProjectionParked, StoreUnavailable:
                as `record`.
        """
        if isinstance(command, RecordTrades) and command.source in _FROM_OUTSIDE:
            refuse_future(command.trades, self._clock, "trade")

        async def once() -> Ingested:
            asked, known = await self._known(command)
            if isinstance(asked, AcknowledgeAlert) and known:
                batch = TickBatch(self.state, RecordedPrices(set(), {}))
                batch.duplicates = known
            else:
                decision = consider(self.state, asked)
                batch = TickBatch(decision.state, RecordedPrices(set(), {}))
                batch.events, batch.reads = list(decision.events), set(decision.reads)
                batch.repeats = known
            return await self._append(batch, idempotency, None)

        return await self._until_first(once)

    async def repeat_regime(self, symbol: str, source: str, *, fence: Fence | None = None) -> None:
        """Broadcast the last reading of a symbol again, changed or not, and what its portfolios are worth.

        Raises:
            FenceLost: another has the lease now.
            ProjectionParked, StoreUnavailable: as `record`.
        """
        async with self._deciding:
            self._decider.check()
            batch = TickBatch(self.state, RecordedPrices(set(), {}))
            commands: list[Command] = [RepeatRegime(symbol, uuid7(), source)]
            commands += [
                MarkPortfolio(name, uuid7(), source)
                for name, portfolio in self.state.portfolios.items()
                if symbol in held_symbols(portfolio)
            ]
            for command in commands:
                decision = consider(batch.state, command)
                batch.events += decision.events
                batch.reads.update(decision.reads)
                batch.state = decision.state
            if not batch.events:
                return
            try:
                await self._append(batch, None, fence)
            except VersionConflict:
                # Whoever was first has just said the regime; the next interval repeats the new one.
                await self._decider.catch_up()

    async def _until_first(self, once: Callable[[], Awaitable[Ingested]]) -> Ingested:
        """Decide and append; on the state as it is then, if another writer was first."""
        async with self._deciding:
            for attempt in range(1, DECISIONS_MAX + 1):
                self._decider.check()
                known = self._decider.position
                try:
                    return await once()
                except VersionConflict:
                    if attempt == DECISIONS_MAX:
                        raise
                    await self._decider.catch_up()
                except InvalidEvent:
                    # It may make sense to one who knows what others have recorded.
                    await self._decider.catch_up()
                    if self._decider.position == known or attempt == DECISIONS_MAX:
                        raise
        raise AssertionError("unreachable")

    async def _known(self, command: Command) -> tuple[Command, int]:
        """The command with what the log holds of it already, and how much that is."""
        if isinstance(command, RecordTrades):
            ids = [trade_event_id(trade) for trade in command.trades]
            recorded = frozenset(await self._log.store.find(ids))
            twice = len(ids) - len(set(ids) - recorded)
            return replace(command, recorded=recorded), twice
        if isinstance(command, AcknowledgeAlert):
            return command, len(await self._log.store.find([acknowledgement_id(command.alert_id)]))
        return command, 0

    async def _decide(self, ticks: Sequence[PriceTick], source: str) -> TickBatch:
        batch = TickBatch(self.state, await self._recorded_before(ticks, source))
        for start in range(0, len(ticks), TICKS_A_TURN):
            if start:
                await asyncio.sleep(0)
            batch.decide(ticks[start : start + TICKS_A_TURN], source)
        return batch

    async def _recorded_before(self, ticks: Sequence[PriceTick], source: str) -> RecordedPrices:
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
        return RecordedPrices(same, newest)

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

    async def _append(
        self, batch: TickBatch, idempotency: Idempotency | None, fence: Fence | None
    ) -> Ingested:
        if idempotency is not None:
            idempotency = Idempotency(
                idempotency.key, idempotency.fingerprint, str(batch.duplicates + batch.repeats)
            )
        # What counts is the version in the log, as it was before this batch touched the stream.
        expected = {stream: self.state.version_of(stream) for stream in batch.reads}
        appended = await self._log.append(
            batch.events, expected=expected, idempotency=idempotency, fence=fence
        )
        if appended.events and len(appended.events) == len(batch.events):
            await self._decider.advance(batch.state, batch.prices, appended.positions)
            await self._decider.save_if_due()
        elif batch.events:
            # Some ids were recorded before: by another writer, or of a price that returned to an earlier one.
            await self._decider.catch_up()
        return _ingested(appended, batch)


def _ingested(appended: Appended, batch: TickBatch) -> Ingested:
    positions = appended.positions
    if appended.answer is not None:
        duplicates = int(appended.answer)
    else:
        positions = tuple(event.position for event in appended.events)
        duplicates = batch.duplicates_after({event.event_id for event in appended.events})
    span = (min(positions), max(positions)) if positions else None
    return Ingested(span, len(positions), duplicates)
