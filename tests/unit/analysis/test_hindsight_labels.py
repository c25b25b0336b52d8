"""Labels that know the future, and from when on they do: what later prices may still change is told."""

from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st

from app.analysis.hindsight_labels import (
    bear_dating,
    bear_label,
    crash_known,
    crash_label,
    regimes_of,
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
