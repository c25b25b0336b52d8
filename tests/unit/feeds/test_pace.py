"""The pace is even over time, whatever the listener takes."""

from datetime import UTC, datetime, timedelta

import pytest

from app.feeds.pace import Pace, Speed


class Clock:
    """A clock that only sleeping and working move."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(round(seconds, 6))
        self.now += seconds

    def pace(self, speed: Speed | float | None) -> Pace:
        return Pace(speed, sleep=self.sleep, monotonic=lambda: self.now)


async def test_time_spent_working_is_not_waited_for_again() -> None:
    clock = Clock()
    pace = clock.pace(10)
    for _ in range(4):
        await pace.wait()
        clock.now += 0.06
    assert clock.slept == [0, 0.04, 0.04, 0.04]


async def test_a_fast_pace_adds_up_sleeps_too_short_to_sleep() -> None:
    clock = Clock()
    pace = clock.pace(1_000)
    for _ in range(1_001):
        await pace.wait()
    assert clock.now == pytest.approx(101, abs=0.01)
    assert min(slept for slept in clock.slept if slept) >= 0.002


async def test_a_long_pause_is_not_made_up_for_in_one_burst() -> None:
    clock = Clock()
    pace = clock.pace(10)
    await pace.wait()
    clock.now += 3_600
    waited = len(clock.slept)
    for _ in range(30):
        await pace.wait()
    assert clock.now > 3_700
    assert sum(slept == 0 for slept in clock.slept[waited:]) <= 11


async def test_without_a_pace_nothing_is_waited_for() -> None:
    clock = Clock()
    pace = clock.pace(None)
    for _ in range(5):
        await pace.wait()
    assert clock.slept == [0] * 5


@pytest.mark.parametrize("per_s", [0, -1, float("nan")])
def test_a_pace_that_never_moves_is_refused(per_s: float) -> None:
    with pytest.raises(ValueError, match="greater than 0"):
        Pace(per_s)


MONDAY = datetime(2020, 1, 6, 21, tzinfo=UTC)


async def test_in_market_time_what_lay_apart_stays_apart() -> None:
    clock = Clock()
    pace = clock.pace(Speed(market_s_per_s=3_600))
    for hours in (0, 1, 1, 25):
        await pace.wait(MONDAY + timedelta(hours=hours))
        clock.now += 0.25
    assert clock.slept == [0, 0.75, 0, 23.5]


async def test_in_market_time_nothing_is_waited_for_that_lies_back() -> None:
    clock = Clock()
    pace = clock.pace(Speed(market_s_per_s=1))
    await pace.wait(MONDAY)
    await pace.wait(MONDAY - timedelta(days=1))
    assert clock.slept == [0, 0]


def test_a_speed_is_one_thing_or_the_other() -> None:
    with pytest.raises(ValueError, match="not in both"):
        Speed(per_s=1, market_s_per_s=1)
    with pytest.raises(ValueError, match="greater than 0"):
        Speed(market_s_per_s=0)
