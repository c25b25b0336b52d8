"""Two regime logs side by side: planted shifts are found as what they are, and none is lost or told twice."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from app.analysis.whatif_shifts import Run, ShiftPair, side_by_side, within
from events.catalog import Regime

BULL, BEAR, CRASH, SIDEWAYS = Regime
START = datetime(2020, 1, 1, 21, tzinfo=UTC)
REGIMES = st.lists(st.sampled_from(list(Regime)), min_size=1, max_size=40)


def at(bar: int) -> datetime:
    return START + timedelta(days=bar)


def runs(regimes: Sequence[Regime], beside: Sequence[Regime]) -> list[Run]:
    """The runs of a log, one regime a bar, beside another one."""
    found = [Run(regimes[0], None, 0, at(0), beside[0])]
    for bar, (before, now) in enumerate(pairwise(regimes), 1):
        if now is not before:
            found.append(Run(now, before, bar, at(bar), beside[bar]))
    return found


def compared(recorded: Sequence[Regime], other: Sequence[Regime]) -> list[ShiftPair]:
    return side_by_side(runs(recorded, other), runs(other, recorded))


def kinds(recorded: Sequence[Regime], other: Sequence[Regime]) -> list[tuple[str, Regime]]:
    return [(pair.kind, pair.regime) for pair in compared(recorded, other)]


def test_a_log_beside_itself_has_the_same_shifts_only() -> None:
    log = [BULL, BULL, BEAR, CRASH, BEAR, BULL]
    assert kinds(log, log) == [("same", BEAR), ("same", CRASH), ("same", BEAR), ("same", BULL)]


def test_a_shift_that_comes_sooner_or_later_is_told_with_how_much() -> None:
    recorded = [BULL] * 10 + [BEAR] * 10
    for lag, kind in ((-4, "earlier"), (3, "later")):
        other = [BULL] * (10 + lag) + [BEAR] * (10 - lag)
        (pair,) = compared(recorded, other)
        assert (pair.kind, pair.bars, pair.days) == (kind, lag, lag)
        assert (pair.recorded_at, pair.other_at) == (at(10), at(10 + lag))
        assert (pair.recorded_from, pair.other_from, pair.meanwhile) == (BULL, BULL, None)


def test_what_only_one_has_is_missed_or_false_with_what_the_other_said() -> None:
    recorded = [BULL] * 3 + [SIDEWAYS] * 3 + [BULL] * 6
    other = [BULL] * 9 + [CRASH] * 3
    pairs = compared(recorded, other)
    assert [(pair.kind, pair.regime, pair.meanwhile) for pair in pairs] == [
        ("missed", SIDEWAYS, BULL),
        ("missed", BULL, BULL),
        ("false", CRASH, BULL),
    ]
    assert (pairs[0].recorded_at, pairs[0].other_at, pairs[0].bars) == (at(3), None, None)
    assert (pairs[2].recorded_at, pairs[2].other_at, pairs[2].days) == (None, at(9), None)


def test_the_same_regime_at_quite_another_time_is_another_shift() -> None:
    recorded = [BULL, BEAR, BULL, BULL, BULL, BULL]
    other = [BULL, BULL, BULL, BULL, BEAR, BULL]
    assert kinds(recorded, other) == [("missed", BEAR), ("later", BULL), ("false", BEAR)]


def test_of_several_that_overlap_the_closest_is_the_one() -> None:
    recorded = [BULL] * 5 + [BEAR] * 3 + [BULL] * 2 + [BEAR] * 10
    other = [BULL] * 9 + [BEAR] * 11
    found = [(pair.kind, pair.regime, pair.bars) for pair in compared(recorded, other)]
    assert found == [("missed", BEAR, None), ("missed", BULL, None), ("earlier", BEAR, -1)]
    other = [BULL] * 6 + [BEAR] * 14
    found = [(pair.kind, pair.regime, pair.bars) for pair in compared(recorded, other)]
    assert found == [("later", BEAR, 1), ("missed", BULL, None), ("missed", BEAR, None)]
    recorded = [BULL] * 2 + [BEAR] * 6 + [BULL] + [BEAR] * 11
    other = [BULL] * 7 + [BEAR] * 13
    found = [(pair.kind, pair.regime, pair.bars) for pair in compared(recorded, other)]
    assert found == [("missed", BEAR, None), ("earlier", BEAR, -2), ("missed", BULL, None)]


@given(log=REGIMES)
def test_any_log_beside_itself_has_no_difference(log: list[Regime]) -> None:
    assert {kind for kind, _ in kinds(log, log)} <= {"same"}


@given(data=st.data(), log=REGIMES)
def test_every_shift_of_both_logs_is_told_once(data: st.DataObject, log: list[Regime]) -> None:
    other = data.draw(st.lists(st.sampled_from(list(Regime)), min_size=len(log), max_size=len(log)))
    pairs = compared(log, other)
    for one, moment in ((log, "recorded_at"), (other, "other_at")):
        shifts = [at(bar) for bar, (a, b) in enumerate(pairwise(one), 1) if a is not b]
        told = [getattr(pair, moment) for pair in pairs]
        assert sorted(when for when in told if when is not None) == shifts
    for pair in pairs:
        if pair.recorded_at and pair.other_at:
            lag = (pair.other_at - pair.recorded_at).days
            assert pair.bars == lag
            assert pair.kind == ("same" if not lag else "later" if lag > 0 else "earlier")
        else:
            assert pair.kind == ("missed" if pair.recorded_at else "false")
    swapped = {"missed": "false", "false": "missed", "earlier": "later", "later": "earlier"}
    back = sorted((pair.kind, pair.regime, pair.first_at) for pair in compared(other, log))
    there = [(swapped.get(pair.kind, pair.kind), pair.regime, pair.first_at) for pair in pairs]
    assert back == sorted(there)


@given(
    before=st.integers(1, 20),
    lag=st.integers(-15, 15),
    lasts=st.integers(16, 30),
    regime=st.sampled_from([BEAR, CRASH, SIDEWAYS]),
)
def test_a_planted_shift_is_found_by_how_much_it_was_moved(
    before: int, lag: int, lasts: int, regime: Regime
) -> None:
    lag = max(lag, 1 - before)
    recorded = [BULL] * before + [regime] * lasts + [BULL] * 5
    other = [BULL] * (before + lag) + [regime] * (lasts - lag) + [BULL] * 5
    found = compared(recorded, other)
    moved = next(pair for pair in found if pair.regime is regime)
    assert (moved.bars, len(found)) == (lag, 2)
    assert next(pair for pair in found if pair.regime is BULL).kind == "same"


def test_a_pair_lies_in_a_span_if_either_of_its_times_does() -> None:
    (pair,) = compared([BULL] * 10 + [BEAR] * 10, [BULL] * 13 + [BEAR] * 7)
    assert within(pair, at(10), at(11))
    assert within(pair, at(12), at(13))
    assert not within(pair, at(11), at(12))
    assert within(pair, None, None)
