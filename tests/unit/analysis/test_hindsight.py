"""Knew then, know now: planted calls are found with their delays, and the figures are those of the benchmark."""

# covers: app.analysis.hindsight_symbol, app.analysis.hindsight_result

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.analysis.hindsight_result import Hindsight, SymbolHindsight
from app.analysis.regime_bars import Told, ToldEvent
from app.feeds.samples import SAMPLES
from app.market.decide_price import regime_update
from app.market.detector.anchored import ANCHORED
from app.market.detector.base import Reading
from app.market.setup import DEFAULT_SETUP
from benchmarks.detector_measures import calls, delays, truth_of
from events.catalog import PriceUpdate, Regime
from tests.unit.analysis.builders import know_now
from tests.unit.market.builders import DAY, START
from tests.unit.market.detector_runs import run

BULL, BEAR, CRASH, SIDEWAYS = Regime
CALM = [97.1 + bar / 10 for bar in range(30)]
FALL = CALM + [100 * 0.99**k for k in range(1, 41)] + [67 * 1.02**k for k in range(1, 41)]
"""A calm month, a bear of 40 bars (a third is lost), and a recovery of 40 bars."""


def told(closes: Sequence[float], regimes: Sequence[Regime]) -> list[Told]:
    """A log of ready bars, and what was broadcast of each."""
    events: list[Told] = []
    before = None
    for day, (close, regime) in enumerate(zip(closes, regimes, strict=True)):
        at = START + day * DAY
        price = PriceUpdate(
            symbol="SPX",
            price=Decimal(f"{close:.6f}"),
            open=None,
            high=None,
            low=None,
            volume=None,
            bar_s=86_400,
            corrects=None,
            timestamp=at,
        )
        reading = Reading(regime, (1.0, 0.0, 0.0, 0.0), 0.5, {}, day < 5)
        update = regime_update(DEFAULT_SETUP, "SPX", at, reading, before)
        events += [ToldEvent("import", price), ToldEvent("import", update)]
        before = regime
    return events


def judged(closes: Sequence[float], regimes: Sequence[Regime], **span: datetime) -> SymbolHindsight:
    return know_now(told(closes, regimes), **span).symbols["SPX"]


def said_from(start: int, stop: int, regime: Regime = BEAR) -> list[Regime]:
    return [regime if start <= bar < stop else BULL for bar in range(len(FALL))]


def test_a_bear_that_was_said_late_tells_what_was_lost_by_then_and_still_to_come() -> None:
    found = judged(FALL, said_from(50, 80))
    (bear,) = [each for each in found.labels if each.label == "bear"]
    assert (bear.top_at, bear.first_at, bear.last_at) == (
        START + 29 * DAY,
        START + 30 * DAY,
        START + 69 * DAY,
    )
    assert bear.fall == pytest.approx(0.99**40 - 1, abs=1e-6)
    assert bear.known_at == START + 52 * DAY  # 0.99^23 is the first below 0.8
    assert bear.settled
    assert bear.said is not None
    assert (bear.said.regime, bear.said.bars, bear.said.days) == (BEAR, 21, 21)
    assert not bear.said.before_it_began
    assert bear.said.bars_after_known == -2
    assert bear.said.lost == pytest.approx(0.99**21 - 1, abs=1e-6)
    assert bear.said.to_come == pytest.approx(0.99**19 - 1, abs=1e-6)
    assert bear.regimes == {BEAR: 20, BULL: 20}
    assert found.calls["bear"].model_dump() == {
        "true_calls": 20,
        "false_calls": 10,
        "missed": 20,
        "true_rests": 60,
        "precision": pytest.approx(2 / 3),
        "recall": 0.5,
    }
    assert found.false_alarms == ()


@pytest.mark.parametrize(("said", "after"), [(40, -12), (52, 0), (60, 8)])
def test_what_was_said_is_held_against_what_could_be_known(said: int, after: int) -> None:
    bear = next(each for each in judged(FALL, said_from(said, 80)).labels if each.label == "bear")
    assert bear.said is not None
    assert bear.said.bars_after_known == after


def test_a_bear_that_was_said_before_it_began_has_no_delay() -> None:
    (bear, *_) = judged(FALL, said_from(20, 80)).labels
    assert bear.said is not None
    assert (bear.said.bars, bear.said.before_it_began) == (0, True)
    assert (bear.said.at, bear.said.lost) == (bear.top_at, 0)


@pytest.mark.parametrize(("said", "delay"), [(29, 0), (30, 1), (33, 4)])
def test_the_delay_counts_from_the_top_for_bears_and_crashes_alike(said: int, delay: int) -> None:
    found = judged(FALL, said_from(said, 80, CRASH)).labels
    assert [each.label for each in found] == ["bear", "crash"]
    for each in found:
        assert each.said is not None
        assert (each.said.bars, each.said.days, each.said.before_it_began) == (delay, delay, False)
        assert each.said.at - each.top_at == delay * DAY


def test_two_crashes_that_adjoin_are_two() -> None:
    closes = [100.0] * 31 + [96, 92, 90, 87, 130, 120, 110, 105, 104, 103] + [104] * 40
    regimes = [CRASH if bar in {34, 38} else BULL for bar in range(len(closes))]
    first, second = (each for each in judged(closes, regimes).labels if each.label == "crash")
    assert (first.top, first.bottom, first.fall) == pytest.approx((100, 87, -0.13))
    assert (second.top, second.bottom, second.fall) == pytest.approx((130, 103, 103 / 130 - 1))
    assert (first.known_at, second.known_at) == (START + 34 * DAY, START + 37 * DAY)
    assert first.said is not None
    assert second.said is not None
    assert (second.said.bars, second.said.bars_after_known) == (3, 1)


def test_what_nobody_said_is_missed_and_what_was_said_for_nothing_is_a_false_alarm() -> None:
    found = judged(FALL, said_from(5, 12))
    assert found.missed("bear") == 1
    (alarm,) = found.false_alarms
    assert (alarm.since, alarm.until, alarm.bars) == (START + 5 * DAY, START + 11 * DAY, 7)
    assert alarm.change == pytest.approx(98.3 / 97.6 - 1)
    assert alarm.settled


def test_a_crash_is_said_by_crash_alone() -> None:
    closes = [*CALM, 98.0, 90.0, 85.0, 86.0, *[88.1] * 40]
    crash = [CRASH if bar == 33 else BEAR if 30 <= bar < 40 else BULL for bar in range(74)]
    (found,) = judged(closes, crash).labels
    assert (found.label, found.bars, found.known_at) == ("crash", 5, START + 32 * DAY)
    assert found.said is not None
    assert (found.said.at, found.said.to_come) == (START + 33 * DAY, 0.0)
    assert found.settled
    bear_only = [BEAR if 30 <= bar < 40 else BULL for bar in range(74)]
    assert judged(closes, bear_only).missed("crash") == 1


def test_a_bear_at_the_end_of_the_log_is_not_settled() -> None:
    closes = FALL[:65]
    (bear, *_) = judged(closes, said_from(50, 80)[:65]).labels
    assert (bear.label, bear.settled, bear.last_at) == ("bear", False, START + 64 * DAY)
    found = judged(FALL[:45], said_from(35, 80)[:45])
    assert [each.label for each in found.labels] == ["crash"]  # 14 % are no bear yet
    assert found.settled_until == START + 29 * DAY
    assert found.false_alarms == ()


def test_each_broadcast_episode_is_what_most_of_it_was() -> None:
    found = judged(FALL, said_from(50, 80, CRASH))
    assert [(each.regime, each.bars, each.hindsight) for each in found.episodes] == [
        (BULL, 50, BULL),
        (CRASH, 30, CRASH),
        (BULL, 30, BULL),
    ]
    assert found.episodes[0].change == pytest.approx(100 * 0.99**21 / 97.1 - 1)


def test_a_span_chooses_what_is_told_and_the_labels_know_all() -> None:
    regimes = said_from(50, 80)
    part = judged(FALL, regimes, since=START + 60 * DAY, until=START + 62 * DAY)
    whole = judged(FALL, regimes)
    assert part.bars == 3
    assert part.labels == whole.labels
    assert [each.label for each in part.labels] == ["bear", "crash"]
    assert part.calls["bear"].true_calls == 3
    assert [each.regime for each in part.episodes] == [BEAR]
    assert judged(FALL, regimes, since=START + 999 * DAY).bars == 0


def test_the_figures_on_the_sample_are_those_of_the_benchmark() -> None:
    closes = [float(each.price) for each in SAMPLES["SPX"].bars()]
    regimes = [reading.regime for reading in run(ANCHORED, closes)[1]]
    truth = truth_of("S&P 500", closes)
    found = judged(closes, regimes)
    out = [regime in {BEAR, CRASH} for regime in regimes]
    bears = [each.said for each in found.labels if each.label == "bear"]
    from_the_next = (None if said is None else max(0, said.bars - 1) for said in bears)
    assert tuple(from_the_next) == delays(out, truth.bear)
    for label, said, true in (
        ("bear", out, truth.bear),
        ("crash", [regime is CRASH for regime in regimes], truth.crash),
    ):
        both = found.calls["bear" if label == "bear" else "crash"]
        measured = calls(said, true)
        assert (both.precision, both.recall) == (measured.precision, measured.recall)


@given(
    moves=st.lists(
        st.tuples(st.floats(-0.1, 0.1), st.sampled_from(list(Regime))), min_size=1, max_size=80
    )
)
def test_every_bar_is_counted_once(moves: list[tuple[float, Regime]]) -> None:
    closes, close = [], 100.0
    for move, _ in moves:
        close *= 1 + move
        closes.append(close)
    found = judged(closes, [regime for _, regime in moves])
    assert sum(each.bars for each in found.episodes) == found.bars == len(moves)
    for each in found.calls.values():
        counts = (each.true_calls, each.false_calls, each.missed, each.true_rests)
        assert sum(counts) == len(moves)
    for one in found.labels:
        assert sum(one.regimes.values()) == one.bars
        assert one.first_at <= one.known_at <= one.last_at
        assert one.top_at < one.known_at <= one.bottom_at
        assert one.fall == one.bottom / one.top - 1 <= -0.119
        if one.said is not None:
            assert one.said.to_come <= 0
            assert one.top_at <= one.said.at <= one.last_at


def test_regimes_set_by_hand_and_other_events_do_not_count() -> None:
    events = told([100.0, 101.0], [BULL, BULL])
    last = events[-1].payload
    assert not isinstance(last, dict)
    by_hand = last.model_copy(update={"timestamp": START + 9 * DAY, "regime": CRASH})
    found = know_now([*events, ToldEvent("manual", by_hand), ToldEvent("import", {"x": 1})])
    assert (found.by_hand, found.symbols["SPX"].bars) == (1, 2)
    assert found.symbols["SPX"].bar_days == 1
    assert Hindsight.model_validate_json(found.model_dump_json()) == found


def test_a_log_without_regimes_has_nothing_to_judge() -> None:
    assert know_now(told([100.0], [BULL])[:1]).symbols == {}
    assert know_now([], datetime(2020, 1, 1, tzinfo=UTC) + timedelta()).symbols == {}
