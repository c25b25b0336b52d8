"""Trades get the same times however often, and in whatever order, they come."""

from decimal import Decimal
from itertools import pairwise
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from app.feeds.exchange_trades import REMEMBERED_MS, TRADES_A_MS, Timed, Trade, TradeSequence

ALL_MS = 10**15
NEVER = -1.0


def trade(number: int | str, at_ms: int, price: str = "100") -> Trade:
    return Trade(str(number), at_ms, Decimal(price), Decimal(1), "buy")


def released(trades: list[Trade], from_us: int | None = None) -> list[tuple[int, str]]:
    sequence = TradeSequence(0, from_us)
    for one in trades:
        sequence.add(one, 0.0)
    return told(sequence.release(ALL_MS, NEVER))


def told(timed: list[Timed]) -> list[tuple[int, str]]:
    return [(one.at_us, one.trade.trade_id) for one in timed]


def test_microseconds_count_the_trades_of_a_millisecond_in_the_order_of_their_ids() -> None:
    trades = [trade(10, 5), trade(9, 5), trade(11, 6), trade(8, 5)]
    assert released(trades) == [(5_000, "8"), (5_001, "9"), (5_002, "10"), (6_000, "11")]


def test_a_repeated_trade_is_left_out() -> None:
    assert released([trade(1, 5), trade(2, 5), trade(1, 5)]) == [(5_000, "1"), (5_001, "2")]


def test_without_ids_a_trade_is_what_it_says() -> None:
    trades = [trade("", 5, "100"), trade("", 5, "101"), trade("", 5, "100")]
    assert [at_us for at_us, _ in released(trades)] == [5_000, 5_001]


@given(st.lists(st.integers(0, 20), min_size=1, max_size=60), st.randoms(), st.data())
def test_times_depend_on_neither_order_nor_repetition_nor_where_one_goes_on(
    times: list[int], random: Random, data: st.DataObject
) -> None:
    trades = [trade(number, at_ms) for number, at_ms in enumerate(times)]
    whole = released(trades)
    assert len(whole) == len(trades)
    assert all(a < b for (a, _), (b, _) in pairwise(whole))
    mixed = trades + data.draw(st.lists(st.sampled_from(trades)))
    random.shuffle(mixed)
    assert released(mixed) == whole
    cut = data.draw(st.integers(0, len(whole) - 1))
    assert released(mixed, from_us=whole[cut][0]) == whole[cut + 1 :]


def test_a_millisecond_waits_until_it_has_settled_and_holds_up_those_after_it() -> None:
    sequence = TradeSequence(0)
    sequence.add(trade(2, 6), 1.0)
    sequence.add(trade(1, 5), 2.0)
    assert sequence.waiting_since_s == 2.0
    assert sequence.release(0, 1.5) == []
    assert told(sequence.release(0, 2.0)) == [(5_000, "1"), (6_000, "2")]
    assert sequence.release(0, 9.0) == []


def test_what_lies_before_a_bound_need_not_settle() -> None:
    sequence = TradeSequence(0)
    for number in (1, 2, 3):
        sequence.add(trade(number, number), 1.0)
    assert told(sequence.release(3, NEVER)) == [(1_000, "1"), (2_000, "2")]
    assert told(sequence.release(4, NEVER)) == [(3_000, "3")]


def test_a_trade_that_comes_after_its_millisecond_stands_behind_it() -> None:
    sequence = TradeSequence(0)
    sequence.add(trade(2, 5), 1.0)
    sequence.add(trade(3, 6), 1.0)
    sequence.release(0, 1.0)
    assert sequence.add(trade(1, 5), 2.0)
    assert told(sequence.release(0, 2.0)) == [(5_001, "1")]


def test_a_trade_before_what_is_wanted_is_left_out() -> None:
    sequence = TradeSequence(5)
    assert not sequence.add(trade(1, 4), 0.0)
    assert sequence.add(trade(2, 5), 0.0)
    assert sequence.cursor_ms == 5


def test_more_trades_than_microseconds_are_dropped_and_counted() -> None:
    sequence = TradeSequence(0)
    for number in range(TRADES_A_MS + 3):
        sequence.add(trade(number, 5), 0.0)
    times = [timed.at_us for timed in sequence.release(ALL_MS, NEVER)]
    assert times == list(range(5_000, 6_000))
    assert sequence.crowded_out == 3


def test_memory_is_bounded_and_what_is_forgotten_counts_as_recorded() -> None:
    sequence = TradeSequence(0)
    for at_ms in range(REMEMBERED_MS + 1_000):
        sequence.add(trade(at_ms, at_ms), 0.0)
        sequence.release(ALL_MS, NEVER)
    assert sequence.from_ms == 1_000
    assert not sequence.add(trade("new", 999), 0.0)
    assert not sequence.add(trade(1_000, 1_000), 0.0)
    assert sequence.add(trade("new", 1_000), 0.0)
