from datetime import UTC, datetime, timedelta

import pytest

from app.terminal.pace import MAX, STRIDE_S_MAX, WAIT_S_MAX, Pace, Speed, parse_speed

START = datetime(2008, 9, 15, 21, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("text", "speed", "told"),
    [
        ("1d/s", Speed("market", 86_400), "1d/s"),
        ("d/s", Speed("market", 86_400), "1d/s"),
        ("6h/s", Speed("market", 21_600), "6h/s"),
        ("90s/s", Speed("market", 90), "1.5m/s"),
        ("2w/s", Speed("market", 1_209_600), "14d/s"),
        ("60x", Speed("market", 60), "1m/s"),
        ("0.5x", Speed("market", 0.5), "0.5s/s"),
        ("10e/s", Speed("events", 10), "10e/s"),
        ("max", MAX, "max"),
    ],
)
def test_speeds(text: str, speed: Speed, told: str) -> None:
    assert parse_speed(text) == speed
    assert str(speed) == told
    assert parse_speed(told) == speed


@pytest.mark.parametrize("text", ["", "fast", "1", "1d", "d", "-1d/s", "1e9x", "nan", "x", "1y/s"])
def test_what_is_no_speed_is_told_with_examples(text: str) -> None:
    with pytest.raises(ValueError, match=r"use 1d/s .*60x, 10e/s or max"):
        parse_speed(text)


@pytest.mark.parametrize("text", ["0x", "0d/s", "0e/s", "999999d/s", "9999999e/s"])
def test_speeds_have_limits(text: str) -> None:
    with pytest.raises(ValueError, match="greater than 0, and at most ten years"):
        parse_speed(text)


def test_keys_change_a_speed_within_the_limits() -> None:
    speed = parse_speed("3650d/s")
    assert speed.times(2) == speed
    assert parse_speed("1d/s").times(0.5) == parse_speed("12h/s")
    assert MAX.times(2) == MAX


def test_a_day_a_second_waits_a_second_for_a_day() -> None:
    pace = Pace(parse_speed("1d/s"), now=100)
    assert pace.wait_s(START) == 0, "the first comes at once"
    pace.shown(START)
    assert pace.wait_s(START + DAY) == 1
    pace.look(100.75, running=True)
    assert pace.wait_s(START + DAY) == pytest.approx(0.25)
    pace.look(101, running=True)
    assert pace.wait_s(START + DAY) == 0
    assert pace.market_time == START + DAY


def test_the_clock_stands_while_it_is_paused() -> None:
    pace = Pace(parse_speed("1d/s"), now=0)
    pace.shown(START)
    pace.look(1.5, running=False)
    assert pace.wait_s(START + DAY) == 1


def test_who_was_stopped_goes_on_where_that_was() -> None:
    pace = Pace(parse_speed("1d/s"), now=0)
    pace.shown(START)
    pace.look(3_600, running=True)
    assert pace.market_time == START + STRIDE_S_MAX * DAY


def test_a_long_time_without_events_is_left_out() -> None:
    pace = Pace(parse_speed("1d/s"), now=0)
    pace.shown(START)
    assert pace.wait_s(START + 8 * 365 * DAY) == WAIT_S_MAX


def test_late_events_come_at_once_and_never_turn_the_clock_back() -> None:
    pace = Pace(parse_speed("1d/s"), now=0)
    pace.shown(START)
    assert pace.wait_s(START - DAY) == 0
    pace.shown(START - DAY)
    assert pace.market_time == START


def test_events_a_second_know_no_market_time() -> None:
    pace = Pace(parse_speed("4e/s"), now=0)
    assert pace.wait_s(START) == pytest.approx(0.25)
    pace.look(0.5, running=True)
    for day in (0, 900):
        assert pace.wait_s(START + day * DAY) == 0
        pace.shown(START + day * DAY)
    assert pace.wait_s(START) == pytest.approx(0.25)


def test_at_most_nothing_waits_and_the_end_of_time_is_no_error() -> None:
    assert Pace(MAX, now=0).wait_s(START) == 0
    pace = Pace(parse_speed("3650d/s"), now=0)
    pace.shown(datetime.max.replace(tzinfo=UTC))
    pace.look(1, running=True)
    assert pace.market_time == datetime.max.replace(tzinfo=UTC)
