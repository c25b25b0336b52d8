"""A state that grows with the log is saved ever less often; one that knows no market order is not folded in it."""

# covers: events.past, events.projector

import asyncio
from collections.abc import AsyncIterator

import pytest

from events import past as past_module
from events import projector as projector_module
from events.log import EventLog
from events.past import Past
from events.projection import fold
from events.projector import Projector
from events.store import ReadQuery
from tests.unit.events.builders import prices
from tests.unit.events.trail import TRAIL, CountingStore, log_of, random_seconds


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(past_module, "SNAPSHOT_EVERY", 10)
    monkeypatch.setattr(projector_module, "SNAPSHOT_EVERY", 10)
    monkeypatch.setattr(past_module, "MARKET_SNAPSHOT_EVERY", 5)


@pytest.fixture
def store() -> CountingStore:
    return CountingStore()


@pytest.fixture
async def log(store: CountingStore) -> AsyncIterator[EventLog]:
    opened = await log_of(store, random_seconds(400, 0))
    yield opened
    await opened.close()


def weigh(state: dict[str, list[int]]) -> int:
    return sum(map(len, state.values())) // 4


async def test_snapshots_lie_as_many_positions_apart_as_the_state_weighs(
    log: EventLog, store: CountingStore
) -> None:
    await Past(log, TRAIL, weigh).at_position(400)
    saved = sorted(one.position for one in store._snapshots.values())
    # Up to 40 events weigh 10 or less, up to 80 at most 20, up to 160 at most 40, and so on.
    assert saved == [10, 20, 30, 40, 60, 80, 120, 160, 240, 320]


async def test_every_position_is_answered_from_the_snapshot_before_it(
    log: EventLog, store: CountingStore
) -> None:
    past = Past(log, TRAIL, weigh)
    await past.at_position(400)
    events = await log.read(ReadQuery(limit=1_000))
    for position in (0, 9, 41, 119, 160, 161, 239, 400):
        store.folded = 0
        folded = await past.at_position(position)
        assert folded.state == fold(TRAIL, events[:position])
        assert store.folded <= max(10, position // 2)


async def test_a_projector_hands_on_what_its_state_weighs(
    log: EventLog, store: CountingStore
) -> None:
    projector = Projector(log, TRAIL, weigh=weigh, market_order=False)
    await projector.now()
    assert store.saved == {"": 10}
    await projector.rebuild(lambda _done, _total: None)
    assert store.saved == {"": 10}


async def test_nothing_is_folded_in_market_order_for_one_that_does_not_ask_for_it(
    store: CountingStore,
) -> None:
    log = await EventLog.open(store)
    projector = Projector(log, TRAIL, market_order=False)
    projector.start()
    for start in range(0, 100, 10):
        await log.append(prices(10, "A", start))
    while store.saved.get("", 0) < 9:
        await asyncio.sleep(0)
    told: list[tuple[int, int]] = []
    await projector.rebuild(lambda done, total: told.append((done, total)))
    await projector.stop()
    assert told[-1] == (100, 100)
    assert set(store.saved) == {""}
    await log.close()
