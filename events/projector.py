"""`Projector`: a projection's serving state, which follows the log; beside it, rebuilds and the past."""

import asyncio
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from events.errors import EventError, ProjectionParked, StoreUnavailable
from events.log import EventLog
from events.past import SNAPSHOT_EVERY, Past
from events.projection import Folded, Projection, ProjectionStatus

State = TypeVar("State")

Progress = Callable[[int, int], None]
"""Called with how much of a rebuild is done, and how much there is."""

REBUILD_STEP: Final = 10_000
"""Positions of a rebuild between two calls of `Progress`."""


class Projector(Generic[State]):
    """Keeps one projection's state at the head, and answers for any moment of the past.

    What it returns at the head is the serving state itself: read it before giving way to the loop.
    """

    def __init__(
        self,
        log: EventLog,
        projection: Projection[State],
        *,
        weigh: Callable[[State], int] | None = None,
        market_order: bool = True,
    ) -> None:
        """Nothing is read yet.

        Args:
            log: what to fold.
            projection: how.
            weigh: of a state that grows with the log, how many events long it is, about: snapshots lie at
                least so many positions apart, so that all of them together never outgrow the log.
            market_order: whether it answers `at_time`; snapshots in market order are made only then.
        """
        self._log = log
        self._projection = projection
        self._weigh = weigh
        self._market_order = market_order
        self._past = self._new_past()
        self._serving: Folded[State] | None = None
        self._parked: ProjectionParked | None = None
        self._fault: EventError | None = None
        self._folding = asyncio.Lock()
        self._rebuilding = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None

    def _new_past(self) -> Past[State]:
        return Past(self._log, self._projection, self._weigh)

    @property
    def name(self) -> str:
        """The projection's name."""
        return self._projection.name

    @property
    def status(self) -> ProjectionStatus:
        """How far it is, and what holds it up."""
        position = 0 if self._serving is None else self._serving.position
        error = self._parked or self._fault
        phase = "live"
        if self._parked:
            phase = "parked"
        elif self._rebuilding.locked():
            phase = "rebuilding"
        elif self._log.head.position - position > 2 * SNAPSHOT_EVERY:
            phase = "catching_up"
        return ProjectionStatus(phase, position, None if error is None else str(error))

    def start(self) -> None:
        """Follow the log in the background, so that snapshots are made also while nobody reads.

        Those of market order too: without them the first `?at=` would fold the whole log.
        """
        self._task = asyncio.create_task(self._follow(), name=f"follow-{self.name}")

    async def stop(self) -> None:
        """Follow no longer."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def now(self) -> Folded[State]:
        """The state at the head; the one before the event at which it is parked, if it is.

        Raises:
            StoreUnavailable: the log cannot be read now.
        """
        serving = self._serving
        if serving is None or (serving.position < self._log.head.position and not self._parked):
            async with self._folding:
                serving = await self._catch_up()
        return serving

    async def _catch_up(self) -> Folded[State]:
        head, serving = self._log.head.position, self._serving
        if serving is not None and (self._parked or serving.position >= head):
            return serving
        try:
            if serving is None or not await self._past.follow(serving, head):
                # Far behind: what is folded in another thread is nobody's until it is there.
                serving = await self._past.at_position(head)
        except ProjectionParked as parked:
            self._parked, self._serving = parked, None
            serving = await self._past.at_position(parked.position - 1)
        self._serving = serving
        return serving

    async def at_position(self, position: int) -> Folded[State]:
        """The state right after a position.

        Raises:
            PositionBeyondHead: the position has not been recorded yet.
            ProjectionParked: it lies beyond an event that cannot be read.
        """
        await self._log.check_cursor(position, None)
        serving = self._serving
        if serving is not None and serving.position == position:
            return serving
        return await self._past.at_position(position)

    async def at_time(self, at_us: int | None, known_at_us: int | None) -> Folded[State]:
        """The state at a market time as it was known at a commit time; None for the newest of either.

        Raises:
            ProjectionParked: an event up to then cannot be read.
        """
        known = self._log.head.position
        if known_at_us is not None:
            known = min(known, await self._log.store.known_at(known_at_us))
        return await self._past.at_time(at_us, known)

    async def rebuild(self, progress: Progress) -> None:
        """Delete all its snapshots, fold the log anew beside the serving state, and switch at the head.

        In pages, giving way to the loop. Reads of the past fold further meanwhile. Snapshots in market
        order are made again after the switch.
        """
        async with self._rebuilding:
            # What the old state would save now could be what the rebuild is there to be rid of.
            self._past.saving = False
            try:
                await self._log.store.drop_snapshots(self.name)
                await self._rebuild(self._new_past(), progress)
            finally:
                self._past.saving = True

    async def _rebuild(self, past: Past[State], progress: Progress) -> None:
        fresh, parked = past.initial(), None
        rounds = 2 if self._market_order else 1
        while parked is None and fresh.position < (head := self._log.head.position):
            try:
                await past.advance(fresh, min(fresh.position + REBUILD_STEP, head))
            except ProjectionParked as error:
                parked = error
                fresh = await past.at_position(error.position - 1)
            progress(fresh.position, rounds * head)
        # Nothing gives way between the loop's last look at the head and the switch.
        self._serving, self._parked = fresh, parked
        if parked is None and self._market_order:
            await self._rebuild_market(past, progress)

    async def _rebuild_market(self, past: Past[State], progress: Progress) -> None:
        total = done = self._log.head.position

        def count(events: int) -> None:
            nonlocal done
            done += events
            progress(done, 2 * total)

        await past.prepare(total, count)

    async def _follow(self) -> None:
        while self._parked is None:
            reached = self._log.head.position
            try:
                reached = (await self.now()).position
                if self._past.saving and self._market_order:
                    await self._past.prepare(reached)
                self._fault = None
            except StoreUnavailable as error:
                self._fault = error
            except EventError as error:
                self._fault = error
                return
            await self._log.moved_beyond(reached + SNAPSHOT_EVERY - 1)
