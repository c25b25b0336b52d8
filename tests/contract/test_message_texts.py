"""What a store hands over as messages is, byte for byte, what is made of the events one by one."""

# covers: events.sql_frames, events.sql_text, events.sql_ends

from decimal import Decimal
from typing import Any

import pytest

from app.stream.protocol import event_text
from events.envelope import Append
from events.selection import Selection
from events.store import EventStore, ReadQuery
from tests.unit.events.builders import new, notice, price, regime


@pytest.fixture
async def filled(store: EventStore) -> EventStore:
    """Events of several streams, with times before 1970 and text that JSON must escape."""
    payloads = [price(f"S{n % 3}", str(Decimal(100 + n)), n * 977 - 10**9) for n in range(40)]
    texts = [notice(text, 5) for text in ('"quoted" \\ ', "ünïcode 🚀", "line\nbreak\t\x1f")]
    events = [*payloads, regime("S1", 7), *texts]
    for start in range(0, len(events), 11):
        group = tuple(new(payload) for payload in events[start : start + 11])
        await store.append([Append(group)])
    return store


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"after": 7, "upto": 30},
        {"limit": 5},
        {"descending": True, "limit": 9},
        {"selection": Selection.of(["prices"], ["S1"])},
        {"selection": Selection.of(["system", "regime"])},
        {"types": frozenset({"system_notice"})},
        {"occurred_upto_us": -(10**15)},
    ],
)
async def test_messages_are_those_of_the_events(filled: EventStore, asked: dict[str, Any]) -> None:
    query = ReadQuery(**asked)
    expected = [(event.position, event_text(event)) for event in await filled.read(query)]
    texts = await filled.read_texts(query, event_text)
    assert texts == expected
