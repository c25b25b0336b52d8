"""`Decider`: the state that `decide` reads, folded from the log and saved, so that a start is short."""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Final

from app.market.setup import DEFAULT_SETUP, MarketSetup
from app.market.snapshot import from_snapshot, to_snapshot
from app.market.state import READ_CHANNELS, MarketState, counted, evolve, initial
from events.catalog import CATALOG, Channel
from events.codec import decode
from events.envelope import RecordedEvent
from events.errors import (
    ProjectionParked,
    StoreUnavailable,
    UnknownEventType,
    UnreadablePayload,
)
from events.log import EventLog
from events.log_end import TAIL_EVENTS
from events.projection import ProjectionStatus, schema_of
from events.selection import Selection
from events.snapshots import WHOLE_LOG, Snapshot, SnapshotKind, pack, unpack
from events.store import ReadQuery

DECIDER_SNAPSHOT_EVERY: Final = 5_000
"""Prices between two snapshots, and so the most that a start after a crash has to fold."""

FOLD_PAGE: Final = 2_000
"""Events in one page read to be folded."""

DECIDER: Final = "decider"
_FOLDED_TYPES: Final = ("price_update", "trade_execution", "portfolio_update", "system_notice")
_FOLDED: Final = Selection.of(READ_CHANNELS)


def snapshot_kind(setup: MarketSetup) -> SnapshotKind:
    """Whose snapshots a decider with this setup may use: with another one, it folds the log anew."""
    return SnapshotKind(DECIDER, schema_of(f"2-{setup.fingerprint}", _FOLDED_TYPES))


class Decider:
    """The fold of what decisions depend on; whoever decides on it also folds what it recorded itself.

    Attributes:
        state: the fold.
    """

    def __init__(self, log: EventLog, setup: MarketSetup = DEFAULT_SETUP) -> None:
        """Use `Decider.open`, or `rebuild`."""
        self._log = log
        self._setup = setup
        self._kind = snapshot_kind(setup)
        self.state = initial(setup)
        self._position = 0
        self._unsaved = 0
        self._parked: ProjectionParked | None = None

    @classmethod
    async def open(cls, log: EventLog, setup: MarketSetup = DEFAULT_SETUP) -> "Decider":
        """Begin with the newest snapshot, and what the log holds since."""
        decider = cls(log, setup)
        await decider._load()
        await decider.catch_up()
        return decider

    @property
    def position(self) -> int:
        """All that matters up to here is folded."""
        return self._position

    @property
    def status(self) -> ProjectionStatus:
        """How far it is; the decider is live or parked, never behind."""
        parked = self._parked
        if parked is None:
            return ProjectionStatus("live", self._log.head.position)
        return ProjectionStatus("parked", parked.position - 1, str(parked))

    def check(self) -> None:
        """Make sure that the state may be decided on.

        Raises:
            ProjectionParked: the log holds an event that it needs and this program cannot read.
        """
        if (parked := self._parked) is not None:
            raise ProjectionParked(parked.projection, parked.position, parked.reason)

    async def catch_up(self) -> None:
        """Fold what the store holds beyond what was folded, whoever recorded it, in the order of the log."""
        head = self._log.head.position
        query = ReadQuery(after=self._position, selection=_FOLDED, limit=FOLD_PAGE)
        async for event in self._log.stream(query):
            self.fold([event])
            if self._parked:
                return
            self._position = event.position
        # What lies in between is of channels that are not read.
        self._position = max(self._position, head)

    def fold(self, events: Iterable[RecordedEvent]) -> None:
        """Fold what matters of some events, those that were folded before left out."""
        for event in events:
            # Versions are dense, so they tell what this state has folded already.
            if event.channel in READ_CHANNELS and self._is_next(event) and not self._parked:
                if event.channel != Channel.PRICES and event.type not in CATALOG:
                    # Of a newer program. Its prices are another matter: without one of them all regimes
                    # that follow would be others.
                    self.state = counted(self.state, event.stream)
                    continue
                try:
                    self.state = evolve(self.state, decode(event), event.source)
                except (UnknownEventType, UnreadablePayload) as error:
                    self._parked = ProjectionParked(DECIDER, event.position, str(error))

    def _is_next(self, event: RecordedEvent) -> bool:
        return event.version == self.state.version_of(event.stream) + 1

    async def advance(self, state: MarketState, prices: int, positions: Sequence[int]) -> bool:
        """Take over the state after an append of so many prices, which took these positions.

        False when another writer came in between; positions are dense, so they tell. The log is to be read
        then: a rule that was set before a price and one that was set after it leave different memories.
        """
        self._unsaved += prices
        contiguous = positions[-1] - positions[0] + 1 == len(positions)
        if not contiguous or positions[0] != self._position + 1:
            return False
        self.state, self._position = state, positions[-1]
        return True

    async def save_if_due(self) -> None:
        """Save a snapshot, if enough prices were recorded since the last one."""
        if self._unsaved >= DECIDER_SNAPSHOT_EVERY:
            await self.save()

    async def save(self) -> None:
        """Save a snapshot of the head; a store that cannot be written now is left in peace."""
        self._unsaved = 0
        try:
            await self._settle()
            if not self._parked and self._position:
                await self._log.store.save_snapshots([await self._snapshot()], newest_only=True)
        except StoreUnavailable:
            return

    async def rebuild(self) -> None:
        """Delete what was saved, fold the log anew, and save that."""
        await self._log.store.drop_snapshots(DECIDER)
        self.state, self._position, self._parked = initial(self._setup), 0, None
        await self.catch_up()
        await self.save()

    async def _settle(self) -> None:
        """Find out up to which position everything is folded, also that of other writers."""
        head = self._log.head.position
        recent = self._log.tail.after(self._position, TAIL_EVENTS)
        if recent is None:
            await self.catch_up()
        else:
            self.fold(recent)
        if not self._parked:
            self._position = max(self._position, head)

    async def _snapshot(self) -> Snapshot:
        # In a thread: with a thousand symbols it takes a quarter of a second, and the state never changes.
        state, position = self.state, self._position
        packed = await asyncio.to_thread(lambda: pack(to_snapshot(state)))
        return Snapshot(self._kind, WHOLE_LOG, position, 0, packed)

    async def _load(self) -> None:
        saved = await self._log.store.snapshot_before(self._kind, self._log.head.position)
        if saved is None:
            return
        try:
            self.state = from_snapshot(unpack(saved.state), self._setup)
        except (ValueError, AttributeError):
            # A cache: what cannot be read, or is something else altogether, is folded again.
            return
        self._position = saved.position
