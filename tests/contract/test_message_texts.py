"""Pages of messages, and of columns: what every store makes is what Python makes of the same page."""

# covers: events.store, events.memory_store, events.sql_messages, events.sql_text, events.sql_ends

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from app.stream.transport import present_text
from events.envelope import Append, NewEvent, RecordedEvent, event_columns
from events.messages import EventText, text_with
from events.selection import Selection
from events.store import EventStore, ReadQuery
from tests.contract.conftest import Clock
from tests.unit.events.builders import new, notice, price, regime

EDGES = (
    datetime(1, 1, 1, tzinfo=UTC),
    datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    datetime(1970, 1, 1, tzinfo=UTC),
    datetime(1970, 1, 1, 0, 0, 0, 1, tzinfo=UTC),
    datetime(2000, 2, 29, 12, 0, 0, 100, tzinfo=UTC),
    datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
)
QUERIES = (
    ReadQuery(limit=1_000),
    ReadQuery(after=7, upto=40, limit=5),
    ReadQuery(after=7, limit=5, descending=True),
    ReadQuery(limit=0),
    ReadQuery(after=10_000),
    ReadQuery(selection=Selection.of(["prices"], ["S1", "S2"]), limit=9),
    ReadQuery(selection=Selection.of(["prices", "system"]), limit=9, descending=True),
    ReadQuery(types=frozenset({"regime_update"})),
    ReadQuery(occurred_upto_us=0),
    ReadQuery(recorded_upto_us=1_000_000),
)


def some_events(chance: random.Random) -> list[NewEvent]:
    """Events at the edges of time and all over it, of many streams, with texts of every kind."""
    span = EDGES[-1] - EDGES[0]
    times = [*EDGES, *(EDGES[0] + chance.random() * span for _ in range(60))]
    made = []
    for number, moment in enumerate(times):
        payloads = (
            price(f"S{number % 25}"),
            regime("^A/B=C"),
            notice('quote " backslash \\ line \n colon :a emoji \U0001f4c8 percent %s'),
        )
        payload = payloads[number % 3].model_copy(update={"timestamp": moment})
        made.append(new(payload, UUID(int=chance.getrandbits(128))))
    return made


def marked(event: RecordedEvent) -> str:
    """Stands for an upcast text: it cannot come from a database."""
    return f"made for {event.position}"


@pytest.fixture
async def full(store: EventStore, clock: Clock) -> EventStore:
    for number, event in enumerate(some_events(random.Random(5))):
        clock.now_us = (0, 1, 999_999, 1_000_000)[number] if number < 4 else number * 1_234_567_891
        await store.append([Append((event,))])
    return store


def texts_of(events: Sequence[RecordedEvent]) -> list[EventText]:
    return [text_with(event, present_text) for event in events]


@pytest.mark.parametrize("query", QUERIES)
async def test_a_page_of_columns_is_the_page_of_events(full: EventStore, query: ReadQuery) -> None:
    found = await full.read_columns(query)
    expected = event_columns(await full.read(query))
    assert [list(each) for each in found] == [list(each) for each in expected]


@pytest.mark.parametrize("query", QUERIES)
async def test_a_page_of_messages_is_the_page_of_events(full: EventStore, query: ReadQuery) -> None:
    assert await full.read_texts(query, present_text) == texts_of(await full.read(query))


async def test_messages_at_positions_are_those_of_the_events(full: EventStore) -> None:
    positions = [3, 5, 8, 40]
    expected = texts_of(await full.read_at(positions))
    assert await full.texts_at(positions, present_text) == expected
    assert [text.position for text in expected] == positions
    assert await full.texts_at([], present_text) == []


async def test_other_schema_versions_are_made_by_the_reader(store: EventStore) -> None:
    theirs = new(notice("from a newer program"))
    newer = replace(theirs.event_type, schema_version=theirs.event_type.schema_version + 1)
    object.__setattr__(theirs, "event_type", newer)
    await store.append([Append((new(price()), theirs, new(regime())))])
    for descending in (False, True):
        query = ReadQuery(descending=descending)
        texts = {one.position: one.text for one in await store.read_texts(query, marked)}
        assert list(texts) == ([3, 2, 1] if descending else [1, 2, 3])
        assert texts[2] == "made for 2"
        of_system = replace(query, selection=Selection.of(["system"]))
        (alone,) = await store.read_texts(of_system, marked)
        assert alone == (2, "system:synapse", 1, "system_notice", "made for 2")
    assert (await store.texts_at([2], marked))[0].text == "made for 2"
