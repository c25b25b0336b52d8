"""Any moment of the past, over every store: with snapshots, without them, and by a plain sort."""

# covers: events.past, events.projection

import random

import pytest

from events import past as past_module
from events.log import EventLog
from events.past import Past
from events.scalars import to_micros
from events.store import EventStore, ReadQuery
from tests.contract.conftest import Clock
from tests.unit.events.builders import at
from tests.unit.events.trail import TRAIL, events_for, expected_at, log_of, random_seconds


@pytest.fixture(autouse=True)
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(past_module, "SNAPSHOT_EVERY", 10)
    monkeypatch.setattr(past_module, "MARKET_SNAPSHOT_EVERY", 3)
    monkeypatch.setattr(past_module, "MARKET_PAGE", 8)


@pytest.mark.parametrize("lateness", [0.05, 0.6])
async def test_every_moment_is_what_a_fold_from_the_first_event_gives(
    store: EventStore, clock: Clock, lateness: float
) -> None:
    rng = random.Random(f"{lateness}")
    log = await log_of(store, random_seconds(70, lateness))
    past = Past(log, TRAIL)
    for number in range(40):
        if number % 5 == 0:
            clock.now_us += 1_000
            await store.append(events_for(random_seconds(3, 1.0, seed=number)))
        events = await store.read(ReadQuery(limit=1_000))
        known = rng.randint(0, len(events))
        at_us = rng.choice([None, to_micros(at(rng.randint(-1, 90)))])
        assert (await past.at_time(at_us, known)).state == expected_at(events, at_us, known)
    await log.close()


async def test_every_position_is_the_fold_of_all_before_it(store: EventStore) -> None:
    log: EventLog = await log_of(store, random_seconds(45, 0.2))
    past, events = Past(log, TRAIL), await store.read(ReadQuery(limit=1_000))
    for position in (45, 0, 1, 9, 10, 11, 29, 30, 44, 45):
        expected = TRAIL.initial()
        for event in events[:position]:
            expected = TRAIL.apply(expected, event)
        assert (await past.at_position(position)).state == expected
    await log.close()
