"""How long an idempotency key is remembered: to the microsecond, in every store; and that the old ones go."""

# covers: events.sql_answers, events.plan

from collections.abc import Awaitable, Callable
from itertools import pairwise

from sqlalchemy import Connection, func, select

from events.envelope import Append, Appended, Idempotency
from events.memory_store import MemoryEventStore
from events.plan import IDEMPOTENCY_KEY_S_MAX
from events.sql_answers import LOOKED_AT_MIN
from events.sql_store import SqlEventStore
from events.store import EventStore
from events.tables import idempotency_keys
from tests.contract.conftest import Clock
from tests.unit.events.builders import prices

LIFETIME_US = IDEMPOTENCY_KEY_S_MAX * 1_000_000
FINGERPRINT = b"f"


async def ask(store: EventStore, key: str, answer: str, fingerprint: bytes = FINGERPRINT) -> str:
    """The answer to a keyed request: the one that is stored, where the key is remembered."""
    given = Idempotency(key, fingerprint, answer)
    (outcome,) = await store.append([Append((), idempotency=given)])
    assert isinstance(outcome, Appended)
    return outcome.answer or answer


async def keys_kept(store: EventStore) -> int:
    """How many keys a store holds, remembered or not."""
    if isinstance(store, MemoryEventStore):
        return len(store._answers)
    assert isinstance(store, SqlEventStore)

    def count(connection: Connection) -> int:
        return connection.execute(select(func.count()).select_from(idempotency_keys)).scalar_one()

    return await store._engines.read(count)


async def test_a_key_is_remembered_for_its_lifetime_and_not_a_moment_longer(
    store: EventStore, clock: Clock
) -> None:
    await ask(store, "k", "first")
    clock.now_us += LIFETIME_US
    assert await ask(store, "k", "second") == "first"
    clock.now_us += 1
    assert await store.answer_to(Idempotency("k", FINGERPRINT, "")) is None
    assert await ask(store, "k", "third") == "third"
    clock.now_us += LIFETIME_US
    assert await ask(store, "k", "fourth") == "third"


async def test_a_forgotten_key_may_come_with_another_request(
    store: EventStore, clock: Clock
) -> None:
    await ask(store, "k", "first")
    clock.now_us += LIFETIME_US + 1
    assert await ask(store, "k", "other", b"g") == "other"


async def test_what_a_forgotten_key_recorded_is_not_recorded_twice(
    store: EventStore, clock: Clock
) -> None:
    events = prices(2)
    for _ in range(2):
        await store.append([Append(events, idempotency=Idempotency("k", FINGERPRINT, ""))])
        clock.now_us += LIFETIME_US + 1
    assert (await store.head()).position == 2


async def test_old_keys_are_deleted_a_few_at_a_time_as_new_ones_come(
    opening: Callable[[], Awaitable[EventStore]], clock: Clock
) -> None:
    store = await opening()
    old, new = 3 * LOOKED_AT_MIN, 10
    for number in range(old):
        await ask(store, f"old-{number:03}", "said")
    assert await keys_kept(store) == old
    clock.now_us += LIFETIME_US + 1
    kept = [old]
    for number in range(new):
        await ask(store, f"new-{number:03}", "said")
        kept.append(await keys_kept(store))
    assert kept[-1] == new
    if isinstance(store, SqlEventStore):
        assert max(before - after for before, after in pairwise(kept)) < LOOKED_AT_MIN
    await store.close()
