"""The longest names that may come in are kept whole, and found again, whatever the store is made of."""

# covers: app.api.prices, events.tables

from app.api.prices import KEY_MAX
from events.envelope import Append, Idempotency
from events.store import EventStore
from tests.unit.events.builders import appended, new, price


async def test_the_longest_idempotency_key_is_known_again(store: EventStore) -> None:
    key = Idempotency("prices:" + "\xff" * KEY_MAX, b"f", "answered")
    for answer in (None, "answered"):
        (outcome,) = await store.append([Append((new(),), idempotency=key)])
        assert appended(outcome).answer == answer


async def test_the_longest_symbol_has_streams_of_its_own(store: EventStore) -> None:
    longest = "S" * 32
    (outcome,) = await store.append([Append((new(price(longest)),), {f"prices:{longest}": 0})])
    assert appended(outcome).positions == (1,)
    assert set(await store.streams()) == {f"prices:{longest}"}
