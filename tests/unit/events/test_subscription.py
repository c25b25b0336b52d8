"""From history to live: every transition, and random interleavings against the plain filter."""

import random
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.catalog import Channel
from events.errors import PositionGap
from events.messages import EventText, event_text, text_with
from events.selection import EMPTY_SELECTION, Selection
from events.store import PAGE_EVENTS, ReadQuery
from events.subscription import (
    Action,
    CaughtUp,
    Lagging,
    Phase,
    ReadPositions,
    Subscription,
)
from tests.unit.events.builders import positions_of, price, recorded, regime

PRICES = Selection.of([Channel.PRICES])
# Positions 1, 3, 5, ... are prices; 2, 4, 6, ... are regimes.
RECORDED = recorded([payload for n in range(20) for payload in (price(second=n), regime(second=n))])
LOG = [text_with(event, event_text) for event in RECORDED]


def answer(query: ReadQuery, head: int = len(LOG)) -> list[EventText]:
    found = [event.position for event in RECORDED[:head] if query.accepts(event)]
    return [LOG[position - 1] for position in found[: query.limit]]


def paged(
    subscription: Subscription, query: ReadQuery | ReadPositions, events: Sequence[EventText]
) -> list[int]:
    subscription.page(query, events)
    return [event.position for event in events]


def asked(subscription: Subscription) -> ReadQuery:
    query = subscription.next_read()
    assert isinstance(query, ReadQuery)
    return query


def live_at(position: int) -> Subscription:
    subscription = Subscription(PRICES, after=position, target=position)
    assert subscription.arrived() == [CaughtUp(position)]
    return subscription


# --- catching up --------------------------------------------------------------------------------


def test_with_nothing_to_catch_up_on_it_goes_live_at_once() -> None:
    subscription = Subscription(PRICES, after=4, target=4)
    phases = [subscription.phase]
    assert subscription.next_read() is None
    assert subscription.arrived() == [CaughtUp(4)]
    assert [*phases, subscription.phase] == [Phase.CATCHING_UP, Phase.LIVE]


def test_a_target_before_the_cursor_is_reached_already() -> None:
    subscription = Subscription(PRICES, after=9, target=4)
    assert subscription.next_read() is None
    assert subscription.arrived() == [CaughtUp(9)]


def test_it_asks_from_the_cursor_to_the_target() -> None:
    query = asked(Subscription(PRICES, after=2, target=8))
    assert (query.after, query.upto, query.selection) == (2, 8, PRICES)
    assert query.limit == PAGE_EVENTS


def test_a_short_page_reaches_the_target() -> None:
    subscription = Subscription(PRICES, after=0, target=6)
    query = asked(subscription)
    assert paged(subscription, query, answer(query)) == [1, 3, 5]
    assert subscription.cursor == 6
    assert subscription.arrived() == [CaughtUp(6)]


def test_an_empty_page_reaches_the_target_and_delivers_nothing() -> None:
    subscription = Subscription(PRICES, after=5, target=6)
    query = asked(subscription)
    assert paged(subscription, query, []) == []
    assert subscription.arrived() == [CaughtUp(6)]


def test_a_full_page_reaches_no_further_than_its_last_event(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    small = ReadQuery(after=0, upto=20, selection=PRICES, limit=3)
    subscription = Subscription(PRICES, after=0, target=20)
    assert paged(subscription, small, answer(small)) == [1, 3, 5]
    assert subscription.cursor == 5
    assert subscription.arrived() == []
    assert asked(subscription).after == 5


def test_a_target_that_moves_while_a_page_is_read_leaves_nothing_out() -> None:
    subscription = Subscription(PRICES, after=0, target=4)
    query = asked(subscription)
    subscription.retarget(10)
    assert paged(subscription, query, answer(query)) == [1, 3]
    assert subscription.cursor == 4
    assert (asked(subscription).after, asked(subscription).upto) == (4, 10)


def test_a_target_never_moves_back_and_not_at_all_once_live() -> None:
    subscription = Subscription(PRICES, after=0, target=6)
    subscription.retarget(2)
    assert asked(subscription).upto == 6
    live = live_at(4)
    live.retarget(10)
    assert live.next_read() is None


# --- single positions ---------------------------------------------------------------------------


def test_chosen_positions_come_first_a_page_at_a_time() -> None:
    chosen = tuple(range(1, PAGE_EVENTS + 3))
    subscription = Subscription(PRICES, after=600, target=600, positions=chosen)
    assert subscription.next_read() == ReadPositions(chosen[:PAGE_EVENTS])


def test_after_the_chosen_positions_it_goes_on_from_the_cursor() -> None:
    subscription = Subscription(PRICES, after=8, target=10, positions=(5, 7))
    single = subscription.next_read()
    assert single == ReadPositions((5, 7))
    assert isinstance(single, ReadPositions)
    assert paged(subscription, single, [LOG[4], LOG[6]]) == [5, 7]
    assert subscription.arrived() == []
    query = asked(subscription)
    assert paged(subscription, query, answer(query)) == [9]
    assert subscription.arrived() == [CaughtUp(10)]


def test_once_nothing_is_wanted_any_more_no_position_is_kept() -> None:
    subscription = Subscription(PRICES, after=8, target=8, positions=(5, 7))
    asked_before = subscription.next_read()
    subscription.narrow(EMPTY_SELECTION)
    assert subscription.next_read() is None
    assert isinstance(asked_before, ReadPositions)
    subscription.page(asked_before, [LOG[4], LOG[6]])  # it was on its way
    assert subscription.arrived() == [CaughtUp(8)]


@pytest.mark.parametrize("got", [[], [5], [5, 5], [7, 5]])
def test_a_store_that_answers_with_other_positions_is_a_gap(got: list[int]) -> None:
    subscription = Subscription(PRICES, after=8, target=8, positions=(5, 7))
    single = subscription.next_read()
    assert isinstance(single, ReadPositions)
    with pytest.raises(PositionGap):
        subscription.page(single, [LOG[position - 1] for position in got])


# --- live, and back -----------------------------------------------------------------------------


def test_a_version_that_does_not_follow_is_a_gap() -> None:
    subscription = Subscription(PRICES, after=0, target=6)
    query = asked(subscription)
    with pytest.raises(PositionGap) as caught:
        subscription.page(query, [LOG[0], LOG[4]])
    assert (caught.value.where, caught.value.expected, caught.value.actual) == ("prices:SPX", 2, 3)


def test_who_falls_behind_says_so_and_reads_the_store_again() -> None:
    subscription = live_at(4)
    assert subscription.fell_behind(10) == [Lagging(4)]
    assert subscription.phase is Phase.CATCHING_UP
    query = asked(subscription)
    assert (query.after, query.upto) == (4, 10)
    assert paged(subscription, query, answer(query)) == [5, 7, 9]
    assert subscription.arrived() == [CaughtUp(10)]


def test_arriving_is_told_once() -> None:
    assert live_at(4).arrived() == []


# --- any interleaving ---------------------------------------------------------------------------


@given(
    seed=st.integers(0, 10**6),
    after=st.integers(0, 20),
    head=st.integers(0, len(LOG)),
    chosen=st.integers(0, 3),
)
def test_whatever_the_driver_does_each_match_is_delivered_once_and_in_order(
    seed: int, after: int, head: int, chosen: int
) -> None:
    rng = random.Random(seed)
    after = min(after, head)
    matches = [event.position for event in LOG if PRICES.matches(event.stream)]
    before = [position for position in matches if position <= after]
    first = before[-chosen:] if chosen else []
    subscription = Subscription(PRICES, after=after, target=head, positions=first)
    got: list[int] = []
    caught_up = 0
    while subscription.cursor < len(LOG) or subscription.phase is not Phase.LIVE:
        head = min(len(LOG), head + rng.randrange(3))
        if subscription.phase is Phase.LIVE:
            assert subscription.fell_behind(head) == [Lagging(subscription.cursor)]
        positions, actions = drive(subscription, head, rng)
        caught_up += sum(isinstance(action, CaughtUp) for action in actions)
        got += positions
    assert got == first + [position for position in matches if position > after]
    assert caught_up >= 1


def drive(
    subscription: Subscription, head: int, rng: random.Random
) -> tuple[list[int], list[Action]]:
    """One random thing that a driver may do."""
    query = subscription.next_read()
    if query is None:
        return [], subscription.arrived()
    if rng.random() < 0.3:
        subscription.retarget(head)
    if isinstance(query, ReadPositions):
        chosen = [LOG[position - 1] for position in query.positions]
        return paged(subscription, query, chosen), []
    limit = rng.randint(1, 5)
    small = ReadQuery(query.after, query.upto, query.selection, limit=limit)
    return paged(subscription, small, answer(small, head)), []


def test_positions_of_the_planted_log_are_dense() -> None:
    assert positions_of(RECORDED) == list(range(1, 41))
