"""`TickIngest`: prices, trades and rules to events. The one place that decides and appends, for every way in."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import count
from typing import Final, Protocol

import structlog

from app.decider import Decider
from app.market.commands import (
    AcknowledgeAlert,
    Command,
    MarkPortfolio,
    RecordTrades,
    RepeatRegime,
)
from app.market.decide import consider
from app.market.decide_orders import acknowledgement_id
from app.market.setup import DEFAULT_SETUP, MarketSetup
from app.market.state import SYSTEM_STREAM, MarketState
from app.market.ticks import PriceTick
from app.market.valuation import held_symbols
from app.recorded import recorded_prices, recorded_trades
from app.tick_batch import TickBatch
from events.catalog import Channel, RegimeUpdate
from events.clock import now_us, uuid7
from events.envelope import Appended, Fence, Idempotency
from events.errors import InvalidEvent, StoreUnavailable, VersionConflict
from events.log import EventLog
from events.projection import ProjectionStatus
from events.scalars import format_time, from_micros

DECISIONS_MAX: Final = 20
"""How often something is decided again after another writer was first, before the conflict is raised …"""

DECISION_S_MAX: Final = 5.0
"""… and for how long at least it is tried: a feed on another node may write the same symbol all the time."""

TICKS_A_TURN: Final = 250
"""Ticks decided on before others get their turn: a large batch must not silence every connection."""

FUTURE_MAX: Final = timedelta(days=1)
"""How far after the server's clock a price from outside may be dated: enough for a close later today."""

_FROM_OUTSIDE: Final = frozenset({"api", "import"})
"""Whose dates are checked. A feed is the operator's own: it may play any market time."""

_program = structlog.get_logger("ingest")


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
    now, number = from_micros(clock()), 0
    for number, each in enumerate(dated, start=1):
        # So, and not `now + FUTURE_MAX`: a clock may stand at the end of time.
        if each.timestamp - now > FUTURE_MAX:
            raise TimestampInTheFuture(
                f"{what} {number} ({each.symbol}) is dated {format_time(each.timestamp)}, more than"
                f" {FUTURE_MAX.days * 24} hours after this server's clock, {format_time(now)}"
            )
    return number


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


def _holds(batch: TickBatch, state: MarketState) -> bool:
    """Whether the same would be decided on `state`: all that was looked at is as it was.

    Of the system's stream that is the rules: notices and acknowledgements come at any time, and a long batch
    would be decided again and again while others send them.
    """
    return batch.base.rules == state.rules and all(
        stream == SYSTEM_STREAM or batch.base.version_of(stream) == state.version_of(stream)
        for stream in batch.reads
    )


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
            VersionConflict: other writers were first, `DECISIONS_MAX` times and for `DECISION_S_MAX`.
            ProjectionParked: the log holds an event that this program cannot read, so it cannot decide.
            StoreUnavailable: nothing was acknowledged; try again later.
        """
        if source in _FROM_OUTSIDE:
            refuse_future(ticks, self._clock)

        decided: TickBatch | None = None

        async def once() -> Ingested:
            nonlocal decided
            batch = decided
            if batch is None or not _holds(batch, self.state):
                batch = decided = await self._decide(ticks, source)
            if not batch.events and idempotency is None:
                return Ingested(None, 0, batch.duplicates)
            return await self._append(batch, idempotency, fence)

        return await self._until_first(once, idempotency)

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
            return await self._append(await self._decide_on(command), idempotency, None)

        before = self.state.portfolios
        done = await self._until_first(once, idempotency)
        for followed in self.state.setup.paper:
            now = self.state.portfolios.get(followed.portfolio_id)
            if now is not None and not now.paper and followed.portfolio_id not in before:
                _program.warning("paper_trader_off", portfolio=followed.portfolio_id)
        return done

    async def repeat_regimes(
        self, symbols: Iterable[str], source: str, *, fence: Fence | None = None
    ) -> None:
        """Broadcast the last reading of some symbols again, changed or not, and what portfolios of them are worth.

        Raises:
            FenceLost: another has the lease now.
            ProjectionParked, StoreUnavailable: as `record`.
        """
        async with self._deciding:
            self._decider.check()
            batch = TickBatch(self.state)
            wanted = set(symbols)
            for symbol in sorted(wanted):
                batch.take(consider(batch.state, RepeatRegime(symbol, uuid7(), source)))
            self._mark(batch, wanted, source)
            if not batch.events:
                return
            try:
                await self._append(batch, None, fence)
            except VersionConflict:
                # Whoever was first has just said the regime; the next interval repeats the new one.
                await self._decider.catch_up()

    def _mark(
        self, batch: TickBatch, symbols: Set[str], source: str, valued: Set[str] = frozenset()
    ) -> None:
        """Value every portfolio that holds one of the symbols, but those of which the stream is in `valued`."""
        for name, portfolio in batch.state.portfolios.items():
            if f"{Channel.PORTFOLIO}:{name}" in valued:
                continue
            if not symbols.isdisjoint(held_symbols(portfolio)):
                batch.take(consider(batch.state, MarkPortfolio(name, uuid7(), source)))

    async def _until_first(
        self, once: Callable[[], Awaitable[Ingested]], idempotency: Idempotency | None
    ) -> Ingested:
        """Decide and append; on the state as it is then, if another writer was first."""
        async with self._deciding:
            patience = time.monotonic() + DECISION_S_MAX
            for attempt in count(1):
                self._decider.check()
                if idempotency and (first := await self._log.store.answer_to(idempotency)):
                    # Before it is decided on: by now it might be refused.
                    return _ingested(first, TickBatch(self.state))
                known = self._decider.position
                try:
                    return await once()
                except VersionConflict:
                    if attempt >= DECISIONS_MAX and time.monotonic() > patience:
                        raise
                    await self._decider.catch_up()
                except InvalidEvent:
                    # It may make sense to one who knows what others have recorded.
                    await self._decider.catch_up()
                    if self._decider.position == known or attempt >= DECISIONS_MAX:
                        raise
        raise AssertionError("unreachable")

    async def _mark_missed(self, batch: TickBatch, fence: Fence | None) -> None:
        """Value the portfolios that another writer's trade made holders of a symbol whose bar closed here."""
        closed = {
            event.payload.symbol
            for event in batch.events
            if isinstance(event.payload, RegimeUpdate) and not event.payload.provisional
        }
        missed = TickBatch(self.state)
        self._mark(missed, closed, batch.events[0].source, valued=batch.reads)
        if missed.events:
            with suppress(VersionConflict):  # whoever was first has told the value
                expected = self.state.versions_of(missed.reads)
                await self._log.append(missed.events, expected=expected, fence=fence)
            await self._decider.catch_up()

    async def _decide(self, ticks: Sequence[PriceTick], source: str) -> TickBatch:
        known = await recorded_prices(self._log, self.state, ticks, source)
        batch = TickBatch(self.state, known)
        for start in range(0, len(ticks), TICKS_A_TURN):
            if start:
                await asyncio.sleep(0)
            batch.decide(ticks[start : start + TICKS_A_TURN], source)
        return batch

    async def _decide_on(self, command: Command) -> TickBatch:
        batch = TickBatch(self.state)
        match command:
            case RecordTrades():
                known = await recorded_trades(self._log, command.trades)
                batch.take(consider(self.state, replace(command, recorded=known)))
                batch.duplicates = len(command.trades) - batch.sent
            case AcknowledgeAlert():
                acknowledged = acknowledgement_id(command.alert_id)
                batch.duplicates = len(await self._log.store.find([acknowledged]))
                if not batch.duplicates:
                    batch.take(consider(self.state, command))
            case _:
                batch.take(consider(self.state, command))
        return batch

    async def _append(
        self, batch: TickBatch, idempotency: Idempotency | None, fence: Fence | None
    ) -> Ingested:
        if idempotency is not None:
            idempotency = Idempotency(
                idempotency.key, idempotency.fingerprint, str(batch.duplicates)
            )
        # What counts is the version in the log, as it was before this batch touched the stream.
        expected = self.state.versions_of(batch.reads)
        appended = await self._log.append(
            batch.events, expected=expected, idempotency=idempotency, fence=fence
        )
        whole = bool(appended.events) and len(appended.events) == len(batch.events)
        # A batch that was kept though the state had moved on does not know by what.
        whole = whole and batch.base is self.state
        if whole and await self._decider.advance(batch.state, batch.prices, appended.positions):
            await self._decider.save_if_due()
        elif batch.events:
            # Another writer came in between, or some ids were recorded before (a price that returned to an
            # earlier one): what is there now is what the log says.
            with suppress(StoreUnavailable):  # it is recorded; the next decision reads first
                await self._decider.catch_up()
                await self._mark_missed(batch, fence)
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
