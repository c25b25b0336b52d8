"""What every event store promises about appends, whatever it is made of."""

# covers: events.store, events.plan, events.memory_store, events.sql_store, events.sql_append

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from events.chain import GENESIS, check_chain
from events.envelope import ANY, NO_STREAM, Append, Appended, Idempotency, RecordedEvent
from events.errors import DuplicateEvent, IdempotencyConflict, VersionConflict
from events.store import EventStore, Outcome, ReadQuery
from tests.contract.conftest import Clock
from tests.unit.events.builders import appended, new, notice, positions_of, price, prices, regime


async def everything(store: EventStore) -> list[RecordedEvent]:
    return await store.read(ReadQuery(limit=10_000))


async def append(
    store: EventStore,
    *events: object,
    expected: dict[str, int] | None = None,
    idempotency: Idempotency | None = None,
) -> Outcome:
    one = Append(events, expected or {}, idempotency)  # type: ignore[arg-type]  # new events
    return (await store.append([one]))[0]


def conflict(outcome: Outcome) -> VersionConflict:
    assert isinstance(outcome, VersionConflict), outcome
    return outcome


def request(key: str, body: bytes = b"body", answer: str = "done") -> Idempotency:
    return Idempotency(key, body, answer)


# --- positions and versions ---------------------------------------------------------------------


async def test_an_empty_log_has_its_head_at_0_and_no_streams(store: EventStore) -> None:
    head = await store.head()
    assert (head.position, head.hash) == (0, GENESIS)
    assert head.epoch
    assert await store.streams() == {}
    assert await everything(store) == []


async def test_positions_and_versions_are_dense_over_groups_and_streams(store: EventStore) -> None:
    for _ in range(3):
        await store.append(
            [
                Append((new(price("SPX")), new(regime("SPX")), new(price("NDX")))),
                Append((new(price("SPX")),)),
                Append((new(notice()), new(price("NDX")))),
            ]
        )
    events = await everything(store)
    assert positions_of(events) == list(range(1, 19))
    versions: dict[str, list[int]] = {}
    for event in events:
        versions.setdefault(event.stream, []).append(event.version)
    assert versions == {
        "prices:SPX": [1, 2, 3, 4, 5, 6],
        "prices:NDX": [1, 2, 3, 4, 5, 6],
        "regime:SPX": [1, 2, 3],
        "system:synapse": [1, 2, 3],
    }
    ends = await store.streams()
    assert {name: end.version for name, end in ends.items()} == {
        name: numbers[-1] for name, numbers in versions.items()
    }
    assert ends["prices:NDX"].position == 18


async def test_the_outcome_holds_the_very_events_that_are_read_back(store: EventStore) -> None:
    event = replace(new(price()), correlation_id=uuid4(), causation_id=uuid4())
    told = appended(await append(store, event, new(regime())))
    assert list(told.events) == await everything(store)
    first = told.events[0]
    assert (first.event_id, first.source) == (event.event_id, "simulated")
    assert (first.correlation_id, first.causation_id) == (event.correlation_id, event.causation_id)
    assert told.events[1].correlation_id == told.events[1].event_id
    assert told.events[1].causation_id is None


async def test_the_head_is_that_of_the_last_event(store: EventStore) -> None:
    before = await store.head()
    told = appended(await append(store, *prices(3)))
    head, last = await store.head(), told.events[-1]
    assert head.epoch == before.epoch
    assert (head.position, head.hash, head.recorded_at_us) == (
        last.position,
        last.hash,
        last.recorded_at_us,
    )


async def test_the_hash_chain_holds_over_everything(store: EventStore) -> None:
    for first in range(0, 20, 5):
        await store.append([Append(prices(3, first=first)), Append((new(regime()),))])
    head = await store.head()
    assert check_chain(GENESIS, 0, await everything(store)) == (head.hash, head.position)


async def test_concurrent_groups_stay_dense_and_chained(store: EventStore) -> None:
    groups = [[Append(prices(2, symbol=f"S{number}"))] for number in range(10)]
    await asyncio.gather(*(store.append(group) for group in groups))
    events = await everything(store)
    assert check_chain(GENESIS, 0, events)[1] == 20


# --- expected versions --------------------------------------------------------------------------


async def test_no_stream_is_for_the_first_append_only(store: EventStore) -> None:
    appended(await append(store, new(price()), expected={"prices:SPX": NO_STREAM}))
    error = conflict(await append(store, new(price()), expected={"prices:SPX": NO_STREAM}))
    assert (error.stream, error.expected, error.actual) == ("prices:SPX", NO_STREAM, 1)


async def test_any_checks_nothing(store: EventStore) -> None:
    for _ in range(2):
        appended(await append(store, new(price()), expected={"prices:SPX": ANY}))
    assert len(await everything(store)) == 2


async def test_a_number_is_the_version_that_the_writer_read(store: EventStore) -> None:
    await append(store, *prices(3))
    appended(await append(store, new(price()), expected={"prices:SPX": 3}))
    for wrong in (2, 3, 5):
        error = conflict(await append(store, new(price()), expected={"prices:SPX": wrong}))
        assert (error.stream, error.expected, error.actual) == ("prices:SPX", wrong, 4)


async def test_a_number_for_a_stream_that_does_not_exist_is_a_conflict(store: EventStore) -> None:
    error = conflict(await append(store, new(price("NDX")), expected={"prices:NDX": 1}))
    assert (error.stream, error.expected, error.actual) == ("prices:NDX", 1, 0)


async def test_a_stream_that_was_only_read_is_checked_as_well(store: EventStore) -> None:
    await append(store, new(regime()))
    appended(await append(store, new(price()), expected={"regime:SPX": 1}))
    error = conflict(await append(store, new(price()), expected={"regime:SPX": 0}))
    assert (error.stream, error.actual) == ("regime:SPX", 1)


async def test_an_append_to_several_streams_is_all_or_nothing(store: EventStore) -> None:
    await append(store, new(price()))
    events = (new(price()), new(regime()), new(notice()))
    refused = await append(store, *events, expected={"prices:SPX": 1, "regime:SPX": 7})
    assert conflict(refused).stream == "regime:SPX"
    assert len(await everything(store)) == 1
    assert set(await store.streams()) == {"prices:SPX"}
    appended(await append(store, *events, expected={"prices:SPX": 1, "regime:SPX": 0}))
    assert len(await everything(store)) == 4


async def test_a_conflict_fails_only_its_own_append_in_a_group(store: EventStore) -> None:
    outcomes = await store.append(
        [
            Append((new(price("A")),), {"prices:A": 0}),
            Append((new(price("A")), new(price("B"))), {"prices:A": 0}),
            Append((new(price("A")),), {"prices:A": 1}),
            Append((new(price("B")),), {"prices:B": 0}),
        ]
    )
    assert [type(outcome).__name__ for outcome in outcomes] == [
        "Appended",
        "VersionConflict",
        "Appended",
        "Appended",
    ]
    assert (conflict(outcomes[1]).expected, conflict(outcomes[1]).actual) == (0, 1)
    events = await everything(store)
    assert [(event.stream, event.version) for event in events] == [
        ("prices:A", 1),
        ("prices:A", 2),
        ("prices:B", 1),
    ]
    assert check_chain(GENESIS, 0, events)[1] == 3


async def test_a_refused_append_leaves_no_stream_behind(store: EventStore) -> None:
    conflict(await append(store, new(price("GONE")), expected={"prices:GONE": 3}))
    assert await store.streams() == {}
    assert (await store.head()).position == 0


# --- the same event again -----------------------------------------------------------------------


def ids(outcome: Outcome) -> tuple[Sequence[int], int, int]:
    told = appended(outcome)
    return told.positions, len(told.events), told.duplicates


async def test_the_same_event_again_is_answered_with_its_first_position(store: EventStore) -> None:
    event = new(price())
    await append(store, new(notice()))
    assert ids(await append(store, event)) == ((2,), 1, 0)
    assert ids(await append(store, event)) == ((2,), 0, 1)
    assert ids(await append(store, new(regime()), event)) == ((3, 2), 1, 1)
    assert (await store.head()).position == 3


async def test_the_same_event_twice_in_one_append_is_recorded_once(store: EventStore) -> None:
    event = new(price())
    assert ids(await append(store, event, event, new(regime()))) == ((1, 1, 2), 2, 1)


async def test_the_same_event_twice_in_one_group_is_recorded_once(store: EventStore) -> None:
    event = new(price())
    outcomes = await store.append([Append((event,)), Append((new(notice()), event))])
    assert [ids(outcome) for outcome in outcomes] == [((1,), 1, 0), ((2, 1), 1, 1)]


async def test_a_retry_is_answered_though_the_expected_version_has_passed(
    store: EventStore,
) -> None:
    event = new(price())
    await append(store, event, expected={"prices:SPX": 0})
    assert ids(await append(store, event, expected={"prices:SPX": 0})) == ((1,), 0, 1)


async def test_an_id_with_other_content_is_refused(store: EventStore) -> None:
    taken = UUID(int=7)
    await append(store, new(notice()), new(price(value="100"), taken))
    outcome = await append(store, new(regime()), new(price(value="101"), taken))
    assert isinstance(outcome, DuplicateEvent)
    assert (outcome.event_id, outcome.position) == (str(taken), 2)
    other_type = await append(store, new(notice(), taken))
    assert isinstance(other_type, DuplicateEvent)
    assert (await store.head()).position == 2


async def test_one_append_may_not_give_one_id_to_two_contents(store: EventStore) -> None:
    taken = UUID(int=7)
    outcome = await append(store, new(price(value="1"), taken), new(price(value="2"), taken))
    assert isinstance(outcome, DuplicateEvent)
    assert outcome.position is None
    assert "same append" in str(outcome)
    assert await everything(store) == []


async def test_one_group_may_not_give_one_id_to_two_contents(store: EventStore) -> None:
    taken = UUID(int=7)
    group = [Append((new(price(value=value), taken),)) for value in ("1", "2", "1")]
    first, second, third = await store.append(group)
    assert ids(first) == ((1,), 1, 0)
    assert isinstance(second, DuplicateEvent)
    assert ids(third) == ((1,), 0, 1)


async def test_who_decided_on_an_old_state_is_told_that_before_a_taken_id(
    store: EventStore,
) -> None:
    taken = UUID(int=7)
    await append(store, new(price(value="1"), taken))
    other = new(price(value="2"), taken)
    assert isinstance(await append(store, other, expected={"prices:SPX": 0}), VersionConflict)
    assert isinstance(await append(store, other, expected={"prices:SPX": 1}), DuplicateEvent)


async def test_hundreds_of_duplicates_are_found_in_one_append(store: EventStore) -> None:
    many = prices(1_200)
    await append(store, *many)
    assert ids(await append(store, *many)) == (tuple(range(1, 1_201)), 0, 1_200)


# --- idempotency keys ---------------------------------------------------------------------------


async def test_a_key_that_comes_again_gets_the_first_answer(store: EventStore) -> None:
    first = appended(await append(store, *prices(2), idempotency=request("k", answer="two")))
    assert first.answer is None
    again = appended(await append(store, *prices(2), idempotency=request("k", answer="other")))
    assert (again.positions, again.events, again.answer) == ((1, 2), (), "two")
    assert (await store.head()).position == 2


async def test_a_key_with_another_request_is_refused(store: EventStore) -> None:
    await append(store, *prices(2), idempotency=request("k"))
    outcome = await append(store, *prices(2), idempotency=request("k", b"else"))
    assert isinstance(outcome, IdempotencyConflict)
    assert outcome.key == "k"
    assert (await store.head()).position == 2


async def test_a_key_is_known_within_its_own_group(store: EventStore) -> None:
    group = [Append(prices(1), idempotency=request("k")) for _ in range(2)]
    first, second = await store.append(group)
    assert appended(first).answer is None
    assert (appended(second).answer, appended(second).positions) == ("done", (1,))


async def test_a_refused_append_does_not_take_its_key(store: EventStore) -> None:
    wrong = {"prices:SPX": 9}
    conflict(await append(store, *prices(1), expected=wrong, idempotency=request("k")))
    told = appended(await append(store, *prices(1), idempotency=request("k")))
    assert (told.answer, told.positions) == (None, (1,))


async def test_a_key_may_answer_an_append_without_events(store: EventStore) -> None:
    appended(await append(store, idempotency=request("k", answer="nothing new")))
    again = appended(await append(store, idempotency=request("k")))
    assert (again.answer, again.positions) == ("nothing new", ())
    assert (await store.head()).position == 0


async def test_the_answer_to_a_key_is_known_without_an_append(store: EventStore) -> None:
    await append(store, new(notice()))
    assert await store.answer_to(request("k")) is None
    first = appended(await append(store, *prices(2), idempotency=request("k", answer="two")))
    told = await store.answer_to(request("k", answer="other"))
    assert told is not None
    assert (told.positions, told.events, told.answer) == (first.positions, (), "two")
    assert told == await append(store, *prices(2), idempotency=request("k"))
    assert await store.answer_to(request("K")) is None


async def test_the_answer_to_a_key_without_events_is_known_too(store: EventStore) -> None:
    await append(store, idempotency=request("k", answer="nothing new"))
    assert await store.answer_to(request("k")) == Appended((), (), answer="nothing new")


async def test_no_other_request_is_told_the_answer_to_a_key(store: EventStore) -> None:
    await append(store, *prices(1), idempotency=request("k"))
    with pytest.raises(IdempotencyConflict) as caught:
        await store.answer_to(request("k", b"else"))
    assert caught.value.key == "k"


async def test_a_refused_append_leaves_its_key_unanswered(store: EventStore) -> None:
    conflict(await append(store, *prices(1), expected={"prices:SPX": 9}, idempotency=request("k")))
    assert await store.answer_to(request("k")) is None


# --- commit time --------------------------------------------------------------------------------


async def test_commit_time_never_falls_though_the_clock_does(
    store: EventStore, clock: Clock
) -> None:
    for clock.now_us in (5_000, 9_000, 2_000, 8_999, 9_001):
        await append(store, new(price()))
    times = [event.recorded_at_us for event in await everything(store)]
    assert times == [5_000, 9_000, 9_000, 9_000, 9_001]
    assert (await store.head()).recorded_at_us == 9_001
