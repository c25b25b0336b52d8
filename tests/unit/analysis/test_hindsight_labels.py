"""Labels that know the future, and from when on they do: what later prices may still change is told."""

from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st

from app.analysis.hindsight_labels import (
    bear_dating,
    bear_label,
    crash_known,
    crash_label,
    crash_spells,
    regimes_of,
    side_label,
    spells,
)
from events.catalog import Regime

BULL, BEAR, CRASH, SIDEWAYS = Regime
CLOSES = st.lists(st.floats(-0.15, 0.15), min_size=1, max_size=60).map(
    lambda moves: list(accumulate(moves, lambda close, move: close * (1 + move), initial=100.0))
)


def test_the_last_turn_is_the_running_peak_or_trough() -> None:
    rising, fallen, risen = (
        [90.0, 100.0, 95.0],
        [90.0, 100.0, 95.0, 79.0],
        [100.0, 79.0, 96.0, 97.0],
    )
    assert [bear_dating(closes, 0.2)[1] for closes in (rising, fallen, risen)] == [1, 3, 3]


@given(closes=CLOSES, more=CLOSES)
def test_no_later_price_changes_a_bear_label_up_to_the_last_turn(
    closes: list[float], more: list[float]
) -> None:
    label, turn = bear_dating(closes, 0.2)
    assert label == bear_label(closes, 0.2)
    assert bear_label(closes + more, 0.2)[: turn + 1] == label[: turn + 1]


@given(closes=CLOSES)
def test_a_crash_is_known_at_its_first_close_that_lies_so_far_below(closes: list[float]) -> None:
    for spell in spells(crash_label(closes)):
        known = crash_known(closes, spell)
        assert known in spell
        assert crash_label(closes[: known + 1])[known]
        assert not any(crash_label(closes[:known])[spell.start :])


@given(closes=CLOSES)
def test_each_crash_falls_from_its_top_and_all_have_the_bars_of_the_label(
    closes: list[float],
) -> None:
    crashes = crash_spells(closes)
    assert [now for crash in crashes for now in crash] == [
        now for now, true in enumerate(crash_label(closes)) if true
    ]
    for crash in crashes:
        top, bottom = (end(crash, key=closes.__getitem__) for end in (max, min))
        assert top == crash.start < crash_known(closes, crash) <= bottom
        assert closes[bottom] <= closes[top] * 0.88


@given(closes=CLOSES, more=CLOSES)
def test_where_one_crash_ends_and_the_next_begins_no_later_price_changes(
    closes: list[float], more: list[float]
) -> None:
    starts, later = (
        [crash.start for crash in crash_spells(each)] for each in (closes, closes + more)
    )
    assert later[: len(starts)] == starts


def planted(*closes: float) -> list[tuple[float, float]]:
    """The top and the bottom of each crash in calm before and after."""
    whole = [100.0] * 31 + list(closes) + [closes[-1]] * 40
    return [(whole[crash.start], min(whole[now] for now in crash)) for crash in crash_spells(whole)]


def test_a_new_top_that_falls_again_begins_the_next_crash() -> None:
    assert planted(96, 92, 90, 87, 130, 120, 110, 105, 104, 103, 104) == [(100, 87), (130, 103)]
    # Of a lower top too, where it rose as much as makes a crash.
    assert planted(86, 80, 96, 84, 82) == [(100, 80), (96, 82)]
    # No rise of 12 %, and no fall of 12 % after one: the same crash.
    assert planted(86, 80, 88, 75) == [(100, 75)]
    assert planted(86, 80, 96, 90) == [(100, 80)]
    # A fall that lasts longer than the 21 bars has lower and lower tops, and is one.
    assert planted(*(100 * 0.98**bar for bar in range(1, 60))) == [(100, 100 * 0.98**59)]


def test_spells_are_the_runs_of_true() -> None:
    assert spells([True, False, True, True]) == [range(1), range(2, 4)]
    assert spells([]) == []


def test_a_crash_comes_before_a_bear_and_a_bear_before_sideways() -> None:
    yes, no = True, False
    assert regimes_of([yes, yes, no, no], [yes, no, no, no], [yes, yes, yes, no]) == [
        CRASH,
        BEAR,
        SIDEWAYS,
        BULL,
    ]


# --- as defined


def test_a_bear_lasts_from_the_bar_after_the_peak_to_the_trough() -> None:
    closes = [90.0, 100.0, 95.0, 80.0, 70.0, 75.0, 84.0, 90.0]
    assert bear_label(closes, 0.2) == [False, False, True, True, True, False, False, False]


def test_a_smaller_fall_is_no_bear() -> None:
    assert not any(bear_label([100.0, 81.0, 100.0, 81.0], 0.2))


def test_a_crash_starts_at_the_highest_close_of_the_last_21() -> None:
    closes = [98.0, 100.0, 95.0, 88.0, 99.0]
    assert crash_label(closes) == [False, True, True, True, False]


def test_a_slow_fall_is_no_crash() -> None:
    assert not any(crash_label([100 * 0.995**k for k in range(60)]))


def test_sideways_is_where_little_changes_outside_bears() -> None:
    closes = [100.0] * 80
    assert all(side_label(closes, [False] * 80))
    assert not any(side_label(closes, [True] * 80))
    assert not side_label([100 * 1.01**k for k in range(80)], [False] * 80)[40]
