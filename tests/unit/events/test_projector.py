"""A projector follows the log, is rebuilt beside itself, and parks alone when it must."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from events import log_end as log_end_module
from events import past as past_module
from events import projector as projector_module
from events.envelope import ReadableEvent
from events.errors import PositionBeyondHead, ProjectionParked, StoreUnavailable
from events.log import EventLog
from events.projection import ProjectionStatus, fold
from events.projector import Projector
from events.snapshots import TakeEvents
from events.store import ReadQuery
from tests.unit.events.builders import new, notice, price, prices
from tests.unit.events.trail import TRAIL, CountingStore, Trail, events_for, random_seconds
from tests.waiting import until


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(past_module, "SNAPSHOT_EVERY", 10)
    monkeypatch.setattr(projector_module, "SNAPSHOT_EVERY", 10)
    monkeypatch.setattr(projector_module, "REBUILD_STEP", 7)
    monkeypatch.setattr(past_module, "MARKET_SNAPSHOT_EVERY", 5)


@pytest.fixture
def store() -> CountingStore:
    return CountingStore()


@pytest.fixture
async def log(store: CountingStore) -> AsyncIterator[EventLog]:
    opened = await EventLog.open(store)
    yield opened
    await opened.close()


async def fill(log: EventLog, count: int) -> None:
    for append in events_for(random_seconds(count, 0.1)):
        await log.append(append.events)


def count_of(state: dict[str, list[int]]) -> int:
    return sum(map(len, state.values()))


async def test_the_serving_state_is_that_of_the_head(log: EventLog) -> None:
    projector = Projector(log, TRAIL)
    assert (await projector.now()).state == {}
    await fill(log, 25)
    folded = await projector.now()
    assert (folded.position, count_of(folded.state)) == (25, 25)
    assert projector.status == ProjectionStatus("live", 25)
    assert await projector.now() is folded


async def test_readers_that_come_together_fold_every_event_once(
    log: EventLog, store: CountingStore
) -> None:
    await fill(log, 35)
    projector = Projector(await EventLog.open(store), TRAIL)
    folds = await asyncio.gather(*(projector.now() for _ in range(5)))
    assert {id(each) for each in folds} == {id(folds[0])}
    assert (count_of(folds[0].state), store.folded) == (35, 35)
    await projector._log.close()


async def test_a_new_process_begins_with_the_newest_snapshot(
    log: EventLog, store: CountingStore
) -> None:
    await fill(log, 57)
    before = await Projector(log, TRAIL).now()
    reopened = await EventLog.open(store)
    store.folded = 0
    after = await Projector(reopened, TRAIL).now()
    assert (after, store.folded) == (before, 7)
    await reopened.close()


async def test_it_follows_also_while_nobody_reads(log: EventLog, store: CountingStore) -> None:
    projector = Projector(log, TRAIL)
    projector.start()
    await fill(log, 43)
    await until(lambda: store.saved.get("", 0) == 4)
    assert projector.status.position >= 40
    await projector.stop()
    await projector.stop()


async def test_following_prepares_market_order_too(log: EventLog, store: CountingStore) -> None:
    projector = Projector(log, TRAIL)
    projector.start()
    for append in events_for([("A", second) for second in range(200)]):
        await log.append(append.events)
    # It may still be ten positions behind, and a snapshot's distance behind those.
    await until(lambda: store.saved.get("prices:A", 0) >= 190 // 5)
    await projector.stop()
    store.folded = 0
    folded = await projector.at_time(None, None)
    assert count_of(folded.state) == 200
    assert store.folded <= 10 + 5


async def test_following_survives_a_store_that_fails_for_a_while(
    log: EventLog, store: CountingStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*_: object) -> None:
        raise StoreUnavailable("planted")

    projector = Projector(log, TRAIL)
    with monkeypatch.context() as patched:
        patched.setattr(store, "snapshot_before", fails)
        projector.start()
        await until(lambda: projector.status.error)
    await fill(log, 30)
    await until(lambda: projector.status.position >= 30)
    assert projector.status.error is None
    await projector.stop()


async def test_positions_beyond_the_head_are_refused(log: EventLog) -> None:
    with pytest.raises(PositionBeyondHead):
        await Projector(log, TRAIL).at_position(1)


async def test_commit_times_are_positions(log: EventLog) -> None:
    await fill(log, 20)
    projector, events = Projector(log, TRAIL), await log.read(ReadQuery(limit=100))
    known_at = events[11].recorded_at_us
    assert count_of((await projector.at_time(None, known_at)).state) == 12
    assert count_of((await projector.at_time(None, None)).state) == 20
    assert (await projector.at_time(None, 0)).state == {}


class Halting(CountingStore):
    """A store that halts in the middle of what it hands over, and ends it although nobody waits."""

    def __init__(self) -> None:
        super().__init__()
        self.reached, self.go = asyncio.Event(), asyncio.Event()
        self.background: list[asyncio.Task[None]] = []

    async def fold_range(self, after: int, upto: int, take: TakeEvents) -> None:
        async def hand_over() -> None:
            middle = (after + upto) // 2
            await CountingStore.fold_range(self, after, middle, take)
            self.reached.set()
            await self.go.wait()
            await CountingStore.fold_range(self, middle, upto, take)

        self.background.append(asyncio.create_task(hand_over()))
        await asyncio.shield(self.background[-1])


async def test_a_reader_that_goes_away_leaves_no_half_folded_state() -> None:
    store = Halting()
    for append in events_for(random_seconds(30, 0.1)):
        await store.append([append])
    log = await EventLog.open(store)
    projector = Projector(log, TRAIL)
    gone = asyncio.create_task(projector.now())
    await store.reached.wait()
    gone.cancel()
    stays = asyncio.create_task(projector.now())
    store.go.set()
    folded = await stays
    await asyncio.gather(*store.background)
    events = await log.read(ReadQuery(limit=100))
    assert folded.state == fold(TRAIL, events)
    await log.close()


async def test_a_state_that_the_tail_has_left_behind_goes_on_from_the_store(
    store: CountingStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_end_module, "TAIL_EVENTS", 5)
    log = await EventLog.open(store)
    projector = Projector(log, TRAIL)
    await fill(log, 4)
    early = await projector.now()
    await fill(log, 40)
    folded = await projector.now()
    assert folded is not early
    assert folded.state == fold(TRAIL, await log.read(ReadQuery(limit=100)))
    await log.append(prices(3, "LIVE"))
    assert await projector.now() is folded
    await log.close()


# --- rebuilding -----------------------------------------------------------------------------------


class Miscounting(Trail):
    """A projection whose code was wrong when its snapshots were made; its schema did not change."""

    wrong = True

    def apply(self, state: dict[str, list[int]], event: ReadableEvent) -> dict[str, list[int]]:
        state = super().apply(state, event)
        if self.wrong:
            state["wrong"] = [event.position]
        return state


async def test_a_rebuild_replaces_state_and_snapshots_at_the_head(
    log: EventLog, store: CountingStore
) -> None:
    projection = Miscounting()
    projector = Projector(log, projection)
    await fill(log, 64)
    assert "wrong" in (await projector.now()).state
    assert "wrong" in (await projector.at_time(None, None)).state
    saved = store.saved
    projection.wrong = False
    told: list[tuple[int, int]] = []
    await projector.rebuild(lambda done, total: told.append((done, total)))
    for folded in (
        await projector.now(),
        await projector.at_position(63),
        await projector.at_position(20),
        await projector.at_time(None, None),
        await projector.at_time(None, (await log.read(ReadQuery()))[30].recorded_at_us),
    ):
        assert "wrong" not in folded.state
    assert store.saved[""] == saved[""]
    assert told[-1] == (128, 128)
    assert told == sorted(told)


async def test_the_serving_state_goes_on_beside_a_rebuild(
    log: EventLog, store: CountingStore
) -> None:
    projector = Projector(log, TRAIL)
    await fill(log, 50)
    serving = await projector.now()
    rebuilding = asyncio.create_task(projector.rebuild(lambda _done, _total: None))
    await until(lambda: projector.status.phase == "rebuilding")
    await log.append(prices(15, "LIVE"))
    assert await projector.now() is serving
    assert serving.position == 65
    await rebuilding
    rebuilt = await projector.now()
    assert rebuilt is not serving
    assert (rebuilt, projector.status.phase) == (serving, "live")


async def test_a_snapshot_of_the_old_state_is_not_left_by_a_rebuild(
    log: EventLog, store: CountingStore
) -> None:
    projection = Miscounting()
    projector = Projector(log, projection)
    await fill(log, 35)
    await projector.now()
    rebuilding = asyncio.create_task(projector.rebuild(lambda _done, _total: None))
    await until(lambda: projector.status.phase == "rebuilding")
    await log.append(prices(9, "LIVE"))
    await projector.now()
    projection.wrong = False
    await rebuilding
    await projector.rebuild(lambda _done, _total: None)
    fresh = Projector(log, projection)
    assert "wrong" not in (await fresh.now()).state


# --- parking --------------------------------------------------------------------------------------


def replace_event(store: CountingStore, position: int, **changes: object) -> None:
    """Make an event what a newer program, or damage, would have made of it."""
    event = store._events[position - 1]._replace(**changes)  # type: ignore[arg-type]
    store._events[position - 1] = event
    stream = store._streams[event.stream]
    stream[event.version - 1] = event


async def parked(store: CountingStore, **changes: object) -> Projector[dict[str, list[int]]]:
    for append in events_for([("A", s) for s in range(12)] + [("B", 1), ("A", 13)]):
        await store.append([append])
    replace_event(store, 13, **changes)
    return Projector(await EventLog.open(store), TRAIL)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"schema_version": 7}, "does not know price_update version 7"),
        ({"payload_json": "{"}, "UnreadablePayload"),
    ],
)
async def test_an_event_that_cannot_be_read_parks_the_projection_that_needs_it(
    store: CountingStore, changes: dict[str, object], reason: str
) -> None:
    projector = await parked(store, **changes)
    folded = await projector.now()
    assert (folded.position, folded.state) == (12, {"A": list(range(1, 13))})
    status = projector.status
    assert (status.phase, status.position) == ("parked", 12)
    assert "position 13" in str(status.error)
    assert reason in str(status.error)
    assert (await projector.at_position(12)).state == folded.state
    with pytest.raises(ProjectionParked):
        await projector.at_position(14)
    with pytest.raises(ProjectionParked):
        await projector.at_time(None, None)
    # What was known before that event is still told.
    known = store._events[11].recorded_at_us
    assert (await projector.at_time(None, known)).state == folded.state
    assert await projector.now() is folded
    await projector._log.close()


async def test_following_ends_where_it_is_parked(store: CountingStore) -> None:
    projector = await parked(store, schema_version=7)
    projector.start()
    await until(lambda: projector.status.phase == "parked")
    await projector.stop()
    await projector._log.close()


async def test_a_parked_projection_is_rebuilt_up_to_where_it_parks(store: CountingStore) -> None:
    projector = await parked(store, schema_version=7)
    await projector.rebuild(lambda _done, _total: None)
    assert (projector.status.phase, (await projector.now()).position) == ("parked", 12)
    await projector._log.close()


async def test_types_that_it_does_not_need_park_nothing(store: CountingStore) -> None:
    projector = await parked(store, type="rumour", schema_version=3)
    assert (await projector.now()).state == {"A": [*range(1, 13), 14]}
    assert projector.status.phase == "live"
    await projector._log.close()


async def test_only_the_projection_that_needs_it_is_parked(store: CountingStore) -> None:
    class Notices(Trail):
        name = "notices"
        handles = frozenset({"system_notice"})

    await store.append(events_for([("A", 0), ("system", 1), ("A", 2)]))
    replace_event(store, 1, schema_version=2)
    log = await EventLog.open(store)
    needs, needs_not = Projector(log, TRAIL), Projector(log, Notices())
    await log.append([new(notice(second=3)), new(price("B", second=4))])
    assert [(await one.now()).position for one in (needs, needs_not)] == [0, 5]
    assert [one.status.phase for one in (needs, needs_not)] == ["parked", "live"]
    await log.close()
