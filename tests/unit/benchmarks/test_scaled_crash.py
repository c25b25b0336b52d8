"""The label that scales wants a fall of so many standard deviations."""

import math

import pytest

from benchmarks.scaled_crash import scaled_crash_label, yearly_volatility


def zigzag(daily: float, bars: int = 400) -> list[float]:
    return [100 * math.exp(daily * (bar % 2)) for bar in range(bars)]


@pytest.mark.parametrize("daily", [0.005, 0.01, 0.02])
def test_the_scaled_label_wants_a_fall_of_so_many_standard_deviations(daily: float) -> None:
    calm = zigzag(daily)
    needed = 3.4 * yearly_volatility(calm)[-1] * math.sqrt(21 / 252)
    for share, crash in ((0.99, False), (1.01, True)):
        label = scaled_crash_label([*calm, calm[-1] * math.exp(-share * needed)])
        assert label[-1] is crash
        assert not any(label[:-21])


def test_twelve_per_cent_is_the_fall_at_the_mean_volatility_of_the_fit() -> None:
    assert 1 - math.exp(-3.4 * 0.130 * math.sqrt(21 / 252)) == pytest.approx(0.12, abs=0.0005)
