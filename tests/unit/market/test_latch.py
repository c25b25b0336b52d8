"""The latch of a rule, and the extremes of a sliding window."""

from hypothesis import given
from hypothesis import strategies as st

from app.market.alerts.latch import READY, Entries, Latch, turn, with_high, with_low

NUMBERS = st.lists(st.tuples(st.integers(0, 3), st.integers(1, 9)), max_size=60)


def test_it_fires_once_until_the_price_went_back() -> None:
    latch, fired = READY, []
    for at, price in enumerate([9, 10, 11, 10, 9, 10, 8, 10]):
        latch, fires = turn(latch, at, 0, holds=price >= 10, went_back=price <= 8)
        fired += [at] * fires
    assert fired == [1, 7]


def test_a_crossing_within_the_cool_down_is_swallowed_for_good() -> None:
    latch, fires = turn(Latch(armed=True, fired_us=100), 109, 10, holds=True, went_back=False)
    assert (latch, fires) == (Latch(armed=False, fired_us=100), False)
    latch, fires = turn(latch, 200, 10, holds=True, went_back=False)
    assert not fires


def test_the_cool_down_ends_at_its_very_end() -> None:
    _, fires = turn(Latch(armed=True, fired_us=100), 110, 10, holds=True, went_back=False)
    assert fires


@given(NUMBERS, st.integers(1, 8))
def test_the_first_entry_is_the_extreme_of_the_window(
    steps: list[tuple[int, int]], window: int
) -> None:
    highs: Entries[int] = ()
    lows: Entries[int] = ()
    slot, seen = 0, []
    for forward, number in steps:
        slot += forward
        seen.append((slot, number))
        oldest = slot - window + 1
        highs = with_high(highs, slot, number, oldest)
        lows = with_low(lows, slot, number, oldest)
        kept = [each for at, each in seen if at >= oldest]
        assert (highs[0][1], lows[0][1]) == (max(kept), min(kept))
        assert max(len(highs), len(lows)) <= window


@given(NUMBERS, st.integers(4, 12), st.integers(1, 4))
def test_numbers_that_join_a_stretch_are_missed_for_less_than_one(
    steps: list[tuple[int, int]], window: int, stretch: int
) -> None:
    highs: Entries[int] = ()
    lows: Entries[int] = ()
    slot, seen = 0, []
    for forward, number in steps:
        slot += forward
        seen.append((slot, number))
        oldest, joins = slot - window, slot - slot % stretch
        highs = with_high(highs, slot, number, oldest, joins)
        lows = with_low(lows, slot, number, oldest, joins)
        kept = [each for at, each in seen if at >= oldest]
        younger = [each for at, each in seen if at > oldest + stretch - 1]
        assert max(younger, default=0) <= highs[0][1] <= max(kept)
        assert min(kept) <= lows[0][1] <= min(younger, default=9)
        assert max(len(highs), len(lows)) <= window // stretch + 2


def test_entries_that_do_not_change_are_the_same_object() -> None:
    entries = with_high((), 0, 5, 0)
    assert with_high(entries, 0, 4, 0) is entries
