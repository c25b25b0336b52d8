"""When a rule of each kind fires, and what it says."""

# covers: app.market.alerts.sensor, app.market.alerts.price_sensors, app.market.alerts.high_sensors

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.market.alerts.price_sensors import EXACT_PRICES, WINDOW_SLOTS
from app.market.alerts.rules import DRAWDOWN_STEP_MIN
from app.market.alerts.sensor import QUIET_BARS, percent, span
from app.market.alerts.watch import UNWATCHED
from tests.unit.market.builders import DAY_S
from tests.unit.market.watching import Seen, bars, fired_at, messages, rule, ticks, watch_all

LARGEST = "999999999999999999.999999999999"


# --- price_above, price_below ---------------------------------------------------------------------


def test_a_level_fires_when_it_is_reached_and_again_after_the_hysteresis() -> None:
    above = rule("price_above", threshold="100", hysteresis="0.05")
    prices = ["99.99", "100", "120", "99", "101", "95", "99", "100.5"]
    assert fired_at(above, ticks(*prices)) == [1, 7]
    below = rule("price_below", threshold="100", hysteresis="0.05")
    prices = ["100.01", "100", "80", "101", "99", "105", "101", "99.5"]
    assert fired_at(below, ticks(*prices)) == [1, 7]


def test_a_rule_for_what_holds_already_fires_at_the_next_price() -> None:
    assert fired_at(rule("price_below", threshold="100"), ticks("90", "80")) == [0]


def test_without_hysteresis_every_return_arms_again() -> None:
    above = rule("price_above", threshold="100", hysteresis="0")
    assert fired_at(above, ticks("100", "99.999", "100", "100", "99.999", "101")) == [0, 2, 5]


def test_a_level_is_exact() -> None:
    above = rule("price_above", threshold="100.000000000001")
    assert fired_at(above, ticks("100", "100.000000000000", "100.000000000001")) == [2]


def test_a_cool_down_is_market_time() -> None:
    above = rule("price_above", threshold="100", hysteresis="0.1", cooldown_s=10)
    seen = ticks("100", "90", "100", "90", "100", after_s=5)
    assert fired_at(above, seen) == [0, 2, 4]
    assert fired_at(above, ticks("100", "90", "100", "90", "100", after_s=3)) == [0, 4]


def test_a_level_says_where_the_price_is() -> None:
    above = rule("price_above", threshold="5000.00")
    assert messages(above, ticks("5001.20")) == ["SPX is at 5001.20, at or above 5000"]
    below = rule("price_below", threshold="0.000001")
    assert messages(below, ticks("0.000000000001")) == [
        "SPX is at 0.000000000001, at or below 0.000001"
    ]


# --- percent_move ---------------------------------------------------------------------------------


def test_a_move_is_against_the_extreme_of_the_window() -> None:
    move = rule("percent_move", threshold="0.05", window_s=640)
    seen = ticks("100", "103", "98", "102.89", "102.9", after_s=10)
    assert fired_at(move, seen) == [4]
    assert messages(move, seen) == ["SPX rose 5.00 % within 640 s, from 98 to 102.9"]


def test_an_exact_move_counts() -> None:
    down = rule("percent_move", threshold="0.1", window_s=640, direction="down")
    assert fired_at(down, ticks("100", "90.000000000001")) == []
    assert fired_at(down, ticks("100", "90")) == [1]


def test_a_slow_move_is_none() -> None:
    move = rule("percent_move", threshold="0.05", window_s=640)
    slow = [str(100 + step) for step in range(40)]
    assert fired_at(move, ticks(*slow, after_s=320)) == []
    assert fired_at(move, ticks(*slow, after_s=10)) != []


def test_each_direction_is_a_crossing_of_its_own() -> None:
    seen = ticks("100", "94", "99", "100")
    both = rule("percent_move", threshold="0.05", window_s=640)
    assert fired_at(both, seen) == [1, 2]
    assert fired_at(rule("percent_move", threshold="0.05", window_s=640, direction="up"), seen) == [
        2
    ]
    down = rule("percent_move", threshold="0.05", window_s=640, direction="down")
    assert fired_at(down, seen) == [1]


def test_a_move_fires_again_once_it_went_back() -> None:
    up = rule("percent_move", threshold="0.1", window_s=640, direction="up", hysteresis="0.5")
    assert fired_at(up, ticks("100", "110", "106", "110", "105", "110")) == [1, 5]


def test_what_is_older_than_the_window_never_counts() -> None:
    up = rule("percent_move", threshold="0.1", window_s=WINDOW_SLOTS, direction="up")
    for age, expected in [(WINDOW_SLOTS, [1]), (WINDOW_SLOTS + 1, []), (WINDOW_SLOTS + 5, [])]:
        seen = [*ticks("100"), *ticks("110", after_s=age)]
        assert fired_at(up, seen) == expected


@pytest.mark.parametrize("days", [1, 2, 7, 90, 252])
def test_a_bar_exactly_as_old_as_the_window_counts(days: int) -> None:
    down = rule("percent_move", threshold="0.05", window_s=days * DAY_S, direction="down")
    # The bar before it is higher, and no longer in the window; all after it are too low.
    seen = bars("100.5", "100", *["97"] * (days - 1), "95")
    assert fired_at(down, seen) == [days + 1]
    almost = rule("percent_move", threshold="0.05", window_s=days * DAY_S - 1, direction="down")
    assert fired_at(almost, seen) == []


def test_a_window_of_one_bar_sees_every_move_from_bar_to_bar() -> None:
    move = rule("percent_move", threshold="0.05", window_s=DAY_S)
    assert fired_at(move, bars(100, 50, 100, 40)) == [1, 2, 3]


@given(
    st.lists(st.tuples(st.integers(1, 90), st.integers(80, 120)), max_size=EXACT_PRICES),
    st.integers(1, 700),
)
def test_few_prices_are_remembered_exactly(seen: list[tuple[int, int]], window_s: int) -> None:
    move = rule("percent_move", threshold="0.1", window_s=window_s, direction="down")
    at, armed = 0, True
    past: list[tuple[int, int]] = []
    expected: list[int] = []
    for index, (after_s, price) in enumerate(seen):
        at += after_s
        past.append((at, price))
        high = max(each for when, each in past if at - when <= window_s)
        if armed and price * 10 <= high * 9:
            armed = False
            expected.append(index)
        elif not armed and price * 1000 >= high * 925:
            armed = True
    assert fired_at(move, [Seen(Decimal(price), after_s) for after_s, price in seen]) == expected


def test_a_window_remembers_the_same_whatever_the_tick_rate() -> None:
    move = rule("percent_move", threshold="0.9", window_s=3_600)
    prices = [f"{100 + 10 * ((step * 7919) % 1009) / 1009:.4f}" for step in range(3_000)]
    falling = [f"{100 - step / 100:.4f}" for step in range(5_000)]
    for each in (prices, falling, falling[::-1]):
        watch, _ = watch_all([move], ticks(*each))
        assert all(len(entries) <= EXACT_PRICES + WINDOW_SLOTS for _, entries in watch.memories[0])


def test_many_prices_are_missed_in_the_oldest_slot_at_most() -> None:
    down = rule("percent_move", threshold="0.05", window_s=640, direction="down")
    slide = [f"{100 - step / 1000:.3f}" for step in range(1_280)]
    for age, expected in [(630, [1280]), (641, [])]:
        exact = Decimal(slide[1280 - age]) * Decimal("0.95")
        assert fired_at(down, ticks(*slide, str(exact))) == expected


# --- volatility_spike -----------------------------------------------------------------------------

CALM = [100 * 1.01 ** (step % 2) for step in range(QUIET_BARS)]


def test_a_spike_is_measured_with_the_bars_before_it() -> None:
    spike = rule("volatility_spike", threshold="4")
    assert fired_at(spike, [*bars(*CALM), *bars(105)]) == [QUIET_BARS]
    assert fired_at(spike, [*bars(*CALM), *bars(103)]) == []
    assert fired_at(spike, [*bars(*CALM[1:]), *bars(105)]) == []


def test_a_tick_is_measured_from_the_last_close() -> None:
    spike = rule("volatility_spike", threshold="4")
    assert fired_at(spike, [*bars(*CALM), *ticks(101, 103, 104.2, 110, 90)]) == [QUIET_BARS + 2]
    again = [*bars(*CALM), *ticks(105, 100, 95)]
    assert fired_at(spike, again) == [QUIET_BARS, QUIET_BARS + 2]


def test_a_bar_that_closed_before_the_tick_is_where_it_is_measured_from() -> None:
    spike = rule("volatility_spike", threshold="4")
    closed = Seen(Decimal("105.1"), is_bar=False, before=Decimal(105))
    assert fired_at(spike, [*bars(*CALM), *ticks(102, 103.9), closed]) == []


def test_a_spike_says_how_far() -> None:
    spike = rule("volatility_spike", threshold="4")
    said = messages(spike, [*bars(*CALM), *bars(95)])
    assert said == ["SPX moved 5.2 standard deviations since its last close (-5.00 %), to 95"]


def test_a_price_that_never_moved_makes_no_spike_of_a_tiny_step() -> None:
    spike = rule("volatility_spike", threshold="4")
    assert fired_at(spike, bars(*[100] * 40, 100.003)) == []
    assert fired_at(spike, bars(*[100] * 40, 100.01)) == [40]


def test_a_tick_that_equals_the_last_close_is_no_bar() -> None:
    spike = rule("volatility_spike", threshold="4")
    # The bar of the 105 closes with the next tick, which is measured from it, whatever its price.
    for price in ("105", "105.01", "110"):
        next_day = Seen(Decimal(price), is_bar=False, before=Decimal(105))
        assert fired_at(spike, [*bars(*CALM), next_day]) == []
    seen = [*bars(*CALM), Seen(Decimal(105), is_bar=False, before=Decimal(105)), *ticks("160")]
    assert fired_at(spike, seen) == [QUIET_BARS + 1]


# --- drawdown -------------------------------------------------------------------------------------


def test_each_deeper_step_is_told_once() -> None:
    fallen = rule("drawdown", threshold="0.1")
    prices = [100, 90.01, 90, 95, 89, 80, 85, 79, 71, 70]
    assert fired_at(fallen, ticks(*prices)) == [2, 5, 9]


def test_a_gap_through_several_steps_is_one_alert_of_the_deepest() -> None:
    fallen = rule("drawdown", threshold="0.1")
    seen = [*bars("1565.15"), *bars("1200")]
    ((firing,),) = watch_all([fallen], seen)[1][1:]
    assert (firing.threshold, firing.message) == (
        Decimal("0.2"),
        "SPX at 1200 is 23.3 % below its high of 1565.15 (step: 20 %)",
    )


def test_a_new_high_arms_every_step_again() -> None:
    fallen = rule("drawdown", threshold="0.1")
    assert fired_at(fallen, ticks(100, 80, 100, 91, 90, 101, 91, 90.9)) == [1, 4, 7]


def test_steps_end_before_the_price_is_gone() -> None:
    fallen = rule("drawdown", threshold="0.4")
    assert fired_at(fallen, ticks(100, 60, 20, "0.000000000001")) == [1, 2]


def test_a_fall_is_a_bounded_number_of_alerts() -> None:
    finest = rule("drawdown", threshold=str(DRAWDOWN_STEP_MIN))
    lately = rule("drawdown", threshold=str(DRAWDOWN_STEP_MIN), window_bars=1_000)
    slide = [f"{100 - step / 50:.2f}" for step in range(5_000)]
    assert len(fired_at(finest, ticks(*slide))) == 99
    # Those of the quiet bars are told as one.
    assert len(fired_at(lately, bars(*slide[::5]))) == 98


def test_a_window_forgets_older_highs() -> None:
    lately = rule("drawdown", threshold="0.1", window_bars=3)
    assert fired_at(lately, bars(100, 99, 98, 97, 96, 95, 90, 89)) == []
    assert fired_at(lately, bars(100, 99, 98, 97, 90, 87)) == [5]


def test_a_high_that_only_grew_too_old_takes_no_step_back() -> None:
    lately = rule("drawdown", threshold="0.1", window_bars=4)
    assert fired_at(lately, bars(100, 100, 99, 98, 89, 88, 87, 86)) == [4]


def test_a_window_is_quiet_for_its_first_bars() -> None:
    assert fired_at(rule("drawdown", threshold="0.1", window_bars=252), bars(100, *[50] * 30)) == [
        QUIET_BARS
    ]
    assert fired_at(rule("drawdown", threshold="0.1", window_bars=3), bars(100, *[50] * 30)) == []


# --- new_high, new_low ----------------------------------------------------------------------------


def test_a_new_high_passes_every_close_of_its_window() -> None:
    high = rule("new_high", window_bars=3)
    assert fired_at(high, bars(5, 4, 6)) == []
    assert fired_at(high, bars(5, 4, 3, 5)) == []
    assert fired_at(high, bars(5, 4, 3, "5.01")) == [3]
    assert fired_at(high, bars(9, 5, 4, 3, 6)) == [4]
    low = rule("new_low", window_bars=3)
    assert fired_at(low, bars(5, 6, 7, 5)) == []
    assert fired_at(low, bars(1, 5, 6, 7, 4)) == [4]


def test_a_rally_is_one_alert() -> None:
    high = rule("new_high", window_bars=3, hysteresis="0.05")
    rally = [100 + step for step in range(30)]
    assert fired_at(high, bars(*rally)) == [3]
    assert fired_at(high, bars(*rally, 122.6, 130)) == [3]
    assert fired_at(high, bars(*rally, 122.5, 130)) == [3, 31]
    low = rule("new_low", window_bars=3, hysteresis="0.05")
    slide = [100 - step for step in range(30)]
    assert fired_at(low, bars(*slide, 74.5, 70)) == [3]
    assert fired_at(low, bars(*slide, 74.6, 70)) == [3, 31]


def test_bare_ticks_make_no_new_high_until_their_bar_closes() -> None:
    high = rule("new_high", window_bars=3)
    seen = [*bars(5, 4, 3), *ticks(9, 10), Seen(Decimal(2), DAY_S, is_bar=False, before=Decimal(9))]
    assert fired_at(high, seen) == [5]
    assert messages(high, seen) == [
        "SPX closed at 9, above every close of the 3 bars before (highest 5)"
    ]


def test_two_bars_that_close_at_one_price_are_one_alert() -> None:
    high = rule("new_high", window_bars=2, hysteresis="0")
    seen = [*bars(5, 4), Seen(Decimal(9), DAY_S, before=Decimal(8))]
    assert fired_at(high, seen) == [2]


@pytest.mark.parametrize("price", ["0.000000000001", "1565.15", "0.123456789012", LARGEST])
def test_a_new_low_names_a_level_that_is_a_price(price: str) -> None:
    low = rule("new_low", window_bars=1)
    _, firings = watch_all([low], bars(price, "0.000000000001"))
    for (firing,) in filter(None, firings):
        assert firing.threshold is not None
        assert float(firing.threshold) == pytest.approx(float(price), rel=1e-15)
        assert len(f"{firing.threshold:f}".partition(".")[2]) <= 12


# --- words ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(1, "1 s"), (90, "90 s"), (5_400, "90 min"), (7_200, "2 h"), (86_400, "1 d")],
)
def test_a_span_is_in_the_largest_unit_that_measures_it(seconds: int, text: str) -> None:
    assert span(seconds) == text


def test_a_share_is_a_percentage() -> None:
    assert [percent(Decimal(each)) for each in ("0.1", "0.125", "1E-11")] == [
        "10 %",
        "12.5 %",
        "0.000000001 %",
    ]


def test_no_price_no_memory() -> None:
    assert (UNWATCHED.bars, UNWATCHED.memories) == (0, ())
