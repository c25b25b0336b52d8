"""The decider's state survives a restart bit for bit, and a start folds no more than a bounded number."""

import pytest
from hypothesis import given, settings

from app import decider as decider_module
from app.decider import DECIDER, Decider, snapshot_kind
from app.ingest import TickIngest
from app.market.setup import DEFAULT_SETUP
from app.market.ticks import PriceTick
from events import log_end as log_end_module
from events.envelope import RecordedEvent
from events.errors import ProjectionParked, StoreUnavailable
from events.log import EventLog
from events.snapshots import Snapshot, SnapshotKind, pack
from events.store import ReadQuery
from tests.unit.app.logs import WatchedStore
from tests.unit.market.builders import START, bar, bars, falling, tick, tick_series


class ReadingStore(WatchedStore):
    """Counts the prices that are read."""

    def __init__(self) -> None:
        super().__init__()
        self.read_prices = 0

    async def read(self, query: ReadQuery) -> list[RecordedEvent]:
        page = await super().read(query)
        self.read_prices += sum(event.type == "price_update" for event in page)
        return page


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decider_module, "DECIDER_SNAPSHOT_EVERY", 25)


@pytest.fixture
def store() -> ReadingStore:
    return ReadingStore()


async def folded_from_zero(log: EventLog) -> Decider:
    decider = Decider(log)
    await decider.catch_up()
    return decider


async def test_the_restored_state_is_the_same_bit_for_bit(log: EventLog) -> None:
    ingest = await TickIngest.open(log)
    await ingest.record([*bars(falling()), tick("80.5", START.replace(year=2022))], "api")
    await ingest.close()
    restored = await TickIngest.open(log)
    assert restored.state == ingest.state
    assert repr(restored.state) == repr(ingest.state)
    # What it decides from here on is the same as well.
    assert repr((await folded_from_zero(log)).state) == repr(restored.state)


@settings(max_examples=25)
@given(tick_series())
async def test_the_restored_state_is_the_fold_of_any_log(ticks: list[PriceTick]) -> None:
    log = await EventLog.open(ReadingStore())
    try:
        ingest = await TickIngest.open(log)
        half = len(ticks) // 2
        await ingest.record(ticks[:half], "api")
        await ingest.close()
        restored = await TickIngest.open(log)
        await restored.record(ticks[half:], "api")
        assert repr(restored.state) == repr((await folded_from_zero(log)).state)
    finally:
        await log.close()


async def test_a_start_after_a_crash_folds_no_more_prices_than_lie_between_two_snapshots(
    log: EventLog, store: ReadingStore
) -> None:
    ingest = await TickIngest.open(log)
    for each in bars(falling(calm=80, fall=10)):
        await ingest.record([each], "api")
    store.read_prices = 0
    assert (await TickIngest.open(log)).state == ingest.state
    assert 0 < store.read_prices <= 25
    await ingest.close()
    store.read_prices = 0
    assert (await TickIngest.open(log)).state == ingest.state
    assert store.read_prices == 0


async def test_prices_of_another_writer_are_in_the_snapshot(log: EventLog) -> None:
    first, second = await TickIngest.open(log), await TickIngest.open(log)
    await second.record([bar("7", symbol="IXIC")], "api")
    await first.record(bars(["5", "6"]), "api")
    await first.close()
    restored = await TickIngest.open(log)
    assert restored.state == (await folded_from_zero(log)).state
    assert set(restored.state.symbols) == {"SPX", "IXIC"}


async def test_a_snapshot_is_right_also_when_the_tail_has_moved_on(
    log: EventLog, store: ReadingStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_end_module, "TAIL_EVENTS", 3)
    small = await EventLog.open(store)
    ingest = await TickIngest.open(small)
    await ingest.record(bars(["5", "6", "7", "8"]), "api")
    await ingest.close()
    await small.close()
    assert (await TickIngest.open(log)).state == ingest.state


async def test_only_the_newest_snapshot_is_kept(log: EventLog, store: ReadingStore) -> None:
    ingest = await TickIngest.open(log)
    for each in bars(["5"] * 60):
        await ingest.record([each], "api")
    assert [one.kind for one in store._snapshots.values()] == [snapshot_kind(DEFAULT_SETUP)]


@pytest.mark.parametrize("state", [b"", pack(["?"]), pack({"detector": {}}), pack({})])
async def test_a_snapshot_that_cannot_be_read_is_folded_anew(log: EventLog, state: bytes) -> None:
    ingest = await TickIngest.open(log)
    await ingest.record(bars(["5", "6"]), "api")
    await log.store.save_snapshots(
        [Snapshot(snapshot_kind(DEFAULT_SETUP), "", log.head.position, 0, state)]
    )
    assert (await TickIngest.open(log)).state == ingest.state


async def test_snapshots_of_another_detector_are_not_looked_at(log: EventLog) -> None:
    ingest = await TickIngest.open(log)
    await ingest.record(bars(["5", "6"]), "api")
    other = SnapshotKind(DECIDER, "another")
    await log.store.save_snapshots([Snapshot(other, "", log.head.position, 0, b"?")])
    assert (await TickIngest.open(log)).state == ingest.state


async def test_a_store_that_cannot_save_does_not_keep_prices_out(
    log: EventLog, store: ReadingStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*_: object, **__: object) -> None:
        raise StoreUnavailable("planted")

    monkeypatch.setattr(store, "save_snapshots", fails)
    ingest = await TickIngest.open(log)
    assert (await ingest.record(bars(["5"] * 60), "api")).events
    await ingest.close()


async def test_a_rebuild_folds_every_price_anew(log: EventLog, store: ReadingStore) -> None:
    ingest = await TickIngest.open(log)
    await ingest.record(bars(["5", "6"]), "api")
    await log.store.save_snapshots(
        [Snapshot(snapshot_kind(DEFAULT_SETUP), "", log.head.position, 0, b"?")]
    )
    decider = Decider(log)
    await decider.rebuild()
    assert decider.state == ingest.state
    store.read_prices = 0
    assert (await Decider.open(log)).state == ingest.state
    assert store.read_prices == 0


async def test_an_empty_log_needs_no_snapshot(log: EventLog, store: ReadingStore) -> None:
    ingest = await TickIngest.open(log)
    await ingest.close()
    assert store._snapshots == {}


async def test_a_price_of_a_newer_program_parks_the_decider_and_refuses_decisions(
    log: EventLog, store: ReadingStore
) -> None:
    first = await TickIngest.open(log)
    await first.record(bars(["5", "6", "7"]), "api")
    before = await folded_from_zero(log)
    await before.save()
    positions = [e.position for e in store._events if e.type == "price_update"]
    newer = store._events[positions[1] - 1]._replace(schema_version=9)
    store._events[newer.position - 1] = newer
    store._snapshots.clear()
    parked = await TickIngest.open(log)
    assert parked.state.of("SPX").prices_version == 1
    assert (parked.status.phase, parked.status.position) == ("parked", newer.position - 1)
    assert "version 9" in str(parked.status.error)
    head = log.head.position
    with pytest.raises(ProjectionParked, match=f"position {newer.position}"):
        await parked.record([bar("8", 9)], "api")
    with pytest.raises(ProjectionParked):
        await parked.repeat_regimes(["SPX"], "api")
    await parked.close()
    assert (log.head.position, store._snapshots) == (head, {})
