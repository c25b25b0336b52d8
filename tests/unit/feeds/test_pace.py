"""The pace is even over time, whatever the listener takes."""

import pytest

from app.feeds.pace import Pace


class Clock:
    """A clock that only sleeping and working move."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(round(seconds, 6))
        self.now += seconds

    def pace(self, per_s: float | None) -> Pace:
        return Pace(per_s, sleep=self.sleep, monotonic=lambda: self.now)


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
