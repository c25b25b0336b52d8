"""`Past`: what a projection's state was, at any position and any market time, from the nearest snapshot.

What is read costs a bounded number of events, however long the log: a fold that passes a place where a
snapshot belongs and finds none there saves one. Only the first read after the snapshots were deleted, or
after a correction far back, folds further; and that is done beforehand where a projector follows the log.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from functools import partial
from typing import Final, Generic, TypeVar

from events.envelope import ReadableEvent
from events.errors import PositionGap, ProjectionParked, StoreUnavailable
from events.log import EventLog
from events.projection import Folded, Projection, freeze, kind_of, merged, take, thaw
from events.snapshots import WHOLE_LOG, MarketPage, MarketPlace, MarketQuery, Snapshot

State = TypeVar("State")

SNAPSHOT_EVERY: Final = 2_000
"""Positions between two snapshots of the whole log; of a state that grows with it, at least as many as it weighs."""

MARKET_SNAPSHOT_EVERY: Final = 50
"""Events of one stream between two snapshots in market order; a read folds so many of every stream."""

SAVED_AT_ONCE: Final = 16
"""Snapshots that a long fold saves in one transaction."""

MARKET_PAGE: Final = 200
"""Events of one stream that are read at a time in market order."""

STREAMS_A_TURN: Final = 64
"""Streams that are read at a time for one moment of market time."""

FAR_BACK: Final = 200
"""Events of a stream that came before a late one and lie behind it in market order, when it is far back."""

_Step = Callable[[Folded[State], int], Awaitable[bool]]


class Past(Generic[State]):
    """Folds of one projection up to a moment, and the snapshots that make them short.

    Attributes:
        saving: whether folds leave snapshots behind.
    """

    def __init__(
        self,
        log: EventLog,
        projection: Projection[State],
        weigh: Callable[[State], int] | None = None,
    ) -> None:
        """`weigh`: see `Projector`."""
        self._log = log
        self._projection = projection
        self._weigh = weigh
        self._kind = kind_of(projection)
        self.saving = True

    def initial(self) -> Folded[State]:
        """The fold of nothing."""
        return Folded(self._projection.initial())

    async def at_position(self, position: int) -> Folded[State]:
        """The fold of positions 1 to `position`, which must not be beyond the head.

        Raises:
            ProjectionParked: one of them cannot be read.
        """
        folded = await self.newest(position)
        await self.advance(folded, position)
        return folded

    async def newest(self, position: int) -> Folded[State]:
        """The newest saved fold that is not beyond a position; that of nothing if there is none."""
        while snapshot := await self._log.store.snapshot_before(self._kind, position):
            folded = thaw(self._projection, snapshot)
            if folded is not None:
                return folded
            position = snapshot.position - 1
        return self.initial()

    async def advance(self, folded: Folded[State], upto: int) -> None:
        """Fold on, in position order, up to a position that is recorded.

        Maybe in another thread, and to the end of a page even if the caller is cancelled: nobody else may
        look at `folded` meanwhile.

        Raises:
            ProjectionParked: an event cannot be folded; `folded` is of no more use.
            PositionGap: the store left one out.
        """
        await self._advance(folded, upto, self._from_store)

    async def follow(self, folded: Folded[State], upto: int) -> bool:
        """The same from the log's tail alone; False as soon as that does not hold what comes next.

        Others may look at `folded` whenever they have their turn on the loop.
        """
        return await self._advance(folded, upto, self._from_tail)

    async def _advance(self, folded: Folded[State], upto: int, step: _Step[State]) -> bool:
        waiting: list[Snapshot] = []
        holds = True
        try:
            while holds and folded.position < upto:
                after = folded.position
                # No step goes beyond a place where a snapshot belongs.
                end = min(upto, after - after % SNAPSHOT_EVERY + SNAPSHOT_EVERY)
                holds = await step(folded, end)
                if holds and self.saving and self._is_place(end, folded.state):
                    waiting.append(freeze(self._projection, folded, WHOLE_LOG))
                if len(waiting) >= SAVED_AT_ONCE:
                    await self._save(waiting)
                    waiting = []
                # Whoever waits for the loop gets a turn.
                await asyncio.sleep(0)
        except ProjectionParked:
            await self._save(waiting)
            raise
        await self._save(waiting)
        return holds

    def _is_place(self, position: int, state: State) -> bool:
        """Whether a snapshot belongs there. Their distance doubles until it is what the state weighs."""
        spacing = SNAPSHOT_EVERY
        if position % spacing == 0 and self._weigh is not None:
            weight = self._weigh(state)
            while spacing < weight:
                spacing *= 2
        return position % spacing == 0

    async def _from_store(self, folded: Folded[State], upto: int) -> bool:
        if not await self._from_tail(folded, upto):
            fold = partial(self._take, folded)
            await self._log.store.fold_range(folded.position, upto, fold)
        if folded.position != upto:
            raise PositionGap("log", folded.position + 1, 0)
        return True

    async def _from_tail(self, folded: Folded[State], upto: int) -> bool:
        recent = self._log.tail.after(folded.position, upto - folded.position)
        if recent:
            self._take(folded, recent)
        return folded.position == upto

    def _take(self, folded: Folded[State], events: Sequence[ReadableEvent]) -> None:
        first, last = events[0].position, events[-1].position
        if first != folded.position + 1 or last != folded.position + len(events):
            raise PositionGap("log", folded.position + 1, first)
        take(self._projection, folded, events)

    async def at_time(
        self, at_us: int | None, known: int, count: Callable[[int], None] = lambda _events: None
    ) -> Folded[State]:
        """The state at a market time, as it was known at a position: a fold of each stream, merged.

        Args:
            at_us: market time, inclusive; None for no end.
            known: only events up to this position.
            count: told of every page how many events were folded.

        Raises:
            ProjectionParked: one of them cannot be read.
        """
        parts: list[Folded[State]] = []
        async for folds in self._turns(at_us, known, count):
            parts += [one.folded for one in folds]
        return merged(self._projection, parts)

    async def prepare(
        self, known: int, count: Callable[[int], None] = lambda _events: None
    ) -> None:
        """Leave snapshots behind for every market time: as known at a position, and before that.

        What is known changes much by a late event that lies far back: all moments since were others before.
        They are folded as well, if snapshots of them are missing, the latest `SNAPSHOT_EVERY` positions apart;
        but no more events than the log holds.

        Args:
            known: a position.
            count: told how many events were folded as known there.

        Raises:
            ProjectionParked: one of them cannot be read.
        """
        spare, seen = known, set[tuple[str, int]]()

        def spend(events: int) -> None:
            nonlocal spare
            spare -= events

        async for folds in self._turns(None, known, count):
            before = [(one.stream, late) for one in folds for late in one.far_back]
            while before and spare > 0:
                name, late = before.pop()
                if (name, late // SNAPSHOT_EVERY) not in seen:
                    seen.add((name, late // SNAPSHOT_EVERY))
                    (one,) = await self._streams_at([name], None, late - 1, spend)
                    before += [(name, earlier) for earlier in one.far_back]

    async def _turns(
        self, at_us: int | None, known: int, count: Callable[[int], None]
    ) -> AsyncIterator[list["_StreamFold[State]"]]:
        """The folds of all streams, some at a time."""
        names = sorted(await self._log.store.streams())
        for start in range(0, len(names), STREAMS_A_TURN):
            chosen = names[start : start + STREAMS_A_TURN]
            yield await self._streams_at(chosen, at_us, known, count)

    async def _streams_at(
        self, names: Sequence[str], at_us: int | None, known: int, count: Callable[[int], None]
    ) -> list["_StreamFold[State]"]:
        saved = await self._log.store.market_snapshots(self._kind, names, at_us, known)
        folds = [
            _StreamFold(self._projection, name, thaw(self._projection, saved.get(name)))
            for name in names
        ]
        unfinished = {one.stream: one for one in folds}
        while unfinished:
            after = {name: one.after for name, one in unfinished.items()}
            query = MarketQuery(after, at_us, known, MARKET_PAGE)
            pages = await self._log.store.read_market(query)
            waiting: list[Snapshot] = []
            for name, page in pages.items():
                waiting += unfinished[name].take(page)
                count(len(page.events))
                if page.is_last:
                    del unfinished[name]
                await asyncio.sleep(0)
            await self._save(waiting)
        return folds

    async def _save(self, snapshots: Sequence[Snapshot]) -> None:
        if not snapshots or not self.saving:
            return
        try:
            await self._log.store.save_snapshots(snapshots)
        except StoreUnavailable:
            # A log that can only be read, or a full disk: the next read just folds this far again.
            return


class _StreamFold(Generic[State]):
    """The fold of one stream in market order, a page at a time.

    Attributes:
        far_back: the positions of late events that `FAR_BACK` earlier ones lie behind.
    """

    def __init__(
        self, projection: Projection[State], stream: str, begun: Folded[State] | None
    ) -> None:
        self._projection = projection
        self._since_saved = 0
        self.stream = stream
        self.folded = begun or Folded(projection.initial())
        self.far_back: list[int] = []
        self._highest, self._behind = self.folded.position, 0
        self.after: MarketPlace | None = None
        if self.folded.occurred_at_us is not None:
            self.after = (self.folded.occurred_at_us, self.folded.position)

    def take(self, page: MarketPage) -> list[Snapshot]:
        """Fold a page; returns what to save of the way."""
        events = page.events
        snapshots: list[Snapshot] = []
        start = 0
        while start < len(events):
            end = self._cut(page, start)
            part = events[start : end or len(events)]
            take(self._projection, self.folded, part)
            self._since_saved += len(part)
            start += len(part)
            if end is not None:
                snapshots.append(freeze(self._projection, self.folded, self.stream))
                self._since_saved = 0
        if events:
            self._watch(events)
            self.after = (events[-1].occurred_at_us, events[-1].position)
        return snapshots

    def _watch(self, events: Sequence[ReadableEvent]) -> None:
        """Note what is far back: events that were recorded earlier follow it, one after the other."""
        for event in events:
            if event.position > self._highest:
                self._highest, self._behind = event.position, 0
            else:
                self._behind += 1
                if self._behind == FAR_BACK:
                    self.far_back.append(self._highest)

    def _cut(self, page: MarketPage, start: int) -> int | None:
        """Where in a page the next snapshot is made: after so many of its events; None if not in this one.

        A snapshot holds all up to one market time that was recorded up to one position. So it is made
        where the time moves on, or behind the event that was recorded last: elsewhere events of the same
        time, recorded in between, are still to come.
        """
        events, highest = page.events, self.folded.position
        least = start + MARKET_SNAPSHOT_EVERY - self._since_saved
        for end in range(start + 1, len(events) + 1):
            event = events[end - 1]
            highest = max(highest, event.position)
            if end < least:
                continue
            at_end = end == len(events)
            moves_on = page.is_last if at_end else events[end].occurred_at_us > event.occurred_at_us
            if moves_on or event.position == highest:
                return end
        return None
