"""The longest names that may come in are kept whole, and found again, whatever the store is made of."""

# covers: app.api.idempotency, events.tables

import pytest

from app.api.idempotency import KEY_MAX, Endpoint
from events.envelope import Append, Idempotency
from events.store import EventStore
from tests.unit.events.builders import appended, new, price


@pytest.mark.parametrize("endpoint", Endpoint)
async def test_the_longest_idempotency_key_is_known_again(
    store: EventStore, endpoint: Endpoint
) -> None:
    key = Idempotency(endpoint + "\xff" * KEY_MAX, b"f", "answered")
    for answer in (None, "answered"):
        (outcome,) = await store.append([Append((new(),), idempotency=key)])
        assert appended(outcome).answer == answer


async def test_the_longest_symbol_has_streams_of_its_own(store: EventStore) -> None:
    longest = "S" * 32
    (outcome,) = await store.append([Append((new(price(longest)),), {f"prices:{longest}": 0})])
    assert appended(outcome).positions == (1,)
    assert set(await store.streams()) == {f"prices:{longest}"}
