"""An id that is taken by what this program cannot compare: a conflict of its own append, and of no other."""

from dataclasses import replace
from decimal import Decimal
from typing import Any, cast
from uuid import UUID

import pytest

from events import upcasters
from events.catalog import CATALOG, EventType
from events.envelope import Append, NewEvent
from events.errors import DuplicateEvent
from events.store import EventStore, ReadQuery
from tests.unit.events.builders import appended, new, positions_of, price

TAKEN = UUID(int=7)


def written_elsewhere(type_name: str, schema_version: int, text: str | None = None) -> NewEvent:
    """An event as another version of the program would hand it to the store."""
    event = new(price(), TAKEN)
    entry = replace(event.event_type, name=type_name, schema_version=schema_version)
    object.__setattr__(event, "event_type", entry)
    object.__setattr__(event, "_text", event.payload_json if text is None else text)
    return event


async def refused_alone(store: EventStore, taken: NewEvent) -> DuplicateEvent:
    """Record `taken`, then a group in which only the middle append wants its id again."""
    appended((await store.append([Append((taken,))]))[0])
    group = [Append((new(),)), Append((new(), new(price(), TAKEN))), Append((new(),))]
    first, second, third = await store.append(group)
    assert isinstance(second, DuplicateEvent)
    assert (appended(first).positions, appended(third).positions) == ((2,), (3,))
    assert positions_of(await store.read(ReadQuery())) == [1, 2, 3]
    return second


@pytest.mark.parametrize(
    ("type_name", "schema_version", "text"),
    [
        ("a_type_of_the_future", 1, None),
        ("a_type_of_the_future", 8, '{"whisper":"?"}'),
        ("price_update", 8, '{"timestamp":"2026-01-16T12:00:00.000000Z","legs":[1]}'),
        ("price_update", 8, "[]"),
        # The very text: but what a newer schema means by it is not for this program to say.
        ("price_update", 8, None),
    ],
)
async def test_an_id_that_a_newer_program_took_fails_only_its_own_append(
    store: EventStore, type_name: str, schema_version: int, text: str | None
) -> None:
    refused = await refused_alone(store, written_elsewhere(type_name, schema_version, text))
    assert (refused.event_id, refused.position) == (str(TAKEN), 1)


@pytest.fixture
def second_schema(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A program whose prices are at schema 2; the step to it is the test's to give."""
    entry = replace(CATALOG["price_update"], schema_version=2)
    monkeypatch.setitem(cast(dict[str, EventType], CATALOG), entry.name, entry)
    return monkeypatch


def _breaks(_payload: dict[str, Any]) -> dict[str, Any]:
    raise KeyError("price")


def _gives_no_json(payload: dict[str, Any]) -> dict[str, Any]:
    return payload | {"price": Decimal(100)}


@pytest.mark.parametrize("step", [_breaks, _gives_no_json, lambda _payload: []])
async def test_a_step_that_fails_on_the_taken_one_fails_only_that_append(
    store: EventStore, second_schema: pytest.MonkeyPatch, step: upcasters.Step
) -> None:
    second_schema.setitem(upcasters.UPCASTERS, ("price_update", 1), step)
    await refused_alone(store, written_elsewhere("price_update", 1))


async def test_one_append_may_not_give_one_id_to_two_types(store: EventStore) -> None:
    other = written_elsewhere("a_type_of_the_future", 1)
    (outcome,) = await store.append([Append((new(price(), TAKEN), other))])
    assert isinstance(outcome, DuplicateEvent)
    assert await store.read(ReadQuery()) == []
